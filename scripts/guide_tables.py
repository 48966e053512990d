"""Write the tables of the instructor guide: what is taught where, and how good the checks are.

``guide_tables.py topics`` maps every topic and every correction to the chapters that show it.
``guide_tables.py answers`` runs every wrong and right answer kept in ``tests/assignments`` against
the checks, which takes minutes; it exits with 1 if a wrong answer keeps all points or a right one
loses some.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "book/instructor-guide.md"
KINDS = {"code": "cell", "figure": "figure", "explorer": "figure to play with", "text": "text"}
sys.path.insert(0, str(ROOT))

from tests.assignments import gallery  # noqa: E402 - found through the path above
from tests.assignments.runner import SLUGS, answers, grade, notebook, points_of  # noqa: E402


def topics() -> str:
    """Every row of the list of topics and of the list of corrections, with its chapters."""
    parts = []
    for table, heading in (("topics", "Topic"), ("corrections", "Correction")):
        rows: dict[str, list[tuple[str, str, str]]] = {}
        for path in sorted((ROOT / "tests/book/topics").glob("*.toml")):
            tables = tomllib.loads(path.read_text("utf-8"))
            for number, (what, kind, _) in tables.get(table, {}).items():
                rows.setdefault(number, []).append((path.stem, what, kind))
        lines = [f"| Row | {heading} | Chapter |", "|---|---|---|"]
        for row, shown in sorted(rows.items(), key=lambda r: (not r[0].isdigit(), r[0].zfill(3))):
            number = row if row.isdigit() else "more"
            where = ", ".join(f"[{int(s[:2])}]({s}.ipynb) ({KINDS[kind]})" for s, _, kind in shown)
            lines.append(f"| {number} | {_escaped(shown[0][1])} | {where} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _escaped(text: str) -> str:
    return re.sub(r"([|*_$<>`])", r"\\\1", text)


Row = tuple[str, str, int, int, int, int, int]


def rejected(mutant: gallery.Mutant) -> tuple[bool, bool]:
    """Whether a wrong answer loses points, and whether the visible check says so already."""
    results = grade(mutant.slug, {mutant.task: mutant.source()}, tasks={mutant.task})
    visible = results[f"{mutant.task}-check"]
    lost = points_of(results) < sum(r.points for r in results.values())
    return lost, visible.earned < visible.points


def answered() -> list[Row]:
    """List assignment, task, wrong answers rejected, seen at once, tried; right ones likewise."""
    found = []
    for slug in SLUGS:
        right = [grade(slug, gallery.accepted_answers(path)) for path in gallery.accepted(slug)]
        right.append(grade(slug))  # the solution itself
        for task in answers(slug):
            wrong = [m for m in gallery.mutants(slug) if m.task == task]
            full = [
                all(r.earned == r.points for k, r in results.items() if k.startswith(f"{task}-"))
                for results in right
            ]
            lost, seen = (sum(them) for them in zip(*map(rejected, wrong), strict=True))
            found.append((name_of(slug), task, lost, seen, len(wrong), sum(full), len(full)))
    return found


def expected() -> list[Row]:
    """The same list if all is well, without running anything."""
    found = []
    for slug in SLUGS:
        right, mutants = len(gallery.accepted(slug)) + 1, gallery.mutants(slug)
        for task in answers(slug):
            wrong = [m for m in mutants if m.task == task]
            seen = sum(not m.hidden for m in wrong)
            found.append((name_of(slug), task, len(wrong), seen, len(wrong), right, right))
    return found


def name_of(slug: str) -> str:
    """A03, for instance."""
    return str(notebook("solutions", slug).metadata.course.assignment)


def as_table(rows: list[Row]) -> str:
    """Markdown, with a last row for all of them."""
    lines = [
        "| Assignment | Task | Wrong answers rejected | at once | Right answers accepted |",
        "|---|---|---|---|---|",
    ]
    sums = [sum(row[i] for row in rows) for i in range(2, 7)]
    total = ("together", f"{len(rows)} tasks", *sums)
    for name, task, no, seen, wrong, yes, right in [*rows, total]:
        shown = f"`{task}`" if name != "together" else task
        lines.append(f"| {name} | {shown} | {no} of {wrong} | {seen} | {yes} of {right} |")
    return "\n".join(lines)


def in_guide(name: str) -> re.Pattern[str]:
    """Find a table between its two comments."""
    return re.compile(rf"(?<=% {name}: begin\n\n).*?(?=\n\n% {name}: end\n)", re.DOTALL)


def write(name: str, table: str) -> None:
    """Put a table in its place in the guide."""
    text, count = in_guide(name).subn(lambda _: table, GUIDE.read_text("utf-8"))
    if count != 1:
        raise SystemExit(f"{GUIDE} has no place for the table {name!r}")
    GUIDE.write_text(text, "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("table", choices=["topics", "answers"])
    name = parser.parse_args().table
    if name == "topics":
        write(name, topics())
        return 0
    rows = answered()
    write(name, as_table(rows))
    return 0 if rows == expected() else 1


if __name__ == "__main__":
    sys.exit(main())
