// <cnn-architecture>: put a network together from layers and see what each of them costs and sees.

import { profile, BYTES } from "./calculation.js";
import { button, card, choice, statusLine } from "./controls.js";
import { exact, percent, shapeText } from "./costs.js";
import { Explorer, clamp, html, plural, svg } from "./explorer.js";
import { KINDS, MOST, NETWORKS, describe, read, tidy, write } from "./layers.js";

/** @typedef {import("./layers.js").Layer} Layer */

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
