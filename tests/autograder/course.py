"""A small assignment for tests, and submissions made from it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nbformat

ASSIGNMENT = "tiny"

GOOD = {
    "add": "def add(a, b):\n    return a + b\n",
    "relu": "def relu(x):\n    return np.where(x > 0, x, 0)\n",
    "slope": "def slope(f, x):\n    return (f(x + 1e-4) - f(x - 1e-4)) / 2e-4\n",
    "counter": (
        "class Counter:\n    def __init__(self):\n        self.total = 0\n\n"
        "    def push(self, n):\n        if n < 0:\n            raise ValueError('n must not "
        "be negative')\n"
        "        self.total += n\n        return self.total\n"
    ),
    "explain": "Because a shared weight sees every place.",
}

STUBS = {
    "add": "def add(a, b):\n",
    "relu": "def relu(x):\n",
    "slope": "def slope(f, x):\n",
    "counter": "",
    "explain": "",
}

TESTS = {
    "add-check": ("add", 2, "assert add(2, 3) == 5, f'add(2, 3) gave {add(2, 3)}, expected 5'"),
    "add-hidden": (
        "add",
        3,
        "### BEGIN HIDDEN TESTS\nsecret_marker = 7919\nassert add(secret_marker, 1) == 7920, "
        "'add: large numbers'\n"
        "### END HIDDEN TESTS",
    ),
    "relu-check": (
        "relu",
        4,
        "rng = np.random.default_rng(3)\nx = rng.standard_normal((4, 5))\n"
        "np.testing.assert_allclose(relu(x), np.maximum(x, 0))",
    ),
    "slope-check": (
        "slope",
        2,
        "points = 0\nfor power in (1, 2):\n    if abs(slope(lambda t: t**power, 1.0) - "
        "power) < 1e-3:\n"
        "        points += 1\npoints",
    ),
    "counter-check": (
        "counter",
        2,
        "c = Counter()\nassert c.push(2) == 2\nassert c.push(3) == 5\nassert c.total == 5\n"
        "try:\n    c.push(-1)\nexcept ValueError as error:\n    assert 'negative' in str(error)\n"
        "else:\n    raise AssertionError('push(-1) must raise ValueError')",
    ),
}
MAX_TESTED = 13.0
MANUAL_POINTS = 2


def _cell(kind: str, source: str, number: int, **marks: Any) -> Any:
    make = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
    cell = make(source, id=f"cell{number}")
    if marks:
        full = {
            "grade": False,
            "solution": False,
            "locked": False,
            "schema_version": 3,
            "task": False,
        }
        cell.metadata["nbgrader"] = {**full, **marks}
    return cell


def source_notebook() -> Any:
    """The instructor's notebook with solutions and hidden tests."""
    cells = [
        _cell("markdown", "# Tiny assignment", 0),
        _cell("code", "import numpy as np\n\nscale = 2.0", 1, grade_id="setup", locked=True),
    ]
    for grade_id, solution in GOOD.items():
        number = len(cells)
        if grade_id == "explain":
            marks = {"grade": True, "solution": True, "points": MANUAL_POINTS}
            cells.append(_cell("markdown", solution, number, grade_id=grade_id, **marks))
            continue
        head, _, body = solution.partition("\n")
        if not STUBS[grade_id]:
            head, body = "", solution
        inner = f"    ### BEGIN SOLUTION\n{body}    ### END SOLUTION" if head else solution
        cells.append(
            _cell(
                "code",
                f"{head}\n{inner}" if head else inner,
                number,
                grade_id=grade_id,
                solution=True,
            )
        )
        for test_id, (of, points, test) in TESTS.items():
            if of == grade_id:
                marks = {"grade": True, "locked": True, "points": points}
                cells.append(_cell("code", test, len(cells), grade_id=test_id, **marks))
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    notebook.metadata["course"] = {"assignment": "T01", "packages": ["numpy"]}
    return notebook


def write_source(root: Path) -> Path:
    """Put the assignment where a course keeps it, and return the notebook's path."""
    path = root / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(source_notebook(), path)
    return path


def release_notebook() -> Any:
    """What students get."""
    from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

    notebook = copy.deepcopy(source_notebook())
    for step in (ClearSolutions, ClearHiddenTests):
        notebook, _ = step().preprocess(notebook, {})
    return notebook


def submission(answers: dict[str, str] | None = None, extra: dict[str, str] | None = None) -> Any:
    """A student's notebook: right answers, but for those given; extra cells behind the named."""
    notebook = release_notebook()
    full = {**GOOD, **(answers or {})}
    cells = []
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in full:
            cell.source = full[grade_id]
        cells.append(cell)
        if extra and grade_id in extra:
            cells.append(nbformat.v4.new_code_cell(extra[grade_id]))
    notebook.cells = cells
    return notebook


def cell_of(notebook: Any, grade_id: str) -> Any:
    """The cell with an id."""
    return next(
        c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    )
