"""One run of ``autograder grade``: from the folder of submissions to marks and pages."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder import collect, export, feedback, pool, rebuild, sandbox, verdict
from autograder.grade import Job
from autograder.journal import RECORDED, Journal, key_of
from autograder.limits import Limits
from autograder.notebooks import BadFile
from autograder.outcomes import Outcome, SubmissionResult
from autograder.record import Recorder, RecordError, write_atomically


class Problem(Exception):  # noqa: N818 -- shown as it is
    """The command cannot be carried out; the message says what to change."""


@dataclass(frozen=True)
class ClassFolder:
    """Where things are kept."""

    root: Path
    source: Path
    db: str | None = None

    @property
    def url(self) -> str:
        """The gradebook."""
        return self.db or f"sqlite:///{(self.root / 'gradebook.db').resolve()}"

    def template(self, assignment: str) -> tuple[rebuild.Template, Path]:
        """The instructor's notebook of an assignment."""
        folder = self.source / assignment
        found = sorted(folder.glob("*.ipynb"))
        if not found:
            known = (
                ", ".join(sorted(p.parent.name for p in self.source.glob("*/*.ipynb"))) or "none"
            )
            raise Problem(
                f"there is no notebook in {folder}. Assignments in {self.source}: {known}"
            )
        if len(found) > 1:
            raise Problem(f"{folder} has {len(found)} notebooks; an assignment has one")
        try:
            return rebuild.read_source(found[0]), found[0]
        except rebuild.SourceError as error:
            raise Problem(str(error)) from error


@dataclass
class Summary:
    """What a run has done."""

    results: list[SubmissionResult] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to look."""
        return bool(self.problems) or any(result.needs_person for result in self.results)

    def table(self) -> str:
        """One line per submission, sorted: the tests and their points, and what a person marks."""
        head = ("submission", "tests", "pass", "points", "of", "written", "needs a person")
        lines = [head]
        for result in sorted(self.results, key=lambda r: r.student):
            passing = sum(check.outcome is Outcome.PASSED for check in result.judged)
            lines.append(
                (
                    result.student,
                    result.tested.value,
                    f"{passing}/{len(result.judged)}",
                    f"{result.score:g}",
                    f"{result.max_tested:g}",
                    _written(result),
                    "yes" if result.needs_person else "",
                )
            )
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        rows = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            for line in lines
        ]
        return "\n".join(
            [*(row.rstrip() for row in rows), *(f"! {problem}" for problem in self.problems)]
        )


def _written(result: SubmissionResult) -> str:
    """What there is of answers in words: points that wait for a person, and those left empty."""
    written = [check for check in result.checks if check.manual]
    waiting = sum(c.max_points for c in written if c.outcome is Outcome.NEEDS_HUMAN)
    blank = (Outcome.UNCHANGED, Outcome.MISSING_ANSWER)
    empty = sum(c.max_points for c in written if c.outcome in blank)
    parts = [f"{waiting:g} to mark"] * bool(waiting) + [f"{empty:g} empty"] * bool(empty)
    return ", ".join(parts)


def grade_assignment(
    place: ClassFolder,
    assignment: str,
    submissions: Path,
    *,
    jobs: int = 2,
    only: frozenset[str] = frozenset(),
    seed: int = 0,
    limits: Limits | None = None,
    protected: bool = True,
    scheduler: str | None = None,
    approve: Callable[[list[str]], bool] | None = None,
) -> Summary:
    """Grade every submission of one assignment, and record and publish what comes out.

    With ``approve``, everything is graded again, and nothing is written before it has been shown
    each mark that changes, old and new, and has said yes.
    """
    template, source = place.template(assignment)
    try:
        limits = (limits or Limits()).with_changes(template.course.get("limits", {}))
        if protected:
            sandbox.find_bubblewrap()
    except (ValueError, sandbox.SandboxError) as error:
        raise Problem(str(error)) from error
    found, problems = collect.from_folder(submissions, template, only)
    if not found and problems:
        raise Problem("; ".join(problems))
    if not found:
        raise Problem(f"nobody has handed in {assignment} in {submissions}/STUDENT/{assignment}/")
    summary = Summary(problems=problems)
    journal = Journal(place.root / "journal.db")
    times = {submission.student: submission.submitted for submission in found}
    try:
        recorder = Recorder(place.url, template, source, place.root / "autograded")
    except RecordError as error:
        raise Problem(str(error)) from error
    settings = _Settings(template, limits, seed, jobs, protected)
    try:
        with workers(scheduler, jobs) as executor:
            if approve is not None:
                _forget(found, settings, journal)
            stream: Iterable[pool.Done] = _graded(found, settings, executor, journal)
            if approve is not None:
                stream = list(stream)
                if not approve(changes(stream, recorder)):
                    raise Problem("nothing was written; the marks are as they were")
            for done in stream:
                _publish(done, place, recorder, journal, times.get(done.result.student))
                summary.results.append(done.result)
    except RecordError as error:
        raise Problem(str(error)) from error
    finally:
        recorder.close()
        journal.close()
        sandbox.close_all()
    summary.written = _write_tables(place, assignment, summary)
    return summary


@contextlib.contextmanager
def workers(scheduler: str | None, jobs: int) -> Iterator[Executor]:
    """Threads of this process, which suffice: the work is done in the sandboxes; or a Dask cluster.

    On a cluster every worker has warm parents of its own; submissions and results travel as plain
    data between machines that trust each other, and the gradebook stays here.
    """
    if scheduler is None:
        threads = ThreadPoolExecutor(jobs, thread_name_prefix="grade")
        try:
            yield threads
        finally:
            threads.shutdown(cancel_futures=True)
        return
    import distributed

    client: Any = distributed.Client  # Dask has no types
    try:
        connection = client(scheduler, timeout="20s")
    except OSError as error:
        raise Problem(f"no Dask scheduler answers at {scheduler} ({error})") from error
    with connection:
        executor = connection.get_executor(pure=False)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False)  # what has not begun is cancelled


@dataclass(frozen=True)
class _Settings:
    """What is the same for every submission of a run."""

    template: rebuild.Template
    limits: Limits
    seed: int
    jobs: int
    protected: bool

    def job(self, submission: collect.Submission) -> Job:
        """The work that a submission is."""
        data = submission.data
        notes = (*submission.notes, *filter(None, [submission.problem]))
        return Job(
            submission.student, self.template, data, self.limits, self.seed, notes, self.protected
        )


def _forget(found: list[collect.Submission], settings: _Settings, journal: Journal) -> None:
    for submission in found:
        journal.forget(key_of(settings.job(submission)))


def changes(stream: Iterable[pool.Done], recorder: Recorder) -> list[str]:
    """Every mark that would change, old and new."""
    lines = []
    for done in sorted(stream, key=lambda d: d.result.student):
        old = recorder.scores(done.result.student)
        for check in done.result.checks:
            before = old.get(check.grade_id)
            if before is not None and not check.manual and before != check.points:
                lines.append(
                    f"{done.result.student}  {check.grade_id}  {before:g} → {check.points:g}"
                )
    return lines


def _graded(
    found: list[collect.Submission],
    settings: _Settings,
    executor: Executor,
    journal: Journal,
) -> Iterator[pool.Done]:
    """Results as they come, with a progress bar on stderr."""
    from tqdm import tqdm

    template = settings.template

    for submission in found:
        if submission.problem:
            yield _refused(submission, settings, journal)
    work = [settings.job(s) for s in found if not s.problem]
    running: list[str] = []
    with tqdm(
        total=len(work), unit="submission", desc=template.assignment, dynamic_ncols=True
    ) as bar:

        def report(event: str, student: str) -> None:
            if event in ("started", "confirming"):
                running.append(student)
            elif student in running:
                running.remove(student)
            bar.set_postfix_str(f"{event} {student}"[:40], refresh=False)

        for done in pool.grade_all(work, executor, journal, width=settings.jobs, report=report):
            yield done
            bar.update()


def _refused(submission: collect.Submission, settings: _Settings, journal: Journal) -> pool.Done:
    """A file that nobody opened is a result too: it stands in the journal like every other."""
    job = settings.job(submission)
    key = key_of(job)
    problem = BadFile("collect", submission.problem)
    result = verdict.unreadable(job.student, job.template, problem)
    news = journal.queue(key, job.student, job.template.assignment) != RECORDED
    if news:
        journal.finish(key, result)
    return pool.Done(key, result, news=news)


def _publish(
    done: pool.Done,
    place: ClassFolder,
    recorder: Recorder,
    journal: Journal,
    submitted: datetime | None,
) -> None:
    """Marks, then the page, then the journal: a kill in between repeats both."""
    result = done.result
    if not done.news or result.outcome is Outcome.ENGINE_FAULT:
        return
    started = time.perf_counter()
    recorder.write(result, submitted)
    recorded = time.perf_counter()
    feedback.write(place.root / "feedback", result)
    result.seconds.update(record=recorded - started, feedback=time.perf_counter() - recorded)
    journal.recorded(done.key, result.student, result.assignment)


def _write_tables(place: ClassFolder, assignment: str, summary: Summary) -> list[str]:
    path = place.root / "exports" / f"{assignment}-checks.csv"
    write_atomically(path, export.as_long(sorted(summary.results, key=lambda r: r.student)))
    return [
        f"marks      {place.url}",
        f"feedback   {place.root / 'feedback'}/STUDENT/{assignment}.html",
        f"checks     {path}",
    ]
