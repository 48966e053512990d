"""The end of `make course`: what was made, where it is, and how to open it."""

import csv
from pathlib import Path

import steps
from freshness import files_of

CLASS = steps.ROOT / "class"
HTML = steps.BUILD / "html"


def notebooks(folder: Path) -> list[Path]:
    return [path for path in files_of(folder) if path.suffix == ".ipynb"]


def counted(number: int, thing: str) -> str:
    return f"{number} {thing}" + "s" * (number != 1)


def summary() -> str:
    """A table to read on the terminal: one line a thing, with paths that can be pasted."""
    chapters = notebooks(steps.ROOT / "book")
    pages = [path for path in files_of(HTML) if path.suffix == ".html"]
    exercises = notebooks(steps.ROOT / "exercises")
    feedback = [path for path in files_of(CLASS / "feedback") if path.suffix == ".html"]
    rows = [
        (
            "Site",
            f"{counted(len(pages), 'page')}, {counted(len(chapters), 'chapter')}",
            HTML / "index.html",
        ),
        ("Exercises", counted(len(exercises), "notebook"), steps.ROOT / "exercises"),
    ]
    for table in sorted(CLASS.glob("*.csv")):
        with table.open(newline="") as stream:
            marks = counted(sum(1 for _ in csv.DictReader(stream)), "row")
        rows.append(("Marks", marks, table))
    rows.append(("Feedback", counted(len(feedback), "page"), CLASS / "feedback"))
    rows.append(("Gradebook", "nbgrader's database", CLASS / "gradebook.db"))
    lines = [
        f"  {name:10} {what:24} {path.relative_to(steps.ROOT)}"
        for name, what, path in rows
        if path.exists()
    ]
    ways = [
        f"  {'Site':10} make serve, then http://127.0.0.1:8000",
        f"  {'Exercises':10} .venv/bin/jupyter lab exercises",
    ]
    if feedback:
        ways.append(f"  {'Feedback':10} in a browser, {feedback[0].relative_to(steps.ROOT)}")
    return "\n".join(["", "Made:", *lines, "", "Open:", *ways, ""])
