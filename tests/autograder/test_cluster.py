"""A class on a Dask cluster: the marks are the same, also when a worker is killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder import pool
from autograder.grade import Job
from autograder.journal import Journal
from autograder.session import workers
from tests.autograder import course

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.slow,
    # Closing a cluster leaves sockets to the garbage collector; that is Dask's own affair.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_two_workers_one_of_them_killed_give_every_submission_its_marks(
    template, limits, tmp_path, warm
):
    distributed = pytest.importorskip("distributed")
    wrong = {"add": "def add(a, b):\n    return 0"}
    jobs = [
        Job(
            f"s{n}",
            template,
            nbformat.writes(course.submission(wrong if n % 3 == 0 else {})).encode(),
            limits,
        )
        for n in range(12)
    ]
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        journal = Journal(tmp_path / "journal.db")
        done = []
        with workers(cluster.scheduler_address, 2) as executor:
            for item in pool.grade_all(jobs, executor, journal, width=2):
                done.append(item.result)
                if len(done) == 3:
                    os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        journal.close()
    assert sorted(r.student for r in done) == sorted(job.student for job in jobs)
    for result in done:
        lost = 5 if int(result.student[1:]) % 3 == 0 else 0
        assert result.score == course.MAX_TESTED - lost, result


def test_the_command_grades_on_a_cluster_and_names_one_that_does_not_answer(tmp_path, warm):
    distributed = pytest.importorskip("distributed")
    course.write_source(tmp_path)
    for student in ("ada", "bob", "cy"):
        place = tmp_path / "class" / "submitted" / student / course.ASSIGNMENT / "tiny.ipynb"
        place.parent.mkdir(parents=True)
        nbformat.write(course.submission(), place)
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    line = [sys.executable, "-m", "autograder", "grade", course.ASSIGNMENT, "--scheduler"]
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        done = subprocess.run(
            [*line, cluster.scheduler_address],
            cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    assert done.returncode == 1, done.stderr  # the answers in words wait for a person
    assert [row.split()[2] for row in done.stdout.splitlines()[1:4]] == ["13", "13", "13"]
    assert "Traceback" not in done.stderr
    gone = subprocess.run(
        [*line, "tcp://127.0.0.1:9"],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert gone.returncode == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in gone.stderr
