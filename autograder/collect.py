"""Find what has been handed in, and say for every file what became of it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder import notebooks
from autograder.rebuild import Template

#: A student's id becomes a folder name, a database key and a word in a page.
_STUDENT = re.compile(r"[\w][\w .@'+-]{0,99}", re.UNICODE)


@dataclass(frozen=True)
class Submission:
    """One student's file, or the reason why there is none."""

    student: str
    data: bytes
    submitted: datetime | None
    notes: tuple[str, ...] = ()
    problem: str = ""


def valid_student(name: str) -> str | None:
    """The id in its one normal form, or None if it cannot be one."""
    name = unicodedata.normalize("NFC", name).strip()
    return name if _STUDENT.fullmatch(name) and ".." not in name else None


def from_folder(
    root: Path, template: Template, only: frozenset[str] = frozenset()
) -> tuple[list[Submission], list[str]]:
    """Submissions in nbgrader's layout, STUDENT/ASSIGNMENT/NOTEBOOK.ipynb; and what is none."""
    found: list[Submission] = []
    problems: list[str] = []
    if not root.is_dir():
        return [], [f"there is no folder {root}"]
    for folder in sorted(root.iterdir()):
        if folder.name.startswith("."):
            continue
        student = valid_student(folder.name)
        if student is None:
            problems.append(
                f"{folder.name!r} cannot be a student's id (letters, digits and . @ ' + - are)"
            )
            continue
        if only and student not in only:
            continue
        place = folder / template.assignment
        if folder.is_symlink() or place.is_symlink():
            problems.append(f"{student}: the folder is a link; it was not followed")
            continue
        if place.is_dir():
            found.append(_one(student, place, template))
    return found, problems


def _one(student: str, folder: Path, template: Template) -> Submission:
    """The notebook of one student, also under another name if there is only one that fits."""
    expected = folder / f"{template.notebook}.ipynb"
    notes: tuple[str, ...] = ()
    path = expected
    if not expected.exists() and not expected.is_symlink():
        fitting = [file for file in sorted(folder.glob("*.ipynb")) if _fits(file, template)]
        if len(fitting) != 1:
            names = ", ".join(sorted(file.name for file in folder.iterdir())) or "nothing"
            reason = f"there is no {expected.name}, and no other file that fits (found: {names})"
            return Submission(student, b"", _time(folder), problem=reason)
        path = fitting[0]
        notes = (f"The file is called {path.name!r}; expected was {expected.name!r}.",)
    try:
        data = notebooks.read_bytes(path)
    except notebooks.BadFile as problem:
        return Submission(student, b"", None, notes, f"{problem} [{problem.kind}]")
    return Submission(student, data, _time(path), notes)


def _fits(path: Path, template: Template) -> bool:
    try:
        cells = notebooks.parse(notebooks.read_bytes(path), path.name)
    except notebooks.BadFile:
        return False
    wanted = {step.grade_id for step in template.steps if step.grade_id}
    return len(wanted & {cell.grade_id for cell in cells}) * 2 > len(wanted)


def _time(path: Path) -> datetime:
    """When the file arrived here. A time that the submission itself claims is not believed."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
