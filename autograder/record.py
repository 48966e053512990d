"""The one writer of nbgrader's gradebook.

Marks that a person gave are never touched. The automatic mark of every cell is cleared before the
new ones are written, so nothing of an earlier submission survives. A locked database is waited
for.
"""

from __future__ import annotations

import copy
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from autograder.outcomes import CheckResult, Outcome, SubmissionResult
from autograder.rebuild import Template

#: How long a gradebook may stay locked by another program before the run gives up, resumable.
PATIENCE_SECONDS = 600.0

#: What stands in place of a hidden test in everything that leaves the engine.
HIDDEN_SOURCE = "# This test is hidden. Its result is shown; its code is not."

_T = TypeVar("_T")


class RecordError(Exception):
    """The gradebook could not be written; results are safe in the journal."""


class Recorder:
    """An open gradebook; one for the whole run, because opening costs more than writing."""

    def __init__(self, url: str, template: Template, source: Path, autograded: Path) -> None:
        from nbgrader.api import Gradebook

        # A new gradebook asks the program alembic for its version; it lies beside this Python.
        os.environ["PATH"] = (
            f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        )
        self._url, self._template, self._autograded = url, template, autograded
        self._book = self._patiently(lambda: Gradebook(url))
        self._patiently(lambda: self._register(source))

    def close(self) -> None:
        """Let go of the database."""
        self._book.close()

    def _patiently(self, act: Callable[[], _T]) -> _T:
        """Do it again while another program holds the database."""
        from sqlalchemy.exc import OperationalError

        started, pause = time.monotonic(), 0.05
        while True:
            try:
                return act()
            except OperationalError as error:
                if hasattr(self, "_book"):
                    self._book.db.rollback()
                if not _is_lock(error):
                    raise RecordError(f"the gradebook cannot be used: {error.orig}") from error
                if time.monotonic() - started > PATIENCE_SECONDS:
                    raise RecordError(
                        f"the gradebook was locked for {PATIENCE_SECONDS:.0f} seconds. Close "
                        f"the program that "
                        "holds it and start again; everything graded so far is in the journal."
                    ) from error
                time.sleep(pause)
                pause = min(2.0, pause * 1.7)

    def _register(self, source: Path) -> None:
        """Put the assignment's cells and points into the gradebook, as nbgrader's generate does."""
        import nbformat
        from nbgrader.preprocessors import ClearSolutions, ComputeChecksums, LockCells, SaveCells

        self._book.update_or_create_assignment(self._template.assignment)
        notebook = copy.deepcopy(nbformat.read(source, as_version=4))
        resources: dict[str, Any] = {
            "nbgrader": {
                "notebook": self._template.notebook,
                "assignment": self._template.assignment,
                "db_url": self._url,
            }
        }
        for step in (LockCells, ClearSolutions, ComputeChecksums, SaveCells):
            try:
                notebook, resources = step().preprocess(notebook, resources)
            except RuntimeError as error:
                raise RecordError(
                    f"{error}. Graded submissions belong to the cells they were graded with: "
                    f"restore the "
                    "cells, or remove the assignment from the gradebook (nbgrader db "
                    "assignment remove)."
                ) from error
        self._book.db.expire_all()

    def scores(self, student: str) -> dict[str, float]:
        """The marks that are in the gradebook now, by cell."""
        from nbgrader.api import MissingEntry

        try:
            found = self._book.find_submission_notebook(
                self._template.notebook, self._template.assignment, student
            )
        except MissingEntry:
            return {}
        return {grade.name: float(grade.score) for grade in found.grades}

    def write(self, result: SubmissionResult, submitted: datetime | None) -> None:
        """Record one submission; doing it twice changes nothing."""
        if result.outcome is Outcome.ENGINE_FAULT:
            return
        self._patiently(lambda: self._write(result, submitted))
        write_notebook(self._autograded, result, self._template)

    def _write(self, result: SubmissionResult, submitted: datetime | None) -> None:
        from nbgrader.api import MissingEntry

        book, assignment = self._book, self._template.assignment
        try:
            book.find_student(result.student)
        except MissingEntry:
            book.add_student(result.student)
        with book.db.no_autoflush:  # nbgrader adds the submission only after its parts
            submission = book.update_or_create_submission(
                assignment, result.student, timestamp=submitted
            )
        notebook = next(n for n in submission.notebooks if n.name == self._template.notebook)
        checks = {check.grade_id: check for check in result.checks}
        for grade in notebook.grades:
            grade.auto_score = None
            check = checks.get(grade.name)
            if check is not None:
                grade.auto_score = automatic_score(check)
            elif not grade.max_score:
                grade.auto_score = 0.0  # a test cell without points: nothing to decide
            grade.needs_manual_grade = (
                grade.auto_score is None
                or grade.manual_score is not None
                or (check is not None and check.outcome in (Outcome.NEEDS_HUMAN, Outcome.BAD_FILE))
            )
        comments = comments_for(result, self._template)
        for comment in notebook.comments:
            comment.auto_comment = comments.get(comment.name)
        notebook.late_submission_penalty = None
        book.db.commit()
        self._penalise(result, submission)

    def _penalise(self, result: SubmissionResult, submission: Any) -> None:
        """nbgrader's late policy, with the course's own plug-in where it has one."""
        if submission.total_seconds_late <= 0:
            return
        from nbgrader.preprocessors import AssignLatePenalties

        names = {"student": result.student, "assignment": result.assignment}
        resources = {"nbgrader": {**names, "notebook": result.notebook, "db_url": self._url}}
        notebook = build_notebook(result, self._template)
        AssignLatePenalties(config=course_config()).preprocess(notebook, resources)


def _is_lock(error: Any) -> bool:
    text = str(error.orig).lower()
    return any(word in text for word in ("locked", "busy", "deadlock", "lock timeout"))


def course_config() -> Any:
    """What ``nbgrader_config.py`` in the current folder says; it belongs to the instructor."""
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    path = Path("nbgrader_config.py")
    if not path.exists():
        return Config()
    return PyFileConfigLoader(path.name, path=str(path.resolve().parent)).load_config()


def automatic_score(check: CheckResult) -> float | None:
    """The mark that nbgrader stores; None leaves the cell to a person."""
    if check.manual and check.outcome is Outcome.NEEDS_HUMAN:
        return None
    return check.points


def comments_for(result: SubmissionResult, template: Template) -> dict[str, str]:
    """A sentence per answer for nbgrader's feedback and formgrader: what happened to its checks."""
    checks = {check.grade_id: check for check in result.checks}
    found: dict[str, list[str]] = {}
    answer: str | None = None
    for step in template.steps:
        if step.kind in ("answer", "manual"):
            answer = step.grade_id
        check = checks.get(step.cell_id)
        if check is None or answer is None or not check.message:
            continue
        if check.manual and check.outcome is Outcome.NEEDS_HUMAN:
            continue
        line = (
            check.message if check.manual else f"{check.grade_id}: {check.outcome}: {check.message}"
        )
        found.setdefault(answer, []).append(line)
    # nbgrader shows comments as Markdown, and a message can hold what the student's code said.
    return {name: harmless_markdown("\n".join(lines)) for name, lines in found.items()}


def build_notebook(result: SubmissionResult, template: Template) -> Any:
    """The graded notebook in nbgrader's format, without hidden tests and without live markup."""
    from nbformat import v4

    marks = {step.cell_id: step.marks for step in template.steps if step.grade_id}
    ours = {step.source for step in template.steps}
    cells = []
    for number, record in enumerate(result.cells or _pristine(template)):
        grade_id = record.grade_id
        own = grade_id is not None and grade_id in marks
        source = record.source
        outputs = [dict(output) for output in record.outputs]
        if record.kind == "test" and "BEGIN HIDDEN TESTS" in source:
            source = HIDDEN_SOURCE  # nor what it prints: that could be what it expects
            outputs = [output for output in outputs if output["output_type"] == "error"]
        if record.cell_type == "code":
            cell = v4.new_code_cell(source, outputs=outputs, id=f"c{number}")
        else:
            text = source if source in ours else harmless_markdown(source)
            cell = v4.new_markdown_cell(text, id=f"c{number}")
        if own and grade_id is not None:
            cell.metadata["nbgrader"] = dict(marks[grade_id])
        cells.append(cell)
    notebook = v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def _pristine(template: Template) -> Sequence[Any]:
    """For a file that could not be read: what was handed out, for formgrader to show."""
    from autograder.outcomes import CellRecord

    return [CellRecord(s.cell_type, s.kind, s.source, s.grade_id) for s in template.steps]


def harmless_markdown(source: str) -> str:
    """Markdown without HTML or links: formgrader and nbgrader's feedback would run what they hold.

    A link loses its form, not its word ``javascript:``; that can be written in too many ways.
    """
    return source.replace("<", "&lt;").replace("](", "] (").replace("]:", "] :")


def write_notebook(folder: Path, result: SubmissionResult, template: Template) -> Path:
    """Put the graded notebook where nbgrader looks for it; never half a file."""
    path = folder / result.student / result.assignment / f"{result.notebook}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(build_notebook(result, template), indent=1, ensure_ascii=False) + "\n"
    write_atomically(path, text)
    return path


def write_atomically(path: Path, text: str) -> None:
    """Write beside the file and swap, so that a reader sees the old or the new one."""
    write_bytes_atomically(path, text.encode())


def write_bytes_atomically(path: Path, data: bytes, when: datetime | None = None) -> None:
    """Likewise for bytes; ``when`` becomes the time of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(data)
    if when is not None:
        os.utime(beside, (when.timestamp(), when.timestamp()))
    beside.replace(path)
