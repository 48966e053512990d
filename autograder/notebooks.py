"""Read notebook files that anybody may have written, and name what is wrong with them."""

from __future__ import annotations

import json
import os
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_FILE = 20 * 2**20
MAX_CELLS = 2_000
MAX_SOURCE = 2**20


class BadFile(Exception):  # noqa: N818 -- named as the outcome that it becomes
    """A file that is not a notebook; ``kind`` is one word, the message is for people."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Cell:
    """What is taken from a submitted cell: its type, its text, the id it claims; no more."""

    cell_type: str
    source: str
    grade_id: str | None


def read_bytes(path: Path) -> bytes:
    """Read a regular file of sensible size; a link is refused, wherever it leads."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if path.is_symlink():
            raise BadFile("link", f"{path.name} is a link, not a file") from error
        raise BadFile("unreadable", f"{path.name} cannot be read: {error.strerror}") from error
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode):
        os.close(handle)
        raise BadFile("not-a-file", f"{path.name} is not a regular file")
    with os.fdopen(handle, "rb") as file:
        if facts.st_size > MAX_FILE:
            raise BadFile(
                "too-large",
                f"{path.name} has {facts.st_size / 2**20:.0f} MiB; {MAX_FILE // 2**20} are "
                f"allowed. "
                "Clear the outputs and save it again.",
            )
        return file.read(MAX_FILE + 1)


def parse(data: bytes, name: str = "the file") -> list[Cell]:
    """Take the cells out of a submitted notebook."""
    tree = _json(data, name)
    version = tree.get("nbformat")
    if version == 3 or ("worksheets" in tree and "cells" not in tree):
        tree = _upgrade(tree, name)
    cells = tree.get("cells")
    if not isinstance(cells, list):
        raise BadFile("not-a-notebook", f"{name} is JSON, but it has no list of cells")
    if len(cells) > MAX_CELLS:
        raise BadFile("too-large", f"{name} has {len(cells)} cells; {MAX_CELLS} are allowed")
    return [cell for cell in map(_cell, cells) if cell is not None]


def _json(data: bytes, name: str) -> dict[str, Any]:
    if not data.strip():
        raise BadFile("empty", f"{name} is empty")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            text = data.decode("utf-16", "replace")
        else:
            raise BadFile(
                "encoding",
                f"{name} is not UTF-8 text (byte {error.start}). Save it in Jupyter again.",
            ) from error
    if any(line.startswith(("<<<<<<< ", ">>>>>>> ")) for line in text.splitlines()):
        raise BadFile(
            "merge-conflict", f"{name} still holds the marks of a merge conflict (<<<<<<<)"
        )
    try:
        tree = json.loads(text)
    except RecursionError as error:
        raise BadFile("too-deep", f"{name} is nested too deeply") from error
    except ValueError as error:
        cut = text.lstrip().startswith("{") and not text.rstrip().endswith("}")
        kind = "truncated" if cut else "not-json"
        what = "ends in the middle; it was not copied completely" if cut else "is not a notebook"
        raise BadFile(kind, f"{name} {what} ({error})") from error
    if not isinstance(tree, dict):
        raise BadFile("not-a-notebook", f"{name} is JSON, but not a notebook")
    return tree


def _upgrade(tree: dict[str, Any], name: str) -> dict[str, Any]:
    import nbformat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return dict(nbformat.convert(nbformat.from_dict(tree), 4))
    except Exception as error:
        raise BadFile(
            "old-format", f"{name} has notebook format 3 and cannot be upgraded"
        ) from error


def _cell(cell: object) -> Cell | None:
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return None
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        return None
    if len(source) > MAX_SOURCE:
        source = source[:MAX_SOURCE]
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return Cell(cell["cell_type"], source, grade_id if isinstance(grade_id, str) else None)
