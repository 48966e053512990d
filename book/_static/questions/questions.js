// <course-question>: a question that answers back. What it says is ordinary text in the page:
//
// <course-question kind="choose" answer="2">   the number of the right option
//   the question, a list of options
//   <details> the answer, a list with what to say to each option </details>
//
// <course-question kind="compute" answer="16, 24" within="0.01">   the number or numbers
//   the question
//   <details> the answer, a list of wrong answers: "24, 16: the height comes first." </details>
//
// <course-question kind="predict">
//   the question
//   <details> the answer, a list of the points that a good answer has </details>
//
// Without scripts it is a question with a folded answer.

import { html, plural } from "../explorers/explorer.js";

const CLOSE = 1e-9; // what the rounding of a computer may change, relative to the number

let count = 0;

class Question extends HTMLElement {
  connectedCallback() {
    if (this.status) return; // moved in the page, not new
    this.details = this.querySelector("details");
    this.replies = [...this.details.querySelectorAll(":scope > :is(ul, ol)")].at(-1);
    this.status = html("p", { class: "question-status", role: "status" });
    const text = this.querySelector("p");
    text.id ||= `question-${++count}`;
    this.setAttribute("role", "group");
    this.setAttribute("aria-labelledby", text.id);
    const form = html("form", { class: "question-form", submit: (event) => this.submit(event) });
    this[this.getAttribute("kind")](form);
    this.details.before(form, this.status);
    this.classList.add("question-ready");
  }

  submit(event) {
    event.preventDefault();
    this.check();
  }

  /** @param {"right"|"wrong"|"note"} verdict @param {...(Node|string)} words */
  say(verdict, ...words) {
    this.dataset.verdict = verdict;
    const sign = { right: "✓ Right. ", wrong: "✗ Not yet. ", note: "" }[verdict];
    this.status.replaceChildren(html("strong", {}, sign), ...words);
    if (verdict === "right") this.details.open = true;
  }

  choose(form) {
    const list = [...this.children].find((child) => /^[OU]L$/.test(child.tagName));
    const name = `choice-${count}`;
    const options = [...list.children].map((item, index) => html("label", {},
      html("input", { type: "radio", name, value: index + 1 }), html("span", {}, ...inside(item))));
    const legend = html("legend", { class: "visually-hidden" }, "Options");
    form.append(html("fieldset", {}, legend, ...options), html("button", {}, "Check"));
    list.remove();
    this.check = () => {
      const chosen = form.querySelector("input:checked");
      if (!chosen) return this.say("note", "Choose one of the options first.");
      const reply = this.replies.children[chosen.value - 1];
      this.say(chosen.value === this.getAttribute("answer") ? "right" : "wrong", ...inside(reply, true));
    };
  }

  compute(form) {
    const answer = numbers(this.getAttribute("answer"));
    const slack = Number(this.getAttribute("within") ?? 0);
    const wanted = answer.length === 1 ? "a number" : `${answer.length} numbers, separated by commas`;
    const box = html("input", { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
    form.append(html("label", {}, `Your answer (${wanted})`, box), html("button", {}, "Check"));
    const same = (given, one) => given.length === one.length
      && one.every((number, i) => Math.abs(given[i] - number) <= slack + CLOSE * Math.abs(number));
    this.check = () => {
      // 16,960 may be one number or two
      const readings = [numbers(box.value), numbers(box.value.replace(/(?<=\d),(?=\d{3}(?!\d))/g, ""))]
        .filter((given) => given.length === answer.length);
      const matches = (one) => readings.some((given) => same(given, one));
      if (!readings.length) return this.say("note", `Please write ${wanted}, in digits.`);
      if (matches(answer)) return this.say("right");
      const known = [...(this.replies?.children ?? [])].find((item) => {
        const one = item.textContent.split(":")[0].replace(/(?<=\d),(?=\d{3}(?!\d))/g, "");
        return matches(numbers(one));
      });
      if (!known) return this.say("wrong", "Try again, or open the answer.");
      const words = known.textContent.split(":").slice(1).join(":").trim();
      this.say("wrong", words[0].toUpperCase() + words.slice(1));
    };
  }

  predict(form) {
    const box = html("textarea", { rows: 2 });
    const button = html("button", {}, "Compare with the answer");
    form.append(html("label", {}, "Your answer, in a few words", box), button);
    this.check = () => {
      if (!box.value.trim()) return this.say("note", "Write something first; one line is enough.");
      this.details.open = true;
      if (!this.points) this.offerPoints();
      this.say("note", "Tick what your answer says.");
      this.points[0].focus();
    };
  }

  offerPoints() {
    this.points = [];
    const ticks = [...this.replies.children].map((item) => {
      const tick = html("input", { type: "checkbox", change: () => this.count() });
      this.points.push(tick);
      return html("label", {}, tick, html("span", {}, ...inside(item)));
    });
    const legend = html("legend", {}, "What your answer says");
    this.replies.replaceWith(html("fieldset", { class: "question-points" }, legend, ...ticks));
  }

  count() {
    const had = this.points.filter((tick) => tick.checked).length;
    const all = this.points.length;
    this.say(had === all ? "right" : "note", had === all ? "All of it." : `${had} of ${plural(all, "point")}.`);
  }
}

/** What is in a list item, without the paragraph that Markdown puts around it. */
function inside(item, copy = false) {
  const source = copy ? item.cloneNode(true) : item;
  return [...source.childNodes].flatMap((node) => (node.nodeName === "P" ? [...node.childNodes] : [node]));
}

/** The numbers in a text: 12, −3.5, 4/9, 1.25e-4; a comma, a blank or a sign between them. */
function numbers(text) {
  const found = text.replaceAll("−", "-").matchAll(/(-?\d*\.?\d+(?:e-?\d+)?)(?:\s*\/\s*(\d+))?/gi);
  return [...found].map(([, number, below = "1"]) => Number(number) / Number(below));
}

customElements.define("course-question", Question);
