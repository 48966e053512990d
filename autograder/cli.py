"""The commands. Progress goes to stderr, results to stdout, and the exit code tells the truth.

0: done. 1: somebody has to look at a submission. 2: the command cannot be carried out as given.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from autograder import __version__
from autograder.options import shared
from autograder.session import ClassFolder, Problem, grade_assignment


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def main() -> None:
    """Grade notebooks of people you do not know: isolated, in parallel, and so that a crash loses
    nothing.

    \b
    Exit codes: 0 done, 1 a submission needs a person, 2 wrong usage or an unusable machine.
    """


_UNPROTECTED = """\
WITHOUT A SANDBOX: the code of every submission runs as you. It can read and change your files, the
gradebook and the other submissions, and use the network. Only for submissions that you wrote
yourself."""


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
@click.option(
    "--regrade", is_flag=True, help="Grade again, and list every changed mark, old → new, first."
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Run on the workers of this Dask scheduler (tcp://HOST:8786).",
)
@click.option("--yes", is_flag=True, help="With --regrade: write the changes without asking.")
@click.option(
    "--unprotected", is_flag=True, help="Run the code with no sandbox at all. Read the guide first."
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
    regrade: bool,
    yes: bool,
    unprotected: bool,
    scheduler: str | None,
) -> None:
    """Grade ASSIGNMENT: rebuild, execute, record in the gradebook, and write the feedback pages.

    Killed at any moment and started again, it goes on where it was.
    """
    place = ClassFolder(folder, source, db)
    if unprotected:
        click.secho(_UNPROTECTED, err=True, bold=True)

    def approve(lines: list[str]) -> bool:
        click.echo("\n".join(lines) if lines else "No mark changes.")
        return yes or not lines or click.confirm(f"Write {len(lines)} changed marks?", err=True)

    try:
        results = grade_assignment(
            place,
            assignment,
            submissions or folder / "submitted",
            jobs=jobs,
            only=frozenset(only),
            seed=seed,
            protected=not unprotected,
            scheduler=scheduler,
            approve=approve if regrade else None,
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
    help="The notebook as it was handed out.  [default: from exercises/, or NOTEBOOK]",
)  # fmt: skip
def check(notebook: Path, against: Path | None) -> None:
    """Check NOTEBOOK before you hand it in: the grading's own engine, with the visible tests.

    Written answers that are still empty are named; they fail nothing.

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


@main.command()
@click.argument("assignment")
@click.argument("download", type=click.Path(exists=True, path_type=Path))
@shared
@click.option(
    "--roster", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV with student_id, first_name, last_name, email, lms_id: nobody else is taken.",
)  # fmt: skip
def collect(
    assignment: str, download: Path, folder: Path, db: str | None, source: Path, roster: Path | None
) -> None:
    """Take in DOWNLOAD, a folder or a zip, as submissions of ASSIGNMENT.

    File names of Moodle and Canvas are understood, and STUDENT/..., and STUDENT.ipynb. Every file
    gets one line. Exit code 1: a file was refused.
    """
    from autograder import intake, marks

    place = ClassFolder(folder, source, db)
    try:
        template, _ = place.template(assignment)
        people = intake.read_roster(roster) if roster else None
    except (Problem, intake.RosterError) as problem:
        raise click.UsageError(str(problem)) from problem
    target = folder / "submitted"
    target.mkdir(parents=True, exist_ok=True)
    taken = intake.take_in(download, assignment, template.notebook, target, people)
    if people:
        marks.enrol(place.url, people)
    for item in taken:
        reason = f"  ({item.reason})" if item.reason else ""
        click.echo(f"{item.outcome:<10} {item.student or '-':<20} {item.file}{reason}")
    sys.exit(1 if any(item.outcome == "refused" for item in taken) else 0)


@main.command()
@click.argument("assignment")
@shared
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the page.",
)
def report(
    assignment: str, folder: Path, db: str | None, source: Path, output: Path | None
) -> None:
    """Write statistics of ASSIGNMENT as a page: scores, checks, outcomes, time."""
    from autograder import report as reporting
    from autograder.journal import Journal
    from autograder.record import write_atomically
    from autograder.statistics import describe

    journal = Journal(folder / "journal.db")
    try:
        results = list(journal.results(assignment))
    finally:
        journal.close()
    if not results:
        raise click.UsageError(f"nothing of {assignment} has been graded in {folder}")
    path = output or folder / "reports" / f"{assignment}.html"
    write_atomically(path, reporting.render(describe(assignment, results)))
    click.echo(str(path))


@main.command()
@click.argument("assignment")
@shared
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "canvas", "moodle", "long"]),
    default="csv",
    show_default=True,
)
@click.option(
    "--template", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For canvas: the gradebook as downloaded from Canvas; its points are filled in.",
)  # fmt: skip
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file instead of stdout.",
)
def export(
    assignment: str,
    folder: Path,
    db: str | None,
    source: Path,
    kind: str,
    template: Path | None,
    output: Path | None,
) -> None:
    """Write marks of ASSIGNMENT as CSV: for a spreadsheet, Canvas or Moodle, or per check."""
    from autograder import export as exporting
    from autograder import marks
    from autograder.journal import Journal
    from autograder.record import write_atomically

    place = ClassFolder(folder, source, db)
    if (kind == "canvas") != (template is not None):
        raise click.UsageError("--format canvas needs --template, and no other format takes one")
    journal = Journal(folder / "journal.db")
    try:
        results = list(journal.results(assignment))
    finally:
        journal.close()
    try:
        if kind == "long":
            text = exporting.as_long(results)
        else:
            rows = marks.rows(place.url, assignment, results)
            if template is not None:
                text = exporting.as_canvas(rows, template.read_text(encoding="utf-8-sig"))
            else:
                text = exporting.as_moodle(rows) if kind == "moodle" else exporting.as_csv(rows)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from problem
    if output is None:
        click.echo(text, nl=False)
    else:
        write_atomically(output, text)
        click.echo(str(output))
