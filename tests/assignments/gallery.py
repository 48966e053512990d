"""Wrong and right answers kept beside the tests.

``mutants/<slug>/<task>.patch`` holds small changes that make a solution wrong::

    # the last window is missed (listed)
    says: place index 3
    -     for i in range(n - k + 1):
    +     for i in range(n - k):

The lines after ``-`` must stand in the solution, together and once; those after ``+`` replace them.
``says`` is a piece of the visible check's report that a learner must see (or one of several, after
``|``): points lost for another reason are a fault of the check. The hidden test says the same, or
what an optional line ``later:`` holds. ``(listed)``: the curriculum names it. ``(together)``: it
can only be seen where answers and tests share a process. ``(hidden)``: the visible check cannot see
it, which is meant; every other wrong answer has to fail there already.

``accepted/<slug>/<style>.py`` holds right answers to all tasks of an assignment.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from tests.assignments.runner import answers

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Mutant:
    slug: str
    task: str
    name: str
    says: tuple[str, ...]
    later: tuple[str, ...]
    hunks: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"{self.slug}/{self.task}: {self.name}"

    @property
    def listed(self) -> bool:
        return "(listed)" in self.name

    @property
    def together(self) -> bool:
        return "(together)" in self.name

    @property
    def hidden(self) -> bool:
        return "(hidden)" in self.name

    def source(self) -> str:
        """Return the solution's answer cell with the change made."""
        text = answers(self.slug)[self.task]
        for old, new in self.hunks:
            if text.count(old) != 1:
                raise ValueError(f"{self}: stands {text.count(old)} times in the solution:\n{old}")
            text = text.replace(old, new)
        return text


def mutants(slug: str | None = None) -> list[Mutant]:
    """Read all mutants, or those of one assignment."""
    found = []
    for path in sorted(HERE.glob(f"mutants/{slug or '*'}/*.patch")):
        for block in path.read_text(encoding="utf-8").strip().split("\n\n"):
            found.append(_mutant(path, block.splitlines()))
    return found


def _mutant(path: Path, lines: list[str]) -> Mutant:
    if not (lines[0].startswith("# ") and lines[1].startswith("says: ")):
        raise ValueError(f"{path}: a mutant begins with '# name' and 'says: text', not {lines[:2]}")
    says = tuple(lines[1].removeprefix("says: ").split(" | "))
    later, changes = (), lines[2:]
    if changes[0].startswith("later: "):
        later, changes = tuple(changes[0].removeprefix("later: ").split(" | ")), changes[1:]
    return Mutant(path.parent.name, path.stem, lines[0][2:], says, later, _hunks(changes))


def _hunks(lines: list[str]) -> tuple[tuple[str, str], ...]:
    hunks: list[tuple[list[str], list[str]]] = []
    before = "+"
    for line in lines:
        mark, text = line[0], line[2:]
        if mark == "-" and before == "+":
            hunks.append(([], []))
        hunks[-1]["-+".index(mark)].append(text)
        before = mark
    return tuple((_text(old), _text(new)) for old, new in hunks)


def _text(lines: list[str]) -> str:
    return "".join(line + "\n" for line in lines)


def accepted(slug: str | None = None) -> list[Path]:
    """List the files of right answers."""
    return sorted(HERE.glob(f"accepted/{slug or '*'}/*.py"))


def accepted_answers(path: Path) -> dict[str, str]:
    """Split a file of right answers: for each task its function, with the file's helpers."""
    text = path.read_text(encoding="utf-8")
    tasks = answers(path.parent.name)
    nodes = ast.parse(text).body
    shared, own = [], {}
    for node in nodes:
        segment = ast.get_source_segment(text, node) or ""
        if isinstance(node, ast.FunctionDef) and node.name in tasks:
            own[node.name] = segment
        else:
            shared.append(segment)
    return {task: "\n\n\n".join([*shared, source]) for task, source in own.items()}
