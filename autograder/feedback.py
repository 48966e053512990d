"""The page that a student gets back: readable by everybody, and dead to scripts.

Everything that comes from a submission is escaped text or a pixel image; the page's own policy
allows no script at all, and no address outside of it.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from autograder.outcomes import CellRecord, CheckResult, Outcome, SubmissionResult, next_step
from autograder.record import HIDDEN_SOURCE, write_atomically

_SYMBOLS = {
    Outcome.PASSED: "✓",
    Outcome.PARTIAL: "◐",
    Outcome.NEEDS_HUMAN: "…",
    Outcome.ENGINE_FAULT: "…",
}
_TITLES = {
    "given": "Given cell",
    "answer": "Your answer",
    "manual": "Your answer",
    "extra": "Your own cell",
    "test": "Check",
    "note": "Your text",
}


@functools.cache
def environment() -> Any:
    """Templates with everything escaped."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )


@functools.cache
def style() -> Any:
    """The one style sheet, put into each page so that a page can be mailed."""
    from markupsafe import Markup

    return Markup((Path(__file__).parent / "templates" / "page.css").read_text())


def number(value: float) -> str:
    """Points without needless decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def symbol(check: CheckResult) -> str:
    """A sign beside the word, for those who scan."""
    return _SYMBOLS.get(check.outcome, "✗")


def shape(check: CheckResult) -> str:
    """The style of a status; the word says the same."""
    if check.outcome is Outcome.PASSED:
        return "good"
    return "wait" if check.outcome in _SYMBOLS else "bad"


def render(result: SubmissionResult) -> str:
    """The page as text."""
    waiting = sum(c.max_points for c in result.checks if c.outcome is Outcome.NEEDS_HUMAN)
    page: str = (
        environment()
        .get_template("feedback.html")
        .render(
            result=result,
            waiting=waiting,
            cells=[_cell(cell) for cell in result.cells if _is_shown(cell)],
            number=number,
            symbol=symbol,
            shape=shape,
            step=lambda check: next_step(check, result.checks),
            style=style(),
        )
    )
    return page


def _is_shown(cell: CellRecord) -> bool:
    return cell.kind != "text"  # the instructor's own text is in the student's notebook


def _cell(cell: CellRecord) -> dict[str, Any]:
    title = _TITLES.get(cell.kind, "Cell")
    hidden = cell.kind == "test" and "BEGIN HIDDEN TESTS" in cell.source
    return {
        "kind": cell.kind,
        "label": f"{title}: {cell.grade_id}" if cell.grade_id else title,
        "code": cell.cell_type == "code",
        "source": HIDDEN_SOURCE if hidden else cell.source,
        "outputs": [] if hidden else [_output(output, cell) for output in cell.outputs],
    }


def _output(output: dict[str, Any], cell: CellRecord) -> dict[str, str]:
    kind = output["output_type"]
    if kind == "stream":
        return {"kind": output["name"], "text": output["text"]}
    if kind == "error":
        return {"kind": "error", "text": "\n".join(output["traceback"])}
    data = output["data"]
    for mime in ("image/png", "image/jpeg"):
        if mime in data:
            where = f"cell {cell.grade_id}" if cell.grade_id else "an extra cell"
            text = data.get("text/plain", "")
            alt = f"Figure that {where} has drawn" + (f": {text}" if text else "")
            return {"kind": "image", "image": f"data:{mime};base64,{data[mime]}", "alt": alt[:300]}
    return {"kind": "value", "text": data.get("text/plain", "")}


def write(folder: Path, result: SubmissionResult) -> Path:
    """Put the page at ``STUDENT/ASSIGNMENT.html``."""
    path = folder / result.student / f"{result.assignment}.html"
    write_atomically(path, render(result))
    return path
