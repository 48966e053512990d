// A grid of cells with one tab stop: Tab enters it, arrow keys walk in it.

import { html } from "./explorer.js";

/**
 * A table whose cells hold one focusable control each.
 * @param {string} caption
 * @param {number} rows
 * @param {number} columns
 * @param {(row: number, column: number) => HTMLElement} make
 * @param {(row: number, column: number) => void} [onMove] called when an arrow key moves the focus
 */
export function grid(caption, rows, columns, make, onMove = () => {}) {
  /** @type {HTMLElement[]} */
  const cells = [];
  const body = html("tbody");
  for (let row = 0; row < rows; row++) {
    const line = html("tr");
    for (let column = 0; column < columns; column++) {
      const cell = make(row, column);
      cell.tabIndex = cells.length === 0 ? 0 : -1;
      cell.addEventListener("focus", () => stopAt(cells.indexOf(cell)));
      cells.push(cell);
      line.append(html("td", {}, cell));
    }
    body.append(line);
  }
  const table = html("table", { class: "explorer-grid" }, html("caption", {}, caption), body);

  /** Make one cell the grid's tab stop. */
  function stopAt(index) {
    cells.forEach((cell, i) => (cell.tabIndex = i === index ? 0 : -1));
  }

  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  table.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    const index = cells.indexOf(/** @type {HTMLElement} */ (event.target));
    if (!step || index < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const row = Math.floor(index / columns) + step[0];
    const column = (index % columns) + step[1];
    if (row < 0 || row >= rows || column < 0 || column >= columns) return;
    cells[row * columns + column].focus();
    onMove(row, column);
  });
  return { table, cells, stopAt };
}

/**
 * A grid of numbers to edit.
 * @param {string} caption
 * @param {string} name how a cell is called: "image" gives "image, row 0, column 2"
 * @param {number} rows
 * @param {number} columns
 * @param {(values: number[]) => void} onChange called with all values, row by row
 */
export function numberGrid(caption, name, rows, columns, onChange) {
  const make = (row, column) =>
    html("input", {
      type: "text",
      inputmode: "decimal",
      size: 3,
      autocomplete: "off",
      "aria-label": `${name}, row ${row}, column ${column}`,
      focus: (event) => event.target.select(),
      input: read,
      blur: tidy,
    });
  const made = grid(caption, rows, columns, make);
  let shown = [];

  function read(event) {
    const values = made.cells.map((cell, i) => toNumber(cell.value) ?? shown[i]);
    event.target.toggleAttribute("aria-invalid", toNumber(event.target.value) === undefined);
    shown = values;
    onChange(values);
  }

  /** Leaving a cell writes its number properly; half a number gives way to the last whole one. */
  function tidy(event) {
    event.target.removeAttribute("aria-invalid");
    show(shown);
  }

  /** @param {number[]} values */
  function show(values) {
    shown = values;
    made.cells.forEach((cell, i) => {
      if (cell !== document.activeElement || toNumber(cell.value) !== values[i]) {
        if (!cell.hasAttribute("aria-invalid")) cell.value = write(values[i]);
      }
    });
  }
  return { ...made, show };
}

/** Accept 1, -1, −1, 0.5, 0,5 and 1/9. */
function toNumber(text) {
  const parts = text.trim().replace("−", "-").replace(",", ".").split("/");
  if (parts.length > 2 || parts.some((part) => part.trim() === "")) return undefined;
  const value = parts.length === 2 ? Number(parts[0]) / Number(parts[1]) : Number(parts[0]);
  return Number.isFinite(value) ? value : undefined;
}

/** A short form that reads back as the same number: 1/9 rather than 0.1111. */
function write(value) {
  if (Number.isInteger(value)) return String(value).replace("-", "−");
  for (const below of [2, 3, 4, 8, 9, 16]) {
    const above = Math.round(value * below);
    if (above / below === value) return `${String(above).replace("-", "−")}/${below}`;
  }
  return String(value).replace("-", "−");
}
