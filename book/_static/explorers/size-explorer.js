// <cnn-size-explorer>: where a window can stand, for any size, stride, padding and dilation.

import { Explorer, clamp, html, plural, svg } from "./explorer.js";

/**
 * The layouts drawn in Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016).
 * @type {Record<string, [string, {size: number, kernel: number, stride: number, padding: number, dilation: number}]>}
 */
const PRESETS = {
  plain: ["no padding, stride 1", { size: 4, kernel: 3, stride: 1, padding: 0, dilation: 1 }],
  padded: ["padding 2, kernel 4", { size: 5, kernel: 4, stride: 1, padding: 2, dilation: 1 }],
  same: ["same size (half padding)", { size: 5, kernel: 3, stride: 1, padding: 1, dilation: 1 }],
  full: ["full padding", { size: 5, kernel: 3, stride: 1, padding: 2, dilation: 1 }],
  strided: ["no padding, stride 2", { size: 5, kernel: 3, stride: 2, padding: 0, dilation: 1 }],
  both: ["padding 1, stride 2", { size: 5, kernel: 3, stride: 2, padding: 1, dilation: 1 }],
  odd: ["padding 1, stride 2, one row left over", { size: 6, kernel: 3, stride: 2, padding: 1, dilation: 1 }],
  dilated: ["dilation 2", { size: 7, kernel: 3, stride: 1, padding: 0, dilation: 2 }],
};

/** @type {Record<string, [string, number, number]>} name -> label, smallest, largest */
const CONTROLS = {
  size: ["Input size", 1, 16],
  kernel: ["Kernel size", 1, 7],
  stride: ["Stride", 1, 5],
  padding: ["Padding", 0, 6],
  dilation: ["Dilation", 1, 4],
};

/**
 * Where the window stands along one direction.
 * @returns {{span: number, places: number, starts: number[], read: Set<number>}}
 *   span in pixels; starts and read count from the first padded pixel
 */
export function layout({ size, kernel, stride, padding, dilation }) {
  const span = dilation * (kernel - 1) + 1;
  const padded = size + 2 * padding;
  const places = padded < span ? 0 : Math.floor((padded - span) / stride) + 1;
  const starts = Array.from({ length: places }, (_, i) => i * stride);
  const read = new Set();
  for (const start of starts) {
    for (let tap = 0; tap < kernel; tap++) read.add(start + tap * dilation);
  }
  return { span, places, starts, read };
}

class SizeExplorer extends Explorer {
  static prefix = "size";
  static defaults = { size: 5, kernel: 3, stride: 2, padding: 1, dilation: 1, row: 0, column: 0 };

  settle(state) {
    for (const [name, [, low, high]] of Object.entries(CONTROLS)) {
      state[name] = clamp(Math.round(state[name]), low, high);
    }
    const last = Math.max(layout(state).places - 1, 0);
    state.row = clamp(Math.round(state.row), 0, last);
    state.column = clamp(Math.round(state.column), 0, last);
  }

  build() {
    const presets = Object.entries(PRESETS).map(([key, [text]]) => html("option", { value: key }, text));
    this.preset = html(
      "select",
      { change: (event) => event.target.value && this.set({ ...PRESETS[event.target.value][1], row: 0, column: 0 }) },
      ...presets,
      html("option", { value: "" }, "your own"),
    );
    this.sliders = {};
    const rows = Object.entries(CONTROLS).map(([name, [label, min, max]]) => {
      const value = html("output", {});
      const slider = html("input", { type: "range", min, max, step: 1, name, input: (event) => this.set({ [name]: Number(event.target.value) }) });
      this.sliders[name] = { slider, value };
      return html("label", { class: "explorer-slider" }, html("span", {}, label), slider, value);
    });
    const step = (text, by) => html("button", { type: "button", click: () => this.step(by) }, text);
    this.picture = svg("svg", { class: "explorer-picture", role: "img" });
    this.status = html("p", { class: "explorer-status", role: "status" });
    this.formula = html("p", { class: "explorer-formula" });
    this.append(
      html(
        "div",
        { class: "explorer", role: "group", "aria-label": "Size, stride, padding and dilation" },
        html("div", { class: "explorer-controls" }, html("label", {}, "Layout ", this.preset)),
        html("div", { class: "explorer-sliders" }, ...rows),
        this.picture,
        html(
          "ul",
          { class: "explorer-legend", "aria-hidden": "true" },
          ...[["tap", "under a tap"], ["pixel", "image"], ["frame", "padding"], ["unread", "never read"]].map(([kind, text]) =>
            html("li", {}, svg("svg", { viewBox: "0 0 10 10" }, ...square(kind, 0, 0)), text),
          ),
        ),
        html("div", { class: "explorer-controls" }, step("Previous place", -1), step("Next place", 1), this.link),
        this.formula,
        this.status,
      ),
    );
  }

  /** Go on by some places, left to right and top to bottom, round from the last to the first. */
  step(by) {
    const { places } = layout(this.state);
    if (places === 0) return;
    const all = places * places;
    const place = (this.state.row * places + this.state.column + by + all) % all;
    this.set({ row: Math.floor(place / places), column: place % places });
  }

  draw() {
    const { size, kernel, stride, padding, dilation } = this.state;
    const where = layout(this.state);
    for (const [name, { slider, value }] of Object.entries(this.sliders)) {
      slider.value = String(this.state[name]);
      value.textContent = String(this.state[name]);
    }
    const match = Object.entries(PRESETS).find(([, [, preset]]) =>
      Object.entries(preset).every(([name, value]) => this.state[name] === value),
    );
    this.preset.value = match ? match[0] : "";
    const padded = size + 2 * padding;
    this.formula.textContent =
      where.places > 0
        ? `⌊(${size} + 2·${padding} − ${dilation}·(${kernel} − 1) − 1) / ${stride}⌋ + 1 = ${where.places}`
        : `The window spans ${where.span} pixels, but there are only ${padded}, padding included.`;
    this.status.textContent = this.describe(where);
    this.drawPicture(where, padded);
  }

  /** The state in words; the picture shows nothing that is not said here. */
  describe({ span, places, starts, read }) {
    const { size, kernel, padding, dilation, row, column } = this.state;
    if (places === 0) return "The window fits nowhere: no output.";
    let unread = 0; // pixels of the image, not of the frame
    for (let pixel = padding; pixel < padding + size; pixel++) unread += read.has(pixel) ? 0 : 1;
    const lost = size * size - (size - unread) ** 2;
    return (
      `Output: ${places} × ${places}. ` +
      (dilation > 1 && kernel > 1 ? `With its gaps the window spans ${span} pixels. ` : "") +
      `The window now starts at row ${starts[row] - padding}, column ${starts[column] - padding} of the image` +
      (starts[row] < padding || starts[column] < padding ? " (a negative number lies in the padding)" : "") +
      `. ${lost === 0 ? "Every pixel of the image is read." : `${plural(lost, "pixel")} of ${size * size} ${lost === 1 ? "is" : "are"} never read.`}`
    ).replaceAll(/(?<= )-(?=\d)/g, "−");
  }

  drawPicture({ places, starts, read }, padded) {
    const { size, kernel, padding, dilation, row, column } = this.state;
    const taps = (start) => new Set(Array.from({ length: kernel }, (_, i) => start + i * dilation));
    const rows = places ? taps(starts[row]) : new Set();
    const columns = places ? taps(starts[column]) : new Set();
    const inside = (i) => i >= padding && i < padding + size;
    const cells = [];
    for (let y = 0; y < padded; y++) {
      for (let x = 0; x < padded; x++) {
        const image = inside(y) && inside(x);
        const kind = image ? (read.has(y) && read.has(x) ? "pixel" : "unread") : "frame";
        cells.push(...square(kind, x, y));
        if (rows.has(y) && columns.has(x)) cells.push(...square("tap", x, y));
      }
    }
    const gap = 2;
    const left = padded + gap;
    const top = Math.max((padded - places) / 2, 0);
    for (let y = 0; y < places; y++) {
      for (let x = 0; x < places; x++) {
        cells.push(...square(y === row && x === column ? "here" : "output", left + x, top + y));
      }
    }
    const width = left + Math.max(places, 1);
    const height = Math.max(padded, places);
    this.picture.setAttribute("viewBox", `-1 -1 ${width * 10 + 2} ${height * 10 + 2}`);
    this.picture.style.maxWidth = `${width * 1.7}rem`;
    this.picture.setAttribute(
      "aria-label",
      `Left: the ${size} by ${size} image${padding ? ` in a frame of ${padding}` : ""}, with the window's taps marked. ` +
        (places ? `Right: the ${places} by ${places} output.` : "There is no output."),
    );
    this.picture.replaceChildren(...cells);
  }
}

/** One pixel of the picture; what it is shows in its shape as well as in its colour. */
function square(kind, x, y) {
  const [left, top] = [x * 10, y * 10];
  const box = svg("rect", { class: `cell ${kind}`, x: left + 0.5, y: top + 0.5, width: 9, height: 9 });
  if (kind === "tap" || kind === "here") {
    return [svg("rect", { class: `cell ${kind}`, x: left + 1.2, y: top + 1.2, width: 7.6, height: 7.6 }), svg("circle", { class: "dot", cx: left + 5, cy: top + 5, r: 1.8 })];
  }
  if (kind === "unread") {
    return [box, svg("path", { class: "strike", d: `M${left + 2} ${top + 2}l6 6m0 -6l-6 6` })];
  }
  return [box];
}

customElements.define("cnn-size-explorer", SizeExplorer);
