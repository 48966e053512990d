"""From what happened to what it is worth: replies become outcomes, points and sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autograder.notebooks import BadFile
from autograder.outcomes import CellRecord, CheckResult, Outcome, SubmissionResult, of_tests
from autograder.outputs import plain
from autograder.rebuild import Plan, Step, Template, names_defined


def of_test(
    step: Step, reply: dict[str, Any], plan: Plan, errors: dict[str, dict[str, Any]]
) -> CheckResult:
    """What a test cell's run in process B is worth."""
    error = reply.get("error")
    if error is None:
        return _points(step, reply.get("value"))
    kind = error.get("kind")
    text = plain(error.get("text"), 4000)
    where = "".join(
        f"\n  in your {plain(place, 300)}" for place in (error.get("places") or [])[-2:]
    )
    if kind == "failed":
        return _check(step, Outcome.FAILED, text or "the check failed without a message")
    if kind == "died":
        return _check(step, Outcome(error["outcome"]), text)
    if kind == "timeout":
        return _check(step, Outcome.TIMEOUT, text)
    if kind == "not-plain":
        return _check(step, Outcome.NOT_PLAIN_DATA, text)
    if kind == "wire":
        message = f"your notebook answered with something that is not plain data ({text})"
        return _check(step, Outcome.NOT_PLAIN_DATA, message)
    if kind == "missing":
        return _undefined(step, str(error.get("name")), text, plan, errors)
    if kind == "student":
        name = plain(error.get("type"), 100)
        if name == "MemoryError":
            return _check(step, Outcome.OUT_OF_MEMORY, f"MemoryError: {text}{where}")
        if name == "NotPlainData":
            return _check(step, Outcome.NOT_PLAIN_DATA, text)
        if name == "NotImplementedError" and _is_unchanged(plan, str(error.get("cell"))):
            return _check(step, Outcome.UNCHANGED, _exception(name, text))
        return _check(step, Outcome.ERROR, _exception(name, text) + where)
    return _check(step, Outcome.ERROR, _exception(plain(error.get("type"), 100), text))


def _exception(name: str, text: str) -> str:
    """As Python prints it."""
    return f"{name}: {text}" if text else name


def _check(step: Step, outcome: Outcome, message: str, points: float = 0.0) -> CheckResult:
    return CheckResult(step.cell_id, outcome, points, step.points, message, hidden=step.hidden)


def _points(step: Step, value: object) -> CheckResult:
    """Full points, or those that the last expression says."""
    if not isinstance(value, dict):
        return _check(step, Outcome.PASSED, "", step.points)
    if "truth" in value:
        message = (
            f"The test cell ends with {value['truth']}, which is neither a failure nor a "
            f"number of points. "
            "The author of the test should end it with assert, or with points."
        )
        return _check(step, Outcome.NEEDS_HUMAN, message)
    number = value.get("number")
    if number is None:
        return _check(
            step, Outcome.FAILED, "the points came out as not a number, so none are given"
        )
    points = min(max(float(number), 0.0), step.points)
    if points >= step.points:
        return _check(step, Outcome.PASSED, "", step.points)
    outcome = Outcome.PARTIAL if points > 0 else Outcome.FAILED
    report = plain(value.get("report"), 4000)
    return _check(step, outcome, report or f"{points:g} of {step.points:g} points", points)


def _is_unchanged(plan: Plan, cell: str) -> bool:
    return any(step.unchanged for step in plan.steps if step.cell_id == cell)


def _undefined(
    step: Step, name: str, text: str, plan: Plan, errors: dict[str, dict[str, Any]]
) -> CheckResult:
    """A name that the test needs is not there: which cell should define it, and why it did not."""
    answers = [a for a in plan.steps if a.kind == "answer"]
    before = plan.steps[: plan.steps.index(step)]
    nearest = [a for a in answers if a in before][-1:]
    for answer in [a for a in answers if name in names_defined(a.source)] + nearest:
        error = errors.get(answer.cell_id)
        if answer.missing:
            return _check(
                step, Outcome.MISSING_ANSWER, f"the answer cell {answer.cell_id!r} is missing"
            )
        if error is not None:
            return _after_error(step, name, answer, error)
    return _check(
        step, Outcome.ERROR, f"NameError: {text}. Is it spelled like that in your answer?"
    )


def _after_error(step: Step, name: str, answer: Step, error: dict[str, Any]) -> CheckResult:
    """The answer's cell has stopped before it could define what the test needs."""
    kind = plain(error.get("type"), 100)
    places = "".join(f"\n  in your {plain(p, 300)}" for p in (error.get("places") or [])[-1:])
    message = (
        f"{name} is not defined, because its cell {answer.cell_id!r} stopped: "
        f"{kind}: {plain(error.get('text'), 1000)}{places}"
    )
    outcome = error.get("outcome")
    if not isinstance(outcome, Outcome):
        outcome = {"TimeLimit": Outcome.TIMEOUT, "MemoryError": Outcome.OUT_OF_MEMORY}.get(
            kind, Outcome.ERROR
        )
        if kind == "NotImplementedError" and answer.unchanged:
            outcome = Outcome.UNCHANGED
    return _check(step, outcome, message)


def for_a_person(step: Step) -> CheckResult:
    """An answer that a person marks; the handed-out text is worth nothing without one."""
    if step.unchanged:
        outcome = Outcome.MISSING_ANSWER if step.missing else Outcome.UNCHANGED
        return CheckResult(step.cell_id, outcome, 0.0, step.points, "No response.", manual=True)
    message = "A person marks this answer."
    return CheckResult(step.cell_id, Outcome.NEEDS_HUMAN, 0.0, step.points, message, manual=True)


def timed(check: CheckResult, seconds: float) -> CheckResult:
    """The check with the seconds that it took."""
    return replace(check, seconds=round(seconds, 4))


def summary(
    student: str,
    template: Template,
    checks: tuple[CheckResult, ...],
    cells: tuple[CellRecord, ...],
    *,
    notes: tuple[str, ...],
    seed: int,
    sandbox: str,
) -> SubmissionResult:
    """The result of a submission that could be run."""
    judged = [check for check in checks if not check.manual]
    nothing = (Outcome.UNCHANGED, Outcome.MISSING_ANSWER)
    if any(check.outcome is Outcome.NEEDS_HUMAN for check in checks):
        outcome = Outcome.NEEDS_HUMAN
    elif checks and all(check.outcome in nothing for check in checks):
        outcome = Outcome.UNCHANGED
    else:
        outcome = of_tests(judged)
    return SubmissionResult(
        student,
        template.assignment,
        template.notebook,
        outcome,
        checks,
        cells,
        notes,
        sandbox,
        seed,
    )


def unreadable(student: str, template: Template, problem: BadFile) -> SubmissionResult:
    """The result of a file that is not a notebook."""
    message = f"{problem} [{problem.kind}]"
    return _without_run(student, template, Outcome.BAD_FILE, message)


def fault(student: str, template: Template, message: str) -> SubmissionResult:
    """The result when the engine itself has failed: no mark."""
    return _without_run(student, template, Outcome.ENGINE_FAULT, message)


def _without_run(
    student: str, template: Template, outcome: Outcome, message: str
) -> SubmissionResult:
    checks = tuple(
        CheckResult(s.cell_id, outcome, 0.0, s.points, message, s.hidden, s.kind == "manual")
        for s in template.steps
        if s.is_check or s.kind == "manual"
    )
    return SubmissionResult(
        student, template.assignment, template.notebook, outcome, checks, notes=(message,)
    )
