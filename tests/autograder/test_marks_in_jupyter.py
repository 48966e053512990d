"""A solution is worth the same in the engine and in plain Jupyter, cell by cell."""

from __future__ import annotations

from pathlib import Path

import nbclient
import nbformat
import pytest
from nbgrader.utils import determine_grade

from autograder.grade import Job, execute
from autograder.rebuild import read_source

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

ROOT = Path(__file__).parents[2]


def in_jupyter(path: Path) -> dict[str, float]:
    """The marks of the test cells that earn points, as nbgrader reads them off the outputs."""
    notebook = nbformat.read(path, as_version=4)
    folder = {"metadata": {"path": str(path.parent)}}
    nbclient.NotebookClient(notebook, timeout=120, allow_errors=True, resources=folder).execute()
    marks = {}
    for cell in notebook.cells:
        given = cell.metadata.get("nbgrader", {})
        if given.get("grade") and not given.get("solution") and given["points"]:
            points, _ = determine_grade(cell)
            marks[given["grade_id"]] = float(points)
    return marks


@pytest.mark.parametrize("slug", sorted(path.name for path in ROOT.glob("solutions/*")))
@pytest.mark.parametrize("broken", [False, True])
def test_a_notebook_gets_the_same_marks_in_both(slug, broken, warm, tmp_path):
    source = ROOT / "solutions" / slug / f"{slug}.ipynb"
    handed_in = tmp_path / source.name
    notebook = nbformat.read(source, as_version=4)
    if broken:  # one answer is gone: its checks earn nothing, the others what they did
        answers = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution")]
        answers[1].source = "pass"
    nbformat.write(notebook, handed_in)
    result = execute(Job("ada", read_source(source), handed_in.read_bytes()))
    engine = {check.grade_id: check.points for check in result.checks if not check.manual}
    assert engine == in_jupyter(handed_in)
    full = sum(check.max_points for check in result.checks if not check.manual)
    assert (sum(engine.values()) < full) is broken
