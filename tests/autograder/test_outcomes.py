"""The words for how tests ended, and what a student is told to do next."""

import pytest

from autograder.outcomes import NEXT_STEP, CheckResult, Outcome, SubmissionResult, next_step

PASSED, FAILED, PARTIAL = Outcome.PASSED, Outcome.FAILED, Outcome.PARTIAL
WAITING = CheckResult("why", Outcome.NEEDS_HUMAN, 0, 4, "A person marks this answer.", manual=True)


def check(grade_id, outcome, points=0.0):
    return CheckResult(grade_id, outcome, points, 2, hidden=grade_id.endswith("-hidden"))


@pytest.mark.parametrize(
    ("outcomes", "together"),
    [
        ([PASSED, PASSED], PASSED),
        ([PASSED, FAILED], FAILED),
        ([FAILED, Outcome.ERROR], Outcome.ERROR),
        ([PASSED, Outcome.UNCHANGED], PARTIAL),
        ([Outcome.UNCHANGED, Outcome.UNCHANGED], Outcome.UNCHANGED),
        ([PASSED, Outcome.NEEDS_HUMAN], Outcome.NEEDS_HUMAN),
    ],
)
def test_an_answer_that_waits_for_a_person_does_not_hide_how_the_tests_ended(outcomes, together):
    checks = [check(f"t{i}", o, 2.0 * (o is PASSED)) for i, o in enumerate(outcomes)]
    result = SubmissionResult("ada", "a", "a", Outcome.NEEDS_HUMAN, (*checks, WAITING))
    assert result.tested is together
    assert result.needs_person
    assert (result.max_tested, result.max_score) == (4, 8)


@pytest.mark.parametrize("outcome", [Outcome.BAD_FILE, Outcome.ENGINE_FAULT])
def test_what_could_not_be_run_is_called_by_its_reason(outcome):
    result = SubmissionResult("ada", "a", "a", outcome, (check("t", outcome), WAITING))
    assert result.tested is outcome


@pytest.mark.parametrize("outcome", [FAILED, PARTIAL, Outcome.ERROR])
def test_a_hidden_test_is_never_said_to_be_repeatable_as_it_is(outcome):
    hidden = check("pool-hidden", outcome)
    alone = next_step(hidden, [check("pool-check", PASSED), hidden])
    assert "shows neither its arrays nor the right result" in alone
    assert alone == next_step(hidden, [hidden])
    beside = next_step(hidden, [check("pool-check", FAILED), hidden])
    assert beside.startswith("Begin with pool-check above")


def test_every_other_loss_of_points_has_its_own_next_step():
    for outcome in set(Outcome) - {PASSED}:
        assert next_step(check("pool-check", outcome), []) == NEXT_STEP[outcome]
    hidden = check("pool-hidden", Outcome.TIMEOUT)
    assert next_step(hidden, [check("pool-check", FAILED)]) == NEXT_STEP[Outcome.TIMEOUT]
    assert next_step(WAITING, []) == ""
