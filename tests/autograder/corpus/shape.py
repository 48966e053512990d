# ruff: noqa: E501 -- one case reads best as one entry
"""Notebook shape: mostly honest accidents. They may cost only what they must."""

from __future__ import annotations

import copy
import json
from typing import Any

import nbformat

from tests.autograder import course
from tests.autograder.corpus import ADD, Case, lost


def _edit(which: str, **changes: Any):
    def make(notebook: Any) -> None:
        cell = course.cell_of(notebook, which)
        marks = cell.metadata["nbgrader"]
        for name, value in changes.items():
            if name == "source":
                cell.source = value
            elif name == "drop":
                del marks[value]
            else:
                marks[name] = value

    return make


def _delete(grade_id: str):
    def make(notebook: Any) -> None:
        notebook.cells.remove(course.cell_of(notebook, grade_id))

    return make


def _duplicate(grade_id: str, source: str | None = None):
    def make(notebook: Any) -> None:
        cell = course.cell_of(notebook, grade_id)
        twin = copy.deepcopy(cell)
        twin["id"] = "twin"
        twin.source = cell.source if source is None else source
        notebook.cells.insert(notebook.cells.index(cell) + 1, twin)

    return make


def _split(notebook: Any) -> None:
    cell = course.cell_of(notebook, "counter")
    cell.source = "start = 0"
    _duplicate("counter", course.GOOD["counter"].replace("self.total = 0", "self.total = start"))(
        notebook
    )


def _reversed(notebook: Any) -> None:
    notebook.cells.reverse()


def _swap_ids(notebook: Any) -> None:
    a, b = course.cell_of(notebook, "add"), course.cell_of(notebook, "relu")
    a.metadata["nbgrader"]["grade_id"], b.metadata["nbgrader"]["grade_id"] = "relu", "add"


def _no_metadata(notebook: Any) -> None:
    for cell in notebook.cells:
        cell.metadata.clear()


def _no_metadata_and_stub(notebook: Any) -> None:
    _no_metadata(notebook)
    notebook.cells = [cell for cell in notebook.cells if "def add" not in cell.source]


def _markdown_test(notebook: Any) -> None:
    cell = course.cell_of(notebook, "add-check")
    place = notebook.cells.index(cell)
    made = nbformat.v4.new_markdown_cell(cell.source)
    made.metadata = cell.metadata
    notebook.cells[place] = made


def _raw_answer(notebook: Any) -> None:
    cell = course.cell_of(notebook, "add")
    made = nbformat.v4.new_raw_cell(cell.source)
    made.metadata = cell.metadata
    notebook.cells[notebook.cells.index(cell)] = made


def _kernel(name: str | None):
    def make(notebook: Any) -> None:
        if name is None:
            del notebook.metadata["kernelspec"]
        else:
            notebook.metadata["kernelspec"] = {
                "name": name,
                "display_name": name,
                "language": "julia",
            }

    return make


def _schema(version: Any):
    def make(notebook: Any) -> None:
        for cell in notebook.cells:
            if "nbgrader" in cell.metadata:
                cell.metadata["nbgrader"]["schema_version"] = version

    return make


def _json_edit(change):
    def make(notebook: Any) -> bytes:
        tree = json.loads(nbformat.writes(notebook))
        change(tree)
        return json.dumps(tree).encode()

    return make


def _old_format(notebook: Any) -> bytes:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return json.dumps(nbformat.convert(notebook, 3)).encode()


CASES = [
    Case("good"),
    Case("test-deleted", make=_delete("add-check"), note="was missing and was put back"),
    Case("given-deleted", make=_delete("setup")),
    Case(
        "answer-deleted",
        lost("missing-answer", *ADD),
        make=_delete("add"),
        says="missing",
    ),
    Case("answer-duplicated", make=_duplicate("add"), note="is there 2 times"),
    Case("answer-duplicated-with-another", make=_duplicate("add", "z = 1")),
    Case("test-duplicated", make=_duplicate("add-check", "raise SystemExit")),
    Case("answer-split", make=_split),
    Case("cells-reversed", make=_reversed),
    Case("test-edited", make=_edit("add-check", source="pass"), answers={"add": "def add(a, b): return 0"},
         lost=lost("failed", *ADD)),
    Case("test-made-markdown", make=_markdown_test),
    Case("answer-made-raw", make=_raw_answer),
    Case("all-metadata-lost", make=_no_metadata, note="recognised by the names"),
    Case("metadata-and-answer-lost", lost("missing-answer", *ADD), make=_no_metadata_and_stub,
         note="text that had no place"),
    Case("points-raised", make=_edit("add-check", points=3000)),
    Case("points-not-a-number", make=_edit("add-check", points="many")),
    Case("points-negative", make=_edit("add-check", points=-5)),
    Case("grade-flag-off", make=_edit("add-check", grade=False)),
    Case("solution-flag-on", make=_edit("add-check", solution=True)),
    Case("locked-flag-off", make=_edit("setup", locked=False)),
    Case("ids-swapped", make=_swap_ids),
    Case("id-unknown", make=_edit("add", grade_id="nobody"), note="belongs to no cell"),
    Case("id-a-number", make=_json_edit(lambda t: t["cells"][2]["metadata"]["nbgrader"].update(grade_id=7))),
    Case("nbgrader-a-list", make=_json_edit(lambda t: t["cells"][2]["metadata"].update(nbgrader=[1]))),
    Case("metadata-null", make=_json_edit(lambda t: t["cells"][2].update(metadata=None))),
    Case("source-a-list", make=_json_edit(
        lambda t: t["cells"][2].update(source="".join(t["cells"][2]["source"]).splitlines(keepends=True)))),
    Case("source-a-number", lost("missing-answer", *ADD), make=_json_edit(lambda t: t["cells"][2].update(source=5))),
    Case("schema-1", make=_schema(1)),
    Case("schema-99", make=_schema(99)),
    Case("schema-a-word", make=_schema("three")),
    Case("kernel-unknown", make=_kernel("julia-1.9")),
    Case("kernel-missing", make=_kernel(None)),
    Case("nbformat-3", make=_old_format),
    Case("nbformat-minor-99", make=_json_edit(lambda t: t.update(nbformat_minor=99))),
    Case("cell-ids-equal", make=_json_edit(lambda t: [c.update(id="same") for c in t["cells"]])),
    Case("attachments-and-junk", make=_json_edit(
        lambda t: t["cells"][0].update(attachments={"a": {"image/png": "zzz"}}, junk=1))),
    Case("extra-cells", extra={"add": "helper = 3\nprint(helper)", "setup": "note = 'mine'"}),
    Case("extra-cell-fails", extra={"add": "1 / 0"}),
    Case("answer-empty", lost("error", *ADD), answers={"add": ""}, says="add"),
    Case("answer-is-text", lost("error", *ADD), answers={"add": "this is not python"}, says="its cell 'add' stopped"),
    Case("null-bytes", lost("error", *ADD), answers={"add": "def add(a, b):\n    return a\x00"}),
    Case("lone-surrogate", answers={"add": "def add(a, b):\n    text = '\\ud800'\n    return a + b"}),
]  # fmt: skip
