// "Run in your browser": cells tagged `live` can be run and changed in the page.
//
// Nothing is fetched before the first click. Where from says one global, which the page sets:
// courseRunner = { pyodide: folder of Pyodide, wheel: cnnlib's wheel }.

import { html } from "../explorers/explorer.js";

/** One Python for the page; its cells take turns. */
class Interpreter {
  jobs = [];

  /** @param {string} code @param {(message: object) => void} report */
  run(code, report) {
    this.jobs.push({ code, report });
    if (this.jobs.length === 1) this.next();
    else report({ type: "step", text: "Waiting for another cell …" });
  }

  next() {
    if (!this.jobs.length) return;
    this.worker ??= this.start();
    this.worker.postMessage({ ...globalThis.courseRunner, code: this.jobs[0].code });
  }

  start() {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    let arrived = false; // without a network the worker's own file is missing
    worker.onmessage = ({ data }) => {
      arrived = true;
      const { report } = this.jobs[0];
      if (data.type === "missing" && !data.alive) return this.end(data);
      const over = data.type === "done" || data.type === "missing";
      if (over) this.jobs.shift();
      report(data);
      if (over) this.next();
    };
    worker.onerror = ({ message = "" }) => this.end({ type: arrived ? "broken" : "missing", text: message });
    return worker;
  }

  /** Give up this Python; whoever waits is told why, and the next click starts a new one. */
  end(message) {
    this.worker?.terminate();
    this.worker = undefined;
    for (const { report } of this.jobs.splice(0)) report(message);
  }
}

const interpreter = new Interpreter();
const host = () => new URL(globalThis.courseRunner.pyodide, location.href).host;

/** The controls of one cell. */
class Cell {
  constructor(cell, first) {
    this.source = cell.querySelector(".cell_input");
    this.block = this.source.querySelector(".highlight").parentElement;
    this.original = this.source.querySelector("pre").textContent.replace(/\n$/, "");
    this.printed = [...cell.querySelectorAll(".cell_output pre")].map((pre) => pre.textContent).join("").trim();

    this.runButton = html("button", { type: "button", click: () => this.run() }, "Run in your browser");
    this.editButton = html("button", { type: "button", click: () => this.edit() }, "Edit");
    this.resetButton = html("button", { type: "button", hidden: true, click: () => this.reset() }, "Undo changes");
    this.stopButton = html("button", { type: "button", hidden: true, click: () => this.stop() }, "Stop");
    this.status = html("p", { class: "runner-status", role: "status" });
    this.text = html("pre", { "aria-label": "Output of your run" });
    this.figures = html("div", { class: "runner-figures" });
    this.result = html("div", { class: "runner-result", hidden: true },
      html("p", { class: "runner-label" }, "Your run"), this.text, this.figures);
    if (this.printed) this.result.append(html("p", { class: "runner-label" }, "In the book"));

    const bar = html("div", { class: "runner-bar" }, this.runButton, this.editButton, this.resetButton, this.stopButton);
    this.panel = html("div", { class: "runner" }, bar);
    if (first) {
      this.panel.append(html("p", { class: "runner-note runner-first" },
        `The first run fetches Python and NumPy from ${host()}, about 10 MB. The cells of a page share them.`));
    }
    this.panel.append(this.status, this.result);
    this.source.after(this.panel);
  }

  get code() {
    return this.box ? this.box.value : this.original;
  }

  run() {
    if (this.running) return;
    this.show({ running: true });
    this.started = performance.now();
    this.shown = "";
    this.text.replaceChildren();
    this.figures.replaceChildren();
    this.result.hidden = true;
    interpreter.run(this.code, (message) => this.hear(message));
  }

  stop() {
    interpreter.end({ type: "stopped" });
    this.runButton.focus();
  }

  hear({ type, text, result }) {
    if (type === "step") {
      if (text === "Running …") this.started = performance.now();
      this.status.textContent = text;
    } else if (type === "text") this.print(text);
    else {
      this.show({ running: false });
      if (type === "done") {
        document.querySelector(".runner-first")?.remove();
        this.finish(result);
      }
      if (type === "stopped") this.say("Stopped. What the cells had defined is gone; the next run starts afresh.");
      if (type === "missing") this.sayWhatIsMissing(text);
      if (type === "broken") {
        this.say("Python stopped working. The next run starts afresh.");
        if (text) this.print(text, "runner-error");
      }
    }
  }

  finish({ error, figures }) {
    if (error) this.print(error.text, "runner-error");
    for (const { png, alt, width } of figures) {
      this.figures.append(html("img", { src: `data:image/png;base64,${png}`, alt, width }));
    }
    this.result.hidden = !this.shown && !figures.length;
    const seconds = ((performance.now() - this.started) / 1000).toFixed(1);
    const what = [];
    if (!error && this.shown && this.shown === this.printed) what.push("The same output as in the book.");
    if (!error && !this.shown && !figures.length) what.push("It printed nothing.");
    if (figures.length) what.push(figures.length === 1 ? "One figure." : `${figures.length} figures.`);
    this.say(error ? `Stopped by an error. ${error.brief}` : [`Done in ${seconds} s.`, ...what].join(" "));
  }

  sayWhatIsMissing(text) {
    const reason = navigator.onLine
      ? `It asked ${host()}, which did not answer as expected.`
      : "This device is offline.";
    this.say(`Python, or a package, could not be fetched. ${reason} The page itself needs no network; try again when there is one, or download this page as a notebook.`);
    if (text) this.print(text, "runner-error");
  }

  say(text) {
    this.status.textContent = text;
  }

  print(text, kind) {
    this.shown = (this.shown + text).trim();
    this.text.append(html("span", kind ? { class: kind } : {}, text));
    this.result.hidden = false;
    const wide = this.text.scrollWidth > this.text.clientWidth || this.text.scrollHeight > this.text.clientHeight;
    for (const [name, value] of [["tabindex", "0"], ["role", "region"]]) {
      if (wide) this.text.setAttribute(name, value); // what scrolls can be reached by keyboard
      else this.text.removeAttribute(name);
    }
  }

  show({ running }) {
    this.running = running;
    this.runButton.setAttribute("aria-disabled", String(running)); // it keeps the focus, and does nothing
    this.stopButton.hidden = !running;
  }

  edit() {
    if (!this.box) {
      this.help = html("p", { class: "runner-note", id: `runner-help-${++Cell.count}` },
        "Control and Enter run it. Enter keeps the indentation, Tab leaves the box.");
      this.box = html("textarea", {
        class: "runner-box", "aria-label": "Python code of this cell", "aria-describedby": this.help.id, spellcheck: "false",
        autocapitalize: "off", autocomplete: "off", wrap: "off", input: () => this.fit(), keydown: (event) => this.key(event),
      });
      this.box.value = this.original;
      this.source.append(this.box);
      this.runButton.parentElement.after(this.help);
      this.block.hidden = true;
      this.editButton.hidden = true;
      this.resetButton.hidden = false;
      this.fit();
    }
    this.box.focus();
  }

  reset() {
    this.box.remove();
    this.help.remove();
    this.box = undefined;
    this.block.hidden = false;
    this.editButton.hidden = false;
    this.resetButton.hidden = true;
    this.editButton.focus();
    this.say("The code is the book's again.");
  }

  fit() {
    this.box.rows = Math.min(this.box.value.split("\n").length + 1, 40);
  }

  key(event) {
    if (event.key !== "Enter" || event.isComposing) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.run();
    } else if (!event.shiftKey && !event.altKey) {
      const line = this.box.value.slice(0, this.box.selectionStart).split("\n").at(-1);
      const indent = /^ */.exec(line)[0] + (line.trimEnd().endsWith(":") ? "    " : "");
      event.preventDefault();
      document.execCommand("insertText", false, `\n${indent}`); // the one way that Undo understands
    }
  }
}

Cell.count = 0;

if (globalThis.courseRunner && globalThis.Worker && globalThis.WebAssembly) {
  document.querySelectorAll(".cell.tag_live").forEach((cell, index) => new Cell(cell, index === 0));
}
