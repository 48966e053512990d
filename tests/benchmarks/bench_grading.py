"""How long grading takes: this engine against stock nbgrader, on the same class in the same run.

    python -m tests.benchmarks.bench_grading --students 20

Every notebook imports numpy, matplotlib and torch. The engine's time has everything in it: both
sandboxes, journal, gradebook and feedback pages. Stock is `nbgrader autograde` plus `nbgrader
generate_feedback`.
"""

from __future__ import annotations

import argparse
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from tests.autograder import course

IMPORTS = "import matplotlib.pyplot as plt\nimport numpy as np\nimport torch\n\nscale = 2.0"


def prepare(root: Path, students: int) -> None:
    """A course folder with one released assignment, and a class that has handed it in."""
    source = course.source_notebook()
    source.metadata["course"]["packages"] = ["numpy", "matplotlib", "torch"]
    course.cell_of(source, "setup").source = IMPORTS
    path = root / "solutions" / course.ASSIGNMENT / "tiny.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(source, path)
    lines = [
        "c = get_config()",
        "c.CourseDirectory.source_directory = 'solutions'",
        "c.CourseDirectory.release_directory = 'exercises'",
        "c.CourseDirectory.submitted_directory = 'class/submitted'",
        f"c.CourseDirectory.db_url = 'sqlite:///{root}/stock.db'",
    ]
    (root / "nbgrader_config.py").write_text("\n".join(lines))
    run(root, "nbgrader", "generate_assignment", course.ASSIGNMENT)
    released = nbformat.read(root / "exercises" / course.ASSIGNMENT / "tiny.ipynb", as_version=4)
    for number in range(students):
        for grade_id, answer in course.GOOD.items():
            course.cell_of(released, grade_id).source = answer
        if number % 5 == 4:
            course.cell_of(released, "add").source = "def add(a, b):\n    return a - b"
        place = root / "class" / "submitted" / f"s{number:04}" / course.ASSIGNMENT / "tiny.ipynb"
        place.parent.mkdir(parents=True)
        nbformat.write(released, place)


def run(root: Path, *line: str) -> tuple[float, float]:
    """Wall seconds and processor seconds of a command."""
    bin_ = Path(sys.executable).parent
    env = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    env["PYTHONPATH"] = str(Path(__file__).parents[2])
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [bin_ / line[0], *line[1:]], cwd=root, env=env, capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr[-2000:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


def scores(path: Path) -> list[tuple[str, float]]:
    """Every student's automatic points."""
    with sqlite3.connect(path) as db:
        return sorted(
            db.execute(
                "SELECT s.student_id, SUM(g.auto_score) FROM grade g "
                "JOIN submitted_notebook n ON g.notebook_id = n.id "
                "JOIN submitted_assignment s ON n.assignment_id = s.id GROUP BY s.student_id"
            )
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=20)
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--stock", type=int, help="students for stock nbgrader; default: all")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        prepare(root, options.students)
        wall, cpu = run(root, "python", "-m", "autograder", "grade", "tiny", "--jobs", options.jobs)
        rows.append((f"autograder grade --jobs {options.jobs}", options.students, wall, cpu))
        ours = scores(root / "class" / "gradebook.db")
        stock = options.stock or options.students
        for student in sorted((root / "class" / "submitted").iterdir())[stock:]:
            student.rename(root / student.name)
        wall, cpu = run(root, "nbgrader", "autograde", "tiny")
        more_wall, more_cpu = run(root, "nbgrader", "generate_feedback", "tiny")
        rows.append(("nbgrader autograde", stock, wall, cpu))
        rows.append(("  + generate_feedback", stock, wall + more_wall, cpu + more_cpu))
        same = dict(ours).items() >= dict(scores(root / "stock.db")).items()
    print(f"{'engine':32} {'students':>8} {'wall s':>8} {'cpu s':>8} {'s each':>8}")
    for name, count, wall, cpu in rows:
        print(f"{name:32} {count:8} {wall:8.1f} {cpu:8.1f} {wall / count:8.2f}")
    print(f"same marks: {same}; ratio {rows[2][2] / rows[2][1] / (rows[0][2] / rows[0][1]):.1f}")


if __name__ == "__main__":
    main()
