"""The gradebook on PostgreSQL: a real server, started for the test and ended after it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from autograder import marks
from autograder.grade import Job, execute
from autograder.record import Recorder
from tests.autograder import course

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

NOBODY = 65_534  # PostgreSQL refuses to run as root


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    pytest.importorskip("psycopg")
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin")), Path("/usr/local/bin")]
    found = [folder for folder in folders if (folder / "initdb").exists()]
    programs = found[0] if found else None
    if programs is None and (path := shutil.which("initdb")):
        programs = Path(path).parent
    if programs is None:
        pytest.skip("no PostgreSQL server is installed")
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as folder:
        root = Path(folder)
        if user:
            os.chown(root, NOBODY, NOBODY)
        run = {
            "check": True,
            "capture_output": True,
            "cwd": folder,
            "env": {"PATH": "/usr/bin:/bin"},
        }
        data = root / "data"
        line = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "teacher",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        subprocess.run(line, **run, **user)
        options = f"-k {folder} -h '' -F"
        control = [programs / "pg_ctl", "-D", data, "-w"]
        log = root / "log"
        subprocess.run([*control, "-l", log, "-o", options, "start"], **run, **user)
        try:
            yield f"postgresql+psycopg://teacher@/postgres?host={folder}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **run, **user)


def test_marks_are_written_to_postgresql_and_read_back(server, template, source, tmp_path, warm):
    result = execute(Job("ada", template, nbformat.writes(course.submission()).encode()))
    recorder = Recorder(server, template, source, tmp_path / "autograded")
    try:
        recorder.write(result, None)
        recorder.write(result, None)
        assert recorder.scores("ada")["add-hidden"] == 3.0
    finally:
        recorder.close()
    (row,) = marks.rows(server, course.ASSIGNMENT, [result])
    assert (row.student, row.score, row.waiting) == ("ada", course.MAX_TESTED, True)
