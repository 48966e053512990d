"""A demonstration class: submissions that differ, graded by the course's own engine.

``demo_class.py build`` writes the submissions of students who do not exist to ``class/submitted``.
``demo_class.py grade`` grades them into ``class/gradebook.db``, ``class/feedback`` and
``class/grades.csv``, prints the marks and names who needs a person. Both do nothing where nothing
has changed. Without bubblewrap only files that ``build`` wrote are run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import warnings
from pathlib import Path

from demo_submissions import ROOT, Submission, submissions

from autograder import export, marks, sandbox
from autograder.limits import Limits
from autograder.outcomes import NEXT_STEP, Outcome, SubmissionResult
from autograder.record import write_atomically
from autograder.session import ClassFolder, Problem, Summary, grade_assignment

CLASS = ROOT / "class"
# Honest cells of these assignments need less than a second; the endless loop is waited for twice.
LIMITS = Limits(cell_cpu_seconds=2, cell_wall_seconds=60)
NO_SANDBOX = """\
{problem}
The demonstration's own submissions now run WITHOUT A SANDBOX, with all that you may do yourself.
Never grade strangers' code like this."""


def submitted(submission: Submission) -> Path:
    return CLASS / "submitted" / submission.student / submission.slug / f"{submission.slug}.ipynb"


def build() -> None:
    """Write the submissions; leave alone what is already right."""
    written = 0
    for submission in submissions():
        path, text = submitted(submission), submission.text()
        if not path.exists() or path.read_text(encoding="utf-8", errors="replace") != text:
            write_atomically(path, text)
            written += 1
    print(f"{len(submissions())} submissions in class/submitted, {written} of them new.")


def protected() -> bool:
    """Say whether there is a sandbox; if not, make sure that only our own code will run."""
    try:
        # Containers may have the program and forbid its work.
        trial = [sandbox.find_bubblewrap(), "--unshare-all", "--ro-bind", "/", "/", "true"]
        subprocess.run(trial, check=True, capture_output=True)
        return True
    except (sandbox.SandboxError, subprocess.CalledProcessError) as problem:
        print(NO_SANDBOX.format(problem=problem), file=sys.stderr)
    for submission in submissions():
        path = submitted(submission)
        ours = {path: submission.text()}
        found = {file: file.read_text(errors="replace") for file in path.parent.iterdir()}
        if found != ours:
            raise Problem(
                f"{path.parent} holds what `build` did not write; without a sandbox "
                "it is not run. Remove the folder and run build again."
            )
    return False


def grade() -> dict[str, Summary]:
    """Grade the demonstration's students, and nobody else who is in the folder."""
    place, walls = ClassFolder(CLASS, ROOT / "solutions"), protected()
    slugs = sorted({submission.slug for submission in submissions()})
    done = {
        slug: grade_assignment(
            place,
            slug,
            CLASS / "submitted",
            jobs=2,
            only=frozenset(s.student for s in submissions() if s.slug == slug),
            limits=LIMITS,
            protected=walls,
        )
        for slug in slugs
    }
    rows = [row for slug in slugs for row in marks.rows(place.url, slug, done[slug].results)]
    write_atomically(CLASS / "grades.csv", export.as_csv(rows))
    return done


def for_a_person(result: SubmissionResult) -> list[str]:
    """Say what somebody has to do before this submission's marks can go out."""
    reasons = [
        f"mark the answer {check.grade_id}" if check.manual else check.message
        for check in result.checks
        if check.outcome is Outcome.NEEDS_HUMAN
    ]
    if result.outcome in (Outcome.BAD_FILE, Outcome.ENGINE_FAULT):
        messages = dict.fromkeys(check.message for check in result.checks if check.message)
        reasons += [*messages, NEXT_STEP[result.outcome]]
    return reasons


def report(done: dict[str, Summary]) -> str:
    """Lay out the marks for the terminal, and who needs a person for what."""
    abouts = {(s.student, s.slug): s.about for s in submissions()}
    lines = []
    for slug, summary in done.items():
        lines += [slug, summary.table(), ""]
    lines.append("These submissions need a person:")
    for slug, summary in done.items():
        for result in sorted(summary.results, key=lambda r: r.student):
            if reasons := for_a_person(result):
                about = abouts[result.student, slug]
                lines.append(f"  {result.student} {slug} ({about}): {' '.join(reasons)}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("command", choices=["build", "grade"])
    command = parser.parse_args().command
    # nbgrader's database layer warns about itself; that is known and harmless.
    warnings.filterwarnings("ignore", module="nbgrader")
    if command == "build":
        build()
        return 0
    try:
        print(report(grade()))
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
