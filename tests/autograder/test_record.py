"""Marks in nbgrader's gradebook: all of them, once, and never over a person's own."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import nbformat
import pytest

from autograder import feedback, verdict
from autograder.grade import Job, execute
from autograder.notebooks import BadFile
from autograder.outcomes import Outcome, SubmissionResult
from autograder.rebuild import Template
from autograder.record import HIDDEN_SOURCE, Recorder
from tests.autograder import course

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def good(template: Template, warm: None) -> SubmissionResult:
    return execute(Job("ada", template, nbformat.writes(course.submission()).encode()))


@pytest.fixture
def recorder(tmp_path: Path, template: Template, source: Path, empty_book: Path):
    shutil.copy(empty_book, tmp_path / "gradebook.db")
    made = Recorder(f"sqlite:///{tmp_path}/gradebook.db", template, source, tmp_path / "autograded")
    yield made
    made.close()


def book_of(tmp_path: Path):
    from nbgrader.api import Gradebook

    return Gradebook(f"sqlite:///{tmp_path}/gradebook.db")


def wrong(result: SubmissionResult) -> SubmissionResult:
    checks = [
        replace(c, points=0.0, outcome=Outcome.FAILED, message="no") if not c.manual else c
        for c in result.checks
    ]
    return replace(result, checks=tuple(checks))


def test_every_mark_is_in_the_gradebook(recorder, good, tmp_path):
    recorder.write(good, datetime(2026, 3, 1, 12))
    with book_of(tmp_path) as book:
        submission = book.find_submission(course.ASSIGNMENT, "ada")
        assert submission.score == course.MAX_TESTED
        assert submission.max_score == course.MAX_TESTED + course.MANUAL_POINTS
        assert submission.timestamp == datetime(2026, 3, 1, 12)
        assert submission.needs_manual_grade
        waiting = [g.name for n in submission.notebooks for g in n.grades if g.needs_manual_grade]
        assert waiting == ["explain"]


def test_a_persons_marks_and_comments_are_never_overwritten(recorder, good, tmp_path):
    recorder.write(good, None)
    with book_of(tmp_path) as book:
        grade = book.find_grade("explain", "tiny", course.ASSIGNMENT, "ada")
        grade.manual_score, grade.extra_credit = 1.5, 0.5
        book.find_comment("explain", "tiny", course.ASSIGNMENT, "ada").manual_comment = "Well said."
        book.find_grade("add-check", "tiny", course.ASSIGNMENT, "ada").manual_score = 1.0
        book.db.commit()
    recorder.write(wrong(good), None)
    with book_of(tmp_path) as book:
        grade = book.find_grade("explain", "tiny", course.ASSIGNMENT, "ada")
        assert (grade.manual_score, grade.extra_credit) == (1.5, 0.5)
        comment = book.find_comment("explain", "tiny", course.ASSIGNMENT, "ada")
        assert comment.comment == "Well said."
        overruled = book.find_grade("add-check", "tiny", course.ASSIGNMENT, "ada")
        assert (overruled.auto_score, overruled.score) == (0.0, 1.0)
        assert overruled.needs_manual_grade


def test_nothing_of_an_earlier_submission_survives(recorder, good, template, tmp_path):
    recorder.write(good, None)
    broken = verdict.unreadable("ada", template, BadFile("truncated", "it ends in the middle"))
    recorder.write(broken, None)
    with book_of(tmp_path) as book:
        submission = book.find_submission(course.ASSIGNMENT, "ada")
        assert submission.score == 0
        assert all(g.needs_manual_grade for n in submission.notebooks for g in n.grades)
        comment = book.find_comment("add", "tiny", course.ASSIGNMENT, "ada")
        assert "ends in the middle" in comment.auto_comment


def test_recording_twice_changes_nothing(recorder, good, tmp_path):
    recorder.write(good, None)
    before = dump(tmp_path)
    recorder.write(good, None)
    assert dump(tmp_path) == before


def dump(tmp_path: Path) -> list[str]:
    with sqlite3.connect(tmp_path / "gradebook.db") as db:
        return list(db.iterdump())


def test_a_fault_of_the_engine_leaves_the_gradebook_alone(recorder, good, template, tmp_path):
    recorder.write(good, None)
    before = dump(tmp_path)
    recorder.write(verdict.fault("ada", template, "the disk is full"), None)
    assert dump(tmp_path) == before


def test_a_locked_gradebook_is_waited_for(recorder, good, tmp_path):
    """Another program holds the database for longer than SQLite waits by itself."""
    lock = sqlite3.connect(tmp_path / "gradebook.db", isolation_level=None, check_same_thread=False)
    lock.execute("BEGIN EXCLUSIVE")
    held = 7.0

    def release() -> None:
        time.sleep(held)
        lock.execute("COMMIT")
        lock.close()

    thread = threading.Thread(target=release)
    thread.start()
    started = time.monotonic()
    recorder.write(good, None)
    thread.join()
    assert time.monotonic() - started >= held - 0.5
    assert recorder.scores("ada")["add-check"] == 2.0


def test_the_graded_notebook_has_no_hidden_test_and_no_markup(good, template, recorder, tmp_path):
    answers = {"explain": "<img src=x onerror=alert(1)> [a](javascript:alert(2))"}
    notebook = course.submission(answers, {"add": "1"})
    notebook.cells.append(nbformat.v4.new_markdown_cell("<script>alert(3)</script>"))
    result = execute(Job("eve", template, nbformat.writes(notebook).encode()))
    recorder.write(result, None)
    path = tmp_path / "autograded" / "eve" / course.ASSIGNMENT / "tiny.ipynb"
    text = path.read_text()
    nbformat.validate(nbformat.read(path, as_version=4))
    assert "secret_marker" not in text
    assert HIDDEN_SOURCE in text
    assert "<img" not in text
    assert "<script" not in text
    assert "](javascript:" not in text, "the word may stay, the link may not"
    page = feedback.render(result)
    assert "secret_marker" not in page
    assert "<script" not in page
    assert "<img" not in page


def test_the_late_policy_of_the_course_is_asked(recorder, good, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = "c = get_config()\nc.LateSubmissionPlugin.penalty_method = 'zero'\n"
    (tmp_path / "nbgrader_config.py").write_text(config)
    with book_of(tmp_path) as book:
        book.update_or_create_assignment(course.ASSIGNMENT, duedate="2026-02-01 12:00:00 UTC")
    recorder.write(good, datetime(2026, 2, 1, 11, 59))
    assert penalty(tmp_path) is None
    recorder.write(good, datetime(2026, 2, 1, 12, 1))
    assert penalty(tmp_path) == course.MAX_TESTED
    recorder.write(good, datetime(2026, 2, 1, 11, 0))
    assert penalty(tmp_path) is None


def penalty(tmp_path: Path) -> float | None:
    with book_of(tmp_path) as book:
        submission = book.find_submission(course.ASSIGNMENT, "ada")
        return submission.notebooks[0].late_submission_penalty
