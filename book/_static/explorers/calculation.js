// What the layers of a network write, cost and see: the arithmetic of the architecture calculator.

import { plural } from "./explorer.js";
import {
  allSteps, batchNorm, convolution, exact, linear, places, pooling, relu, residual, responseNorm, run, total, values,
} from "./costs.js";

/** @typedef {import("./layers.js").Layer} Layer */

export const BYTES = 4; // of a float32

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
