"""Read marks out of nbgrader's gradebook, a person's marks and late penalties included."""

from __future__ import annotations

from collections.abc import Iterable

from autograder.export import Row
from autograder.intake import Person
from autograder.outcomes import Outcome, SubmissionResult


def rows(url: str, assignment: str, results: Iterable[SubmissionResult]) -> list[Row]:
    """One row for each student of the gradebook who has handed the assignment in, by id."""
    from nbgrader.api import Gradebook, MissingEntry

    words = {result.student: _words(result) for result in results}
    found = []
    with Gradebook(url) as book:
        try:
            submissions = book.assignment_submissions(assignment)
        except MissingEntry:
            submissions = []
        for submission in submissions:
            student = submission.student
            penalty = sum(n.late_submission_penalty or 0.0 for n in submission.notebooks)
            found.append(
                Row(
                    student=student.id,
                    first_name=student.first_name or "",
                    last_name=student.last_name or "",
                    email=student.email or "",
                    lms_id=student.lms_user_id or "",
                    assignment=assignment,
                    score=float(submission.score or 0.0),
                    max_score=float(submission.max_score or 0.0),
                    late_penalty=float(penalty),
                    waiting=bool(submission.needs_manual_grade),
                    feedback=words.get(student.id, ""),
                )
            )
    return sorted(found, key=lambda row: row.student)


def _words(result: SubmissionResult) -> str:
    """One line for a platform's comment field."""
    lost = [
        c for c in result.checks if c.points < c.max_points and c.outcome is not Outcome.NEEDS_HUMAN
    ]
    if not lost:
        return "All checks passed."
    return (
        "Points were lost in: " + ", ".join(f"{c.grade_id} ({c.outcome.value})" for c in lost) + "."
    )


def enrol(url: str, roster: Iterable[Person]) -> None:
    """Put names, addresses and the platform's ids into the gradebook."""
    from nbgrader.api import Gradebook

    with Gradebook(url) as book:
        for person in roster:
            book.update_or_create_student(
                person.student,
                first_name=person.first_name or None,
                last_name=person.last_name or None,
                email=person.email or None,
                lms_user_id=person.lms_id or None,
            )
