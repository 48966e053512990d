"""Marks as CSV for a spreadsheet, Canvas or Moodle; no cell can become a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autograder.outcomes import SubmissionResult


@dataclass(frozen=True)
class Row:
    """One student's marks as the gradebook has them, a person's marks included."""

    student: str
    first_name: str
    last_name: str
    email: str
    lms_id: str
    assignment: str
    score: float
    max_score: float
    late_penalty: float
    waiting: bool
    feedback: str = ""


def guarded(value: object) -> str:
    """Text that a spreadsheet will not run: what looks like a formula gets a quote in front."""
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    if isinstance(value, int):
        return text
    looks_like_one = text.lstrip().startswith(("=", "+", "-", "@")) or text.startswith(
        ("\t", "\r", "\n")
    )
    return f"'{text}" if looks_like_one else text


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV with every text guarded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([guarded(value) for value in row])
    return out.getvalue()


def as_csv(rows: Iterable[Row]) -> str:
    """One line per student, with nbgrader's column names."""
    head = ["assignment", "student_id", "last_name", "first_name", "email"]
    head += ["raw_score", "late_submission_penalty", "score", "max_score", "needs_manual_grade"]
    return table(
        head,
        (
            [
                r.assignment,
                r.student,
                r.last_name,
                r.first_name,
                r.email,
                r.score,
                r.late_penalty,
                max(0.0, r.score - r.late_penalty),
                r.max_score,
                r.waiting,
            ]
            for r in rows
        ),
    )


def as_moodle(rows: Iterable[Row]) -> str:
    """Moodle's grade import: matched by e-mail or id number."""
    return table(
        ["ID number", "Email address", "Grade", "Feedback comments"],
        (
            [r.lms_id or r.student, r.email, max(0.0, r.score - r.late_penalty), r.feedback]
            for r in rows
        ),
    )


def as_canvas(rows: Iterable[Row], template: str) -> str:
    """Canvas' own gradebook file with one column filled in; all else stays as it was."""
    found = list(csv.reader(io.StringIO(template.removeprefix("\ufeff"))))
    if not found or "ID" not in found[0]:
        raise ValueError(
            "this is not a gradebook that was downloaded from Canvas: there is no column ID"
        )
    head, marks = found[0], {r.lms_id or r.student: r for r in rows}
    names = {r.assignment for r in marks.values()}
    columns = [
        i for i, title in enumerate(head) if any(title.startswith(f"{name} (") for name in names)
    ]
    if len(columns) != 1:
        raise ValueError(
            f"the Canvas file needs one column named '{', '.join(sorted(names))} (number)'; "
            f"it has {len(columns)}"
        )
    login = head.index("SIS Login ID") if "SIS Login ID" in head else head.index("ID")
    for line in found[1:]:
        row = next((marks[line[i]] for i in (head.index("ID"), login) if line[i] in marks), None)
        if row is not None:
            line[columns[0]] = f"{max(0.0, row.score - row.late_penalty):g}"
    # Canvas' own cells stay as they are, so that it recognises them; they hold no text of a
    # submission.
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(found)
    return out.getvalue()


def as_long(results: Iterable[SubmissionResult]) -> str:
    """One line per student and check."""
    head = [
        "assignment",
        "student_id",
        "check",
        "hidden",
        "outcome",
        "points",
        "max_points",
        "seconds",
        "message",
    ]
    return table(
        head,
        (
            [
                r.assignment,
                r.student,
                c.grade_id,
                c.hidden,
                c.outcome.value,
                c.points,
                c.max_points,
                c.seconds,
                c.message,
            ]
            for r in results
            for c in r.checks
        ),
    )
