"""The words for what can happen to a submission, and the results that carry them.

Everything here is plain data that survives JSON: results wait in the journal between the moment a
submission has been executed and the moment its marks are in the gradebook.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any


class Outcome(enum.StrEnum):
    """How one check, or one whole submission, ended."""

    PASSED = "passed"
    PARTIAL = "partial"
    FAILED = "failed"
    ERROR = "error"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out-of-memory"
    PROCESS_DIED = "process-died"
    NOT_PLAIN_DATA = "not-plain-data"
    MISSING_ANSWER = "missing-answer"
    UNCHANGED = "unchanged"
    NEEDS_HUMAN = "needs-human"
    BAD_FILE = "bad-file"
    ENGINE_FAULT = "engine-fault"


#: Outcomes that count only after a second run with the machine to itself.
TO_CONFIRM = frozenset({Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY})

#: What the person who handed in can do next, one sentence for each reason for lost points.
NEXT_STEP = {
    Outcome.PARTIAL: "Some cases pass. The message, or the check itself further down, shows those "
    "that do not.",
    Outcome.FAILED: "Read the message, repeat the call in your notebook, and compare.",
    Outcome.ERROR: "Run the cell on its own with the arguments shown and follow the error message.",
    Outcome.TIMEOUT: "The code used up its time. Look for a loop that never ends, "
    "or a loop over pixels where one array operation would do.",
    Outcome.OUT_OF_MEMORY: "The code asked for more memory than allowed. "
    "Look for an array that grows in a loop.",
    Outcome.PROCESS_DIED: "The code ended its Python process. Look for exit(), os._exit() "
    "or a call into a C library.",
    Outcome.NOT_PLAIN_DATA: "Return numbers, strings, tuples, lists, dicts, arrays or tensors.",
    Outcome.MISSING_ANSWER: "The answer cell was not in the file. Put your answer into the cell "
    "that the exercise provides; do not delete that cell.",
    Outcome.UNCHANGED: "The answer is still the one that was handed out.",
    Outcome.NEEDS_HUMAN: "A person will look at it.",
    Outcome.BAD_FILE: "Save the notebook in Jupyter and hand it in again.",
    Outcome.ENGINE_FAULT: "Nothing is wrong with the submission. The grading will be repeated.",
}

#: The next step where the message of a hidden test is all that there is to go by.
_HIDDEN_STEP = (
    "A hidden test shows neither its arrays nor the right result. Repeat the call with arrays of "
    "your own in the shapes that it names, and compare with a result worked out by hand."
)
#: Outcomes of a hidden test whose next step is about its cases.
_ABOUT_CASES = frozenset({Outcome.FAILED, Outcome.PARTIAL, Outcome.ERROR})

#: When checks ended in several ways, their submission is filed under the first of these.
_ORDER = (
    Outcome.OUT_OF_MEMORY, Outcome.TIMEOUT, Outcome.PROCESS_DIED, Outcome.ERROR,
    Outcome.MISSING_ANSWER, Outcome.NOT_PLAIN_DATA, Outcome.FAILED, Outcome.PARTIAL,
    Outcome.UNCHANGED,
)  # fmt: skip


@dataclass(frozen=True)
class CheckResult:
    """What one test cell, or one answer that a person marks, came to."""

    grade_id: str
    outcome: Outcome
    points: float
    max_points: float
    message: str = ""
    hidden: bool = False
    manual: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class CellRecord:
    """A cell as it was run: for the feedback page and for nbgrader's tools."""

    cell_type: str
    kind: str  # as in rebuild.Step
    source: str
    grade_id: str | None = None
    outputs: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class SubmissionResult:
    """Everything known about one submission after it has been executed."""

    student: str
    assignment: str
    notebook: str
    outcome: Outcome
    checks: tuple[CheckResult, ...] = ()
    cells: tuple[CellRecord, ...] = ()
    notes: tuple[str, ...] = ()
    sandbox: str = ""
    seed: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """Points from the tests; answers that a person marks are not in it."""
        return sum(check.points for check in self.checks if not check.manual)

    @property
    def max_score(self) -> float:
        """All points of the assignment."""
        return sum(check.max_points for check in self.checks)

    @property
    def judged(self) -> tuple[CheckResult, ...]:
        """The tests: everything that no person marks."""
        return tuple(check for check in self.checks if not check.manual)

    @property
    def max_tested(self) -> float:
        """The points that tests can give."""
        return sum(check.max_points for check in self.judged)

    @property
    def tested(self) -> Outcome:
        """How the tests ended, whether or not a written answer waits for a person."""
        if self.outcome in (Outcome.BAD_FILE, Outcome.ENGINE_FAULT):
            return self.outcome
        return of_tests(self.judged)

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to look before the marks can go out."""
        attention = {Outcome.NEEDS_HUMAN, Outcome.BAD_FILE, Outcome.ENGINE_FAULT}
        return self.outcome in attention or any(c.outcome in attention for c in self.checks)

    @property
    def to_confirm(self) -> bool:
        """Whether a check hit a limit, so that the run has to be repeated alone."""
        return any(check.outcome in TO_CONFIRM for check in self.checks)


def of_tests(judged: Sequence[CheckResult]) -> Outcome:
    """One word for how several tests ended."""
    if any(check.outcome is Outcome.NEEDS_HUMAN for check in judged):
        return Outcome.NEEDS_HUMAN
    if all(check.outcome is Outcome.PASSED for check in judged):
        return Outcome.PASSED
    worst = [o for o in _ORDER if any(check.outcome is o for check in judged)]
    outcome = worst[0] if worst else Outcome.PARTIAL
    if outcome is Outcome.UNCHANGED and any(check.points for check in judged):
        return Outcome.PARTIAL  # some tasks answered, the others not begun
    return outcome


def next_step(check: CheckResult, checks: Sequence[CheckResult]) -> str:
    """What the person who handed in can do about ``check``, seen beside all ``checks``."""
    if check.manual and check.outcome is Outcome.NEEDS_HUMAN:
        return ""  # the message says it
    if not (check.hidden and check.outcome in _ABOUT_CASES):
        return NEXT_STEP.get(check.outcome, "")
    visible = check.grade_id.removesuffix("-hidden") + "-check"
    for other in checks:
        if other.grade_id == visible and other.outcome is not Outcome.PASSED:
            return f"Begin with {visible} above: it shows its numbers, and often the cause is one."
    return _HIDDEN_STEP


def to_json(result: SubmissionResult) -> dict[str, Any]:
    """Turn a result into what :mod:`json` can write."""
    return asdict(result)


def from_json(data: dict[str, Any]) -> SubmissionResult:
    """Read back what :func:`to_json` wrote."""
    known = {f.name for f in fields(SubmissionResult)}
    values = {name: value for name, value in data.items() if name in known}
    values["outcome"] = Outcome(values["outcome"])
    values["checks"] = tuple(
        CheckResult(**{**check, "outcome": Outcome(check["outcome"])}) for check in data["checks"]
    )
    values["cells"] = tuple(
        CellRecord(**{**cell, "outputs": tuple(cell["outputs"])}) for cell in data["cells"]
    )
    values["notes"] = tuple(data["notes"])
    return SubmissionResult(**values)
