// <cnn-blocks>: what runs side by side in a residual or an Inception block, and how the branches meet.

import { Explorer, clamp, html, svg } from "./explorer.js";
import { button, card, choice, slider, statusLine } from "./controls.js";
import { allSteps, exact, inception, percent, residual, shapeText, total } from "./costs.js";

const KINDS = { plain: "plain (no shortcut)", basic: "basic residual", bottleneck: "bottleneck residual", inception: "Inception" };
const OPTIONS = { B: "B: projection", A: "A: zeros" };
const PLACES = { three: "3 × 3 (most libraries)", one: "first 1 × 1 (the paper)" };
/** @type {[string, string][]} label and its short form, in the order of cnnlib.models.Inception */
const WIDTHS = [["1 × 1", "1 × 1"], ["3 × 3 reduce", "1 × 1 before the 3 × 3"], ["3 × 3", "3 × 3"], ["5 × 5 reduce", "1 × 1 before the 5 × 5"], ["5 × 5", "5 × 5"], ["pool projection", "1 × 1 after the pooling"]];

/** @type {Record<string, [string, Record<string, any>]>} */
const EXAMPLES = {
  same: ["ResNet-18, inside conv2_x", { kind: "basic", channels: 64, size: 56, maps: 64, stride: 1, option: "B" }],
  first: ["ResNet-18, first of conv3_x", { kind: "basic", channels: 64, size: 56, maps: 128, stride: 2, option: "B" }],
  plain: ["the same without its shortcut", { kind: "plain", channels: 64, size: 56, maps: 128, stride: 2 }],
  cifar: ["ResNet-20 for CIFAR-10, first of stage 2", { kind: "basic", channels: 16, size: 32, maps: 32, stride: 2, option: "A" }],
  wide: ["ResNet-50, first of conv2_x", { kind: "bottleneck", channels: 64, size: 56, maps: 64, stride: 1, option: "B", place: "three" }],
  inside: ["ResNet-50, inside conv4_x", { kind: "bottleneck", channels: 1024, size: 14, maps: 256, stride: 1, option: "B", place: "three" }],
  down: ["ResNet-50, first of conv4_x", { kind: "bottleneck", channels: 512, size: 28, maps: 256, stride: 2, option: "B", place: "three" }],
  "3a": ["GoogLeNet 3a", { kind: "inception", channels: 192, size: 28, widths: [64, 96, 128, 16, 32, 32] }],
  "4e": ["GoogLeNet 4e", { kind: "inception", channels: 528, size: 14, widths: [256, 160, 320, 32, 128, 128] }],
  "5b": ["GoogLeNet 5b", { kind: "inception", channels: 832, size: 7, widths: [384, 192, 384, 48, 128, 128] }],
};
/** @type {Record<string, [string, number, number]>} */
const SLIDERS = { channels: ["Input channels", 1, 1024], size: ["Height, width", 1, 112], maps: ["Maps", 1, 512], stride: ["Stride", 1, 4] };
const WIDEST = 512;

/** @param {Record<string, any>} state @returns {import("./costs.js").Block} */
export function block({ kind, channels, size, maps, stride, option, place, widths }) {
  const x = { channels, size };
  return kind === "inception" ? inception(x, widths) : residual(kind, x, maps, stride, option, place === "one");
}

class Blocks extends Explorer {
  static prefix = "block";
  static defaults = { kind: "basic", channels: 64, size: 56, maps: 128, stride: 2, option: "B", place: "three", widths: [64, 96, 128, 16, 32, 32] };

  settle(state) {
    if (!(state.kind in KINDS)) state.kind = "basic";
    if (!(state.option in OPTIONS)) state.option = "B";
    if (!(state.place in PLACES)) state.place = "three";
    for (const [name, [, low, high]] of Object.entries(SLIDERS)) state[name] = clamp(Math.round(state[name]), low, high);
    state.widths = state.widths.map((width) => clamp(Math.round(width), 1, WIDEST));
  }

  build() {
    const names = Object.fromEntries(Object.entries(EXAMPLES).map(([key, [text]]) => [key, text]));
    this.example = choice("Example", "example", { ...names, "": "your own" }, (key) => this.set(structuredClone(EXAMPLES[key][1])));
    this.kind = choice("Block", "kind", KINDS, (kind) => this.set({ kind }));
    this.option = choice("Where shapes differ", "option", OPTIONS, (option) => this.set({ option }));
    this.place = choice("Stride in", "place", PLACES, (place) => this.set({ place }));
    this.sliders = Object.fromEntries(
      Object.entries(SLIDERS).map(([name, [label, low, high]]) => [name, slider(label, name, low, high, (value) => this.set({ [name]: value }))]),
    );
    this.same = button("Make the shapes agree", () => this.agree());
    this.widths = WIDTHS.map(([label, long], i) => this.width(label, long, i));
    this.widthRow = html("div", { class: "explorer-fields" }, ...this.widths.map(({ row }) => row));
    this.input = html("p", { class: "explorer-flow" });
    this.branches = html("div", { class: "explorer-branches" });
    this.meeting = html("div", { class: "explorer-flow" });
    this.body = html("tbody");
    this.foot = html("tfoot");
    this.status = statusLine();
    this.append(
      card(
        "Residual and Inception blocks",
        html("div", { class: "explorer-controls" }, this.example.row, this.kind.row, this.option.row, this.place.row),
        html("div", { class: "explorer-sliders" }, ...Object.values(this.sliders).map(({ row }) => row)),
        this.widthRow,
        html("div", { class: "explorer-controls" }, this.same, this.link),
        this.status,
        html("div", { class: "explorer-block" }, this.input, this.branches, this.meeting),
        html(
          "table",
          { class: "explorer-bars explorer-costs" },
          html("caption", {}, "Cost of each branch, for one image"),
          html("thead", {}, html("tr", {}, ...["Branch", "Parameters", "MACs", "Share of the MACs"].map((text) => html("th", { scope: "col" }, text)))),
          this.body,
          this.foot,
        ),
        html("p", { class: "explorer-help" }, "Shapes are channels × height × width. MACs are multiply-adds; batch norm, ReLU, pooling and the addition have none that count."),
      ),
    );
  }

  /** One of the six widths of an Inception block. */
  width(label, long, index) {
    const input = html("input", {
      type: "number", name: `width${index}`, min: 1, max: WIDEST, step: 1, "aria-label": `maps of the ${long}`,
      input: () => input.value !== "" && this.set({ widths: this.state.widths.map((width, i) => (i === index ? Number(input.value) : width)) }),
      blur: () => (input.value = String(this.state.widths[index])),
    });
    const show = (value) => {
      if (input !== document.activeElement || Number(input.value) !== value) input.value = String(value);
    };
    return { row: html("label", {}, html("span", { class: "explorer-small", "aria-hidden": "true" }, label), input), show };
  }

  /** The smallest change after which the input fits the output as it is. */
  agree() {
    const { kind, channels, maps } = this.state;
    const wide = kind === "bottleneck" ? 4 : 1;
    const fitting = clamp(Math.round(channels / wide), 1, SLIDERS.maps[2]);
    // More channels than a block can write, or no multiple of 4: then the input follows.
    this.set({ stride: 1, maps: channels === wide * maps ? maps : fitting, channels: channels === wide * maps ? channels : wide * fitting });
  }

  draw() {
    const { state } = this;
    const made = block(state);
    const stacks = made.join === "concatenate";
    const match = Object.entries(EXAMPLES).find(([, [, given]]) => Object.entries(given).every(([name, value]) => String(state[name]) === String(value)));
    this.example.show(match ? match[0] : "");
    this.kind.show(state.kind);
    this.option.show(state.option);
    this.place.show(state.place);
    this.option.row.toggleAttribute("hidden", made.join !== "add");
    this.place.row.toggleAttribute("hidden", state.kind !== "bottleneck");
    for (const [name, control] of Object.entries(this.sliders)) control.show(state[name], name === "maps" && state.kind === "bottleneck" ? `${state.maps} (${4 * state.maps} out)` : undefined);
    this.sliders.maps.row.toggleAttribute("hidden", stacks);
    this.sliders.stride.row.toggleAttribute("hidden", stacks);
    this.widthRow.toggleAttribute("hidden", !stacks);
    this.same.toggleAttribute("hidden", made.join !== "add");
    this.widths.forEach(({ show }, i) => show(state.widths[i]));
    this.input.textContent = `Input: ${shapeText(state)}`;
    this.branches.dataset.count = String(made.branches.length);
    this.branches.replaceChildren(...made.branches.map((branch) => this.column(branch)));
    this.drawMeeting(made);
    this.drawCosts(made);
    this.status.textContent = this.describe(made);
  }

  /** What runs in one branch, from the input down. */
  column({ name, steps }) {
    const items = steps.length ? steps : [{ text: "identity: x as it is", ...this.state, parameters: 0 }];
    return html(
      "section",
      { class: `explorer-branch${steps.length ? "" : " identity"}` },
      html("p", { class: "explorer-branch-name" }, name),
      html(
        "ol",
        {},
        ...items.map((step) =>
          html(
            "li",
            {},
            html("span", { class: "explorer-step" }, step.text),
            html("span", { class: "explorer-shape" }, shapeText(step)),
            ...(step.parameters ? [html("span", { class: "explorer-small" }, `${exact(step.parameters)} parameter${step.parameters === 1 ? "" : "s"}`)] : []),
          ),
        ),
      ),
    );
  }

  /** How the branches meet: a strip of channels for each, below one another to be added, or end to end. */
  drawMeeting({ branches, join, output, after }) {
    const words = {
      none: "Nothing is added or stacked.",
      add: "Added, number by number: residual + shortcut",
      concatenate: "Stacked along the channels: branch 1, 2, 3, 4",
    };
    const then = after.map(({ text }) => text).join(", ");
    this.meeting.replaceChildren(
      html("p", {}, html("strong", {}, words[join])),
      ...(join === "none" ? [] : [this.strips(branches, join, output)]),
      html("p", {}, `${then ? `Then ${then}. ` : ""}Output: ${shapeText(output)}`),
    );
  }

  strips(branches, join, output) {
    const parts = branches.map(({ steps }) => (steps.length ? steps[steps.length - 1] : output).channels);
    /** @type {[string, number, string][]} kind, maps, text */
    let pieces = parts.map((count, i) => [i % 2 ? "pixel" : "output", count, exact(count)]);
    if (join === "concatenate") {
      return html("div", { class: "explorer-strips", role: "img", "aria-label": `One strip of ${output.channels} maps: ${parts.join(", ")}, end to end.` }, strip(pieces));
    }
    const zeros = this.state.option === "A" ? Math.max(output.channels - this.state.channels, 0) : 0;
    const [first, second] = parts;
    pieces = [["pixel", second - zeros, `shortcut: ${second - zeros}`]];
    if (zeros) pieces.push(["frame", zeros, `zeros: ${zeros}`]);
    const label = `Two strips of ${output.channels} maps, one under the other${zeros ? `; the last ${zeros} of the shortcut are zeros` : ""}.`;
    return html("div", { class: "explorer-strips", role: "img", "aria-label": label }, strip([["output", first, `residual: ${first}`]]), html("span", {}, "+"), strip(pieces));
  }

  drawCosts(made) {
    const steps = allSteps(made);
    const all = { parameters: total(steps, "parameters"), macs: total(steps, "macs") };
    const line = (name, parameters, macs, bar = true) =>
      html(
        "tr",
        {},
        html("th", { scope: "row" }, name),
        html("td", { class: "explorer-number" }, exact(parameters)),
        html("td", { class: "explorer-number" }, exact(macs)),
        html("td", { class: "explorer-bar" }, ...(bar ? [share(macs, all.macs)] : []), html("span", { class: "explorer-small" }, percent(macs, all.macs))),
      );
    this.body.replaceChildren(...made.branches.map(({ name, steps }) => line(name, total(steps, "parameters"), total(steps, "macs"))));
    this.foot.replaceChildren(line("Whole block", all.parameters, all.macs, false));
  }

  /** The state in words; the picture shows nothing that is not said here or in the table. */
  describe(made) {
    const { kind, channels, size, stride, option } = this.state;
    const { branches, join, output } = made;
    const steps = allSteps(made);
    const cost = ` The block has ${exact(total(steps, "parameters"))} parameters and ${exact(total(steps, "macs"))} MACs.`;
    if (join === "concatenate") {
      const parts = branches.map(({ steps }) => steps[steps.length - 1].channels);
      return `All branches keep ${size} × ${size}, so their maps can be stacked: ${parts.join(" + ")} = ${output.channels} maps. Nothing is added.${cost}`;
    }
    const shapes = `Input ${shapeText({ channels, size })}, ${join === "add" ? "residual branch" : "output"} ${shapeText(output)}`;
    if (join === "none") return `${shapes}. There is one way only, for the values and for the gradient: nothing is added, nothing is stacked.${cost}`;
    const differ = [channels !== output.channels && "channels", stride > 1 && "stride"].filter(Boolean);
    if (!differ.length) return `${shapes}: the same shape, so the shortcut is the identity and costs nothing.${cost}`;
    const why = { channels: "the channels differ", stride: `the stride is ${stride}`, "channels,stride": `the channels differ and the stride is ${stride}` }[differ.join()];
    const price = exact(total(branches[1].steps, "parameters"));
    const how = option === "B"
      ? `needs a projection: a 1 × 1 convolution${stride > 1 ? ` with stride ${stride}` : ""} and a batch norm, ${price} parameters`
      : `follows option A: ${branches[1].steps.map(({ text }) => text).join(", then ")}; no parameters`;
    return `${shapes}: ${why}, so x cannot be added as it is. The shortcut ${how}.${kind === "bottleneck" && channels !== output.channels && stride === 1 ? " The stride is 1; it is the four times as many maps that ask for it." : ""}${cost}`;
  }
}

/** A bar that is full where a part is all. */
function share(part, all) {
  const bar = svg("rect", { class: "bar", x: 0, y: 0, height: 10, width: all ? (100 * part) / all : 0 });
  return svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, bar);
}

/**
 * Channels as pieces of a strip; a piece too short for its text has none.
 * @param {[string, number, string][]} pieces kind, channels, text
 */
function strip(pieces) {
  const all = pieces.reduce((sum, [, count]) => sum + count, 0);
  return html("span", { class: "explorer-strip" }, ...pieces.map(([kind, count, text]) => html("span", { class: kind, style: `flex-grow: ${count}` }, count / all > 0.07 ? text : "")));
}

customElements.define("cnn-blocks", Blocks);
