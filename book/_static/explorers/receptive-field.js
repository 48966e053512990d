// <cnn-receptive-field>: stack layers and see which pixels of the image one output value reads.

import { Explorer, clamp, html, plural, say, svg } from "./explorer.js";
import { button, card, choice, legend, slider, square, statusLine } from "./controls.js";

/** @typedef {{kernel: number, stride: number, padding: number, dilation: number}} Layer */

const MOST = 8; // layers
const NONE = "none"; // what the address says for no layers
/** @type {Record<keyof Layer, [string, number, number]>} name -> label, smallest, largest */
const PARTS = {
  kernel: ["kernel", 1, 11],
  stride: ["stride", 1, 4],
  padding: ["padding", 0, 9],
  dilation: ["dilation", 1, 8],
};
/** @type {Record<string, [string, string]>} */
const STACKS = {
  two: ["two 3×3 convolutions", "3-1-1-1_3-1-1-1"],
  three: ["three 3×3 convolutions", "3-1-1-1_3-1-1-1_3-1-1-1"],
  seven: ["one 7×7 convolution", "7-1-3-1"],
  pooled: ["convolution and pooling, twice", "3-1-1-1_2-2-0-1_3-1-1-1_2-2-0-1"],
  strided: ["four 3×3, stride 2", "3-2-1-1_3-2-1-1_3-2-1-1_3-2-1-1"],
  dilated: ["dilation 1, 2, 4", "3-1-1-1_3-1-2-2_3-1-4-4"],
  holes: ["dilation 2, 2, 2 (with holes)", "3-1-2-2_3-1-2-2_3-1-2-2"],
  lenet: ["LeNet up to its last map", "5-1-0-1_2-2-0-1_5-1-0-1_2-2-0-1"],
  stem: ["first layers of ResNet", "7-2-3-1_3-2-1-1_3-1-1-1_3-1-1-1"],
};

/**
 * What a value after each layer sees along one axis, if the image had no end.
 * @param {Layer[]} layers
 * @returns {{size: number, jump: number, start: number}[]} for the image itself, then after each layer
 */
export function fields(layers) {
  const all = [{ size: 1, jump: 1, start: 0 }];
  for (const { kernel, stride, padding, dilation } of layers) {
    const { size, jump, start } = all[all.length - 1];
    all.push({ size: size + jump * dilation * (kernel - 1), jump: jump * stride, start: start - jump * padding });
  }
  return all;
}

/**
 * How many values there are along one axis: of the image, then after each layer (0 where a window does not fit).
 * @param {number} size
 * @param {Layer[]} layers
 */
export function sizes(size, layers) {
  const all = [size];
  for (const { kernel, stride, padding, dilation } of layers) {
    const room = all[all.length - 1] + 2 * padding - dilation * (kernel - 1) - 1;
    all.push(all[all.length - 1] === 0 || room < 0 ? 0 : Math.floor(room / stride) + 1);
  }
  return all;
}

/**
 * Which values feed one output value, walked back layer by layer; those in a padding end there.
 * @param {number} output
 * @param {Layer[]} layers
 * @param {number[]} counts what `sizes` gave
 * @returns {{read: Set<number>[], wires: [number, number, number][]}} wires: [layer, from, to]
 */
export function trace(output, layers, counts) {
  const read = counts.map(() => /** @type {Set<number>} */ (new Set()));
  /** @type {[number, number, number][]} */
  const wires = [];
  read[layers.length].add(output);
  for (let level = layers.length; level > 0; level--) {
    const { kernel, stride, padding, dilation } = layers[level - 1];
    for (const unit of read[level]) {
      for (let tap = 0; tap < kernel; tap++) {
        const below = unit * stride - padding + tap * dilation;
        if (below < 0 || below >= counts[level - 1]) continue;
        read[level - 1].add(below);
        wires.push([level, unit, below]);
      }
    }
  }
  return { read, wires };
}

class ReceptiveField extends Explorer {
  static prefix = "field";
  static defaults = { layers: STACKS.pooled[1], size: 24, unit: 2 };

  settle(state) {
    const texts = state.layers === NONE ? [] : state.layers.split("_").slice(0, MOST);
    /** @type {Layer[]} */
    this.layers = texts.map((text) => {
      const given = text.split("-").map(Number);
      const layer = Object.entries(PARTS).map(([name, [, low, high]], i) => [
        name,
        Number.isFinite(given[i]) ? clamp(Math.round(given[i]), low, high) : low,
      ]);
      return Object.fromEntries(layer);
    });
    state.layers = write(this.layers);
    state.size = clamp(Math.round(state.size), 4, 48);
    this.counts = sizes(state.size, this.layers);
    state.unit = clamp(Math.round(state.unit), 0, Math.max(this.counts[this.layers.length] - 1, 0));
  }

  build() {
    const names = Object.fromEntries(Object.entries(STACKS).map(([key, [text]]) => [key, text]));
    this.preset = choice("Stack", "stack", { ...names, "": "your own" }, (key) => this.set({ layers: STACKS[key][1], unit: 2 }));
    this.size = slider("Image size", "size", 4, 48, (size) => this.set({ size }));
    this.unit = slider("Output value", "unit", 0, 0, (unit) => this.set({ unit }));
    this.list = html("ol", { class: "explorer-layers" });
    this.picture = svg("svg", { class: "explorer-picture explorer-tree", role: "img" });
    this.status = statusLine();
    this.more = button("Add a convolution", () => this.change([...this.layers, { kernel: 3, stride: 1, padding: 1, dilation: 1 }]));
    this.pool = button("Add a pooling", () => this.change([...this.layers, { kernel: 2, stride: 2, padding: 0, dilation: 1 }]));
    this.append(
      card(
        "Receptive field of a stack of layers",
        html("div", { class: "explorer-controls" }, this.preset.row),
        this.list,
        html("div", { class: "explorer-controls" }, this.more, this.pool, this.link),
        html("div", { class: "explorer-sliders" }, this.size.row, this.unit.row),
        this.picture,
        legend([["tap", "feeds the output value"], ["pixel", "image, not read"], ["output", "value of a layer, not used"]]),
        this.status,
        html("p", { class: "explorer-help" }, "One axis is drawn; the other works alike. The image is the lowest row. Pooling is a window like any other."),
      ),
    );
  }

  /** @param {Layer[]} layers */
  change(layers) {
    this.set({ layers: write(layers) });
  }

  /** One row of controls for each layer; rows stay while their number stays, so that none loses the focus. */
  drawRows() {
    while (this.list.children.length > this.layers.length) this.list.lastElementChild.remove();
    while (this.list.children.length < this.layers.length) this.list.append(this.row(this.list.children.length));
    const seen = fields(this.layers);
    this.layers.forEach((layer, i) => {
      const row = this.list.children[i];
      for (const input of row.querySelectorAll("input")) {
        if (input !== document.activeElement || Number(input.value) !== layer[input.name]) input.value = String(layer[input.name]);
      }
      row.querySelector("output").textContent = `sees ${seen[i + 1].size}, jump ${seen[i + 1].jump}, ${this.counts[i + 1] || "no"} out`;
    });
  }

  /** @param {number} index */
  row(index) {
    const inputs = Object.entries(PARTS).map(([name, [label, min, max]]) =>
      html(
        "label",
        {},
        html("span", { class: "explorer-small" }, label),
        html("input", {
          type: "number", name, min, max, step: 1, "aria-label": `layer ${index + 1}, ${label}`,
          input: (event) => event.target.value !== "" && this.change(this.layers.map((layer, i) => (i === index ? { ...layer, [name]: Number(event.target.value) } : layer))),
          blur: () => this.draw(),
        }),
      ),
    );
    const remove = html("button", { type: "button", "aria-label": `Remove layer ${index + 1}`, click: () => {
      this.change(this.layers.filter((_, i) => i !== index));
      (this.list.children[Math.min(index, this.layers.length - 1)]?.querySelector("button") ?? this.more).focus();
    } }, "Remove");
    return html("li", {}, html("div", {}, ...inputs, remove, html("output", {})));
  }

  draw() {
    const { size, unit } = this.state;
    const last = this.counts[this.layers.length];
    const stack = Object.entries(STACKS).find(([, [, layers]]) => layers === this.state.layers);
    this.preset.show(stack ? stack[0] : "");
    this.drawRows();
    for (const add of [this.more, this.pool]) add.toggleAttribute("disabled", this.layers.length >= MOST);
    this.size.show(size);
    this.unit.input.max = String(Math.max(last - 1, 0));
    this.unit.show(unit);
    const traced = last ? trace(unit, this.layers, this.counts) : { read: this.counts.map(() => new Set()), wires: [] };
    this.status.textContent = this.describe(traced.read[0]);
    this.drawPicture(traced);
  }

  /** @param {Set<number>} read */
  describe(read) {
    const { size, unit } = this.state;
    if (!this.layers.length) return "No layers: the output is the image.";
    const misfit = this.counts.indexOf(0);
    if (misfit > 0) {
      return `The window of layer ${misfit} does not fit: it needs more than the ${this.counts[misfit - 1]} values that reach it. Take a larger image, more padding or a smaller window.`;
    }
    const field = fields(this.layers)[this.layers.length];
    const [from, to] = [field.start + unit * field.jump, field.start + unit * field.jump + field.size - 1];
    const inside = Math.min(to, size - 1) - Math.max(from, 0) + 1;
    const holes = inside - read.size;
    return (
      `The receptive field is ${plural(field.size, "pixel")} wide, the jump is ${field.jump}. ` +
      `Output value ${unit} of ${this.counts[this.layers.length]} looks at pixels ${say(from)} to ${say(to)}` +
      (inside < field.size ? ` (${field.size - Math.max(inside, 0)} of them padding)` : "") +
      ` and reads ${read.size === size ? `all ${size}` : `${read.size} of the ${size}`} pixels of the image.` +
      (holes > 0 ? ` Between them it skips ${holes}: the dilated or strided windows leave holes.` : "")
    );
  }

  drawPicture({ read, wires }) {
    const { size } = this.state;
    const seen = fields(this.layers);
    const levels = this.layers.length + 1;
    const rise = clamp((size * 10) / levels / 1.6, 24, 46);
    const middle = (level, unit) => 10 * (seen[level].start + unit * seen[level].jump + seen[level].size / 2);
    const top = (level) => (levels - 1 - level) * rise;
    const side = (level) => 10 * Math.min(seen[level].jump, 1.6);
    const parts = wires.map(([level, from, to]) =>
      svg("line", { class: "wire", x1: middle(level, from), y1: top(level) + side(level), x2: middle(level - 1, to), y2: top(level - 1) }),
    );
    for (let level = 0; level < levels; level++) {
      for (let unit = 0; unit < this.counts[level]; unit++) {
        const kind = read[level].has(unit) ? "tap" : level ? "output" : "pixel";
        parts.push(...square(kind, middle(level, unit) - side(level) / 2, top(level), side(level)));
      }
    }
    const edges = this.counts.flatMap((count, level) => (count ? [middle(level, 0) - 8, middle(level, count - 1) + 8] : []));
    const [left, right] = [Math.min(0, ...edges) - 2, Math.max(10 * size, ...edges) + 2];
    this.picture.setAttribute("viewBox", `${left} -2 ${right - left} ${top(0) + 14}`);
    this.picture.style.maxWidth = `${(right - left) / 8}rem`;
    this.picture.setAttribute("aria-label", `From below: the image, ${size} pixels; above it one row of values for each of ${plural(this.layers.length, "layer")}. Lines join an output value to all that it reads.`);
    this.picture.replaceChildren(...parts);
  }
}

/** @param {Layer[]} layers */
function write(layers) {
  return layers.map((layer) => Object.keys(PARTS).map((name) => layer[name]).join("-")).join("_") || NONE;
}

customElements.define("cnn-receptive-field", ReceptiveField);
