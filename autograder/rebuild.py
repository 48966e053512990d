"""Rebuild, don't repair: the instructor's notebook with the student's answers put in.

Only the text of answer cells and of extra cells comes from the submission. Its metadata, tags,
order, types and outputs are never looked at, so nothing in them can change a mark.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autograder.notebooks import Cell
from autograder.parsing import parse

HIDDEN = re.compile(r"BEGIN HIDDEN TESTS")


class SourceError(Exception):
    """The instructor's own notebook cannot be used; the message says which cell and why."""


@dataclass(frozen=True)
class Step:
    """One cell of the notebook that will be run."""

    kind: str  # given, answer, extra, test, manual, text, note (a student's own text)
    cell_id: str  # unique in the notebook: the grade_id, or "extra-3"
    cell_type: str
    source: str
    grade_id: str | None = None
    points: float = 0.0
    hidden: bool = False
    unchanged: bool = False
    missing: bool = False
    marks: dict[str, Any] = field(default_factory=dict)

    @property
    def is_check(self) -> bool:
        """Whether it can earn points; a test cell without any only informs (an overview, say)."""
        return self.kind == "test" and self.points > 0


@dataclass(frozen=True)
class Template:
    """The instructor's notebook, as the engine sees it."""

    assignment: str
    notebook: str
    steps: tuple[Step, ...]
    course: dict[str, Any] = field(default_factory=dict)
    digest: str = ""
    left_out: frozenset[str] = frozenset()  # ids of its cells that are not to be run

    @property
    def packages(self) -> tuple[str, ...]:
        """What the student's code may import."""
        return tuple(self.course.get("packages", ("numpy",)))


@dataclass(frozen=True)
class Plan:
    """A notebook to run, and what was noticed while it was put together."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()


def read_source(path: Path, *, handed_in: bool = False) -> Template:
    """Read an assignment: its source version, or a notebook as its own template."""
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        raise SourceError(f"{path}: not a notebook that nbformat can read ({error})") from error
    cleared = notebook if handed_in else _cleared(notebook)
    steps = [_source_step(cell, place) for place, cell in enumerate(cleared.cells, 1)]
    counts = Counter(step.grade_id for step in steps if step.grade_id)
    for grade_id, count in counts.items():
        if count > 1:
            raise SourceError(
                f"{path}: {count} cells have the grade_id {grade_id!r}; ids must differ"
            )
    course = notebook.metadata.get("course", {})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Template(path.parent.name, path.stem, tuple(steps), dict(course), digest)


def _cleared(notebook: Any) -> Any:
    """Take out solutions and marking guides, as nbgrader does for the release version."""
    import copy

    from nbgrader.preprocessors import ClearMarkScheme, ClearSolutions

    cleared = copy.deepcopy(notebook)
    resources: dict[str, Any] = {}
    for step in (ClearSolutions, ClearMarkScheme):
        try:
            cleared, resources = step().preprocess(cleared, resources)
        except (RuntimeError, ValueError) as error:
            raise SourceError(f"{step.__name__}: {error}") from error
    return cleared


def _source_step(cell: Any, place: int) -> Step:
    marks = cell.metadata.get("nbgrader") or {}
    grade, solution = bool(marks.get("grade")), bool(marks.get("solution"))
    grade_id = marks.get("grade_id") if marks else None
    kind = "text"
    if marks.get("task") or (grade and solution):
        kind = "manual"
    elif grade:
        kind = "test"
    elif solution:
        kind = "answer"
    elif cell.cell_type == "code":
        kind = "given"
    points = float(marks.get("points", 0) or 0) if kind in ("test", "manual") else 0.0
    return Step(
        kind=kind,
        cell_id=str(grade_id or f"cell-{place}"),
        cell_type=cell.cell_type,
        source=cell.source,
        grade_id=grade_id,
        points=points,
        hidden=bool(HIDDEN.search(cell.source)) and kind == "test",
        marks=dict(marks),
    )


def rebuild(template: Template, submitted: list[Cell]) -> Plan:
    """Put the submission's answers into the instructor's notebook."""
    known = {step.grade_id: step for step in template.steps if step.grade_id}
    wanted = {i for i, step in known.items() if _takes_answer(step)}
    answers: dict[str, Cell] = {}
    extras: list[tuple[str | None, Cell]] = []
    unmarked = {_normal(step.source) for step in template.steps if step.grade_id is None}
    seen: Counter[str] = Counter()
    anchor: str | None = None
    for cell in submitted:
        if cell.grade_id in template.left_out:
            continue
        grade_id = cell.grade_id if cell.grade_id in known else None
        if grade_id is not None:
            seen[grade_id] += 1
            anchor = grade_id
        if grade_id in wanted and seen[grade_id] == 1:
            answers[grade_id] = cell
        elif grade_id in wanted or (grade_id is None and _normal(cell.source) not in unmarked):
            extras.append((anchor, cell))
    notes = [
        f"The cell {i!r} is there {n} times; the first is the answer."
        for i, n in seen.items()
        if n > 1
    ]
    expected = known.keys() | template.left_out
    unknown = {c.grade_id for c in submitted if c.grade_id and c.grade_id not in expected}
    notes += [f"The id {i!r} belongs to no cell of this assignment." for i in sorted(unknown)[:20]]
    notes += [
        f"The test cell {i!r} was missing and was put back."
        for i, step in known.items()
        if step.is_check and i not in seen
    ]
    notes += _put_right(known, answers)
    extras, found = _match_by_names(known, wanted - set(answers), extras)
    for grade_id, cell in found.items():
        answers[grade_id] = cell
        notes.append(
            f"The answer {grade_id!r} had lost its id; it was recognised by the names it defines."
        )
    extras, written = _match_texts(known, wanted - set(answers), extras)
    answers.update(written)
    notes += [
        f"The written answer {i!r} was missing; text that had no place stands there now."
        for i in written
    ]
    return Plan(tuple(_assemble(template, answers, extras, wanted)), tuple(notes))


def _takes_answer(step: Step) -> bool:
    return step.kind == "answer" or (step.kind == "manual" and step.grade_id is not None)


def _assemble(
    template: Template,
    answers: dict[str, Cell],
    extras: list[tuple[str | None, Cell]],
    wanted: set[str],
) -> list[Step]:
    behind: dict[str | None, list[Step]] = {}
    for number, (anchor, cell) in enumerate(extras, 1):
        # Raw cells and the text between cells are shown, not run.
        kind = "extra" if cell.cell_type == "code" else "note"
        step = Step(kind, f"extra-{number}", "code" if kind == "extra" else "markdown", cell.source)
        behind.setdefault(anchor, []).append(step)
    steps = behind.get(None, [])[:]
    for step in template.steps:
        if step.grade_id in wanted and step.grade_id is not None:
            answer = answers.get(step.grade_id)
            source = answer.source if answer is not None else step.source
            same = _normal(source) == _normal(step.source)
            step = replace(step, source=source, unchanged=same, missing=answer is None)
        steps.append(step)
        if step.grade_id is not None:
            steps += [s for s in behind.get(step.grade_id, []) if s.source.strip()]
    return steps


def _normal(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def _put_right(known: dict[str, Step], answers: dict[str, Cell]) -> list[str]:
    """Swap answers that stand under each other's id, where the names they define leave no doubt."""
    lost = {i for i, c in answers.items() if c.cell_type == "code" and not _fits(known[i], c)}
    homes = {}
    for grade_id in lost:
        fitting = [other for other in lost if _fits(known[grade_id], answers[other])]
        if len(fitting) == 1:
            homes[grade_id] = fitting[0]
    if len(set(homes.values())) != len(homes):
        return []
    moved = {grade_id: answers[other] for grade_id, other in homes.items()}
    if set(homes) != set(homes.values()):
        return []
    answers.update(moved)
    return [
        f"The answer to {i!r} stood under the id {other!r}." for i, other in sorted(homes.items())
    ]


def _fits(step: Step, cell: Cell) -> bool:
    wanted = names_defined(step.source)
    return not wanted or bool(wanted & names_defined(cell.source))


def _match_by_names(
    known: dict[str, Step], missing: set[str], extras: list[tuple[str | None, Cell]]
) -> tuple[list[tuple[str | None, Cell]], dict[str, Cell]]:
    """Recognise code answers that lost their metadata, where only one cell comes into question."""
    found: dict[str, Cell] = {}
    for grade_id in sorted(missing):
        names = names_defined(known[grade_id].source)
        fitting = [
            cell
            for _, cell in extras
            if cell.cell_type == "code" and names_defined(cell.source) & names
        ]
        if len(fitting) == 1:
            found[grade_id] = fitting[0]
    taken = [id(cell) for cell in found.values()]
    return [(a, c) for a, c in extras if id(c) not in taken], found


def _match_texts(
    known: dict[str, Step], missing: set[str], extras: list[tuple[str | None, Cell]]
) -> tuple[list[tuple[str | None, Cell]], dict[str, Cell]]:
    """Put text that lost its place where a written answer is missing: a person can tell."""
    lost = sorted(i for i in missing if known[i].cell_type == "markdown")
    ours = {_normal(step.source) for step in known.values()} | {""}
    texts = [
        cell
        for _, cell in extras
        if cell.cell_type == "markdown" and _normal(cell.source) not in ours
    ]
    if not lost or not texts:
        return extras, {}
    together = replace(texts[0], source="\n\n".join(cell.source for cell in texts))
    taken = [id(cell) for cell in texts]
    return [(a, c) for a, c in extras if id(c) not in taken], dict.fromkeys(lost, together)


def names_defined(source: str) -> set[str]:
    """Functions, classes and variables that a cell defines at its top level."""
    try:
        body = parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names
