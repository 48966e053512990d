// <cnn-convolution-stepper>: walk a 3 x 3 kernel over a 6 x 6 image and see each sum of products.

import { Explorer, clamp, html, say } from "./explorer.js";
import { grid, numberGrid } from "./grid.js";

const SIDE = 6; // pixels of the image
const TAPS = 3; // taps of the kernel
const PLACES = SIDE - TAPS + 1;
const LIMIT = 99; // largest number that a cell takes

const picture = (rows) => rows.flatMap((row) => [...row].map(Number));
/** @type {Record<string, [string, number[]]>} */
const IMAGES = {
  edge: ["upright edge", picture(["000999", "000999", "000999", "000999", "000999", "000999"])],
  floor: ["level edge", picture(["000000", "000000", "000000", "999999", "999999", "999999"])],
  spot: ["one bright pixel", picture(["000000", "000000", "009000", "000000", "000000", "000000"])],
  slope: ["slope, left to right", picture(["012345", "012345", "012345", "012345", "012345", "012345"])],
  cross: ["diagonal cross", picture(["900009", "090090", "009900", "009900", "090090", "900009"])],
};
/** @type {Record<string, [string, number[]]>} */
const KERNELS = {
  "sobel-x": ["Sobel, left to right", [-1, 0, 1, -2, 0, 2, -1, 0, 1]],
  "sobel-y": ["Sobel, top to bottom", [-1, -2, -1, 0, 0, 0, 1, 2, 1]],
  identity: ["identity", [0, 0, 0, 0, 1, 0, 0, 0, 0]],
  blur: ["box blur", Array(9).fill(1 / 9)],
  sharpen: ["sharpen", [0, -1, 0, -1, 5, -1, 0, -1, 0]],
  shift: ["take the right neighbour", [0, 0, 0, 0, 0, 1, 0, 0, 0]],
};

/**
 * Slide `kernel` over `image` without flipping it, one pixel at a time, without padding.
 * @param {number[]} image SIDE * SIDE numbers, row by row
 * @param {number[]} kernel TAPS * TAPS numbers, row by row
 * @returns {number[]} PLACES * PLACES sums
 */
export function slide(image, kernel) {
  const sums = [];
  for (let row = 0; row < PLACES; row++) {
    for (let column = 0; column < PLACES; column++) {
      sums.push(products(image, kernel, row, column).reduce((sum, [x, w]) => sum + x * w, 0));
    }
  }
  return sums;
}

/** The pairs (pixel, weight) under the kernel at one place. */
function products(image, kernel, row, column) {
  return kernel.map((w, i) => {
    const y = row + Math.floor(i / TAPS);
    const x = column + (i % TAPS);
    return [image[y * SIDE + x], w];
  });
}

class ConvolutionStepper extends Explorer {
  static prefix = "conv";
  static defaults = {
    image: IMAGES.edge[1],
    kernel: KERNELS["sobel-x"][1],
    flip: false,
    row: 0,
    column: 0,
  };

  settle(state) {
    for (const name of ["image", "kernel"]) {
      state[name] = state[name].map((value) => clamp(value, -LIMIT, LIMIT));
    }
    state.row = clamp(Math.round(state.row), 0, PLACES - 1);
    state.column = clamp(Math.round(state.column), 0, PLACES - 1);
  }

  build() {
    this.image = numberGrid("Image", "image", SIDE, SIDE, (image) => this.set({ image }));
    this.kernel = numberGrid("Kernel", "kernel", TAPS, TAPS, (kernel) => this.set({ kernel }));
    this.output = grid(
      "Output",
      PLACES,
      PLACES,
      (row, column) => html("button", { type: "button", click: () => this.set({ row, column }) }),
      (row, column) => this.set({ row, column }),
    );
    this.pickImage = this.choice("Image", IMAGES, "image");
    this.pickKernel = this.choice("Kernel", KERNELS, "kernel");
    this.flip = html("input", {
      type: "checkbox",
      change: (event) => this.set({ flip: event.target.checked }),
    });
    this.status = html("p", { class: "explorer-status", role: "status" });
    const step = (text, by) => html("button", { type: "button", click: () => this.step(by) }, text);
    this.append(
      html(
        "div",
        { class: "explorer", role: "group", "aria-label": "Convolution, step by step" },
        html(
          "div",
          { class: "explorer-controls" },
          html("label", {}, "Image ", this.pickImage),
          html("label", {}, "Kernel ", this.pickKernel),
          html("label", { class: "explorer-check" }, this.flip, " flip the kernel first"),
        ),
        html(
          "div",
          { class: "explorer-stage" },
          this.image.table,
          html("span", { class: "explorer-sign", "aria-hidden": "true" }, "∗"),
          this.kernel.table,
          html("span", { class: "explorer-sign", "aria-hidden": "true" }, "="),
          this.output.table,
        ),
        html("div", { class: "explorer-controls" }, step("Previous place", -1), step("Next place", 1), this.link),
        this.status,
        html(
          "p",
          { class: "explorer-help" },
          "Type over any number of the image or the kernel (1/9 works too). Arrow keys move inside a grid; ",
          "in the output they move the window.",
        ),
      ),
    );
  }

  /** A list of ready-made images or kernels; it says "your own" after an edit. */
  choice(label, presets, name) {
    const options = Object.entries(presets).map(([key, [text]]) => html("option", { value: key }, text));
    const own = html("option", { value: "" }, "your own");
    return html(
      "select",
      { change: (event) => event.target.value && this.set({ [name]: [...presets[event.target.value][1]] }) },
      ...options,
      own,
    );
  }

  /** Go on by some places, left to right and top to bottom, round from the last to the first. */
  step(by) {
    const place = this.state.row * PLACES + this.state.column + by;
    const wrapped = (place + PLACES * PLACES) % (PLACES * PLACES);
    this.set({ row: Math.floor(wrapped / PLACES), column: wrapped % PLACES });
  }

  draw() {
    const { image, kernel, flip, row, column } = this.state;
    const used = flip ? [...kernel].reverse() : kernel;
    const sums = slide(image, used);
    this.image.show(image);
    this.kernel.show(kernel);
    this.flip.checked = flip;
    select(this.pickImage, IMAGES, image);
    select(this.pickKernel, KERNELS, kernel);
    this.image.cells.forEach((cell, i) => {
      const y = Math.floor(i / SIDE) - row;
      const x = (i % SIDE) - column;
      cell.classList.toggle("in-window", y >= 0 && y < TAPS && x >= 0 && x < TAPS);
    });
    this.output.cells.forEach((cell, i) => {
      const here = i === row * PLACES + column;
      cell.textContent = say(sums[i]);
      cell.setAttribute("aria-label", `row ${Math.floor(i / PLACES)}, column ${i % PLACES}: ${say(sums[i])}`);
      cell.classList.toggle("in-window", here);
      if (here) cell.setAttribute("aria-current", "true");
      else cell.removeAttribute("aria-current");
    });
    this.output.stopAt(row * PLACES + column);
    const terms = products(image, used, row, column)
      .filter(([, w]) => w !== 0)
      .map(([x, w]) => `${bracket(x)}·${bracket(w)}`);
    this.status.textContent =
      `Output row ${row}, column ${column}: ${terms.join(" + ") || "no weight is different from 0, so the sum"}` +
      ` = ${say(sums[row * PLACES + column])}.` +
      (terms.length < used.length && terms.length > 0 ? " Products with weight 0 are left out." : "") +
      (flip ? " The kernel was turned by half a turn first." : "");
  }
}

function select(list, presets, values) {
  const match = Object.entries(presets).find(([, [, preset]]) => String(preset) === String(values));
  list.value = match ? match[0] : "";
}

const bracket = (value) => (value < 0 ? `(${say(value)})` : say(value));

customElements.define("cnn-convolution-stepper", ConvolutionStepper);
