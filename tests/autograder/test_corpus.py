"""Every hostile or broken submission gets exactly the marks that it has earned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autograder.grade import Job, execute
from autograder.limits import Limits
from autograder.outcomes import SubmissionResult
from autograder.rebuild import Template
from tests.autograder import course
from tests.autograder.corpus import Case, all_cases

CASES = all_cases()


def assert_as_required(case: Case, result: SubmissionResult) -> None:
    got = {c.grade_id: str(c.outcome) for c in result.checks if not c.manual}
    wanted = {name: case.lost.get(name, "passed") for name in course.TESTS}
    messages = "\n".join(f"{c.grade_id}: {c.outcome}: {c.message}" for c in result.checks)
    assert got == wanted, f"{case.name}\n{messages}"
    assert result.score == pytest.approx(case.points()), messages
    for check in result.checks:
        if check.points < check.max_points:
            assert check.message, f"{check.grade_id} lost points without a reason"
    assert result.outcome == case.outcome, messages
    if case.note:
        assert any(case.note in note for note in result.notes), result.notes
    if case.says:
        assert any(case.says in c.message for c in result.checks), messages


def test_there_are_at_least_ninety_cases():
    assert len(CASES) >= 90


@pytest.mark.sandbox
@pytest.mark.parametrize(
    "case",
    [pytest.param(c, id=c.name, marks=[pytest.mark.slow] if c.slow else []) for c in CASES],
)
def test_submission_gets_what_it_has_earned(
    case: Case, template: Template, limits: Limits, warm: None
):
    if case.slow:  # only these are to run out of time; the others may take it
        limits = replace(limits, cell_cpu_seconds=2, cell_wall_seconds=5)
    result = execute(Job("someone", template, case.data(), limits))
    assert_as_required(case, result)
