// <cnn-architecture>: put a network together from layers and see what each of them costs and sees.

import { Explorer, clamp, html, plural, svg } from "./explorer.js";
import { button, card, choice, statusLine } from "./controls.js";
import {
  allSteps, batchNorm, convolution, exact, linear, percent, places, pooling, relu, residual, responseNorm, run, shapeText, total, values,
} from "./costs.js";

const MOST = 40; // layers
const NONE = "none"; // what the address says for no layers
const BYTES = 4; // of a float32

/** @typedef {{kind: string} & Record<string, number>} Layer flags and options are 0 or 1 */

const FLAG = "flag";
const BIAS = ["bias", 0, 1, 1, FLAG];
const RELU = ["ReLU after it", 0, 1, 1, FLAG];
const WINDOW = { kernel: ["kernel", 1, 11, 2], stride: ["stride", 1, 8, 2], padding: ["padding", 0, 5, 0] };
const STAGE = { maps: ["maps", 1, 1024, 64], stride: ["stride of the first", 1, 8, 1], blocks: ["blocks", 1, 40, 2], zeros: ["option A (zeros, not a projection)", 0, 1, 0, FLAG] };
/**
 * letter in the address, name, parts: name -> [label, smallest, largest, default, whether yes or no]
 * @type {Record<string, [string, string, Record<string, any[]>]>}
 */
const KINDS = {
  conv: ["c", "convolution", {
    maps: ["maps", 1, 2048, 64], kernel: ["kernel", 1, 11, 3], stride: ["stride", 1, 8, 1], padding: ["padding", 0, 9, 1],
    relu: RELU, bias: BIAS, groups: ["groups", 1, 2048, 1], dilation: ["dilation", 1, 8, 1],
  }],
  bn: ["b", "batch norm", { relu: RELU }],
  max: ["m", "max pooling", WINDOW],
  avg: ["a", "average pooling", WINDOW],
  gap: ["g", "global average pooling", { side: ["output size", 1, 16, 1] }],
  linear: ["l", "linear", { outputs: ["outputs", 1, 10000, 10], relu: ["ReLU after it", 0, 1, 0, FLAG], bias: BIAS }],
  lrn: ["n", "local response norm", {}],
  basic: ["r", "basic residual blocks", STAGE],
  bottleneck: ["k", "bottleneck blocks", STAGE],
};
const BLOCKS = { basic: "basic block", bottleneck: "bottleneck" };

/** The convolutions of VGG, block by block, and what follows. @param {number[]} convolutions */
const vgg = (convolutions) =>
  [...convolutions.map((count, i) => `${`c${[64, 128, 256, 512, 512][i]}_`.repeat(count)}m`), "g7_l4096-1_l4096-1_l1000"].join("_");
/** @param {string} letter @param {number[]} blocks */
const resnet = (letter, blocks) =>
  `c64-7-2-3-0-0_b_m3-2-1_${blocks.map((count, i) => `${letter}${64 * 2 ** i}-${i ? 2 : 1}-${count}`).join("_")}_g_l1000`;

/** @type {Record<string, [string, [number, number], string]>} text, [channels, size] of the image, layers */
const NETWORKS = {
  lenet: ["LeNet", [1, 28], "c6-5-1-2_m_c16-5-1-0_m_l120-1_l84-1_l10"],
  alexnet: ["AlexNet (2012, two groups)", [3, 227],
    "c96-11-4-0_n_m3-2_c256-5-1-2-1-1-2_n_m3-2_c384_c384-3-1-1-1-1-2_c256-3-1-1-1-1-2_m3-2_g6_l4096-1_l4096-1_l1000"],
  tower: ["AlexNet (2014, one tower)", [3, 224], "c64-11-4-2_m3-2_c192-5-1-2_m3-2_c384_c256_c256_m3-2_g6_l4096-1_l4096-1_l1000"],
  vgg11: ["VGG-11", [3, 224], vgg([1, 1, 2, 2, 2])],
  vgg16: ["VGG-16", [3, 224], vgg([2, 2, 3, 3, 3])],
  vgg19: ["VGG-19", [3, 224], vgg([2, 2, 4, 4, 4])],
  resnet18: ["ResNet-18", [3, 224], resnet("r", [2, 2, 2, 2])],
  resnet34: ["ResNet-34", [3, 224], resnet("r", [3, 4, 6, 3])],
  resnet50: ["ResNet-50", [3, 224], resnet("k", [3, 4, 6, 3])],
  resnet20: ["ResNet-20 for CIFAR-10", [3, 32], "c16-3-1-1-0-0_b_r16-1-3_r32-2-3-1_r64-2-3-1_g_l10"],
};

/** @param {string} text @returns {Layer[]} unknown kinds are left out, numbers brought into range */
export function read(text) {
  const known = Object.entries(KINDS);
  return (NETWORKS[text]?.[2] ?? text).split("_").flatMap((part) => {
    const found = known.find(([, [letter]]) => letter === part[0]);
    if (!found || text === NONE) return [];
    const [kind, [, , parts]] = found;
    const given = part.slice(1).split("-").map((number) => (number === "" ? NaN : Number(number)));
    return [tidy({ kind, ...Object.fromEntries(Object.entries(parts).map(([name, [, , , standard]], i) => [name, Number.isFinite(given[i]) ? given[i] : standard])) })];
  }).slice(0, MOST);
}

/** @param {Layer} layer */
function tidy(layer) {
  const parts = KINDS[layer.kind][2];
  const settled = Object.entries(parts).map(([name, [, low, high]]) => [name, clamp(Math.round(layer[name]), low, high)]);
  const tidied = { kind: layer.kind, ...Object.fromEntries(settled) };
  // A pooling may not have more padding than half its window, or a window would see nothing else.
  if (parts === WINDOW) tidied.padding = Math.min(tidied.padding, Math.floor(tidied.kernel / 2));
  return tidied;
}

/** As short as it reads back the same. @param {Layer[]} layers */
function spell(layers) {
  return layers.map((layer) => {
    const [letter, , parts] = KINDS[layer.kind];
    const numbers = Object.entries(parts).map(([name, [, , , standard]]) => (layer[name] === standard ? "" : String(layer[name])));
    while (numbers.length && numbers[numbers.length - 1] === "") numbers.pop();
    return letter + numbers.map((number, i) => number || String(Object.values(parts)[i][3])).join("-");
  }).join("_");
}

const KNOWN = new Map(Object.keys(NETWORKS).map((key) => [spell(read(key)), key]));

/** What the address says: the name of a network where it is one. @param {Layer[]} layers */
export function write(layers) {
  const text = spell(layers);
  return KNOWN.get(text) ?? (text || NONE);
}

/**
 * What each layer writes, costs and sees, for one image.
 * @param {{channels: number, size: number}} image
 * @param {Layer[]} layers
 * @returns {{rows: {output: {channels: number, size: number | null}, parameters: number, macs: number, bytes: number,
 *   field: {size: number, jump: number} | null, formula: string}[], error: string}} rows up to the first that does not fit
 */
export function profile(image, layers) {
  const rows = [];
  let x = { channels: image.channels, size: image.size };
  let field = { size: 1, jump: 1 };
  for (const [i, layer] of layers.entries()) {
    const error = misfit(x, layer, i + 1);
    if (error) return { rows, error };
    const { path, steps, formula } = work(x, layer);
    for (const { window } of path) {
      if (field && window) field = { size: field.size + field.jump * window[3] * (window[0] - 1), jump: field.jump * window[1] };
    }
    // Windows of different sizes (16 pixels averaged to 7) have no common field; plain numbers have none at all.
    if (layer.kind === "linear" || (layer.kind === "gap" && x.size % layer.side !== 0)) field = null;
    const last = path[path.length - 1];
    x = { channels: last.channels, size: last.size };
    rows.push({
      output: x, field, formula,
      parameters: total(steps, "parameters"),
      macs: total(steps, "macs"),
      bytes: BYTES * steps.reduce((sum, step) => sum + (step.view ? 0 : values(step)), 0),
    });
  }
  return { rows, error: "" };
}

/** Why a layer cannot work on what reaches it; empty if it can. */
function misfit(x, layer, number) {
  if (x.size === null && !["linear", "bn"].includes(layer.kind)) {
    return `Layer ${number} needs a picture, but only ${plural(x.channels, "number")} without a place ${x.channels === 1 ? "reaches" : "reach"} it. Move it in front of the linear layers.`;
  }
  const { groups = 1, kernel, stride, padding, dilation = 1 } = layer;
  if (x.channels % groups || (layer.maps ?? 0) % groups) {
    return `Layer ${number} cannot cut ${x.channels} input channels and ${layer.maps} maps into ${groups} equal groups: ${groups} must divide both.`;
  }
  if (kernel && places(x.size, [kernel, stride, padding, dilation]) === 0) {
    const span = dilation * (kernel - 1) + 1;
    return `The window of layer ${number} does not fit: it spans ${span} pixels, and the picture that reaches it has ${x.size + 2 * padding}, padding included. Take a larger image, more padding or a smaller window.`;
  }
  return "";
}

/** The operations of a layer: those along the path that sees most, all of them, and the sums in symbols. */
function work(x, layer) {
  const { kind, maps, kernel, stride, padding, dilation, groups, outputs, side } = layer;
  const then = layer.relu ? [relu] : [];
  const bias = Boolean(layer.bias);
  const chain = (formula, ...operations) => {
    const steps = run(x, [...operations, ...then]);
    return { path: steps, steps, formula: formula(steps[0]) };
  };
  const sums = (parameters, macs) => (step) => `parameters ${parameters} = ${exact(step.parameters)}, MACs ${macs(step)} = ${exact(step.macs)}`;
  const free = () => "no parameters, no multiply-adds that count";
  const plus = bias ? " + 1" : "";
  if (kind === "conv") {
    const weights = `${x.channels}${groups > 1 ? `/${groups}` : ""}·${kernel}·${kernel}`;
    return chain(sums(`${maps} · (${weights}${plus})`, (y) => `${maps}·${y.size}·${y.size} · ${weights}`), convolution(maps, kernel, { stride, padding, dilation, groups, bias }));
  }
  if (kind === "linear") {
    const inputs = x.size === null ? exact(x.channels) : `${x.channels}·${x.size}·${x.size}`;
    return chain(sums(`${outputs} · (${inputs}${plus})`, () => `${outputs} · ${inputs}`), linear(outputs, bias));
  }
  if (kind === "bn") return chain((step) => `parameters 2 · ${x.channels} = ${exact(step.parameters)} (a scale and a shift for each channel), no multiply-adds that count`, batchNorm);
  if (kind === "lrn") return chain(free, responseNorm);
  if (kind === "max" || kind === "avg") return chain(free, pooling(kind, kernel, stride, padding));
  if (kind === "gap") {
    const step = x.size / side;
    return chain(free, (y) => ({ channels: y.channels, size: side, text: "", parameters: 0, macs: 0, window: [step, step, 0, 1] }));
  }
  const blocks = [residual(kind, x, maps, stride, layer.zeros ? "A" : "B")];
  for (let i = 1; i < layer.blocks; i++) blocks.push(residual(kind, blocks[0].output, maps, 1, "B"));
  const each = (what) => {
    const [first, next] = blocks.map((block) => exact(total(allSteps(block), what)));
    return blocks.length === 1 ? first : `${first} + ${blocks.length - 1} · ${next} = ${exact(blocks.reduce((sum, block) => sum + total(allSteps(block), what), 0))}`;
  };
  return {
    path: blocks.flatMap(({ branches }) => branches[0].steps),
    steps: blocks.flatMap(allSteps),
    formula: `parameters ${each("parameters")}, MACs ${each("macs")}${blocks.length > 1 ? " (the first block, then the others)" : ""}`,
  };
}

/** A layer in words. @param {Layer} layer */
function describe(layer) {
  const { kind, maps, kernel, stride, padding, dilation, groups, outputs, side, blocks } = layer;
  const then = layer.relu ? ", ReLU" : "";
  const step = stride > 1 ? `, stride ${stride}` : "";
  const square = `${kernel} × ${kernel}`;
  if (kind === "conv") return `${square} convolution, ${plural(maps, "map")}${step}${padding ? `, padding ${padding}` : ""}${groups > 1 ? `, ${groups} groups` : ""}${dilation > 1 ? `, dilation ${dilation}` : ""}${layer.bias ? "" : ", no bias"}${then}`;
  if (kind === "max" || kind === "avg") return `${square} ${KINDS[kind][1]}${step}${padding ? `, padding ${padding}` : ""}`;
  if (kind === "gap") return side === 1 ? "global average pooling" : `average pooling to ${side} × ${side}`;
  if (kind === "linear") return `linear, ${plural(outputs, "output")}${layer.bias ? "" : ", no bias"}${then}`;
  if (kind in BLOCKS) return `${plural(blocks, BLOCKS[kind])}, ${plural(maps, "map")}${kind === "bottleneck" ? ` (${4 * maps} out)` : ""}${step}${layer.zeros ? ", option A" : ""}`;
  return KINDS[kind][1] + then;
}

/** Bytes in thousands, one decimal: 58.4. @param {number} bytes */
const thousands = (bytes) => (bytes / 1000).toLocaleString("en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** Bytes in words: 58.4 kB, 115 MB. @param {number} bytes */
function size(bytes) {
  for (const [unit, text] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) {
    if (bytes >= unit) return `${Number((bytes / unit).toPrecision(3))} ${text}`;
  }
  return plural(bytes, "byte");
}

const INPUT = { channels: ["Input channels", 1, 512], size: ["Height and width", 1, 512], batch: ["Images in the batch", 1, 256] };
const COSTS = ["parameters", "macs", "bytes"];
const HEADINGS = ["Layer", "Output", "Parameters", "MACs", "Activations, kB", "Sees"];
const LABELS = ["Output", "Parameters", "MACs", "kB", "Sees"]; // beside the numbers, on a phone

class Architecture extends Explorer {
  static prefix = "net";
  static defaults = { layers: "lenet", channels: 1, size: 28, batch: 1, at: 0 };

  settle(state) {
    /** @type {Layer[]} */
    this.layers = read(state.layers);
    state.layers = write(this.layers);
    for (const [name, [, low, high]] of Object.entries(INPUT)) state[name] = clamp(Math.round(state[name]), low, high);
    state.at = clamp(Math.round(state.at), 0, Math.max(this.layers.length - 1, 0));
  }

  build() {
    const names = Object.fromEntries(Object.entries(NETWORKS).map(([key, [text]]) => [key, text]));
    this.preset = choice("Network", "preset", { ...names, "": "your own" }, (key) => {
      const [channels, size] = NETWORKS[key][1];
      this.set({ layers: key, channels, size, at: 0 });
    });
    this.inputs = Object.entries(INPUT).map(([name, [label, min, max]]) => this.number(name, label, min, max, () => this.state[name], (value) => this.set({ [name]: value })));
    this.body = html("tbody", { role: "rowgroup", keydown: (event) => this.walk(event) });
    this.totals = LABELS.map((label) => html("td", { role: "cell", "data-label": label }));
    const headings = HEADINGS.map((text) => html("th", { role: "columnheader", scope: "col" }, text));
    // The roles are those that the tags have anyway; a narrow page shows the rows as blocks and would lose them.
    this.box = html(
      "div",
      { class: "explorer-scroll explorer-net", role: "region", tabindex: 0, "aria-label": "The layers and what they cost" },
      html(
        "table",
        { role: "table" },
        html("thead", { role: "rowgroup" }, html("tr", { role: "row" }, ...headings)),
        this.body,
        html("tfoot", { role: "rowgroup" }, html("tr", { role: "row" }, html("th", { role: "rowheader", scope: "row" }, "All layers"), ...this.totals)),
      ),
    );
    this.panel = html("div", { class: "explorer-fields" });
    this.legend = html("legend", {});
    this.formula = html("p", { class: "explorer-formula" });
    this.status = statusLine();
    this.kind = choice("New layer", "kind", Object.fromEntries(Object.entries(KINDS).map(([kind, [, text]]) => [kind, text])), () => {});
    this.add = button("Add it", () => this.insert());
    this.remove = button("Remove", () => this.drop());
    this.up = button("Move up", () => this.move(-1));
    this.down = button("Move down", () => this.move(1));
    this.append(
      card(
        "Architecture calculator",
        html("div", { class: "explorer-controls" }, this.preset.row, this.link),
        html("div", { class: "explorer-fields" }, ...this.inputs.map(({ row }) => row)),
        this.status,
        this.box,
        html("fieldset", { class: "explorer-edit" }, this.legend, this.panel, this.formula, html("div", { class: "explorer-controls" }, this.up, this.down, this.remove)),
        html("div", { class: "explorer-controls" }, this.kind.row, this.add),
        html(
          "p",
          { class: "explorer-help" },
          "Choose a layer in the table (arrow keys walk through it), then change it below. A new layer goes behind the chosen one. ",
          "Each bar is the layer's share of the whole column. MACs are multiply-adds; batch norm and pooling have none that count. Activations are all ",
          "numbers that the layers write, 4 bytes each: a convolution with a ReLU writes its maps twice. “Sees” is the receptive field ",
          "in pixels of the image.",
        ),
      ),
    );
  }

  /** A number to type, kept in range. */
  number(name, label, min, max, get, change) {
    const input = html("input", {
      type: "number", name, min, max, step: 1,
      input: () => input.value !== "" && Number.isFinite(Number(input.value)) && change(Number(input.value)),
      blur: () => (input.value = String(get())),
    });
    const show = (value) => {
      if (input !== document.activeElement || Number(input.value) !== value) input.value = String(value);
    };
    return { row: html("label", {}, html("span", { class: "explorer-small" }, label), input), show };
  }

  /** @param {Layer[]} layers @param {number} [at] */
  change(layers, at = this.state.at) {
    this.set({ layers: write(layers), at });
  }

  insert() {
    const { at } = this.state;
    const kind = this.kind.row.querySelector("select").value;
    if (this.layers.length >= MOST) return;
    const layer = read(KINDS[kind][0])[0];
    const behind = this.layers.length ? at + 1 : 0;
    this.change([...this.layers.slice(0, behind), layer, ...this.layers.slice(behind)], behind);
  }

  drop() {
    this.change(this.layers.filter((_, i) => i !== this.state.at));
  }

  /** @param {number} by */
  move(by) {
    const [from, to] = [this.state.at, this.state.at + by];
    if (to < 0 || to >= this.layers.length) return;
    const layers = [...this.layers];
    [layers[from], layers[to]] = [layers[to], layers[from]];
    this.change(layers, to);
  }

  /** Bring the chosen row into the box, without scrolling the page. */
  reveal() {
    const box = this.box.getBoundingClientRect();
    const row = this.body.children[this.state.at]?.getBoundingClientRect() ?? box;
    if (row.top < box.top || row.bottom > box.bottom) this.box.scrollTop += row.top - box.top - box.height / 3;
  }

  /** Arrow keys choose the layer above or below. @param {KeyboardEvent} event */
  walk(event) {
    const to = { ArrowUp: this.state.at - 1, ArrowDown: this.state.at + 1, Home: 0, End: this.layers.length - 1 }[event.key];
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.set({ at: to });
    this.body.children[this.state.at].querySelector("button").focus();
  }

  draw() {
    const { channels, size: side, batch, at, layers } = this.state;
    const { rows, error } = profile({ channels, size: side }, this.layers);
    const all = Object.fromEntries(COSTS.map((cost) => [cost, rows.reduce((sum, row) => sum + row[cost], 0)]));
    this.preset.show(layers in NETWORKS ? layers : "");
    for (const [i, name] of Object.keys(INPUT).entries()) this.inputs[i].show(this.state[name]);
    this.drawRows(rows, all);
    this.drawPanel();
    if (this.revealed !== at) this.reveal();
    this.revealed = at;
    const texts = error || !rows.length
      ? ["", "", "", "", ""]
      : [shapeText(rows[rows.length - 1].output), exact(all.parameters), exact(batch * all.macs), thousands(batch * all.bytes), seen(sight(rows, this.layers))];
    this.totals.forEach((cell, i) => (cell.textContent = texts[i]));
    const chosen = this.layers[at];
    this.legend.textContent = chosen ? `Layer ${at + 1}: ${chosen.kind === "gap" ? describe(chosen) : KINDS[chosen.kind][1]}` : "No layer";
    this.formula.textContent = rows[at] ? `One image: ${rows[at].formula}.` : chosen ? "This layer has no input that fits." : "Add a layer below.";
    this.status.textContent = this.layers.length ? error || this.describe(rows, all) : "No layers: the output is the image.";
  }

  /** @param {ReturnType<typeof profile>["rows"]} rows */
  describe(rows, all) {
    const { channels, size: side, batch, layers } = this.state;
    const most = (cost, text) => {
      const largest = rows.reduce((best, row, i) => (row[cost] > rows[best][cost] ? i : best), 0);
      return all[cost] ? `most ${text} in layer ${largest + 1} (${percent(rows[largest][cost], all[cost])})` : `no ${text}`;
    };
    const last = sight(rows, this.layers);
    return (
      `${layers in NETWORKS ? NETWORKS[layers][0] : "Your network"} on ${plural(batch, "image")} of ${channels} × ${side} × ${side}: ` +
      `${exact(all.parameters)} parameters (${size(BYTES * all.parameters)}), ${exact(batch * all.macs)} MACs, ${exact(batch * all.bytes)} bytes of activations (${size(batch * all.bytes)}). ` +
      (last ? `A value of the last map sees ${last.size} × ${last.size} pixels. ` : "") +
      `${capital(most("parameters", "parameters"))}, ${most("macs", "MACs")}, ${most("bytes", "activations")}.`
    );
  }

  /** Rows stay while their number stays, so that none loses the focus. */
  drawRows(rows, all) {
    while (this.body.children.length > this.layers.length) this.body.lastElementChild.remove();
    while (this.body.children.length < this.layers.length) this.body.append(this.row(this.body.children.length));
    const { at, batch } = this.state;
    this.layers.forEach((layer, i) => {
      const line = this.body.children[i];
      const choose = line.querySelector("button");
      const row = rows[i];
      choose.textContent = `${i + 1}: ${describe(layer)}`;
      choose.tabIndex = i === at ? 0 : -1;
      if (i === at) choose.setAttribute("aria-current", "true");
      else choose.removeAttribute("aria-current");
      line.classList.toggle("chosen", i === at);
      line.classList.toggle("misfit", !row);
      const texts = row
        ? [shapeText(row.output), exact(row.parameters), exact(batch * row.macs), thousands(batch * row.bytes), seen(row.field)]
        : [i === rows.length ? "does not fit" : "–", "–", "–", "–", "–"];
      line.querySelectorAll("td > span").forEach((cell, j) => (cell.textContent = texts[j]));
      line.querySelectorAll("rect").forEach((bar, j) => bar.setAttribute("width", String(row && all[COSTS[j]] ? (100 * row[COSTS[j]]) / all[COSTS[j]] : 0)));
    });
  }

  /** @param {number} index */
  row(index) {
    const cells = LABELS.map((label, i) =>
      html("td", { role: "cell", "data-label": label }, html("span", {}), ...(i >= 1 && i <= 3
        ? [svg("svg", { viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { class: "bar", x: 0, y: 0, height: 4 }))]
        : [])),
    );
    return html("tr", { role: "row" }, html("th", { role: "rowheader", scope: "row" }, button("", () => this.set({ at: index }))), ...cells);
  }

  /** The chosen layer's numbers; they stay while its kind stays, so that none loses the focus. */
  drawPanel() {
    const layer = this.layers[this.state.at];
    if (layer?.kind !== this.shown) {
      this.shown = layer?.kind;
      const parts = layer ? Object.entries(KINDS[layer.kind][2]).sort(([, a], [, b]) => a.length - b.length) : []; // flags last
      this.fields = parts.map(([name, [label, min, max, , flag]]) => {
        const get = () => this.layers[this.state.at]?.[name] ?? min;
        const put = (value) => this.change(this.layers.map((one, i) => (i === this.state.at ? tidy({ ...one, [name]: value }) : one)));
        return { name, ...(flag ? flagBox(name, label, put) : this.number(name, label, min, max, get, put)) };
      });
      this.panel.replaceChildren(...this.fields.map(({ row }) => row));
    }
    for (const { name, show } of this.fields ?? []) show(layer[name]);
    const { at } = this.state;
    for (const [control, off] of [[this.up, at === 0], [this.down, at >= this.layers.length - 1], [this.remove, !layer], [this.add, this.layers.length >= MOST]]) {
      control.setAttribute("aria-disabled", String(off)); // not disabled: that would lose the focus
    }
  }
}

/** A yes or no. */
function flagBox(name, label, put) {
  const box = /** @type {HTMLInputElement} */ (html("input", { type: "checkbox", name, change: () => put(Number(box.checked)) }));
  return { row: html("label", { class: "explorer-check" }, box, ` ${label}`), show: (value) => (box.checked = Boolean(value)) };
}

/** What the last map sees, before a pooling to a fixed size takes the mean of all. */
function sight(rows, layers) {
  for (let i = rows.length - 1; i >= 0; i--) {
    if (rows[i].field && layers[i].kind !== "gap") return rows[i].field;
  }
  return null;
}

const seen = (field) => (field ? `${field.size} × ${field.size}` : "–");
const capital = (text) => text[0].toUpperCase() + text.slice(1);

customElements.define("cnn-architecture", Architecture);
