// Parts that several explorers use: a labelled slider, a labelled list, squares of a picture, a table of numbers.

import { html, say, svg } from "./explorer.js";

/**
 * A slider with its label before it and its value behind it.
 * @param {string} label
 * @param {string} name of the state that it sets
 * @param {number} min
 * @param {number} max
 * @param {(value: number) => void} onInput
 */
export function slider(label, name, min, max, onInput) {
  const value = html("output", {});
  const input = /** @type {HTMLInputElement} */ (
    html("input", { type: "range", min, max, step: 1, name, input: () => onInput(Number(input.value)) })
  );
  const row = html("label", { class: "explorer-slider" }, html("span", {}, label), input, value);
  /** @param {number} number @param {string} [text] what to write where the bare number says too little */
  function show(number, text = say(number)) {
    input.value = String(number);
    value.textContent = text;
    if (text !== say(number)) input.setAttribute("aria-valuetext", text);
  }
  return { row, input, show };
}

/**
 * A list to choose from.
 * @param {string} label
 * @param {string} name of the state that it sets
 * @param {Record<string, string>} options key -> text; the key "" is what is shown but cannot be chosen
 * @param {(key: string) => void} onChange
 */
export function choice(label, name, options, onChange) {
  const list = /** @type {HTMLSelectElement} */ (
    html(
      "select",
      { name, change: () => list.value && onChange(list.value) },
      ...Object.entries(options).map(([value, text]) => html("option", { value }, text)),
    )
  );
  return { row: html("label", {}, `${label} `, list), show: (/** @type {string} */ key) => (list.value = key) };
}

/** @param {string} text @param {() => void} click */
export function button(text, click) {
  return html("button", { type: "button", click }, text);
}

/** The frame of an explorer. @param {string} name @param {...(Node|string)} children */
export function card(name, ...children) {
  return html("div", { class: "explorer", role: "group", "aria-label": name }, ...children);
}

/** The line that says the state in words, and is read aloud when it changes. */
export function statusLine() {
  return html("p", { class: "explorer-status", role: "status" });
}

/**
 * What the squares of a picture mean; each kind differs in more than its colour.
 * @param {[string, string][]} kinds class of the square, text
 */
export function legend(kinds) {
  const items = kinds.map(([kind, text]) =>
    html("li", {}, svg("svg", { viewBox: "0 0 10 10" }, ...square(kind, 0, 0, 10)), text),
  );
  return html("ul", { class: "explorer-legend", "aria-hidden": "true" }, ...items);
}

/**
 * One square of a picture; what it is shows in its shape as well as in its colour.
 * @param {string} kind
 * @param {number} left
 * @param {number} top
 * @param {number} side
 */
export function square(kind, left, top, side) {
  const inset = kind === "tap" || kind === "here" ? 0.12 * side : 0.05 * side;
  const box = svg("rect", {
    class: `cell ${kind}`,
    x: left + inset,
    y: top + inset,
    width: side - 2 * inset,
    height: side - 2 * inset,
  });
  if (kind === "tap" || kind === "here") {
    return [box, svg("circle", { class: "dot", cx: left + side / 2, cy: top + side / 2, r: 0.18 * side })];
  }
  if (kind === "unread") {
    const [x, y, d] = [left + 0.2 * side, top + 0.2 * side, 0.6 * side];
    return [box, svg("path", { class: "strike", d: `M${x} ${y}l${d} ${d}m0 ${-d}l${-d} ${d}` })];
  }
  return [box];
}

/**
 * Numbers to read in rows and columns.
 * @param {string} caption
 * @param {number} rows
 * @param {number} columns
 * @returns {{table: HTMLElement, cells: HTMLElement[]}} cells row by row
 */
export function numberTable(caption, rows, columns) {
  const cells = Array.from({ length: rows * columns }, () => html("span", {}));
  const body = html("tbody");
  for (let row = 0; row < rows; row++) {
    body.append(html("tr", {}, ...cells.slice(row * columns, (row + 1) * columns).map((cell) => html("td", {}, cell))));
  }
  return { table: html("table", { class: "explorer-grid" }, html("caption", {}, caption), body), cells };
}
