"""How good are the checks? A table: wrong answers rejected, right answers accepted, task by task.

``check_strength.py`` runs every answer kept in ``tests/assignments`` against the checks and prints
a Markdown table, for the instructor guide. It exits with 1 if a wrong answer keeps all points or a
right one loses some.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.assignments import gallery  # noqa: E402 - found through the path above
from tests.assignments.runner import SLUGS, answers, grade, notebook, points_of  # noqa: E402


def rejected(mutant: gallery.Mutant) -> bool:
    results = grade(mutant.slug, {mutant.task: mutant.source()}, tasks={mutant.task})
    return points_of(results) < sum(r.points for r in results.values())


def rows() -> list[tuple[str, str, int, int, int, int]]:
    """List assignment, task, wrong answers rejected and tried, right ones accepted and tried."""
    found = []
    for slug in SLUGS:
        name = notebook("solutions", slug).metadata.course.assignment
        right = [grade(slug, gallery.accepted_answers(path)) for path in gallery.accepted(slug)]
        right.append(grade(slug))  # the solution itself
        for task in answers(slug):
            wrong = [m for m in gallery.mutants(slug) if m.task == task]
            full = [
                all(r.earned == r.points for k, r in results.items() if k.startswith(f"{task}-"))
                for results in right
            ]
            found.append((name, task, sum(map(rejected, wrong)), len(wrong), sum(full), len(full)))
    return found


def main() -> int:
    table = rows()
    print("| Assignment | Task | Wrong answers rejected | Right answers accepted |")
    print("|---|---|---|---|")
    for name, task, no, wrong, yes, right in table:
        print(f"| {name} | `{task}` | {no} of {wrong} | {yes} of {right} |")
    no, wrong, yes, right = (sum(row[i] for row in table) for i in range(2, 6))
    print(f"| together | {len(table)} tasks | {no} of {wrong} | {yes} of {right} |")
    return 0 if (no, yes) == (wrong, right) else 1


if __name__ == "__main__":
    sys.exit(main())
