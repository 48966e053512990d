// <cnn-im2col>: a convolution as two matrix products, one with the unfolded image, one with a Toeplitz matrix.

import { Explorer, clamp, html, plural, say, svg } from "./explorer.js";
import { button, card, numberTable, slider, statusLine } from "./controls.js";
import { grid } from "./grid.js";

/** @type {Record<string, [string, number, number]>} name -> label, smallest, largest */
const CONTROLS = {
  size: ["Image size", 3, 5],
  kernel: ["Kernel size", 1, 3],
  stride: ["Stride", 1, 3],
  padding: ["Padding", 0, 1],
};
const IMAGE = [..."3141592653589793238462643"].map(Number); // the first size * size of them
const LETTERS = "abcdefghi"; // the weights

/**
 * For each place of the window and each tap, the pixel under it, or -1 in the padding.
 * @param {{size: number, kernel: number, stride: number, padding: number}} how
 * @returns {{along: number, pixels: number[][]}} places along one axis; pixels[place][tap]
 */
export function unfolded({ size, kernel, stride, padding }) {
  const along = Math.floor((size + 2 * padding - kernel) / stride) + 1;
  const pixels = Array.from({ length: along * along }, (_, place) =>
    Array.from({ length: kernel * kernel }, (_, tap) => {
      const row = Math.floor(place / along) * stride - padding + Math.floor(tap / kernel);
      const column = (place % along) * stride - padding + (tap % kernel);
      return row >= 0 && row < size && column >= 0 && column < size ? row * size + column : -1;
    }),
  );
  return { along, pixels };
}

class Im2col extends Explorer {
  static prefix = "unfold";
  static defaults = { size: 4, kernel: 2, stride: 1, padding: 0, place: 4, pixel: -1 };

  settle(state) {
    for (const [name, [, low, high]] of Object.entries(CONTROLS)) state[name] = clamp(Math.round(state[name]), low, high);
    this.how = unfolded(state);
    state.place = clamp(Math.round(state.place), 0, this.how.pixels.length - 1);
    state.pixel = clamp(Math.round(state.pixel), -1, state.size ** 2 - 1);
  }

  build() {
    this.sliders = Object.fromEntries(
      Object.entries(CONTROLS).map(([name, [label, low, high]]) => [name, slider(label, name, low, high, (value) => this.set({ [name]: value }))]),
    );
    this.stage = html("div", { class: "explorer-stage" });
    this.columns = svg("svg", { class: "explorer-picture explorer-matrix", role: "img" });
    this.toeplitz = svg("svg", { class: "explorer-picture explorer-matrix", role: "img" });
    this.status = statusLine();
    this.append(
      card(
        "A convolution as a matrix product",
        html("div", { class: "explorer-sliders" }, ...Object.values(this.sliders).map(({ row }) => row)),
        this.stage,
        html("div", { class: "explorer-controls" }, button("Previous place", () => this.step(-1)), button("Next place", () => this.step(1)), this.link),
        this.status,
        html("p", { class: "explorer-matrix-name" }, "The unfolded image: one column for each place"),
        scrolling("The unfolded image", this.columns),
        html("p", { class: "explorer-matrix-name" }, "The convolution's own matrix: one row for each place, one column for each pixel; the rest is 0"),
        scrolling("The convolution's own matrix", this.toeplitz),
        html("p", { class: "explorer-help" }, "Choose a pixel to see every copy of it (dashed circle), or a place of the window (framed). Both matrices say the same: weights times unfolded image, or matrix times image in one long column, give the output."),
      ),
    );
  }

  /** Go to another place, round from the last to the first. */
  step(by) {
    const places = this.how.pixels.length;
    this.set({ place: (this.state.place + by + places) % places });
  }

  /** The image, the kernel and the places are made anew when their sizes change. */
  drawStage() {
    const { size, kernel } = this.state;
    const { along } = this.how;
    const shape = String([size, kernel, along]);
    if (shape === this.shape) return;
    this.shape = shape;
    const choose = (change) => html("button", { type: "button", click: () => this.set(change) });
    const byPixel = (row, column) => ({ pixel: row * size + column });
    const byPlace = (row, column) => ({ place: row * along + column });
    this.image = grid("Image", size, size, (...at) => choose(byPixel(...at)), (...at) => this.set(byPixel(...at)));
    this.kernel = numberTable("Weights", kernel, kernel);
    this.kernel.cells.forEach((cell, i) => (cell.textContent = LETTERS[i]));
    this.output = grid("Places", along, along, (...at) => choose(byPlace(...at)), (...at) => this.set(byPlace(...at)));
    this.stage.replaceChildren(this.image.table, this.kernel.table, this.output.table);
  }

  draw() {
    const { state } = this;
    for (const [name, control] of Object.entries(this.sliders)) control.show(state[name]);
    this.drawStage();
    const { size, place, pixel } = state;
    const { along, pixels } = this.how;
    this.image.cells.forEach((cell, i) => {
      cell.textContent = say(IMAGE[i]);
      cell.setAttribute("aria-label", `pixel, row ${Math.floor(i / size)}, column ${i % size}: ${IMAGE[i]}`);
      cell.classList.toggle("in-window", pixels[place].includes(i));
      cell.classList.toggle("chosen", i === pixel);
      cell.setAttribute("aria-pressed", String(i === pixel));
    });
    if (pixel >= 0) this.image.stopAt(pixel);
    this.output.cells.forEach((cell, i) => {
      cell.textContent = String(i);
      cell.setAttribute("aria-label", `place ${i}, row ${Math.floor(i / along)}, column ${i % along}`);
      cell.classList.toggle("in-window", i === place);
      if (i === place) cell.setAttribute("aria-current", "true");
      else cell.removeAttribute("aria-current");
    });
    this.output.stopAt(place);
    this.status.textContent = this.describe();
    this.drawColumns();
    this.drawToeplitz();
  }

  describe() {
    const { size, kernel, place, pixel } = this.state;
    const { pixels } = this.how;
    const taps = pixels[place].map((at, tap) => `${LETTERS[tap]}·${at < 0 ? 0 : IMAGE[at]}`);
    const copies = pixels.flat().filter((at) => at === pixel).length;
    const empty = pixels.flat().filter((at) => at < 0).length;
    const weights = pixels.flat().length - empty;
    return (
      `Place ${place} of ${pixels.length}: ${taps.join(" + ")}. ` +
      `The unfolded image is ${kernel * kernel} × ${pixels.length}: ${kernel * kernel * pixels.length} numbers from ${size * size} pixels` +
      (empty ? `, ${empty} of them padding` : "") +
      `. The convolution's own matrix is ${pixels.length} × ${size * size} with ${weights} entries that are not 0.` +
      (pixel >= 0 ? ` The pixel at row ${Math.floor(pixel / size)}, column ${pixel % size} is copied ${plural(copies, "time")}.` : "")
    );
  }

  drawColumns() {
    const { place, pixel } = this.state;
    const { pixels } = this.how;
    const taps = pixels[0].length;
    const parts = [];
    for (let column = 0; column < pixels.length; column++) {
      for (let tap = 0; tap < taps; tap++) {
        const at = pixels[column][tap];
        parts.push(...entry(at < 0 ? "frame" : "pixel", column, tap, at < 0 ? "0" : String(IMAGE[at]), column === place, at >= 0 && at === pixel));
      }
    }
    frame(this.columns, parts, pixels.length, taps, `The unfolded image, ${taps} rows and ${pixels.length} columns. Column ${place} is framed: ${pixels[place].map((at) => (at < 0 ? 0 : IMAGE[at])).join(", ")}.`);
  }

  drawToeplitz() {
    const { size, place, pixel } = this.state;
    const { pixels } = this.how;
    const parts = [];
    for (let row = 0; row < pixels.length; row++) {
      for (let column = 0; column < size * size; column++) {
        const tap = pixels[row].indexOf(column);
        parts.push(...entry(tap < 0 ? "frame" : "output", column, row, tap < 0 ? "" : LETTERS[tap], row === place, tap >= 0 && column === pixel));
      }
    }
    frame(this.toeplitz, parts, size * size, pixels.length, `The matrix of the convolution, ${pixels.length} rows and ${size * size} columns. Row ${place} is framed: ${pixels[place].map((at, tap) => (at < 0 ? "" : `${LETTERS[tap]} in column ${at}`)).filter(Boolean).join(", ")}.`);
  }
}

/** One entry of a matrix. */
function entry(kind, column, row, text, framed, copied) {
  const [left, top] = [column * 10, row * 10];
  const parts = [svg("rect", { class: `cell ${framed && kind !== "frame" ? "tap" : kind}${framed ? " framed" : ""}`, x: left + 0.6, y: top + 0.6, width: 8.8, height: 8.8 })];
  if (copied) parts.push(svg("circle", { class: "copy", cx: left + 5, cy: top + 5, r: 3.9 }));
  if (text) parts.push(svg("text", { x: left + 5, y: top + 5 }, text));
  return parts;
}

/** A box that scrolls sideways, by keyboard too, where its picture is wider. */
function scrolling(name, picture) {
  return html("div", { class: "explorer-scroll", role: "region", tabindex: 0, "aria-label": name }, picture);
}

function frame(picture, parts, columns, rows, label) {
  picture.setAttribute("viewBox", `-1 -1 ${columns * 10 + 2} ${rows * 10 + 2}`);
  picture.style.maxWidth = `${columns * 1.5}rem`;
  picture.style.minWidth = `${columns * 1.05}rem`; // still readable; a phone scrolls the box
  picture.setAttribute("aria-label", label);
  picture.replaceChildren(...parts);
}

customElements.define("cnn-im2col", Im2col);
