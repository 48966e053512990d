"""The commands as a person meets them: output, files, exit codes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from autograder.cli import main
from tests.autograder import course
from tests.autograder.corpus import all_cases
from tests.autograder.test_corpus import assert_as_required
from tests.autograder.test_journal import states

pytestmark = pytest.mark.sandbox

WRONG_ADD = {"add": "def add(a, b):\n    return a - b\n"}


def hand_in(root: Path, student: str, data: bytes) -> None:
    path = root / "class" / "submitted" / student / course.ASSIGNMENT / "tiny.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def as_bytes(notebook) -> bytes:
    return nbformat.writes(notebook).encode("utf-8", "surrogatepass")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_book: Path) -> Path:
    import shutil

    course.write_source(tmp_path)
    (tmp_path / "class").mkdir()
    shutil.copy(empty_book, tmp_path / "class" / "gradebook.db")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*line: str, **more):
    return CliRunner().invoke(main, list(line), catch_exceptions=False, **more)


def test_a_class_is_graded_and_the_exit_code_says_that_a_person_is_needed(root, warm):
    hand_in(root, "ada", as_bytes(course.submission()))
    hand_in(root, "bob", as_bytes(course.submission(WRONG_ADD)))
    hand_in(root, "cy", as_bytes(course.release_notebook()))
    hand_in(root, "dan", b'{"cells": [')
    done = call("grade", "tiny")
    assert done.exit_code == 1
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[1:5] == [
        ["ada", "passed", "5/5", "13", "13", "2", "to", "mark", "yes"],
        ["bob", "failed", "3/5", "8", "13", "2", "to", "mark", "yes"],
        ["cy", "unchanged", "0/5", "0", "13", "2", "empty"],
        ["dan", "bad-file", "0/5", "0", "13", "yes"],
    ]
    for student in ("ada", "bob", "cy", "dan"):
        assert (root / "class" / "feedback" / student / "tiny.html").exists()
        assert (root / "class" / "autograded" / student / "tiny" / "tiny.ipynb").exists()
    page = (root / "class" / "feedback" / "bob" / "tiny.html").read_text()
    assert "add(2, 3) gave -1, expected 5" in page
    assert "ends in the middle" in (root / "class" / "feedback" / "dan" / "tiny.html").read_text()


def test_a_class_that_needs_nobody_ends_with_0(root, warm):
    hand_in(root, "cy", as_bytes(course.release_notebook()))
    assert call("grade", "tiny").exit_code == 0


def test_regrading_lists_every_changed_mark_before_it_writes(root, warm):
    hand_in(root, "bob", as_bytes(course.submission(WRONG_ADD)))
    call("grade", "tiny")
    path = root / "solutions" / "tiny" / "tiny.ipynb"
    notebook = nbformat.read(path, as_version=4)
    course.cell_of(notebook, "add-check").source = "assert add(2, 3) == -1"
    nbformat.write(notebook, path)
    refused = call("grade", "tiny", "--regrade", input="n\n")
    assert "bob  add-check  0 → 2" in refused.stdout
    assert refused.exit_code == 2
    assert "bob,,,,8," in call("export", "tiny").stdout
    assert call("grade", "tiny", "--regrade", "--yes").exit_code == 1
    assert "bob,,,,10," in call("export", "tiny").stdout


def test_only_one_student_can_be_graded(root, warm):
    hand_in(root, "ada", as_bytes(course.submission()))
    hand_in(root, "bob", as_bytes(course.submission()))
    assert "bob" not in call("grade", "tiny", "--only", "ada").stdout


def test_files_that_were_refused_unopened_are_in_every_account(root, warm):
    hand_in(root, "ada", as_bytes(course.submission()))
    folder = root / "class" / "submitted"
    for student in ("eve", "fay"):
        (folder / student / "tiny").mkdir(parents=True)
    (folder / "eve" / "tiny" / "tiny.ipynb").symlink_to(folder / "ada" / "tiny" / "tiny.ipynb")
    (folder / "fay" / "tiny" / "essay.txt").write_text("my answers")
    for _ in range(2):  # the second time finds everything done
        table = call("grade", "tiny").stdout
        assert table.count("bad-file") == 2
        page = Path(call("report", "tiny").stdout.strip()).read_text()
        assert "3 submissions" in page
        assert '<th scope="row">bad-file</th><td>2</td>' in page
    long = call("export", "tiny", "--format", "long").stdout
    assert "tiny,eve,add-check,False,bad-file" in long
    assert "tiny,fay,add-check,False,bad-file" in long
    assert "is a link" in (root / "class" / "feedback" / "eve" / "tiny.html").read_text()
    assert states(root) == ["recorded"] * 3


def test_a_refused_file_gives_way_to_a_good_one_and_back(root, warm):
    path = root / "class" / "submitted" / "ada" / "tiny" / "tiny.ipynb"
    path.parent.mkdir(parents=True)
    for good in (False, True, False, True):
        path.unlink(missing_ok=True)
        if good:
            path.write_bytes(as_bytes(course.submission()))
        assert ("2 to mark" if good else "bad-file") in call("grade", "tiny").stdout
        assert f"ada,,,,{13 if good else 0}," in call("export", "tiny").stdout


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (["grade", "nothing"], "Assignments in solutions: tiny"),
        (["grade", "tiny"], "there is no folder"),
        (["grade", "tiny", "--jobs", "0"], "--jobs"),
        (["export", "tiny", "--format", "canvas"], "--template"),
        (["report", "tiny"], "nothing of tiny has been graded"),
        (["check", "missing.ipynb"], "does not exist"),
        (["dance"], "No such command"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_to_change(line, says, root):
    done = call(*line)
    assert done.exit_code == 2
    assert says in done.stderr


def test_a_course_limit_that_does_not_exist_is_named(root, warm):
    path = root / "solutions" / "tiny" / "tiny.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["course"]["limits"] = {"memory": 3}
    nbformat.write(notebook, path)
    hand_in(root, "ada", as_bytes(course.submission()))
    done = call("grade", "tiny")
    assert done.exit_code == 2
    assert "memory_mib" in done.stderr


@pytest.mark.parametrize("walls", [True, False])
def test_a_student_can_check_before_handing_in(walls, tmp_path, monkeypatch):
    if not walls:
        monkeypatch.setenv("PATH", str(tmp_path))
    good, bad = tmp_path / "good.ipynb", tmp_path / "bad.ipynb"
    nbformat.write(course.submission(), good)
    nbformat.write(course.submission({**WRONG_ADD, "relu": "import scipy"}), bad)
    done = call("check", str(good))
    assert done.exit_code == 0, done.output
    assert "4 of 4 checks pass" in done.stdout
    assert ("without a sandbox" in done.stderr) is not walls
    done = call("check", str(bad))
    assert done.exit_code == 1
    assert "✗ add-check: failed" in done.stdout
    assert "No module named 'scipy'" in done.stdout
    (tmp_path / "broken.ipynb").write_text("{")
    done = call("check", str(tmp_path / "broken.ipynb"))
    assert done.exit_code == 2
    assert "ends in the middle" in done.stderr


def test_the_doctor_tries_what_it_claims(warm):
    done = call("doctor")
    assert done.exit_code == 0, done.stdout
    for claim in (
        "no network",
        "processes is limited",
        "memory is limited",
        "disk space is limited",
    ):
        assert re.search(f"✓ .*{claim}", done.stdout), done.stdout


def test_the_doctor_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = call("doctor")
    assert done.exit_code == 1
    assert "apt install bubblewrap" in done.stdout


def test_without_bubblewrap_strangers_are_not_graded(root, monkeypatch, tmp_path):
    hand_in(root, "ada", as_bytes(course.submission()))
    monkeypatch.setattr("shutil.which", lambda name: None)
    done = call("grade", "tiny")
    assert done.exit_code == 2
    assert "strangers' code cannot be run safely" in done.stderr
    assert not (root / "class" / "journal.db").exists()


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_whole_corpus_in_one_run_gets_what_it_has_earned(jobs, root, warm):
    from autograder.journal import Journal

    path = root / "solutions" / "tiny" / "tiny.ipynb"
    notebook = nbformat.read(path, as_version=4)
    limits = {"cell_cpu_seconds": 2, "cell_wall_seconds": 6, "memory_mib": 600, "processes": 24}
    notebook.metadata["course"]["limits"] = {**limits, "disk_mib": 24, "file_mib": 16}
    nbformat.write(notebook, path)
    cases = {case.name: case for case in all_cases()}
    for name, case in cases.items():
        hand_in(root, name, case.data())
    assert call("grade", "tiny", "--jobs", jobs).exit_code == 1
    journal = Journal(root / "class" / "journal.db")
    results = {result.student: result for result in journal.results("tiny")}
    journal.close()
    assert results.keys() == cases.keys()
    for name, case in cases.items():
        assert_as_required(case, results[name])


@pytest.mark.slow
def test_plain_nbgrader_opens_what_was_graded(root, warm):
    hand_in(root, "ada", as_bytes(course.submission()))
    hand_in(root, "bob", as_bytes(course.submission(WRONG_ADD)))
    call("grade", "tiny")
    config = [
        "c = get_config()",
        "c.CourseDirectory.source_directory = 'solutions'",
        "c.CourseDirectory.autograded_directory = 'class/autograded'",
        "c.CourseDirectory.feedback_directory = 'class/feedback'",
        f"c.CourseDirectory.db_url = 'sqlite:///{root}/class/gradebook.db'",
    ]
    (root / "nbgrader_config.py").write_text("\n".join(config))
    bin_ = Path(sys.executable).parent
    env = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}"}
    for line in (["generate_feedback", "tiny"], ["export"]):
        subprocess.run([bin_ / "nbgrader", *line], check=True, capture_output=True, env=env)
    grades = (root / "grades.csv").read_text()
    assert "13.0" in grades
    assert "8.0" in grades
    page = (root / "class" / "feedback" / "bob" / "tiny" / "tiny.html").read_text()
    assert "gave -1, expected 5" in page
    assert "secret_marker" not in page
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{root}/class/gradebook.db") as book:
        found = {line["student"]: line for line in book.submission_dicts("tiny")}
    assert found["ada"]["score"] == 13.0
    assert found["ada"]["needs_manual_grade"]
