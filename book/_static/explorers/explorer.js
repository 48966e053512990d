// What every explorer shares: making elements, a state that the address remembers, number words.

/**
 * Make an HTML element.
 * @param {string} tag
 * @param {Record<string, any>} [properties] attributes; a function is an event listener
 * @param {...(Node|string)} children
 * @returns {HTMLElement}
 */
export function html(tag, properties = {}, ...children) {
  return furnish(document.createElement(tag), properties, children);
}

/**
 * Make an SVG element.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node|string)} children
 * @returns {SVGElement}
 */
export function svg(tag, properties = {}, ...children) {
  return furnish(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
}

function furnish(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/**
 * A number as a reader writes it: at most three decimals, a real minus sign.
 * @param {number} value
 */
export function say(value) {
  return String(Math.round(value * 1000) / 1000).replace("-", "−");
}

/** @param {number} count @param {string} one @param {string} [many] */
export function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

/**
 * Base of the explorers. A subclass gives
 * - `static prefix`: what its names begin with in the address,
 * - `static defaults`: the state (numbers, strings or lists of numbers),
 * - `build()`: make the controls once, and `draw()`: show the state,
 * - `settle(state)`: bring values into range (also those that come from an address).
 */
export class Explorer extends HTMLElement {
  connectedCallback() {
    if (this.state) return; // moved in the page, not new
    const { defaults, prefix } = this.constructor;
    const address = new URLSearchParams(location.search);
    this.state = structuredClone(defaults);
    for (const name of Object.keys(defaults)) {
      const text = address.get(`${prefix}-${name}`) ?? this.getAttribute(name);
      const value = text === null ? undefined : parse(text, defaults[name]);
      if (value !== undefined) this.state[name] = value;
    }
    this.settle(this.state);
    this.link = html("a", { class: "explorer-link" }, "Link to this state");
    this.replaceChildren();
    this.build();
    this.draw();
    this.link.href = this.address();
  }

  disconnectedCallback() {
    clearTimeout(this.pending);
  }

  /** Change part of the state, show it, and put it into the address. */
  set(changes) {
    Object.assign(this.state, changes);
    this.settle(this.state);
    this.draw();
    this.link.href = this.address();
    clearTimeout(this.pending); // browsers refuse hundreds of changes of the address in a row
    this.pending = setTimeout(() => history.replaceState(history.state, "", this.address()), 200);
  }

  /** The address of this page with this state in it; other explorers' values are kept. */
  address() {
    const { defaults, prefix } = this.constructor;
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(this.state)) {
      if (String(value) === String(defaults[name])) url.searchParams.delete(`${prefix}-${name}`);
      else url.searchParams.set(`${prefix}-${name}`, String(value));
    }
    url.search = url.search.replaceAll("%2C", ",");
    return url.href;
  }
}

/** Read a value of the same kind as `example`; undefined if the text is not one. */
function parse(text, example) {
  if (typeof example === "string") return text;
  if (typeof example === "boolean") return text === "true";
  const numbers = text.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  if (!numbers.every(Number.isFinite)) return undefined;
  if (Array.isArray(example)) return numbers.length === example.length ? numbers : undefined;
  return numbers.length === 1 ? numbers[0] : undefined;
}

/** @param {number} value @param {number} low @param {number} high */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
