"""A demonstration class: submissions that differ, graded one by one with nbgrader.

``demo_class.py build`` writes the submissions of students who do not exist to ``class/submitted``.
``demo_class.py grade`` grades them into ``class/gradebook.db``, ``class/feedback`` and
``class/grades.csv`` and prints a table. Both do nothing where nothing has changed.

A submission runs in two steps, so that one that is broken stops no other:

1. In a sandbox (bubblewrap), ``nbgrader autograde`` for this submission alone. It sees the
   submission, a gradebook of its own and installed packages; no network, no solutions, no others.
2. Outside, nothing is executed any more: nbgrader reads the outputs and records the points.

Tests share a process with the answers here, as always in nbgrader, so this resists mistakes and not
forgers.
"""

from __future__ import annotations

import argparse
import csv
import functools
import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from demo_submissions import Submission, submissions

ROOT = Path(__file__).resolve().parents[1]
CLASS = ROOT / "class"
WORK = CLASS / "work"
CELL_SECONDS = 8  # honest cells of these assignments need less than one
TOTAL_SECONDS = 240
# What the code of one submission may use: kilobytes of memory, seconds of work, blocks in a file.
LIMITS = {"v": 4 << 20, "t": TOTAL_SECONDS, "f": 100_000, "c": 0}
ULIMITS = "".join(f"ulimit -{what} {most} 2>/dev/null; " for what, most in LIMITS.items())
LIMITED = ["sh", "-c", ULIMITS + 'exec "$@"', "sh"]
READABLE = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
REASONS = {  # what nbgrader's log says: what a person needs to know
    r"JSON|Notebook does not appear": "The file is no notebook: it is cut off or damaged.",
    r"exists multiple times": "A cell is there twice (copied or split). Delete the copy.",
    r"Kernel died|DeadKernel": "The code stopped the Python process. Look at it by hand.",
}


@dataclass
class Result:
    """How grading one submission ended."""

    student: str
    assignment: str
    about: str
    points: float
    automatic: float  # points that tests can give
    written: float  # points that only a person can give
    outcome: str = "graded"
    person: str = ""  # why a person has to look, beyond the written answers


def submitted(submission: Submission) -> Path:
    return CLASS / "submitted" / submission.student / submission.slug / f"{submission.slug}.ipynb"


def feedback_page(submission: Submission) -> Path:
    return CLASS / "feedback" / submission.student / submission.slug / f"{submission.slug}.html"


def build() -> None:
    """Write the submissions; leave alone what is already right."""
    written = 0
    for submission in submissions():
        path, text = submitted(submission), submission.text()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written += 1
    print(f"{len(submissions())} submissions in class/submitted, {written} of them new.")


def config(**places: str) -> Any:
    """Load the course's nbgrader settings; ``places`` change directories or the database."""
    from traitlets.config import PyFileConfigLoader

    loaded = PyFileConfigLoader("nbgrader_config.py", str(ROOT)).load_config()
    usual = {f"{name}_directory": str(CLASS / name) for name in ("submitted", "autograded")}
    usual |= {"feedback_directory": str(CLASS / "feedback")}
    usual |= {"db_url": f"sqlite:///{CLASS}/gradebook.db"}
    for name, value in (usual | places).items():
        setattr(loaded.CourseDirectory, name, value)
    return loaded


def convert(converter: type, settings: Any, **options: Any) -> str:
    """Run one of nbgrader's converters; return the log of what went wrong, or nothing."""
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.utils import capture_log

    run = converter(coursedir=CourseDirectory(config=settings), config=settings, **options)
    outcome = capture_log(run)
    return "" if outcome["success"] else outcome.get("log", "") + outcome["error"]


def empty_gradebook(slug: str) -> Path:
    """Return a gradebook that knows the assignment's cells and no student."""
    from nbgrader.converters import GenerateAssignment

    source = ROOT / "solutions" / slug / f"{slug}.ipynb"
    path = WORK / f"{slug}-{digest(source.read_bytes())}.db"
    if not path.exists():
        with tempfile.TemporaryDirectory() as release:
            part = Path(release, "gradebook.db")
            settings = config(
                assignment_id=slug, release_directory=release, db_url=f"sqlite:///{part}"
            )
            if log := convert(GenerateAssignment, settings):
                raise RuntimeError(f"solutions/{slug} cannot be released:\n{log}")
            shutil.copyfile(part, path)
    return path


def digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:20]


def key(submission: Submission) -> str:
    """Name everything that a result depends on."""
    files = [
        submitted(submission),
        ROOT / "solutions" / submission.slug,
        ROOT / "cnnlib" / "checks",
    ]
    files += [
        ROOT / "nbgrader_config.py",
        ROOT / "templates",
        *Path(__file__).parent.glob("demo_*.py"),
    ]
    found = [p for file in files for p in (sorted(file.rglob("*.*")) if file.is_dir() else [file])]
    return digest(*(p.read_bytes() for p in found if p.is_file() and p.suffix != ".pyc"))


def sandbox(work: Path, submission: Submission) -> list[str]:
    """Return the bubblewrap command that the grading of one submission runs in."""
    readable = [*READABLE, sys.prefix, sys.base_prefix, str(ROOT / "cnnlib")]
    readable += [str(ROOT / "nbgrader_config.py"), str(submitted(submission).parent)]
    binds = [part for path in readable for part in ("--ro-bind-try", path, path)]
    return [
        *("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),
        *binds,
        *("--bind", str(work), str(work), "--chdir", str(ROOT)),
        *("--setenv", "PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin"),
        *("--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8"),
        *("--setenv", "OMP_NUM_THREADS", "1", "--setenv", "OPENBLAS_NUM_THREADS", "1"),
    ]


@functools.cache
def sandbox_works() -> bool:
    """Say whether bubblewrap is there and allowed to do its work (containers may forbid it)."""
    if not shutil.which("bwrap"):
        return False
    trial = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    return subprocess.run(trial, capture_output=True).returncode == 0


def execute(submission: Submission, work: Path) -> str:
    """Step 1: run the submission in its sandbox; return what went wrong, or nothing."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    shutil.copyfile(empty_gradebook(submission.slug), work / "gradebook.db")
    command = [sys.executable, "-m", "nbgrader", "autograde", submission.slug]
    command += [f"--student={submission.student}", "--create", "--force"]
    command += [f"--CourseDirectory.submitted_directory={CLASS}/submitted"]
    command += [f"--CourseDirectory.db_url=sqlite:///{work}/gradebook.db"]
    command += [f"--CourseDirectory.autograded_directory={work}/executed"]
    command += [f"--Execute.timeout={CELL_SECONDS}"]
    walls = sandbox(work, submission) if sandbox_works() else []
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    try:
        done = subprocess.run(
            [*LIMITED, *walls, *command],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TOTAL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"It took longer than {TOTAL_SECONDS} seconds and was stopped."
    log = (done.stdout + done.stderr).decode(errors="replace")
    (work / "log.txt").write_text(log, encoding="utf-8")
    if done.returncode == 0:
        return ""
    for pattern, reason in REASONS.items():
        if re.search(pattern, log):
            return reason
    return f"nbgrader could not grade it; see {(work / 'log.txt').relative_to(CLASS.parent)}."


def record(submission: Submission, work: Path, problem: str) -> Result:
    """Step 2: write points (or the reason why there are none) to the gradebook."""
    from nbgrader.api import Gradebook
    from nbgrader.converters import Autograde
    from nbgrader.preprocessors import ClearOutput, DeduplicateIds, Execute

    settings = config(
        assignment_id=submission.slug,
        student_id=submission.student,
        submitted_directory=str(work / "executed"),
    )
    forget(submission, settings.CourseDirectory.db_url)
    if not problem:
        steps: dict[str, Any] = {"force": True, "create_student": True}
        steps["sanitize_preprocessors"] = [
            p for p in Autograde().sanitize_preprocessors if p not in (ClearOutput, DeduplicateIds)
        ]
        steps["autograde_preprocessors"] = [
            p for p in Autograde().autograde_preprocessors if p is not Execute
        ]
        problem = convert(Autograde, settings, **steps) and "Its outputs cannot be recorded."
    with Gradebook(settings.CourseDirectory.db_url) as gradebook:
        notebook = gradebook.find_submission_notebook(
            submission.slug, submission.slug, submission.student
        )
        tests = [g for g in notebook.grades if g.cell.cell_type != "markdown"]
        if not problem and any(grade.auto_score is None for grade in tests):
            problem = "Test cells are missing: the notebook has lost what nbgrader knows cells by."
        if problem:
            for grade in notebook.grades:
                grade.auto_score, grade.needs_manual_grade = 0, True
            for comment in notebook.comments:
                comment.auto_comment = problem
            gradebook.db.commit()
        return Result(
            student=submission.student,
            assignment=submission.slug,
            about=submission.about,
            points=sum(grade.auto_score or 0 for grade in tests),
            automatic=sum(grade.max_score for grade in tests),
            written=sum(g.max_score for g in notebook.grades if g not in tests),
            outcome="not graded" if problem else "graded",
            person=problem,
        )


def forget(submission: Submission, database: str) -> None:
    """Clear the tests' points of an earlier run: nbgrader keeps those of cells it does not find."""
    from nbgrader.api import Gradebook

    with Gradebook(database) as gradebook:
        gradebook.update_or_create_student(submission.student)
        gradebook.update_or_create_submission(submission.slug, submission.student)
        notebook = gradebook.find_submission_notebook(
            submission.slug, submission.slug, submission.student
        )
        for grade in notebook.grades:
            grade.auto_score = None
        for comment in notebook.comments:
            comment.auto_comment = None
        gradebook.db.commit()


def write_feedback(submission: Submission, result: Result) -> None:
    """Write the page that the student reads; without a graded notebook, the reason why."""
    from nbgrader.converters import GenerateFeedback

    settings = config(assignment_id=submission.slug, student_id=submission.student)
    if not result.person and not convert(GenerateFeedback, settings, force=True):
        return
    page = feedback_page(submission)
    page.parent.mkdir(parents=True, exist_ok=True)
    reason = html.escape(result.person or "The page could not be made.")
    template = (ROOT / "templates" / "not_graded.html").read_text(encoding="utf-8")
    page.write_text(
        template.replace("{title}", submission.slug).replace("{reason}", reason), encoding="utf-8"
    )


def grade() -> list[Result]:
    """Grade what has changed since the last time; return the results of all submissions."""
    if not sandbox_works():
        print(
            "bubblewrap is missing or may not run here, so the demonstration's own submissions\n"
            "run WITHOUT a sandbox. Never grade strangers' code like this. On Debian or Ubuntu:\n"
            "    apt-get install bubblewrap",
            file=sys.stderr,
        )
    mine = {s.text() for s in submissions()}
    changed = [s for s in submissions() if not kept(s)]
    if foreign := [s for s in changed if submitted(s).read_text(errors="replace") not in mine]:
        raise SystemExit(f"{submitted(foreign[0])} is not what `build` wrote; run build again.")
    WORK.mkdir(parents=True, exist_ok=True)
    for slug in sorted({s.slug for s in changed}):
        register(slug)
    with ThreadPoolExecutor(max_workers=2) as pool:
        places = [WORK / s.slug / s.student for s in changed]
        problems = pool.map(execute, changed, places)
        for number, (submission, work, problem) in enumerate(
            zip(changed, places, problems, strict=True), 1
        ):
            result = record(submission, work, problem)
            write_feedback(submission, result)
            note = {"key": key(submission), "result": asdict(result)}
            (work / "result.json").write_text(json.dumps(note), encoding="utf-8")
            print(
                f"{number} of {len(changed)}: {submission.student} {submission.slug}",
                file=sys.stderr,
            )
    return [result for s in submissions() if (result := kept(s))]


def kept(submission: Submission) -> Result | None:
    """Return the result of an earlier run if nothing it depends on has changed since."""
    path = WORK / submission.slug / submission.student / "result.json"
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    made = [CLASS / "gradebook.db", feedback_page(submission)]
    fresh = note["key"] == key(submission) and all(path.exists() for path in made)
    return Result(**note["result"]) if fresh else None


def register(slug: str) -> None:
    """Make the assignment known to the class's gradebook."""
    from nbgrader.converters import GenerateAssignment

    with tempfile.TemporaryDirectory() as release:
        if log := convert(
            GenerateAssignment, config(assignment_id=slug, release_directory=release)
        ):
            raise RuntimeError(f"solutions/{slug} cannot be registered:\n{log}")


def table(results: list[Result]) -> str:
    """Lay out the results for the terminal."""
    lines = [f"{'student':<11} {'assignment':<19} {'points':>11}  {'submission':<36} outcome"]
    for r in results:
        points = f"{r.points:g} of {r.automatic:g}" if not r.person else "-"
        lines.append(f"{r.student:<11} {r.assignment:<19} {points:>11}  {r.about:<36} {r.outcome}")
    lines += ["", "Points are those of the tests; the written answers wait for a person."]
    if person := [r for r in results if r.person]:
        lines.append("These submissions need a person:")
        lines += [f"  {r.student} {r.assignment}: {r.person}" for r in person]
    return "\n".join(lines)


def write_csv(results: list[Result]) -> None:
    with (CLASS / "grades.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = csv.DictWriter(stream, fieldnames=list(asdict(results[0])))
        rows.writeheader()
        rows.writerows(asdict(result) for result in results)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("command", choices=["build", "grade"])
    command = parser.parse_args().command
    # nbgrader starts a tool of its environment, alembic, by its bare name.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    warnings.filterwarnings(
        "ignore", module="nbgrader"
    )  # of its database layer, known and harmless
    if command == "build":
        build()
        return 0
    results = grade()
    write_csv(results)
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
