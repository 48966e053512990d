"""A student's own check before handing in: the same engine, with the tests that are visible."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from autograder import notebooks, rebuild, sandbox
from autograder.grade import Job, execute
from autograder.limits import Limits
from autograder.outcomes import CheckResult, Outcome, SubmissionResult, next_step
from autograder.parsing import parse

STUB = "YOUR ANSWER HERE"  # what nbgrader puts in place of a written answer


@dataclass(frozen=True)
class Checked:
    """What the check has found."""

    result: SubmissionResult
    protected: bool
    template_from: str
    by_itself: bool = False  # the notebook was its own template: nothing to compare its text with

    @property
    def passed(self) -> bool:
        """Whether every visible check passes."""
        return all(c.outcome is Outcome.PASSED for c in self.result.judged)

    @property
    def empty(self) -> tuple[str, ...]:
        """Written answers that hold nothing yet: blank, or as they were handed out."""
        manual = {c.grade_id: c for c in self.result.checks if c.manual}
        texts = {c.grade_id: c.source.strip() for c in self.result.cells if c.kind == "manual"}
        return tuple(
            grade_id
            for grade_id, check in manual.items()
            if texts.get(grade_id, "") in ("", STUB)
            or (check.outcome is not Outcome.NEEDS_HUMAN and not self.by_itself)
        )

    def text(self) -> str:
        """For the terminal."""
        lines = []
        for check in self.result.judged:
            mark = "✓" if check.outcome is Outcome.PASSED else "✗"
            lines.append(
                f"{mark} {check.grade_id}: {check.outcome} ({check.points:g} of "
                f"{check.max_points:g} points)"
            )
            lines += [f"    {line}" for line in check.message.splitlines()]
            if step := next_step(check, self.result.checks):
                lines.append(f"    → {step}")
        lines += [self._written(check) for check in self.result.checks if check.manual]
        lines += [f"! {note}" for note in self.result.notes]
        judged = self.result.judged
        passing = sum(c.outcome is Outcome.PASSED for c in judged)
        lines.append(
            f"{passing} of {len(judged)} checks pass. Hidden tests run after you have handed in."
        )
        if self.empty:
            noun = "written answer is" if len(self.empty) == 1 else "written answers are"
            lines.append(f"{len(self.empty)} {noun} still empty: {', '.join(self.empty)}.")
        return "\n".join(lines)

    def _written(self, check: CheckResult) -> str:
        state = "still empty" if check.grade_id in self.empty else "written"
        return f"· {check.grade_id}: {state} (a person marks it, {check.max_points:g} points)"


def check(path: Path, released: Path | None = None, limits: Limits | None = None) -> Checked:
    """Run a notebook as the grading will, with the tests of the released one, or its own."""
    data = notebooks.read_bytes(path)
    notebooks.parse(data, path.name)  # says what is wrong with the file before anything else does
    template = rebuild.read_source(released or path, handed_in=True)
    # A hidden test leaves an empty cell in the notebook that is handed out.
    steps = tuple(s for s in template.steps if s.kind != "test" or _says_something(s.source))
    emptied = {s.cell_id for s in template.steps} - {s.cell_id for s in steps}
    template = replace(template, steps=steps, left_out=frozenset(emptied))
    protected = shutil.which("bwrap") is not None
    limits = (limits or Limits()).with_changes(template.course.get("limits", {}))
    try:
        result = execute(Job("you", template, data, limits, protected=protected))
        if result.outcome is Outcome.ENGINE_FAULT and protected:
            # A container or an old kernel may not let bubblewrap work; the owner's own code may
            # still run.
            protected = False
            result = execute(Job("you", template, data, limits, protected=False))
    finally:
        sandbox.close_all()
    return Checked(result, protected, str(released or path), by_itself=released is None)


def _says_something(source: str) -> bool:
    try:
        return bool(parse(source).body)
    except SyntaxError:
        return True


def released_version(path: Path) -> Path | None:
    """The handed-out notebook of the same name, if the course's ``exercises/`` is near."""
    for parent in path.resolve().parents:
        found = parent / "exercises" / path.stem / f"{path.stem}.ipynb"
        if found.exists() and found != path.resolve():
            return found
    return None
