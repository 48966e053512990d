// <cnn-pooling>: pool an image, shift it by some pixels, and see how much of the result stays.

import { Explorer, clamp, html, plural, say } from "./explorer.js";
import { button, card, choice, numberTable, slider, statusLine } from "./controls.js";
import { grid, numberGrid } from "./grid.js";

const SIDE = 8; // pixels of the image
const LIMIT = 99;

const picture = (rows) => rows.flatMap((row) => [...row].map(Number));
/** @type {Record<string, [string, number[]]>} */
const IMAGES = {
  spot: ["one bright spot", picture(["00000000", "00000000", "00900000", "00000000", "00000000", "00000000", "00000000", "00000000"])],
  ring: ["a ring", picture(["00000000", "00999000", "09000900", "09000900", "09000900", "00999000", "00000000", "00000000"])],
  bars: ["upright bars", picture(Array(8).fill("90909090"))],
  wide: ["wide bars", picture(Array(8).fill("99009900"))],
  slope: ["slope, left to right", picture(Array(8).fill("01234567"))],
  rough: ["a rough surface", picture(["31415926", "53589793", "23846264", "33832795", "02884197", "16939937", "51058209", "74944592"])],
};
const KINDS = { max: "largest (max pooling)", avg: "mean (average pooling)" };
/** @type {Record<string, [string, number, number]>} name -> label, smallest, largest */
const CONTROLS = {
  right: ["Shift right", -4, 4],
  down: ["Shift down", -4, 4],
  kernel: ["Window size", 1, 4],
  stride: ["Stride", 1, 4],
};

/**
 * Move the image; what comes in from outside is 0.
 * @param {number[]} image SIDE * SIDE numbers, row by row
 */
export function shifted(image, right, down) {
  return image.map((_, i) => {
    const [row, column] = [Math.floor(i / SIDE) - down, (i % SIDE) - right];
    return row >= 0 && row < SIDE && column >= 0 && column < SIDE ? image[row * SIDE + column] : 0;
  });
}

/** The numbers under the window at one place. */
function under(image, row, column, { kernel, stride }) {
  const values = [];
  for (let i = 0; i < kernel; i++) {
    for (let j = 0; j < kernel; j++) values.push(image[(row * stride + i) * SIDE + column * stride + j]);
  }
  return values;
}

/** How many places there are along each axis; no padding. */
const count = ({ kernel, stride }) => Math.floor((SIDE - kernel) / stride) + 1;

/**
 * @param {number[]} image
 * @param {{kind: string, kernel: number, stride: number}} how
 * @returns {number[]} one number for each place, row by row
 */
export function pool(image, how) {
  const places = count(how);
  return Array.from({ length: places * places }, (_, i) => {
    const values = under(image, Math.floor(i / places), i % places, how);
    return how.kind === "max" ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0) / values.length;
  });
}

class Pooling extends Explorer {
  static prefix = "pool";
  static defaults = { image: IMAGES.ring[1], kind: "max", right: 0, down: 0, kernel: 2, stride: 2, row: 1, column: 1 };

  settle(state) {
    state.image = state.image.map((value) => clamp(value, -LIMIT, LIMIT));
    if (!(state.kind in KINDS)) state.kind = "max";
    for (const [name, [, low, high]] of Object.entries(CONTROLS)) state[name] = clamp(Math.round(state[name]), low, high);
    for (const name of ["row", "column"]) state[name] = clamp(Math.round(state[name]), 0, count(state) - 1);
  }

  build() {
    const names = Object.fromEntries(Object.entries(IMAGES).map(([key, [text]]) => [key, text]));
    this.preset = choice("Image", "preset", { ...names, "": "your own" }, (key) => this.set({ image: [...IMAGES[key][1]] }));
    this.kind = choice("Take the", "kind", KINDS, (kind) => this.set({ kind }));
    this.sliders = Object.fromEntries(
      Object.entries(CONTROLS).map(([name, [label, low, high]]) => [name, slider(label, name, low, high, (value) => this.set({ [name]: value }))]),
    );
    this.image = numberGrid("Image", "image", SIDE, SIDE, (image) => this.set({ image }));
    this.moved = numberTable("Shifted image", SIDE, SIDE);
    this.boxes = [html("div", { class: "explorer-output" }), html("div", { class: "explorer-output" })];
    this.pooled = [];
    this.status = statusLine();
    this.append(
      card(
        "Pooling and shifts",
        html("div", { class: "explorer-controls" }, this.preset.row, this.kind.row),
        html("div", { class: "explorer-sliders" }, ...Object.values(this.sliders).map(({ row }) => row)),
        html(
          "div",
          { class: "explorer-pairs" },
          html("div", { class: "explorer-stage" }, this.image.table, html("span", { class: "explorer-sign", "aria-hidden": "true" }, "→"), this.boxes[0]),
          html("div", { class: "explorer-stage" }, this.moved.table, html("span", { class: "explorer-sign", "aria-hidden": "true" }, "→"), this.boxes[1]),
        ),
        html("div", { class: "explorer-controls" }, button("Previous place", () => this.step(-1)), button("Next place", () => this.step(1)), this.link),
        this.status,
        html("p", { class: "explorer-help" }, "Type over any number of the image. Orange frame: the window and what it gives. Dashed and underlined: a result that the shift changed. What is shifted in is 0."),
      ),
    );
  }

  /** Go on by some places, left to right and top to bottom, round from the last to the first. */
  step(by) {
    const places = count(this.state);
    const place = (this.state.row * places + this.state.column + by + places * places) % (places * places);
    this.set({ row: Math.floor(place / places), column: place % places });
  }

  draw() {
    const { state } = this;
    const { image, right, down, kernel, stride, row, column } = state;
    const moved = shifted(image, right, down);
    const [first, second] = [pool(image, state), pool(moved, state)];
    const match = Object.entries(IMAGES).find(([, [, values]]) => String(values) === String(image));
    this.preset.show(match ? match[0] : "");
    this.kind.show(state.kind);
    for (const [name, control] of Object.entries(this.sliders)) control.show(state[name]);
    this.image.show(image);
    const inside = (i) => {
      const [y, x] = [Math.floor(i / SIDE) - row * stride, (i % SIDE) - column * stride];
      return y >= 0 && y < kernel && x >= 0 && x < kernel;
    };
    this.image.cells.forEach((cell, i) => cell.classList.toggle("in-window", inside(i)));
    this.moved.cells.forEach((cell, i) => {
      cell.textContent = say(moved[i]);
      cell.classList.toggle("in-window", inside(i));
    });
    this.show(0, "Pooled", first, first);
    this.show(1, "Pooled after the shift", second, first);
    this.status.textContent = this.describe(image, moved, first, second);
  }

  /** A grid of pooled numbers; made anew only when its size changes, so that it keeps the focus. */
  show(which, caption, values, before) {
    const places = count(this.state);
    if (this.pooled[which]?.cells.length !== values.length) {
      const make = (row, column) => html("button", { type: "button", click: () => this.set({ row, column }) });
      this.pooled[which] = grid(caption, places, places, make, (row, column) => this.set({ row, column }));
      this.boxes[which].replaceChildren(this.pooled[which].table);
    }
    this.pooled[which].cells.forEach((cell, i) => {
      const changed = values[i] !== before[i];
      const here = i === this.state.row * places + this.state.column;
      cell.textContent = say(Math.round(values[i] * 100) / 100);
      cell.setAttribute("aria-label", `${caption}, row ${Math.floor(i / places)}, column ${i % places}: ${say(values[i])}${changed ? ", changed" : ""}`);
      cell.classList.toggle("in-window", here);
      cell.classList.toggle("changed", changed);
      if (here) cell.setAttribute("aria-current", "true");
      else cell.removeAttribute("aria-current");
    });
    this.pooled[which].stopAt(this.state.row * places + this.state.column);
  }

  describe(image, moved, first, second) {
    const { kind, right, down, stride, row, column } = this.state;
    const place = row * count(this.state) + column;
    const values = under(moved, row, column, this.state);
    const list = values.length > 1 ? `${values.slice(0, -1).map(say).join(", ")} and ${say(values[values.length - 1])}` : say(values[0]);
    const differ = (a, b) => a.filter((value, i) => value !== b[i]).length;
    const pixels = differ(image, moved);
    const results = differ(first, second);
    const said = `Row ${row}, column ${column}${right || down ? " after the shift" : ""}: the ${kind === "max" ? "largest" : "mean"} of ${list} is ${say(second[place])}. `;
    if (!right && !down) return `${said}Not shifted. ${SIDE * SIDE} pixels became ${plural(first.length, "number")}.`;
    const whole = right % stride === 0 && down % stride === 0;
    return (
      `${said}The shift changed ${pixels} of ${image.length} pixels and ${results} of ${first.length} results.` +
      (whole ? ` It is a whole number of strides, so the results moved along, by ${say(right / stride)} to the right and ${say(down / stride)} down; only what lies at the border is new.` : "")
    );
  }
}

customElements.define("cnn-pooling", Pooling);
