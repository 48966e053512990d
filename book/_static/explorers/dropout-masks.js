// <cnn-dropout-masks>: which numbers dropout sets to 0, one by one or a whole channel at a time.

import { Explorer, clamp, html, plural, say } from "./explorer.js";
import { button, card, choice, numberTable, slider, statusLine } from "./controls.js";

const [N, C, SIDE] = [2, 3, 4];
const P = SIDE * SIDE;
const KINDS = { dropout: "single numbers (dropout)", dropout2d: "whole channels (dropout2d)" };
const MODES = { train: "training", eval: "test" };
/** Made up: image by image, channel by channel, row by row. */
const VALUES = [
  ..."123421343421431211112222333344441221355352254334",
  ..."412341234123412321232123212321235432543254325432",
].map(Number);

/**
 * Random numbers between 0 and 1 that depend on the seed only (Tommy Ettinger's Mulberry32).
 * @param {number} seed
 * @returns {() => number}
 */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * One mask for the batch, true where a number is kept.
 * @param {string} kind
 * @param {number} p probability to be dropped
 * @param {number} seed
 * @returns {boolean[]}
 */
export function mask(kind, p, seed) {
  const random = generator(seed);
  if (kind === "dropout") return VALUES.map(() => random() >= p);
  const channels = Array.from({ length: N * C }, () => random() >= p);
  return VALUES.map((_, i) => channels[Math.floor(i / P)]);
}

class DropoutMasks extends Explorer {
  static prefix = "drop";
  static defaults = { kind: "dropout", mode: "train", percent: 40, seed: 1 };

  settle(state) {
    if (!(state.kind in KINDS)) state.kind = "dropout";
    if (!(state.mode in MODES)) state.mode = "train";
    state.percent = clamp(Math.round(state.percent), 0, 100);
    state.seed = clamp(Math.round(state.seed), 1, 999);
  }

  build() {
    this.kind = choice("Drop", "kind", KINDS, (kind) => this.set({ kind }));
    this.mode = choice("Mode", "mode", MODES, (mode) => this.set({ mode }));
    this.percent = slider("Probability", "percent", 0, 100, (percent) => this.set({ percent }));
    this.tables = Array.from({ length: N * C }, (_, i) => numberTable(`Image ${Math.floor(i / C)}, channel ${i % C}`, SIDE, SIDE));
    this.cells = this.tables.flatMap(({ cells }) => cells);
    this.status = statusLine();
    this.append(
      card(
        "Dropout masks",
        html("div", { class: "explorer-controls" }, this.kind.row, this.mode.row),
        html("div", { class: "explorer-sliders" }, this.percent.row),
        html("div", { class: "explorer-maps" }, ...this.tables.map(({ table }) => table)),
        html(
          "div",
          { class: "explorer-controls" },
          button("Previous mask", () => this.set({ seed: this.state.seed === 1 ? 999 : this.state.seed - 1 })),
          button("Next mask", () => this.set({ seed: (this.state.seed % 999) + 1 })),
          this.link,
        ),
        this.status,
        html("p", { class: "explorer-help" }, "Shown is what leaves the layer. Dashed and crossed out: dropped, so 0. What is kept is divided by 1 − p, so that the mean over all masks is the number that came in."),
      ),
    );
  }

  draw() {
    const { kind, mode, percent, seed } = this.state;
    const training = mode === "train";
    const p = percent / 100;
    const kept = training ? mask(kind, p, seed) : VALUES.map(() => true);
    const scale = training && p < 1 ? 1 / (1 - p) : 1;
    const out = VALUES.map((value, i) => (kept[i] ? value * scale : 0));
    this.kind.show(kind);
    this.mode.show(mode);
    this.percent.show(percent, `p = ${say(p)}`);
    this.cells.forEach((cell, i) => {
      cell.textContent = kept[i] ? String(Number(out[i].toPrecision(3))) : "0";
      cell.classList.toggle("dropped", !kept[i]);
    });
    const count = kept.filter(Boolean).length;
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const means = `The mean of the batch goes from ${say(mean(VALUES))} to ${say(mean(out))}.`;
    if (!training) {
      this.status.textContent = `At test time nothing is dropped and nothing is scaled, whatever p is. ${means}`;
      return;
    }
    const channels = this.tables.filter((_, i) => kept[i * P]).length;
    const which = kind === "dropout" ? `${count} of ${VALUES.length} numbers are kept` : `${channels} of ${N * C} channels are kept, ${plural(count, "number")} in all`;
    this.status.textContent =
      `Mask ${seed}, p = ${say(p)}: ${which}` +
      (p < 1 ? `, each times ${say(scale)}. ` : "; everything is dropped and nothing is scaled. ") +
      means;
  }
}

customElements.define("cnn-dropout-masks", DropoutMasks);
