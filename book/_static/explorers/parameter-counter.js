// <cnn-parameter-counter>: the weights of one layer, fully connected, locally connected and shared.

import { Explorer, clamp, html, svg } from "./explorer.js";
import { card, choice, slider, statusLine } from "./controls.js";

/** @type {Record<string, [string, [number, number, number]]>} text, [channels, height, width] */
const PICTURES = {
  digit: ["a digit, 1 × 28 × 28", [1, 28, 28]],
  thumb: ["a thumbnail, 3 × 32 × 32", [3, 32, 32]],
  photo: ["a small photo, 3 × 224 × 224", [3, 224, 224]],
  large: ["a larger photo, 3 × 600 × 600", [3, 600, 600]],
  map: ["a feature map, 64 × 56 × 56", [64, 56, 56]],
};
/** @type {Record<string, [string, number, number]>} name -> label, smallest, largest */
const CONTROLS = {
  channels: ["Input channels", 1, 256],
  height: ["Height", 1, 600],
  width: ["Width", 1, 600],
  maps: ["Output maps", 1, 256],
  half: ["Kernel size", 0, 5],
  hidden: ["Hidden units", 1, 4096],
};
const BARS = { hidden: "Fully connected, to the hidden units", dense: "Fully connected, to maps of that size", local: "Locally connected", shared: "Convolution" };

const SPAN = 16; // powers of ten in a bar of full length

/**
 * Weights and biases of four layers on the same image. The maps are as large as the image.
 * @param {{channels: number, height: number, width: number, maps: number, half: number, hidden: number}} sizes
 *   kernels are 2 * half + 1 pixels wide
 */
export function parameters({ channels, height, width, maps, half, hidden }) {
  const pixels = height * width;
  const window = channels * (2 * half + 1) ** 2;
  return {
    hidden: channels * pixels * hidden + hidden,
    dense: channels * pixels * maps * pixels + maps * pixels,
    local: pixels * maps * (window + 1),
    shared: maps * (window + 1),
  };
}

/** An exact count with commas: 3,000,001,000. */
const exact = (/** @type {number} */ count) => count.toLocaleString("en-GB");

/** A count in words: 3 thousand, 1.2 million. @param {number} count */
function rough(count) {
  for (const [size, word] of [[1e12, "million million"], [1e9, "thousand million"], [1e6, "million"], [1e3, "thousand"]]) {
    if (count >= size) return `${Number((count / size).toPrecision(3))} ${word}`;
  }
  return String(count);
}

class ParameterCounter extends Explorer {
  static prefix = "count";
  static defaults = { channels: 3, height: 32, width: 32, maps: 16, half: 1, hidden: 100 };

  settle(state) {
    for (const [name, [, low, high]] of Object.entries(CONTROLS)) state[name] = clamp(Math.round(state[name]), low, high);
  }

  build() {
    const names = Object.fromEntries(Object.entries(PICTURES).map(([key, [text]]) => [key, text]));
    this.preset = choice("Image", "preset", { ...names, "": "your own" }, (key) => {
      const [channels, height, width] = PICTURES[key][1];
      this.set({ channels, height, width });
    });
    this.sliders = Object.fromEntries(
      Object.entries(CONTROLS).map(([name, [label, low, high]]) => [name, slider(label, name, low, high, (value) => this.set({ [name]: value }))]),
    );
    this.rows = Object.fromEntries(
      Object.entries(BARS).map(([name, label]) => {
        const bar = svg("rect", { class: `bar ${name}`, x: 0, y: 0, height: 10, rx: 1 });
        const value = html("td", { class: "explorer-number" });
        const picture = svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, bar);
        return [name, { bar, value, line: html("tr", {}, html("th", { scope: "row" }, label), value, html("td", { class: "explorer-bar" }, picture)) }];
      }),
    );
    this.formula = html("p", { class: "explorer-formula" });
    this.status = statusLine();
    this.append(
      card(
        "Counting parameters",
        html("div", { class: "explorer-controls" }, this.preset.row, this.link),
        html("div", { class: "explorer-sliders" }, ...Object.values(this.sliders).map(({ row }) => row)),
        html(
          "table",
          { class: "explorer-bars" },
          html("caption", {}, "Parameters (weights and biases)"),
          html("tbody", {}, ...Object.values(this.rows).map(({ line }) => line)),
        ),
        this.formula,
        this.status,
        html("p", { class: "explorer-help" }, "The bars have a logarithmic scale: a bar that is longer by one sixteenth of the full length stands for ten times as many. Padding keeps the maps as large as the image."),
      ),
    );
  }

  draw() {
    const { state } = this;
    const { channels, height, width, maps, half, hidden } = state;
    const match = Object.entries(PICTURES).find(([, [, sizes]]) => String(sizes) === String([channels, height, width]));
    this.preset.show(match ? match[0] : "");
    for (const [name, control] of Object.entries(this.sliders)) control.show(state[name], name === "half" ? `${2 * half + 1} × ${2 * half + 1}` : undefined);
    const counts = parameters(state);
    for (const [name, { bar, value }] of Object.entries(this.rows)) {
      value.textContent = exact(counts[name]);
      bar.setAttribute("width", String((100 * Math.log10(counts[name])) / SPAN));
    }
    const kernel = 2 * half + 1;
    this.formula.textContent = `Convolution: ${maps} · (${channels}·${kernel}·${kernel} + 1) = ${exact(counts.shared)}`;
    this.status.textContent =
      `On an image of ${channels} × ${height} × ${width}, a fully connected layer to ${hidden} hidden units has ${rough(counts.hidden)} parameters. ` +
      `${maps} maps of the image's size take ${rough(counts.dense)} when fully connected, ${rough(counts.local)} when each place looks at ${kernel} × ${kernel} pixels with weights of its own, ` +
      `and ${rough(counts.shared)} when all places share them.`;
  }
}

customElements.define("cnn-parameter-counter", ParameterCounter);
