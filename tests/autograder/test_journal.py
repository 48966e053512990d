"""Killed at any moment and started again: every submission is recorded exactly once."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import pool, verdict
from autograder.grade import Job
from autograder.journal import Journal, key_of
from autograder.outcomes import CheckResult, Outcome, SubmissionResult, from_json, to_json
from autograder.rebuild import Template
from tests.autograder import course


def result_of(job: Job, outcome: Outcome = Outcome.PASSED) -> SubmissionResult:
    check = CheckResult("add-check", outcome, 2.0 if outcome is Outcome.PASSED else 0.0, 2.0, "m")
    return verdict.summary(job.student, job.template, (check,), (), notes=(), seed=0, sandbox="")


@pytest.fixture
def journal(tmp_path: Path):
    made = Journal(tmp_path / "journal.db")
    yield made
    made.close()


@pytest.fixture
def jobs(template: Template) -> list[Job]:
    return [Job(f"student{n}", template, f"file {n}".encode()) for n in range(6)]


def grade(jobs, journal, run, width=2):
    with ThreadPoolExecutor(width) as executor:
        return list(pool.grade_all(jobs, executor, journal, width=width, run=run))


def test_a_result_survives_being_written_down(jobs):
    result = result_of(jobs[0], Outcome.TIMEOUT)
    assert from_json(to_json(result)) == result


def test_the_key_changes_with_everything_that_can_change_a_mark(jobs, template):
    job = jobs[0]
    others = [
        replace(job, data=b"other"),
        replace(job, student="else"),
        replace(job, seed=1),
        replace(job, limits=replace(job.limits, memory_mib=1)),
        replace(job, template=replace(template, digest="changed")),
    ]
    assert len({key_of(job), *map(key_of, others)}) == 6
    assert key_of(job) == key_of(replace(job))


@pytest.mark.parametrize("killed_in", ["queued", "running", "executed", "recorded"])
def test_only_what_was_unfinished_is_done_again(killed_in, jobs, journal):
    """The journal as a kill leaves it in each of its states, for the third of six submissions."""
    for job in jobs[:2]:
        journal.queue(key_of(job), job.student, course.ASSIGNMENT)
        journal.finish(key_of(job), result_of(job))
        journal.recorded(key_of(job), job.student, course.ASSIGNMENT)
    third = key_of(jobs[2])
    journal.queue(third, jobs[2].student, course.ASSIGNMENT)
    if killed_in != "queued":
        journal.start(third)
    if killed_in in ("executed", "recorded"):
        journal.finish(third, result_of(jobs[2]))
    if killed_in == "recorded":
        journal.recorded(third, jobs[2].student, course.ASSIGNMENT)
    ran: list[str] = []

    def run(job: Job) -> SubmissionResult:
        ran.append(job.student)
        return result_of(job)

    done = grade(jobs, journal, run)
    again = 3 if killed_in in ("executed", "recorded") else 2
    assert sorted(ran) == [job.student for job in jobs[again:]]
    assert sorted(d.result.student for d in done) == [job.student for job in jobs]
    news = {d.result.student for d in done if d.news}
    assert news == {job.student for job in jobs[3 if killed_in == "recorded" else 2 :]}


def test_a_timeout_counts_only_after_a_second_run_alone(jobs, journal):
    seen: list[str] = []

    def run(job: Job) -> SubmissionResult:
        seen.append(job.student)
        slow = job.student == "student3" and seen.count(job.student) == 1
        return result_of(job, Outcome.TIMEOUT if slow else Outcome.PASSED)

    done = {d.result.student: d.result for d in grade(jobs, journal, run)}
    assert seen.count("student3") == 2
    assert seen[-1] == "student3"
    assert done["student3"].score == 2.0


def test_a_fault_of_the_engine_is_tried_again_and_never_becomes_a_mark(jobs, journal):
    def run(job: Job) -> SubmissionResult:
        if job.student == "student1":
            raise OSError("no space left on device")
        return result_of(job)

    done = {d.key: d.result for d in grade(jobs, journal, run)}
    fault = done[key_of(jobs[1])]
    assert fault.outcome is Outcome.ENGINE_FAULT
    assert "no space left" in fault.notes[0]
    assert journal.state(key_of(jobs[1])) == "running"  # so that the next run tries it again


def test_a_new_submission_takes_the_place_of_the_old_one(jobs, journal):
    old, new = jobs[0], replace(jobs[0], data=b"second try")
    for job in (old, new):
        journal.queue(key_of(job), job.student, course.ASSIGNMENT)
        journal.finish(key_of(job), result_of(job))
        journal.recorded(key_of(job), job.student, course.ASSIGNMENT)
    assert [r.student for r in journal.results(course.ASSIGNMENT)] == ["student0"]
    assert journal.state(key_of(old)) == "executed"


def test_no_more_are_in_flight_than_memory_allows(template, journal):
    jobs = (Job(f"s{n}", template, str(n).encode()) for n in range(100))
    taken: list[int] = []
    finished: list[int] = []

    def counted():
        for number, job in enumerate(jobs):
            taken.append(number)
            assert len(taken) - len(finished) <= 2 * 3 + 1
            yield job

    with ThreadPoolExecutor(3) as executor:
        for done in pool.grade_all(counted(), executor, journal, width=3, run=result_of):
            finished.append(1)
            assert done.news
    assert len(finished) == 100


def start(root: Path) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-m", "autograder", "grade", course.ASSIGNMENT]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        line,
        cwd=root,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )


def states(root: Path) -> list[str]:
    path = root / "class" / "journal.db"
    if not path.exists():
        return []
    with sqlite3.connect(path, timeout=5) as db:
        try:
            return [row[0] for row in db.execute("SELECT state FROM work")]
        except sqlite3.OperationalError:
            return []


def marks(root: Path) -> list[tuple]:
    with sqlite3.connect(root / "class" / "gradebook.db") as db:
        return sorted(
            db.execute(
                "SELECT s.student_id, c.name, g.auto_score, g.needs_manual_grade FROM grade g "
                "JOIN submitted_notebook n ON g.notebook_id = n.id "
                "JOIN submitted_assignment s ON n.assignment_id = s.id "
                "JOIN base_cell c ON g.cell_id = c.id"
            )
        )


@pytest.mark.sandbox
@pytest.mark.slow
def test_a_class_graded_with_kill_9_in_between_gets_the_marks_of_an_undisturbed_run(tmp_path, warm):
    import nbformat

    roots = [tmp_path / "undisturbed", tmp_path / "killed"]
    for root in roots:
        course.write_source(root)
        for n in range(8):
            answers = {"add": "def add(a, b):\n    return 0"} if n % 2 else {}
            path = root / "class" / "submitted" / f"s{n}" / course.ASSIGNMENT / "tiny.ipynb"
            path.parent.mkdir(parents=True)
            nbformat.write(course.submission(answers), path)
    assert start(roots[0]).wait(120) == 1
    for wanted in (1, 3, 5):
        process = start(roots[1])
        until = time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            if states(roots[1]).count("recorded") >= wanted:
                break
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert start(roots[1]).wait(120) == 1
    assert states(roots[1]) == ["recorded"] * 8
    assert marks(roots[1]) == marks(roots[0])
