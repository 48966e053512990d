"""Hostile and broken submissions, each with the outcome and the marks that it must get.

A case changes the good submission of :mod:`tests.autograder.course`. ``lost`` names the checks
that do not pass and what they come to; every other check must pass with full points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import nbformat

from tests.autograder import course

ALL = tuple(course.TESTS)
ADD = ("add-check", "add-hidden")


@dataclass(frozen=True)
class Case:
    """One submission. ``make`` changes the notebook, or returns the bytes of the whole file."""

    name: str
    lost: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    make: Callable[[Any], bytes | None] | None = None
    outcome: str = "needs-human"  # the good submission waits for a person to read its text
    note: str = ""
    says: str = ""  # what one of the lost checks must tell the student
    slow: bool = False
    partial: dict[str, float] = field(default_factory=dict)

    def data(self) -> bytes:
        """The file that is handed in."""
        notebook = course.submission(self.answers, self.extra)
        if self.make is not None:
            made = self.make(notebook)
            if made is not None:
                return made
        return nbformat.writes(notebook).encode("utf-8", "surrogatepass")

    def points(self) -> float:
        """The marks that it must get."""
        full = sum(points for name, (_, points, _) in course.TESTS.items() if name not in self.lost)
        return full + sum(self.partial.values())


def lost(outcome: str, *checks: str) -> dict[str, str]:
    """Checks that all end in the same way."""
    return dict.fromkeys(checks, outcome)


def all_cases() -> list[Case]:
    """Every case, by name; a name twice is a mistake here."""
    from tests.autograder.corpus import files, forgery, runaway, shape, wire

    cases = [case for part in (shape, runaway, forgery, files, wire) for case in part.CASES]
    names = [case.name for case in cases]
    assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)
    return cases
