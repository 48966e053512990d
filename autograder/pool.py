"""Grade many submissions on any executor, with the journal in between.

Only so many are in flight that memory stays bounded. A timeout or lack of memory is not believed
until the submission has been run a second time with nothing else beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass

from autograder import journal as journals
from autograder.grade import Job, execute
from autograder.journal import Journal, key_of
from autograder.outcomes import Outcome, SubmissionResult

Report = Callable[[str, str], None]  # what happens, to whom


@dataclass(frozen=True)
class Done:
    """One submission that is ready to be recorded, or was recorded before."""

    key: str
    result: SubmissionResult
    news: bool  # False: the gradebook has it already


def grade_all(
    jobs: Iterable[Job],
    executor: Executor,
    journal: Journal,
    *,
    width: int,
    report: Report = lambda event, student: None,
    run: Callable[[Job], SubmissionResult] = execute,
) -> Iterator[Done]:
    """Yield every submission once, as it gets ready; the caller records it."""
    flying: dict[Future[SubmissionResult], tuple[str, Job]] = {}
    again: list[tuple[str, Job]] = []
    for job in jobs:
        key = key_of(job)
        state = journal.queue(key, job.student, job.template.assignment)
        if state in (journals.EXECUTED, journals.RECORDED):
            result = journal.result(key)
            if result is not None:
                report("known", job.student)
                yield Done(key, result, news=state == journals.EXECUTED)
                continue
        while len(flying) >= 2 * width:
            yield from _land(flying, again, journal, report)
        journal.start(key)
        report("started", job.student)
        flying[executor.submit(run, job)] = (key, job)
    while flying:
        yield from _land(flying, again, journal, report)
    for key, job in again:
        report("confirming", job.student)
        result = _outcome_of(executor.submit(run, job), job)
        if result.outcome is not Outcome.ENGINE_FAULT:
            journal.finish(key, result)
        report("finished", job.student)
        yield Done(key, result, news=True)


def _land(
    flying: dict[Future[SubmissionResult], tuple[str, Job]],
    again: list[tuple[str, Job]],
    journal: Journal,
    report: Report,
) -> Iterator[Done]:
    done, _ = wait(flying, return_when=FIRST_COMPLETED)
    for future in done:
        key, job = flying.pop(future)
        result = _outcome_of(future, job)
        if result.to_confirm or result.outcome is Outcome.ENGINE_FAULT:
            again.append((key, job))
            continue
        journal.finish(key, result)
        report("finished", job.student)
        yield Done(key, result, news=True)


def _outcome_of(future: Future[SubmissionResult], job: Job) -> SubmissionResult:
    """A worker that fell over is our fault, and never a mark."""
    from autograder import verdict

    try:
        return future.result()
    except Exception as error:
        return verdict.fault(job.student, job.template, f"{type(error).__name__}: {error}")
