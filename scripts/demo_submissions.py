"""The submissions of the demonstration class: right, wrong in several ways, and broken.

All of them begin as the exercise that students get; no student exists behind the numbers.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
A02, A03 = "02-convolution", "03-padding-stride"
WRITTEN = {
    "flip-and-learning": """\
The weights are learned, so a network with the other convention learns the same kernel turned
round. It matters when I copy a kernel from a book that does turn it: a Sobel kernel then gives
edges with the wrong sign.""",
    "alexnet-size": """\
(224 - 11) // 4 + 1 = 54, not 55. With 227 pixels it is 55, and with 224 pixels and a padding of 2
too. I would pad: pictures then keep the size that everybody uses.""",
}


@dataclass(frozen=True)
class Submission:
    """One notebook of one student, and what is special about it."""

    student: str
    slug: str
    about: str
    done: tuple[str, ...] | None = None  # the tasks answered; None: all
    edits: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # task -> what is wrong
    damage: Callable[[NotebookNode], str] = nbformat.writes

    def text(self) -> str:
        """Return the file as the student hands it in."""
        notebook = _read("exercises", self.slug)
        answers = {_id(c): c.source for c in _read("solutions", self.slug).cells}
        for cell in notebook.cells:
            meta = cell.metadata.get("nbgrader", {})
            if not meta.get("solution") or (self.done is not None and _id(cell) not in self.done):
                continue
            if meta["grade"]:
                cell.source = WRITTEN[_id(cell)]
                continue
            cell.source = re.sub(r" *### (BEGIN|END) SOLUTION\n?", "", answers[_id(cell)]).rstrip()
            old, new = self.edits.get(_id(cell), ("", ""))
            if old not in cell.source:
                raise ValueError(f"{self.student}, {_id(cell)}: {old!r} is not in the solution")
            cell.source = cell.source.replace(old, new, 1) if old else cell.source
        return self.damage(notebook) + "\n"


def _read(kind: str, slug: str) -> NotebookNode:
    return nbformat.read(ROOT / kind / slug / f"{slug}.ipynb", as_version=4)


def _id(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def cut_off(notebook: NotebookNode) -> str:
    """Stop in the middle of the file, as an interrupted upload does."""
    text: str = nbformat.writes(notebook)
    return text[: len(text) // 2]


def with_a_cell_twice(notebook: NotebookNode) -> str:
    """Copy an answer cell below itself, with its metadata, as JupyterLab's copy and paste does."""
    place = next(i for i, cell in enumerate(notebook.cells) if _id(cell) == "conv2d")
    second = copy.deepcopy(notebook.cells[place])
    second.id = "conv2d-copy"
    notebook.cells.insert(place + 1, second)
    return str(nbformat.writes(notebook))


def with_forged_tags(notebook: NotebookNode) -> str:
    """Tag every test cell so that the program that runs notebooks passes over it."""
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.metadata["tags"] = ["skip-execution"]
    return str(nbformat.writes(notebook))


def without_metadata(notebook: NotebookNode) -> str:
    """Lose what nbgrader knows cells by, as some editors and converters do."""
    for cell in notebook.cells:
        cell.metadata.clear()
    return str(nbformat.writes(notebook))


def submissions() -> list[Submission]:
    """List all submissions, in the order of their students."""
    turned = ("w * patch", "w[::-1, ::-1] * patch")
    endless = ("for i in range(n - k + 1):", "i = 0\n    while i < n - k + 1:")
    return [
        Submission("student-01", A02, "everything right"),
        Submission("student-01", A03, "everything right"),
        Submission("student-02", A02, "kernel turned round", edits={"xcorr2d": turned}),
        Submission(
            "student-02",
            A03,
            "padding counted once",
            edits={"out_size": ("size + 2 * padding", "size + padding")},
        ),
        Submission(
            "student-03",
            A02,
            "bias missing, blur not normalised",
            edits={
                "conv2d": ("y[n, o] += bias[o]", "pass"),
                "design_kernels": ("1 / 9", "1"),
            },
        ),
        Submission(
            "student-03",
            A03,
            "pair of paddings swapped",
            edits={"conv2d": ("PH, PW = padding", "PW, PH = padding")},
        ),
        Submission("student-04", A02, "half done", done=("xcorr1d", "xcorr2d", "convolve2d")),
        Submission(
            "student-04",
            A03,
            "two tasks, one with sides swapped",
            done=("out_size", "same_pad"),
            edits={"same_pad": ("before, total - before", "total - before, before")},
        ),
        Submission("student-05", A02, "untouched", done=()),
        Submission("student-06", A02, "file cut off", damage=cut_off),
        Submission("student-07", A02, "a cell copied", damage=with_a_cell_twice),
        Submission("student-08", A02, "forged tags", done=(), damage=with_forged_tags),
        Submission("student-09", A02, "endless loop", edits={"xcorr1d": endless}),
        Submission("student-10", A02, "metadata lost", damage=without_metadata),
    ]
