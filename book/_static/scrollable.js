// A formula or a figure that is wider than its place scrolls; then it must be reachable by keyboard.
// (The theme does the same for code and outputs.)

const kinds = { "div.math": "formula", ".figure-place": "figure" };

function addTabStop(place, kind) {
  if (place.scrollWidth > place.clientWidth) {
    place.tabIndex = 0;
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", `Wide ${kind}, scrolls sideways`);
  } else {
    for (const name of ["tabindex", "role", "aria-label"]) place.removeAttribute(name);
  }
}

for (const [selector, kind] of Object.entries(kinds)) {
  const places = document.querySelectorAll(`.bd-content ${selector}`);
  const watcher = new ResizeObserver(() => places.forEach((place) => addTabStop(place, kind)));
  places.forEach((place) => watcher.observe(place));
}
