// What layers and blocks cost, counted as cnnlib.profile counts: shapes, parameters, multiply-adds, values written.

/**
 * A stack of maps, `channels` of `size` by `size` pixels; or plain numbers, `channels` of them, where `size` is null.
 * @typedef {{channels: number, size: number | null}} Shape
 */
/**
 * One operation: the shape that it writes, and its price for one image. `window` is [kernel, stride, padding, dilation],
 * null where an operation looks at single pixels; `view` says that it writes nothing new.
 * @typedef {Shape & {text: string, parameters: number, macs: number, window: number[] | null, view?: boolean}} Step
 */
/** @typedef {(x: Shape) => Step} Operation */

/** How many values a shape holds. @param {Shape} x */
export const values = ({ channels, size }) => channels * (size ?? 1) ** 2;

/** An exact count with commas: 3,000,001,000. @param {number} count */
export const exact = (count) => count.toLocaleString("en-GB");

/** A share in words: 78 %. @param {number} part @param {number} all */
export function percent(part, all) {
  const share = all ? (100 * part) / all : 0;
  return share > 0 && share < 1 ? "less than 1 %" : `${Math.round(share)} %`;
}

/** The shape of one image, channels first: 64 × 56 × 56. @param {Shape} x */
export const shapeText = ({ channels, size }) => (size === null ? exact(channels) : `${exact(channels)} × ${size} × ${size}`);

/**
 * How many places a window has along one axis; 0 if it does not fit.
 * @param {number} size
 * @param {number[]} window kernel, stride, padding, dilation
 */
export function places(size, [kernel, stride, padding, dilation]) {
  const room = size + 2 * padding - dilation * (kernel - 1) - 1;
  return room < 0 ? 0 : Math.floor(room / stride) + 1;
}

/**
 * A convolution. Without `padding` it keeps the size, or divides it by the stride.
 * @returns {Operation}
 */
export function convolution(maps, kernel, { stride = 1, padding = Math.floor(kernel / 2), dilation = 1, groups = 1, bias = false } = {}) {
  const window = [kernel, stride, padding, dilation];
  return (x) => {
    const y = { channels: maps, size: places(x.size, window) };
    const weights = (x.channels / groups) * kernel ** 2; // of one map
    const text = `${kernel} × ${kernel} convolution${stride > 1 ? `, stride ${stride}` : ""}`;
    return { ...y, text, parameters: maps * (weights + (bias ? 1 : 0)), macs: values(y) * weights, window };
  };
}

/** @returns {Operation} */
export function pooling(kind, kernel, stride, padding) {
  const window = [kernel, stride, padding, 1];
  return (x) => ({ channels: x.channels, size: places(x.size, window), text: `${kernel} × ${kernel} ${kind} pooling`, parameters: 0, macs: 0, window });
}

/** @returns {Operation} */
export function linear(outputs, bias = true) {
  return (x) => ({ channels: outputs, size: null, text: "linear", parameters: outputs * (values(x) + (bias ? 1 : 0)), macs: outputs * values(x), window: null });
}

/** An operation that keeps the shape. @returns {Operation} */
const pointwise = (text, perChannel = 0) => (x) => ({ ...shape(x), text, parameters: perChannel * x.channels, macs: 0, window: null });

export const batchNorm = pointwise("batch norm", 2);
export const responseNorm = pointwise("local response norm");
export const relu = pointwise("ReLU");

/** @param {Shape} x @returns {Shape} */
export const shape = ({ channels, size }) => ({ channels, size });

/** One operation after the other. @param {Shape} x @param {Operation[]} operations */
export function run(x, operations) {
  /** @type {Step[]} */
  const steps = [];
  for (const operation of operations) {
    const y = operation(x);
    steps.push(y);
    x = y;
  }
  return steps;
}

/**
 * Branches that start from the same input and meet again.
 * @typedef {{branches: {name: string, steps: Step[]}[], join: "none" | "add" | "concatenate", output: Shape, after: Step[]}} Block
 */

/**
 * A plain block (no shortcut), a basic block or a bottleneck. Batch norm follows every convolution.
 * @param {"plain" | "basic" | "bottleneck"} kind
 * @param {Shape} x
 * @param {number} maps of a bottleneck: those between its 1 × 1 convolutions; it writes four times as many
 * @param {number} stride
 * @param {"A" | "B"} option what the shortcut does where the shapes differ: zeros, or a projection
 * @param {boolean} early a bottleneck's stride stands in its first convolution, as in the paper
 * @returns {Block}
 */
export function residual(kind, x, maps, stride, option, early = false) {
  const wide = kind === "bottleneck";
  const steps = wide
    ? run(x, [
        ...[convolution(maps, 1, { stride: early ? stride : 1 }), batchNorm, relu],
        ...[convolution(maps, 3, { stride: early ? 1 : stride }), batchNorm, relu],
        ...[convolution(4 * maps, 1), batchNorm],
      ])
    : run(x, [convolution(maps, 3, { stride }), batchNorm, relu, convolution(maps, 3), batchNorm]);
  const output = shape(steps[steps.length - 1]);
  const branches = [{ name: kind === "plain" ? "The only branch" : "Residual branch", steps }];
  if (kind === "plain") return { branches, join: "none", output, after: run(output, [relu]) };
  branches.push({ name: "Shortcut", steps: shortcut(x, output, stride, option) });
  return { branches, join: "add", output, after: run(output, [relu]) };
}

/** @returns {Step[]} empty for the identity */
function shortcut(x, output, stride, option) {
  if (stride === 1 && x.channels === output.channels) return [];
  if (option === "B") return run(x, [convolution(output.channels, 1, { stride }), batchNorm]);
  const kept = { ...shape(x), size: output.size, parameters: 0, macs: 0, window: null };
  const change = output.channels - x.channels;
  const text = change < 0 ? `drop the last ${-change} maps` : change ? `add ${change} maps of zeros` : "no new maps";
  return [
    { ...kept, text: stride > 1 ? `one pixel in ${stride}, along both axes` : "every pixel", view: true },
    { ...kept, channels: output.channels, text },
  ];
}

/**
 * Four branches side by side, their maps stacked (figure 2b of the paper); every convolution has a bias and a ReLU.
 * @param {Shape} x
 * @param {number[]} maps 1 × 1, 3 × 3 reduce, 3 × 3, 5 × 5 reduce, 5 × 5, pool projection
 * @returns {Block}
 */
export function inception(x, [one, reduce3, three, reduce5, five, projected]) {
  const conv = (maps, kernel) => [convolution(maps, kernel, { bias: true }), relu];
  const branches = [
    { name: "Branch 1", steps: run(x, conv(one, 1)) },
    { name: "Branch 2", steps: run(x, [...conv(reduce3, 1), ...conv(three, 3)]) },
    { name: "Branch 3", steps: run(x, [...conv(reduce5, 1), ...conv(five, 5)]) },
    { name: "Branch 4", steps: run(x, [pooling("max", 3, 1, 1), ...conv(projected, 1)]) },
  ];
  return { branches, join: "concatenate", output: { channels: one + three + five + projected, size: x.size }, after: [] };
}

/** Every operation of a block, the addition or the stacking included. @param {Block} block @returns {Step[]} */
export function allSteps({ branches, join, output, after }) {
  const meeting = join === "none" ? [] : [{ ...output, text: join, parameters: 0, macs: 0, window: null }];
  return [...branches.flatMap(({ steps }) => steps), ...meeting, ...after];
}

/** @param {Step[]} steps @param {"parameters" | "macs"} what */
export const total = (steps, what) => steps.reduce((sum, step) => sum + step[what], 0);
