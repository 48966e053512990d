// <cnn-gradient-routing>: where the gradient that arrives at an output goes: convolution, max and average pooling.

import { Explorer, clamp, html, say } from "./explorer.js";
import { button, card, choice, numberTable, slider, statusLine } from "./controls.js";
import { grid, numberGrid } from "./grid.js";

const SIDE = 5; // pixels of the image
const MOST = 4; // places along one axis, at most
const LIMIT = 99;
const KINDS = { max: "max pooling", avg: "average pooling", conv: "convolution" };
const WEIGHTS = [1, -1, 2, 3, 0, -2, 1, 2, -1]; // a smaller kernel takes the first of them
/** @type {Record<string, [string, number, number]>} name -> label, smallest, largest */
const CONTROLS = { kernel: ["Window size", 2, 3], stride: ["Stride", 1, 3] };

/** @param {{kernel: number, stride: number}} how @returns {number} places along one axis */
const count = ({ kernel, stride }) => Math.floor((SIDE - kernel) / stride) + 1;

/** The pixels under the window at one place, row by row. */
function under(place, how) {
  const along = count(how);
  return Array.from({ length: how.kernel ** 2 }, (_, tap) => {
    const row = Math.floor(place / along) * how.stride + Math.floor(tap / how.kernel);
    return row * SIDE + (place % along) * how.stride + (tap % how.kernel);
  });
}

/**
 * How much each pixel under the window weighs in the output: what a change of it by 1 would change.
 * @param {number[]} x the image, row by row
 * @param {number} place
 * @param {{kind: string, kernel: number, stride: number}} how
 * @returns {[number, number][]} pairs (pixel, derivative)
 */
export function derivatives(x, place, how) {
  const pixels = under(place, how);
  const largest = Math.max(...pixels.map((pixel) => x[pixel]));
  const winner = pixels.findIndex((pixel) => x[pixel] === largest); // of equal ones the first, as PyTorch does
  return pixels.map((pixel, tap) => {
    if (how.kind === "max") return [pixel, tap === winner ? 1 : 0];
    return [pixel, how.kind === "avg" ? 1 / pixels.length : WEIGHTS[tap]];
  });
}

class GradientRouting extends Explorer {
  static prefix = "route";
  static defaults = {
    kind: "max",
    kernel: 3,
    stride: 1,
    x: [1, 2, 0, 3, 1, 4, 1, 5, 2, 2, 0, 5, 3, 1, 6, 2, 1, 4, 4, 0, 3, 0, 2, 1, 1],
    grad: [1, 2, -1, 3, 2, 1, 4, -2, -3, 1, 2, 1, 1, 2, 3, 4],
    only: false,
    place: 4,
  };

  settle(state) {
    if (!(state.kind in KINDS)) state.kind = "max";
    for (const [name, [, low, high]] of Object.entries(CONTROLS)) state[name] = clamp(Math.round(state[name]), low, high);
    for (const name of ["x", "grad"]) state[name] = state[name].map((value) => clamp(value, -LIMIT, LIMIT));
    state.place = clamp(Math.round(state.place), 0, count(state) ** 2 - 1);
  }

  build() {
    this.kind = choice("Layer", "kind", KINDS, (kind) => this.set({ kind }));
    this.sliders = Object.fromEntries(
      Object.entries(CONTROLS).map(([name, [label, low, high]]) => [name, slider(label, name, low, high, (value) => this.set({ [name]: value }))]),
    );
    this.only = html("input", { type: "checkbox", name: "only", change: (event) => this.set({ only: event.target.checked }) });
    this.x = numberGrid("x, the image", "image", SIDE, SIDE, (x) => this.set({ x }));
    this.gradX = numberTable("grad_x, leaves", SIDE, SIDE);
    this.outputs = html("div", { class: "explorer-stage" });
    this.weights = html("div", { class: "explorer-stage" });
    this.status = statusLine();
    this.append(
      card(
        "Where gradients go",
        html("div", { class: "explorer-controls" }, this.kind.row, html("label", { class: "explorer-check" }, this.only, " only the chosen place sends")),
        html("div", { class: "explorer-sliders" }, ...Object.values(this.sliders).map(({ row }) => row)),
        html("div", { class: "explorer-stage" }, this.x.table, this.gradX.table),
        this.outputs,
        this.weights,
        html("div", { class: "explorer-controls" }, button("Previous place", () => this.step(-1)), button("Next place", () => this.step(1)), this.link),
        this.status,
        html("p", { class: "explorer-help" }, "Type over any number of x or of grad_y, the gradient that arrives. Framed: the window of the chosen place. Dashed: pixels of it that get no share. Where windows overlap, shares add up."),
      ),
    );
  }

  /** Go to another place, round from the last to the first. */
  step(by) {
    const places = count(this.state) ** 2;
    this.set({ place: (this.state.place + by + places) % places });
  }

  /** What depends on the number of places is made anew when that changes. */
  drawSizes() {
    const { kernel } = this.state;
    const along = count(this.state);
    const shape = String([kernel, along]);
    if (shape === this.shape) return;
    this.shape = shape;
    const go = (row, column) => this.set({ place: row * along + column });
    const put = (values) => {
      const grad = [...this.state.grad];
      values.forEach((value, i) => (grad[Math.floor(i / along) * MOST + (i % along)] = value));
      this.set({ grad });
    };
    this.y = grid("y, the output", along, along, (...at) => html("button", { type: "button", click: () => go(...at) }), go);
    this.gradY = numberGrid("grad_y, arrives", "gradient", along, along, put);
    this.weight = numberTable("weight", kernel, kernel);
    this.gradWeight = numberTable("grad_weight", kernel, kernel);
    this.outputs.replaceChildren(this.y.table, this.gradY.table);
    this.weights.replaceChildren(this.weight.table, this.gradWeight.table);
  }

  draw() {
    const { state } = this;
    const { kind, kernel, x, place, only } = state;
    const along = count(state);
    this.kind.show(kind);
    this.only.checked = only;
    for (const [name, control] of Object.entries(this.sliders)) control.show(state[name]);
    this.drawSizes();
    const given = Array.from({ length: along ** 2 }, (_, i) => state.grad[Math.floor(i / along) * MOST + (i % along)]);
    const gradX = x.map(() => 0);
    const gradWeight = Array(kernel ** 2).fill(0);
    const y = given.map((grad, i) => {
      const arriving = only && i !== place ? 0 : grad;
      const pairs = derivatives(x, i, state);
      pairs.forEach(([pixel, slope], tap) => {
        gradX[pixel] += slope * arriving;
        gradWeight[tap] += x[pixel] * arriving;
      });
      return pairs.reduce((sum, [pixel, slope]) => sum + slope * x[pixel], 0);
    });
    const shares = new Map(derivatives(x, place, state));
    this.x.show(x);
    this.gradY.show(given);
    const mark = (cells) =>
      cells.forEach((cell, i) => {
        cell.classList.toggle("in-window", shares.has(i));
        cell.classList.toggle("no-share", shares.get(i) === 0);
      });
    mark(this.x.cells);
    mark(this.gradX.cells);
    this.gradX.cells.forEach((cell, i) => (cell.textContent = short(gradX[i])));
    this.y.cells.forEach((cell, i) => {
      cell.textContent = short(y[i]);
      cell.setAttribute("aria-label", `output, row ${Math.floor(i / along)}, column ${i % along}: ${short(y[i])}`);
      cell.classList.toggle("in-window", i === place);
      if (i === place) cell.setAttribute("aria-current", "true");
      else cell.removeAttribute("aria-current");
    });
    this.y.stopAt(place);
    this.gradY.cells.forEach((cell, i) => {
      cell.classList.toggle("in-window", i === place);
      cell.classList.toggle("silent", only && i !== place);
    });
    this.weights.hidden = kind !== "conv";
    this.weight.cells.forEach((cell, i) => (cell.textContent = say(WEIGHTS[i])));
    this.gradWeight.cells.forEach((cell, i) => (cell.textContent = short(gradWeight[i])));
    this.status.textContent = this.describe(given[place], gradX, along);
  }

  describe(arriving, gradX, along) {
    const { kind, x, place, only } = this.state;
    const pairs = derivatives(x, place, this.state);
    const sum = (values) => values.reduce((total, value) => total + value, 0);
    const at = (pixel) => `row ${Math.floor(pixel / SIDE)}, column ${pixel % SIDE}`;
    let goes;
    if (kind === "max") {
      const [winner] = pairs.find(([, slope]) => slope === 1);
      const equal = pairs.filter(([pixel]) => x[pixel] === x[winner]).length;
      goes = `goes to the largest pixel, ${at(winner)}` + (equal > 1 ? `, the first of ${equal} equal ones` : "") + "; the others get nothing";
    } else if (kind === "avg") {
      goes = `is split among ${pairs.length} pixels, ${short(arriving / pairs.length)} each`;
    } else {
      goes = `is multiplied by each weight: ${pairs.map(([, slope]) => short(slope * arriving)).join(", ")}`;
    }
    return (
      `Place row ${Math.floor(place / along)}, column ${place % along}: its gradient ${say(arriving)} ${goes}. ` +
      (only ? "The other places send nothing. " : "") +
      `All of grad_x adds up to ${short(sum(gradX))}.`
    );
  }
}

/** At most two decimals, a real minus sign, and no minus before 0. */
const short = (value) => say(Math.round(value * 100) / 100 + 0);

customElements.define("cnn-gradient-routing", GradientRouting);
