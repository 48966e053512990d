// The layers of a network as the architecture calculator knows them: their parts, their words, and how an address spells them.

import { clamp, plural } from "./explorer.js";

export const MOST = 40; // layers
const NONE = "none"; // what the address says for no layers

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
export const KINDS = {
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
export const NETWORKS = {
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

/** With every number in its range. @param {Layer} layer */
export function tidy(layer) {
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

/** A layer in words. @param {Layer} layer */
export function describe(layer) {
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
