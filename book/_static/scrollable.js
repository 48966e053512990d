// What is wider than its place scrolls; then it must be reachable by keyboard. The theme looks after code,
// outputs and tables when the page comes and when the window changes, but not when the reader enlarges the text.

/** @type {Record<string, string|null>} what may scroll -> its name, where it has no text to be named by */
const kinds = {
  "div.math": "formula",
  ".figure-place": "figure",
  "pre": null,
  ".pst-scrollable-table-container": null,
};

function setTabStop(place, scrolls, kind) {
  if (kind === null) {
    place.tabIndex = scrolls ? 0 : -1; // as the theme does
  } else if (scrolls) {
    place.tabIndex = 0;
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", `Wide ${kind}, scrolls sideways`);
  } else {
    for (const name of ["tabindex", "role", "aria-label"]) place.removeAttribute(name);
  }
}

for (const [selector, kind] of Object.entries(kinds)) {
  const watcher = new ResizeObserver((changes) => {
    const places = changes.map((change) => change.target);
    // First read, then write: else the browser would lay out the page once for each place.
    const scrolls = places.map((place) => place.scrollWidth > place.clientWidth || (kind === null && place.scrollHeight > place.clientHeight));
    places.forEach((place, i) => setTabStop(place, scrolls[i], kind));
  });
  document.querySelectorAll(`.bd-content ${selector}`).forEach((place) => watcher.observe(place));
}
