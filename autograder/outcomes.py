"""The words for what can happen to a submission, and the results that carry them.

Everything here is plain data that survives JSON: results wait in the journal between the moment a
submission has been executed and the moment its marks are in the gradebook.
"""

from __future__ import annotations

import enum
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
    Outcome.PARTIAL: "Some cases pass; the message or the check below names those that do not.",
    Outcome.FAILED: "Read the message, repeat the case in your notebook, and compare.",
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
    def needs_person(self) -> bool:
        """Whether somebody has to look before the marks can go out."""
        attention = {Outcome.NEEDS_HUMAN, Outcome.BAD_FILE, Outcome.ENGINE_FAULT}
        return self.outcome in attention or any(c.outcome in attention for c in self.checks)

    @property
    def to_confirm(self) -> bool:
        """Whether a check hit a limit, so that the run has to be repeated alone."""
        return any(check.outcome in TO_CONFIRM for check in self.checks)


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
