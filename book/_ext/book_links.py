"""API pages lead back to the chapters that teach with them, and to the assignments of those.

A chapter belongs to a module if its text links to something in it, or if the module's docstring
says so ("Book: chapters 2 and 4."). On the page that sentence gives way to the links.
"""

import functools
import json
import re
from pathlib import Path

ROLE = re.compile(r"\{(?:func|class|mod)\}`~?([\w.]+)`")
SAID = re.compile(r"\s*\bBook:\s+chapters?\s+(\d+(?:(?:,|,?\s+and)\s+\d+)*)\.")


@functools.cache
def chapters(source):
    """Number, file and linked names of each chapter."""
    found = []
    for path in sorted(Path(source, "book").glob("[0-9][0-9]-*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf8"))["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        found.append((int(path.name[:2]), path, set(ROLE.findall(text))))
    return found


def said(docstring):
    """The chapters that a docstring names."""
    match = SAID.search(docstring or "")
    return {int(number) for number in re.findall(r"\d+", match[1])} if match else set()


def back(source, module, documented, find):
    """A line of links for one module, whose ``documented`` maps full names to objects."""
    named = said(module.__doc__)
    links = []
    for number, path, names in chapters(source):
        objects = [find(name) for name in names]
        meant = names & {*documented, module.__name__} or any(
            thing is other for thing in objects for other in documented.values()
        )
        if meant or number in named:
            links.append(link(Path(source), number, path))
    return f"*In the book:* {', '.join(links)}.\n\n" if links else ""


def link(source, number, path):
    """A chapter, and its assignment where it has one."""
    text = f"[chapter {number}](/book/{path.name})"
    assignment = Path("exercises", path.stem, path.name)
    if not (source / assignment).exists():
        return text
    course = json.loads((source / assignment).read_text(encoding="utf8"))["metadata"]["course"]
    return f"{text} with [{course['assignment']}](/{assignment.as_posix()})"


def drop_what_is_linked(app, what, name, thing, options, lines):
    """Take the sentence about the book out of a module's docstring."""
    if what == "module":
        lines[:] = SAID.sub("", "\n".join(lines)).split("\n")


def connect(app):
    """Register the event."""
    app.connect("autodoc-process-docstring", drop_what_is_linked)
