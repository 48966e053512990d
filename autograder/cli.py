"""The commands. Progress goes to stderr, results to stdout, and the exit code tells the truth.

0: done. 1: somebody has to look at a submission. 2: the command cannot be carried out as given.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from autograder import __version__
from autograder.session import ClassFolder, Problem, grade_assignment

SHARED = [
    click.option(
        "--class", "folder", type=click.Path(file_okay=False, path_type=Path), default=Path("class"),
        show_default=True, help="Where a class's submissions, gradebook and journal are kept.",
    ),
    click.option("--db", metavar="URL", help="The gradebook, if not gradebook.db in the class folder."),
    click.option(
        "--source", type=click.Path(file_okay=False, path_type=Path), default=Path("solutions"),
        show_default=True, help="Where the instructor's notebooks are kept.",
    ),
]  # fmt: skip


Command = TypeVar("Command", bound=Callable[..., object])


def shared(command: Command) -> Command:
    """The options that most commands know."""
    for option in reversed(SHARED):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def main() -> None:
    """Grade notebooks of people you do not know: isolated, in parallel, and so that a crash loses
    nothing.

    \b
    Exit codes: 0 done, 1 a submission needs a person, 2 wrong usage or an unusable machine.
    """


@main.command()
@click.argument("assignment")
@shared
@click.option(
    "--submissions", type=click.Path(file_okay=False, path_type=Path),
    help="Folder with STUDENT/ASSIGNMENT/NOTEBOOK.ipynb.  [default: CLASS/submitted]",
)  # fmt: skip
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1, 256),
    default=2,
    show_default=True,
    help="How many at a time.",
)
@click.option(
    "--only", multiple=True, metavar="STUDENT", help="Grade only this student; can be repeated."
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Random state of the students' processes.",
)
def grade(
    assignment: str,
    folder: Path,
    db: str | None,
    source: Path,
    submissions: Path | None,
    jobs: int,
    only: tuple[str, ...],
    seed: int,
) -> None:
    """Grade ASSIGNMENT: rebuild, execute, record in the gradebook, and write the feedback pages.

    Killed at any moment and started again, it goes on where it was.
    """
    place = ClassFolder(folder, source, db)
    try:
        results = grade_assignment(
            place,
            assignment,
            submissions or folder / "submitted",
            jobs=jobs,
            only=frozenset(only),
            seed=seed,
        )
    except Problem as problem:
        raise click.UsageError(str(problem)) from problem
    click.echo(results.table())
    for line in results.written:
        click.echo(line, err=True)
    sys.exit(1 if results.needs_person else 0)


@main.command()
@click.argument("notebook", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--against", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The notebook as it was handed out.  [default: exercises/ of the course, or NOTEBOOK itself]",
)  # fmt: skip
def check(notebook: Path, against: Path | None) -> None:
    """Check NOTEBOOK before you hand it in: the grading's own engine, with the visible tests.

    Exit code 0: every visible check passes. 1: one does not. 2: the file cannot be checked.
    """
    from autograder import check as checking
    from autograder.notebooks import BadFile
    from autograder.rebuild import SourceError

    try:
        done = checking.check(notebook, against or checking.released_version(notebook))
    except (BadFile, SourceError, ValueError) as problem:
        raise click.UsageError(str(problem)) from problem
    if not done.protected:
        click.echo(
            "Checked without a sandbox: fine for your own code, on your own machine.", err=True
        )
    click.echo(f"Tests from {done.template_from}", err=True)
    click.echo(done.text())
    sys.exit(0 if done.passed else 1)


@main.command()
def doctor() -> None:
    """Say what the sandbox enforces on this machine, after trying it.

    Exit code 0: safe to grade here. 1: something is missing.
    """
    from autograder.doctor import examine

    findings = examine()
    for finding in findings:
        sign = {True: "✓", False: "✗", None: "·"}[finding.good]
        click.echo(f"{sign} {finding.text}")
    sys.exit(1 if any(finding.good is False for finding in findings) else 0)
