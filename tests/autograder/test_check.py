"""The course's own notebooks in the engine: checked before handing in, and graded."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from autograder import feedback
from autograder.cli import main
from autograder.grade import Job, execute
from autograder.outcomes import Outcome
from autograder.rebuild import read_source
from autograder.record import Recorder

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).parents[2]
SLUG = "02-convolution"
RELEASED = ROOT / "exercises" / SLUG / f"{SLUG}.ipynb"
SOLUTION = ROOT / "solutions" / SLUG / f"{SLUG}.ipynb"


def check(notebook: Path):
    line = ["check", str(notebook), "--against", str(RELEASED)]
    return CliRunner().invoke(main, line, catch_exceptions=False)


def test_the_notebook_as_handed_out_is_told_what_to_do_and_nothing_else(warm):
    done = check(RELEASED)
    assert done.exit_code == 1
    assert "0 of 6 checks pass" in done.stdout
    assert "· flip-and-learning: still empty (a person marks it, 4 points)" in done.stdout
    assert done.stdout.endswith("1 written answer is still empty: flip-and-learning.\n")
    assert "✗ xcorr1d-check: unchanged" in done.stdout
    assert "-hidden" not in done.stdout
    assert "progress" not in done.stdout
    assert "!" not in [line[:1] for line in done.stdout.splitlines()]


def test_right_answers_pass_every_visible_check(warm):
    done = check(SOLUTION)
    assert done.exit_code == 0, done.stdout
    assert "6 of 6 checks pass" in done.stdout
    assert "· flip-and-learning: written (a person marks it, 4 points)" in done.stdout
    assert "empty" not in done.stdout
    assert "!" not in [line[:1] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("text", ["", "  \n", "YOUR ANSWER HERE"])
@pytest.mark.parametrize("against", [[], ["--against", str(RELEASED)]], ids=["alone", "release"])
def test_an_empty_written_answer_is_named_and_fails_nothing(warm, tmp_path, text, against):
    notebook = nbformat.read(SOLUTION, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "flip-and-learning":
            cell.source = text
    nbformat.write(notebook, tmp_path / "mine.ipynb")
    done = CliRunner().invoke(main, ["check", str(tmp_path / "mine.ipynb"), *against])
    assert done.exit_code == 0, done.output
    assert "1 written answer is still empty: flip-and-learning." in done.stdout


def test_a_notebook_that_is_its_own_template_does_not_call_its_text_empty(warm, tmp_path):
    path = tmp_path / "mine.ipynb"
    path.write_bytes(SOLUTION.read_bytes())
    done = CliRunner().invoke(main, ["check", str(path)])
    assert "flip-and-learning: written" in done.stdout
    assert "empty" not in done.stdout


def test_an_id_that_no_cell_of_the_assignment_has_is_still_named(warm, tmp_path):
    notebook = nbformat.read(RELEASED, as_version=4)
    hidden = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("points") == 7)
    hidden.metadata["nbgrader"]["grade_id"] = "of-another-course"
    nbformat.write(notebook, tmp_path / "mine.ipynb")
    assert (
        "! The id 'of-another-course' belongs to no cell" in check(tmp_path / "mine.ipynb").stdout
    )


def test_a_cell_without_points_is_run_and_shown_but_is_no_check(warm, tmp_path, empty_book):
    template = read_source(SOLUTION)
    result = execute(Job("ada", template, SOLUTION.read_bytes()))
    assert result.score == 41
    assert result.max_score == 45
    assert "progress" not in {c.grade_id for c in result.checks}
    shown = next(cell for cell in result.cells if cell.grade_id == "progress")
    assert "Points so far" in shown.outputs[0]["text"]
    assert not result.notes

    book = tmp_path / "gradebook.db"
    book.write_bytes(empty_book.read_bytes())
    recorder = Recorder(f"sqlite:///{book}", template, SOLUTION, tmp_path / "autograded")
    recorder.write(result, None)
    recorder.close()
    with sqlite3.connect(book) as db:
        waiting = db.execute(
            "SELECT c.name FROM grade g JOIN base_cell c ON g.cell_id = c.id "
            "WHERE g.needs_manual_grade"
        ).fetchall()
    assert waiting == [("flip-and-learning",)]


def test_half_an_answer_is_told_what_is_wrong_by_hidden_tests_too(warm, tmp_path):
    notebook = nbformat.read(SOLUTION, as_version=4)
    answer = next(c for c in notebook.cells if "def design_kernels" in c.source)
    answer.source = answer.source.replace("[-1, 5, -1]", "[-1, 4, -1]")
    nbformat.write(notebook, tmp_path / "mine.ipynb")
    template = read_source(SOLUTION)
    result = execute(Job("ada", template, (tmp_path / "mine.ipynb").read_bytes()))
    hidden = next(c for c in result.checks if c.grade_id == "design_kernels-hidden")
    assert (hidden.outcome, hidden.points) == (Outcome.PARTIAL, 4)
    assert "sharpen on a 6x9 picture" in hidden.message
    assert "Read again: chapter 2" in hidden.message
    assert "expected" not in hidden.message
    assert "sharpen on a 6x9 picture" in feedback.render(result)


def test_the_cell_that_fetches_a_missing_library_is_silent_while_work_is_graded(warm, tmp_path):
    notebook = nbformat.read(SOLUTION, as_version=4)
    missing = 'importlib.util.find_spec("cnnlib") is None'
    notebook.cells.append(nbformat.v4.new_code_cell(missing))
    nbformat.write(notebook, tmp_path / "mine.ipynb")
    result = execute(Job("ada", read_source(SOLUTION), (tmp_path / "mine.ipynb").read_bytes()))
    first = next(cell for cell in result.cells if cell.grade_id == "library")
    assert first.outputs == ()  # pip has not said a word
    assert result.cells[-1].outputs[0]["data"]["text/plain"] == "True"
