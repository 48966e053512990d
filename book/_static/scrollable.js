// A formula that is wider than its place scrolls; then it must be reachable by keyboard.
// (The theme does the same for code and outputs.)

const formulas = document.querySelectorAll(".bd-content div.math");

function addTabStops() {
  for (const formula of formulas) {
    if (formula.scrollWidth > formula.clientWidth) {
      formula.tabIndex = 0;
      formula.setAttribute("role", "group");
      formula.setAttribute("aria-label", "Wide formula, scrolls sideways");
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) formula.removeAttribute(name);
    }
  }
}

const watcher = new ResizeObserver(addTabStops);
formulas.forEach((formula) => watcher.observe(formula));
