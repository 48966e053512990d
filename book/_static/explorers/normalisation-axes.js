// <cnn-normalisation-axes>: which numbers share a mean and a variance, for five kinds of normalisation.

import { Explorer, clamp, html, say, svg } from "./explorer.js";
import { card, choice, slider, statusLine } from "./controls.js";
import { grid } from "./grid.js";

const [N, C, H, W] = [3, 4, 2, 2];
const P = H * W;
const EPSILON = 1e-5;
/** Made up: image by image, channel by channel, pixel by pixel. */
const VALUES = [..."315926535897932384626433832795028841971693993751"].map(Number);
/** @type {Record<string, string>} */
const KINDS = {
  batch: "batch norm",
  layer: "layer norm over C, H and W",
  pixel: "layer norm over C at each pixel",
  instance: "instance norm",
  group: "group norm",
};

/** @typedef {{image: number, channel: number, pixel: number}} Place */

/**
 * Whether two numbers share their mean and variance.
 * @param {string} kind
 * @param {number} groups of channels, for group norm
 * @param {Place} a
 * @param {Place} b
 */
export function together(kind, groups, a, b) {
  if (kind === "batch") return a.channel === b.channel;
  if (a.image !== b.image) return false;
  if (kind === "layer") return true;
  if (kind === "pixel") return a.pixel === b.pixel;
  if (kind === "instance") return a.channel === b.channel;
  const part = C / groups;
  return Math.floor(a.channel / part) === Math.floor(b.channel / part);
}

/** @param {number[]} values */
function spread(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
}

/** @param {number} index into the numbers @returns {Place} */
const place = (index) => ({ image: Math.floor(index / (C * P)), channel: Math.floor(index / P) % C, pixel: index % P });
const PLACES = VALUES.map((_, i) => place(i));

class NormalisationAxes extends Explorer {
  static prefix = "norm";
  static defaults = { kind: "batch", groups: 2, bright: 0, image: 0, channel: 1, pixel: 2 };

  settle(state) {
    if (!(state.kind in KINDS)) state.kind = "batch";
    state.groups = [1, 2, 4].includes(state.groups) ? state.groups : 2;
    state.bright = clamp(Math.round(state.bright), 0, 20);
    state.image = clamp(Math.round(state.image), 0, N - 1);
    state.channel = clamp(Math.round(state.channel), 0, C - 1);
    state.pixel = clamp(Math.round(state.pixel), 0, P - 1);
  }

  build() {
    this.kind = choice("Kind", "kind", KINDS, (kind) => this.set({ kind }));
    this.groups = choice("Groups", "groups", { 1: "1", 2: "2", 4: "4" }, (groups) => this.set({ groups: Number(groups) }));
    this.bright = slider("Brighten image 0 by", "bright", 0, 20, (bright) => this.set({ bright }));
    this.slices = Array.from({ length: N }, (_, image) =>
      grid(
        `Image ${image}`,
        C,
        P,
        (channel, pixel) => html("button", { type: "button", click: () => this.set({ image, channel, pixel }) }),
        (channel, pixel) => this.set({ image, channel, pixel }),
      ),
    );
    this.picture = svg("svg", { class: "explorer-picture explorer-cube", role: "img", viewBox: "-22 -62 176 142" });
    this.status = statusLine();
    this.append(
      card(
        "Axes of normalisation",
        html("div", { class: "explorer-controls" }, this.kind.row, this.groups.row, this.link),
        html("div", { class: "explorer-sliders" }, this.bright.row),
        this.picture,
        html("div", { class: "explorer-stage explorer-slices" }, ...this.slices.map(({ table }) => table)),
        this.status,
        html("p", { class: "explorer-help" }, `${N} images of ${C} channels and ${H} × ${W} pixels; each row is a channel, each column a pixel. Choose a number: the framed ones share its mean and variance. Arrow keys move inside an image.`),
      ),
    );
  }

  draw() {
    const { kind, groups, bright } = this.state;
    const here = { image: this.state.image, channel: this.state.channel, pixel: this.state.pixel };
    const index = (here.image * C + here.channel) * P + here.pixel;
    const values = VALUES.map((value, i) => value + (PLACES[i].image === 0 ? bright : 0));
    const shared = PLACES.map((other) => together(kind, groups, here, other));
    this.kind.show(kind);
    this.groups.show(String(groups));
    this.groups.row.hidden = kind !== "group";
    this.bright.show(bright);
    this.slices.forEach(({ cells, stopAt }, image) => {
      cells.forEach((cell, i) => {
        const at = image * C * P + i;
        cell.textContent = say(values[at]);
        cell.setAttribute("aria-label", `image ${image}, channel ${Math.floor(i / P)}, pixel ${i % P}: ${say(values[at])}${shared[at] ? ", shared" : ""}`);
        cell.classList.toggle("in-window", shared[at]);
        cell.classList.toggle("chosen", at === index);
        if (at === index) cell.setAttribute("aria-current", "true");
        else cell.removeAttribute("aria-current");
      });
      if (image === here.image) stopAt(here.channel * P + here.pixel);
    });
    const { mean, variance } = spread(values.filter((_, i) => shared[i]));
    const size = shared.filter(Boolean).length;
    this.status.textContent =
      `${KINDS[kind][0].toUpperCase()}${KINDS[kind].slice(1)}: ${size} numbers share a mean and a variance, ${this.describe(here)}; there are ${VALUES.length / size} such sets. ` +
      `Mean ${say(mean)}, variance ${say(variance)}. The chosen number ${say(values[index])} (image ${here.image}, channel ${here.channel}, pixel ${here.pixel}) becomes ${say((values[index] - mean) / Math.sqrt(variance + EPSILON))}.`;
    this.drawCube(shared, index);
  }

  /** @param {Place} here */
  describe({ image, channel, pixel }) {
    const { kind, groups } = this.state;
    if (kind === "batch") return `channel ${channel} of all images, at all pixels`;
    if (kind === "layer") return `all of image ${image}`;
    if (kind === "pixel") return `all channels of image ${image} at pixel ${pixel}`;
    if (kind === "instance" || groups === C) return `channel ${channel} of image ${image}`;
    if (groups === 1) return `all of image ${image}, as layer norm does`;
    const first = Math.floor(channel / (C / groups)) * (C / groups);
    return `channels ${first} to ${first + C / groups - 1} of image ${image}`;
  }

  /** The images as slabs behind each other; what is shared has a dot. */
  drawCube(shared, index) {
    const side = 14;
    const [x, y] = [7, -5]; // how far depth moves to the right and up
    const parts = [];
    for (let image = N - 1; image >= 0; image--) {
      const [left, top] = [image * 36, image * -22];
      for (let channel = C - 1; channel >= 0; channel--) {
        for (let pixel = 0; pixel < P; pixel++) {
          const at = (image * C + channel) * P + pixel;
          const [u, v] = [left + pixel * side, top + channel * side];
          const kind = shared[at] ? "tap" : "pixel";
          if (channel === 0) parts.push(svg("path", { class: `cell ${kind}`, d: `M${u} ${v}l${x} ${y}h${side}l${-x} ${-y}z` }));
          if (pixel === P - 1) parts.push(svg("path", { class: `cell ${kind}`, d: `M${u + side} ${v}l${x} ${y}v${side}l${-x} ${-y}z` }));
          parts.push(svg("rect", { class: `cell ${kind}`, x: u, y: v, width: side, height: side }));
          if (shared[at]) parts.push(svg("circle", { class: "dot", cx: u + side / 2, cy: v + side / 2, r: at === index ? 4 : 1.8 }));
        }
      }
    }
    const label = (text, left, top, turn) => svg("text", { x: left, y: top, transform: `rotate(${turn} ${left} ${top})` }, text);
    parts.push(label("C channels", -8, 50, -90), label("H · W pixels", 6, 68, 0), label("N images", 78, 58, -31));
    this.picture.setAttribute("aria-label", `${N} images as slabs behind each other, each ${C} channels high and ${P} pixels wide. The shared numbers have a dot, the chosen one a large dot.`);
    this.picture.replaceChildren(...parts);
  }
}

customElements.define("cnn-normalisation-axes", NormalisationAxes);
