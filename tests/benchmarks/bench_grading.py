"""How long grading takes: this engine against stock nbgrader and otter-grader, on one class.

    python -m tests.benchmarks.bench_grading                            # 100 students
    python -m tests.benchmarks.bench_grading --others 10 --rounds 3     # a faster look
    python -m tests.benchmarks.bench_grading --otter ~/env/bin/otter    # with otter-grader

Every notebook imports numpy, matplotlib and torch. The engine's time has everything in it: both
sandboxes, journal, gradebook and feedback pages. Stock is `nbgrader autograde` plus `nbgrader
generate_feedback`. Otter-grader's requirements are its own, so it is used from an environment of
its own that has torch too: `otter run`, one submission after the other.

Seconds are for one submission. A ratio is the median over rounds of the quotient within a round.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import psutil

from tests.autograder import course
from tests.benchmarks.timing import machine

REPOSITORY = Path(__file__).parents[2]
IMPORTS = "import matplotlib.pyplot as plt\nimport numpy as np\nimport torch\n\nscale = 2.0"
CONFIG = """c = get_config()
c.CourseDirectory.source_directory = 'solutions'
c.CourseDirectory.release_directory = 'exercises'
c.CourseDirectory.submitted_directory = '{submitted}'
c.CourseDirectory.db_url = 'sqlite:///{root}/stock.db'
"""
STAGES = """
import contextlib, json, pathlib, sys
from autograder.session import ClassFolder, grade_assignment
root, jobs = pathlib.Path.cwd(), int(sys.argv[1])
with contextlib.ExitStack() as stack:
    scheduler = None
    if sys.argv[2] == "dask":
        from distributed import LocalCluster
        cluster = LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None)
        scheduler = stack.enter_context(cluster).scheduler_address
    done = grade_assignment(ClassFolder(root / "class", root / "solutions"), "tiny",
                            root / "class" / "submitted", jobs=jobs, scheduler=scheduler)
stages = {}
for result in done.results:
    for stage, seconds in result.seconds.items():
        stages[stage] = stages.get(stage, 0) + seconds
json.dump(stages, open("stages.json", "w"))
"""


@dataclass
class Measured:
    """One engine in one round."""

    students: int
    wall: float
    cpu: float
    memory: float  # MiB, the peak over all processes together
    marks: dict[str, float]
    stages: dict[str, float] = field(default_factory=dict)

    @property
    def each(self) -> float:
        return self.wall / self.students


def prepare(root: Path, students: int) -> None:
    """A course folder with one released assignment, and a class that has handed it in."""
    source = course.source_notebook()
    source.metadata["course"]["packages"] = ["numpy", "matplotlib", "torch"]
    course.cell_of(source, "setup").source = IMPORTS
    path = root / "solutions" / course.ASSIGNMENT / "tiny.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(source, path)
    (root / "nbgrader_config.py").write_text(CONFIG.format(root=root, submitted="class/submitted"))
    call(root, "nbgrader", "generate_assignment", course.ASSIGNMENT)
    released = nbformat.read(root / "exercises" / course.ASSIGNMENT / "tiny.ipynb", as_version=4)
    for number in range(students):
        for grade_id, answer in course.GOOD.items():
            course.cell_of(released, grade_id).source = answer
        if number % 5 == 4:
            course.cell_of(released, "add").source = "def add(a, b):\n    return a - b"
        place = root / "class" / "submitted" / f"s{number:04}" / course.ASSIGNMENT / "tiny.ipynb"
        place.parent.mkdir(parents=True)
        nbformat.write(released, place)


@contextlib.contextmanager
def watched(process: psutil.Process) -> Iterator[dict[str, float]]:
    """Peak memory of a process and everything below it; shared pages are counted once."""
    peak, over = {"MiB": 0.0}, threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            total = 0
            with contextlib.suppress(psutil.Error):
                for one in [process, *process.children(recursive=True)]:
                    with contextlib.suppress(psutil.Error):
                        total += one.memory_full_info().pss
            peak["MiB"] = max(peak["MiB"], total / 2**20)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def call(root: Path, *line: str) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak MiB of a command."""
    bin_ = Path(sys.executable).parent
    env = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    env["PYTHONPATH"] = str(REPOSITORY)
    program = line[0] if "/" in line[0] else str(bin_ / line[0])
    if program != str(bin_ / line[0]):
        del env["PYTHONPATH"]
    before, started = os.times(), time.perf_counter()
    with (
        subprocess.Popen(
            [program, *line[1:]],
            cwd=root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process,
        watched(psutil.Process(process.pid)) as peak,
    ):
        said, _ = process.communicate()
    wall, after = time.perf_counter() - started, os.times()
    if process.returncode not in (0, 1):
        raise SystemExit(said.decode()[-2000:])
    cpu = after.children_user + after.children_system - before.children_user
    return wall, cpu - before.children_system, peak["MiB"]


def scores(path: Path) -> dict[str, float]:
    """Every student's automatic points."""
    with sqlite3.connect(path) as db:
        return dict(
            db.execute(
                "SELECT s.student_id, SUM(g.auto_score) FROM grade g "
                "JOIN submitted_notebook n ON g.notebook_id = n.id "
                "JOIN submitted_assignment s ON n.assignment_id = s.id GROUP BY s.student_id"
            )
        )


def engine(root: Path, students: int, jobs: int, workers: str = "threads") -> Measured:
    """This course's engine, from the command to the last feedback page."""
    shutil.copytree(root / "class" / "submitted", root / "ours" / "class" / "submitted")
    shutil.copytree(root / "solutions", root / "ours" / "solutions")
    wall, cpu, memory = call(root / "ours", "python", "-c", STAGES, str(jobs), workers)
    marks = scores(root / "ours" / "class" / "gradebook.db")
    stages = json.loads((root / "ours" / "stages.json").read_text())
    shutil.rmtree(root / "ours")
    return Measured(students, wall, cpu, memory, marks, stages)


def stock(root: Path, students: int) -> list[Measured]:
    """Plain nbgrader on the first of the class: autograde, and with generate_feedback."""
    some = root / "some"
    for student in sorted((root / "class" / "submitted").iterdir())[:students]:
        shutil.copytree(student, some / student.name)
    (root / "nbgrader_config.py").write_text(CONFIG.format(root=root, submitted="some"))
    wall, cpu, memory = call(root, "nbgrader", "autograde", "tiny", "--force")
    more_wall, more_cpu, more_memory = call(
        root, "nbgrader", "generate_feedback", "tiny", "--force"
    )
    marks = scores(root / "stock.db")
    for name in ("some", "autograded", "feedback"):
        shutil.rmtree(root / name, ignore_errors=True)
    both = Measured(students, wall + more_wall, cpu + more_cpu, max(memory, more_memory), marks)
    return [Measured(students, wall, cpu, memory, marks), both]


def otter(root: Path, students: int, command: str) -> Measured:
    """Otter-grader with the same tests, one submission after the other."""
    tests, out = root / "otter" / "tests", root / "otter" / "out"
    tests.mkdir(parents=True)
    out.mkdir()
    for name, (_, points, body) in course.TESTS.items():
        body = body.replace("points += 1\npoints", "points += 1\nassert points == 2")
        case = {"code": f">>> exec({body!r})", "hidden": "hidden" in name}
        suite = {"type": "doctest", "scored": True, "setup": "", "teardown": "", "cases": [case]}
        test = {"name": name, "points": points, "suites": [suite]}
        (tests / f"{name}.py").write_text(f"OK_FORMAT = True\ntest = {test!r}\n")
    call(root / "otter", command, "generate", "-t", "tests", "-o", "tiny.zip", "--no-environment")
    wall = cpu = memory = 0.0
    marks = {}
    for student in sorted((root / "class" / "submitted").iterdir())[:students]:
        notebook = str(student / course.ASSIGNMENT / "tiny.ipynb")
        done = call(root / "otter", command, "run", "-a", "tiny.zip", "-o", str(out), notebook)
        wall, cpu, memory = wall + done[0], cpu + done[1], max(memory, done[2])
        found = json.loads((out / "results.json").read_text())["tests"]
        marks[student.name] = sum(test.get("score", 0.0) for test in found)
    shutil.rmtree(root / "otter")
    return Measured(students, wall, cpu, memory, marks)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--others", type=int, help="students for the other engines; default: all; 0: none"
    )
    parser.add_argument("--otter", metavar="COMMAND", help="otter-grader's command")
    parser.add_argument("--dask", action="store_true", help="also on a local Dask cluster")
    parser.add_argument("--write", type=Path, help="write the page here")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    others = options.students if options.others is None else options.others
    rounds: list[dict[str, Measured]] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        prepare(root, options.students)
        for number in range(options.rounds):
            ours = engine(root, options.students, options.jobs)
            row = {f"`autograder grade --jobs {options.jobs}`": ours}
            if options.dask:
                row["`autograder grade` on a local Dask cluster"] = engine(
                    root, options.students, options.jobs, "dask"
                )
            if others:
                plain, both = "`nbgrader autograde`", "the same and `nbgrader generate_feedback`"
                row[plain], row[both] = stock(root, others)
            if options.otter and others:
                row["`otter run`"] = otter(root, others, options.otter)
            rounds.append(row)
            print(f"round {number + 1} of {options.rounds} done", file=sys.stderr, flush=True)
    text = page(rounds, options)
    print(text)
    if options.write:
        options.write.write_text(text + "\n", encoding="utf-8")


def page(rounds: list[dict[str, Measured]], options: argparse.Namespace) -> str:
    """The measurements as a page of the book."""
    first = next(iter(rounds[0]))
    lines = [
        "# How fast the grader is",
        "",
        f"A class of {options.students}, whose notebooks import numpy, matplotlib and torch, with",
        "the same tests in every engine. This course's time has everything in it: two sandboxes",
        "for each submission, journal, gradebook and feedback page. The others ran on as many",
        f"submissions as the table names. Medians of {len(rounds)} rounds; the last column is a",
        "quotient within a round.",
        "All engines gave the same marks." if same_marks(rounds) else "THE MARKS DIFFER.",
        "",
        "| engine | submissions | seconds each | processor s each | peak MiB | times this engine |",
        "|---|---|---|---|---|---|",
    ]
    for name in rounds[0]:
        taken = [row[name] for row in rounds]
        ratio = statistics.median(row[name].each / row[first].each for row in rounds)
        each = statistics.median(m.each for m in taken)
        cpu = statistics.median(m.cpu / m.students for m in taken)
        memory = max(m.memory for m in taken)
        figures = f"{each:.2f} | {cpu:.2f} | {memory:.0f} | {ratio:.1f}"
        lines.append(f"| {name} | {taken[0].students} | {figures} |")
    lines += [
        "",
        "Processor seconds of this engine leave out its sandboxes, which are not its children.",
        "",
        f"## Where the time goes, {first}",
        "",
        f"For one submission; {options.jobs} run at a time, so together they exceed the wall time.",
        "",
        "| stage | milliseconds |",
        "|---|---|",
    ]
    for stage in rounds[0][first].stages:
        spent = statistics.median(row[first].stages[stage] for row in rounds)
        lines.append(f"| {stage} | {1000 * spent / options.students:.0f} |")
    versions = {name: importlib.metadata.version(name) for name in ("nbgrader", "numpy", "torch")}
    lines += [
        "",
        "## The machine",
        "",
        f"- processor: {machine()['processor']}, {os.cpu_count()} cores",
        f"- Python {platform.python_version()}, " + ", ".join(map(" ".join, versions.items())),
        f"- command: `python -m tests.benchmarks.bench_grading --students {options.students} "
        f"--others {options.others} --rounds {options.rounds} --jobs {options.jobs}`"
        + (" with otter-grader" if options.otter else ""),
    ]
    return "\n".join(lines)


def same_marks(rounds: list[dict[str, Measured]]) -> bool:
    """Whether every engine gave every submission the marks that this one gave."""
    truth = next(iter(rounds[0].values())).marks
    return all(m.marks.items() <= truth.items() for row in rounds for m in row.values())


if __name__ == "__main__":
    main()
