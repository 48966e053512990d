"""Make the exercises out of the solutions, and check both.

``release.py generate`` writes ``exercises/`` anew from ``solutions/`` with nbgrader's own
converter: answers, hidden tests and mark schemes leave, checksums come in. The same sources give
the same bytes. Nothing else in the tree changes, no database is touched: the converter writes to a
temporary folder, and a finished file replaces the old one in one step.

``release.py check`` changes nothing and says what is wrong: an exercise that is not what its source
would give, metadata that would confuse the grading, or an answer that would reach the students.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS, EXERCISES = ROOT / "solutions", ROOT / "exercises"
KEPT = ROOT / "class" / "kept"
NEVER_PART = {".ipynb_checkpoints", "__pycache__", ".DS_Store"}
STUB = "raise NotImplementedError()"
MARKERS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN", "END HIDDEN", "MARK SCHEME")


class ReleaseError(Exception):
    """A source cannot be released; the message says which and why."""


def slugs() -> list[str]:
    """List the assignments that have a source notebook."""
    return sorted(path.parent.name for path in SOLUTIONS.glob("*/*.ipynb"))


def files_below(folder: Path) -> dict[str, bytes]:
    """Read the files of a folder that belong to the course, by their relative path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not NEVER_PART & set(path.relative_to(folder).parts)
    }


def fresh() -> dict[str, bytes]:
    """Return what ``exercises/`` should hold: relative path to bytes."""
    # nbgrader takes seconds to import; the metadata check does without.
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.preprocessors import SaveCells
    from nbgrader.utils import capture_log
    from traitlets.config import PyFileConfigLoader

    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        for slug in slugs():
            config = PyFileConfigLoader("nbgrader_config.py", str(ROOT)).load_config()
            config.CourseDirectory.assignment_id = slug
            config.CourseDirectory.release_directory = folder
            config.GenerateAssignment.no_database = True
            config.GenerateAssignment.logfile = ""
            converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
            # The one step that only writes to the database.
            converter.preprocessors = [p for p in converter.preprocessors if p is not SaveCells]
            outcome = capture_log(converter)
            if not outcome["success"]:
                raise ReleaseError(f"solutions/{slug}: nbgrader stopped\n{outcome['log']}")
        return files_below(Path(folder))


def generate() -> list[str]:
    """Bring ``exercises/`` up to date; return the paths that changed."""
    problems = [problem for slug in slugs() for problem in source_problems(slug)]
    if problems:
        raise ReleaseError("\n".join(problems))
    wanted, present = fresh(), files_below(EXERCISES)
    changed = [path for path, data in wanted.items() if present.get(path) != data]
    stale = sorted(set(present) - set(wanted))
    for path in [*changed, *stale]:
        keep_work(EXERCISES / path)
    for path in changed:
        target = EXERCISES / path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        part.write_bytes(wanted[path])
        part.replace(target)
    for path in stale:
        (EXERCISES / path).unlink()
    for folder in sorted((p for p in EXERCISES.rglob("*") if p.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    return changed + stale


def keep_work(path: Path) -> None:
    """Copy an exercise that somebody has worked in before it is replaced."""
    try:
        cells = nbformat.read(path, as_version=4).cells
    except Exception:  # not there, or not a notebook: no work to keep
        return
    answers = [c for c in cells if c.cell_type == "code" and _meta(c).get("solution")]
    if any(STUB not in cell.source for cell in answers):
        KEPT.mkdir(parents=True, exist_ok=True)
        number = 1 + sum(1 for _ in KEPT.glob(f"{path.stem}-*.ipynb"))
        copy = KEPT / f"{path.stem}-{number}.ipynb"
        shutil.copyfile(path, copy)
        print(f"{path.name} has answers in it; a copy is kept as {copy.relative_to(ROOT)}.")


def check() -> list[str]:
    """Return everything that is wrong with ``solutions/`` and ``exercises/``."""
    problems = [problem for slug in slugs() for problem in source_problems(slug)]
    if problems:
        return problems
    wanted, present = fresh(), files_below(EXERCISES)
    for path in sorted(set(wanted) | set(present)):
        if path not in present:
            problems.append(f"exercises/{path}: missing")
        elif path not in wanted:
            problems.append(f"exercises/{path}: no source gives this file")
        elif wanted[path] != present[path]:
            problems.append(f"exercises/{path}: not what its source gives")
    if problems:
        problems.append("Run `python scripts/release.py generate`.")
    return problems + [problem for slug in slugs() for problem in release_problems(slug)]


def source_problems(slug: str) -> list[str]:
    """Look at one source: what would confuse the grading or the students."""
    path = SOLUTIONS / slug / f"{slug}.ipynb"
    if not path.is_file():
        return [f"solutions/{slug}: the notebook has to be called {slug}.ipynb"]
    notebook = nbformat.read(path, as_version=4)
    return [f"solutions/{slug}: {text}" for text in _source_problems(slug, notebook)]


def _meta(cell: NotebookNode) -> NotebookNode:
    return cell.metadata.get("nbgrader", NotebookNode())


def _source_problems(slug: str, notebook: NotebookNode) -> Iterator[str]:
    course = notebook.metadata.get("course", {})
    needed = {"assignment", "slug", "chapter", "packages", "minutes", "points"}
    if set(course) != needed:
        yield f"the notebook's course metadata needs exactly {', '.join(sorted(needed))}"
        return
    if course["slug"] != slug or course["chapter"] != f"book/{slug}.ipynb":
        yield f"the course metadata names {course['slug']} and {course['chapter']}"
    if not re.fullmatch(r"A\d\d", course["assignment"]):
        yield f"the assignment is called {course['assignment']!r}, not A and two digits"
    if (notebook.nbformat, notebook.nbformat_minor) != (4, 5):
        yield "the format is not 4.5"
    marked = [c for c in notebook.cells if "nbgrader" in c.metadata]
    grade_ids = [_meta(c).grade_id for c in marked]
    for grade_id in sorted({g for g in grade_ids if grade_ids.count(g) > 1}):
        yield f"the grade id {grade_id!r} is used {grade_ids.count(grade_id)} times"
    points = sum(_meta(c).get("points", 0) for c in marked)
    if points != course["points"]:
        yield f"the cells give {points:g} points, the metadata says {course['points']}"
    for cell in notebook.cells:
        for text in _cell_problems(cell):
            yield f"cell {_meta(cell).get('grade_id', cell.id)!r}: {text}"
    for cell in marked:
        if _meta(cell).solution and not _meta(cell).grade:
            for kind in ("check", "hidden"):
                if f"{_meta(cell).grade_id}-{kind}" not in grade_ids:
                    yield f"task {_meta(cell).grade_id!r} has no {kind} cell"


def _cell_problems(cell: NotebookNode) -> Iterator[str]:
    if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None):
        yield "has outputs; clear them"
    meta, text = _meta(cell), cell.source
    if not meta:
        if any(marker in text for marker in MARKERS):
            yield "has a solution or hidden text, but no nbgrader metadata"
        return
    if meta.get("schema_version") != 3:
        yield f"schema version {meta.get('schema_version')}, not 3"
    if meta.locked == meta.solution:
        yield "given and test cells are locked, answer cells are not"
    if meta.grade and "points" not in meta:
        yield "is graded and has no points"
    if meta.solution and meta.grade and "BEGIN MARK SCHEME" not in text:
        yield "is graded by hand and has no mark scheme"
    if meta.solution and not meta.grade and not ("BEGIN SOLUTION" in text and "def " in text):
        yield "an answer is a function with its solution between the solution marks"
    if not meta.solution and "SOLUTION" in text:
        yield "has solution marks, but is no answer cell"
    if meta.grade_id.endswith("-hidden") != ("BEGIN HIDDEN TESTS" in text):
        yield "hidden tests stand in a cell called <task>-hidden, and only there"


def release_problems(slug: str) -> list[str]:
    """Look at one exercise as a student gets it: nothing of the answers may be left."""
    path = EXERCISES / slug / f"{slug}.ipynb"
    if not path.is_file():
        return []
    found = []
    for cell in nbformat.read(path, as_version=4).cells:
        meta, text = _meta(cell), cell.source
        name = f"exercises/{slug}: cell {meta.get('grade_id', cell.id)!r}"
        found += [f"{name} still has {marker!r}" for marker in MARKERS if marker in text]
        if meta.get("solution") and meta.get("grade") and text != "YOUR ANSWER HERE":
            found.append(f"{name} is not empty")
        if meta.get("solution") and not meta.get("grade") and STUB not in text:
            found.append(f"{name} is already answered")
        code = [line for line in text.splitlines() if line and not line.startswith("#")]
        if meta.get("grade_id", "").endswith("-hidden") and code:
            found.append(f"{name} shows hidden tests")
        if meta.get("locked") and (cell.metadata.get("editable") is not False):
            found.append(f"{name} can be edited")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("command", choices=["generate", "check"])
    command = parser.parse_args().command
    try:
        if command == "check":
            problems = check()
            print("\n".join(problems) or f"{len(slugs())} assignments are in order.")
            return 1 if problems else 0
        changed = generate()
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(f"exercises/{path}" for path in changed) or "The exercises are up to date.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
