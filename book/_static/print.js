// Paper cannot be clicked: before printing, answers unfold, those of "Check yourself" gather behind its
// last question, cells that fit stay on one page, and the light theme is used. Afterwards all is as before.

import { html } from "./explorers/explorer.js";

const LINES_TO_KEEP = 25; // a longer cell may break between two pages

const undo = [];

/** Set a property, and remember what it was. */
function set(thing, name, value) {
  const before = thing[name];
  undo.push(() => { thing[name] = before; });
  thing[name] = value;
}

function prepare() {
  if (undo.length) return; // some browsers say so twice
  set(document.documentElement.dataset, "theme", "light");
  for (const details of document.querySelectorAll("article details:not([class])")) set(details, "open", true);
  for (const image of document.querySelectorAll("article img[loading=lazy]")) set(image, "loading", "eager");
  for (const pre of document.querySelectorAll("article pre")) {
    if (pre.textContent.split("\n").length > LINES_TO_KEEP) continue;
    const box = pre.closest(".cell_input") ?? pre.closest("[class*=highlight-]") ?? pre;
    box.classList.add("on-one-page");
    undo.push(() => box.classList.remove("on-one-page"));
  }
  document.querySelectorAll("article section:has(> course-question)").forEach(gatherAnswers);
}

const LISTS = {
  choose: "Of the options:",
  compute: "Often answered, and why it is not so:",
  predict: "A good answer says:",
};

/** Move the answers of a section with questions that answer back behind the last of them. */
function gatherAnswers(section) {
  const answers = [...section.querySelectorAll("details:not([class])")];
  const all = html("div", { class: "print-answers" }, html("p", { class: "rubric" }, "Answers"));
  const last = answers.at(-1);
  (last.closest("course-question") ?? last).after(all);
  undo.push(() => all.remove());
  for (const details of answers) {
    const question = details.closest("course-question");
    const added = question ? introduce(details, question) : [];
    const place = document.createComment("answer");
    details.replaceWith(place);
    all.append(details);
    undo.push(() => {
      added.forEach((one) => one.remove());
      place.replaceWith(details);
    });
  }
}

/** Give an answer the number of its question, and its list a beginning; returns what was added. */
function introduce(details, question) {
  const added = [];
  const number = question.querySelector("p strong")?.cloneNode(true);
  const first = details.querySelector(":scope > p");
  if (number && first) {
    const start = html("span", {}, number, " ");
    first.prepend(start);
    added.push(start);
  }
  const list = [...details.querySelectorAll(":scope > :is(ul, ol)")].at(-1);
  if (list) {
    const words = html("p", {}, LISTS[question.getAttribute("kind")]);
    list.before(words);
    added.push(words);
  }
  return added;
}

function restore() {
  while (undo.length) undo.pop()();
}

window.addEventListener("beforeprint", prepare);
window.addEventListener("afterprint", restore);
