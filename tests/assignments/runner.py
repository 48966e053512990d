"""Run an assignment's notebook in this process: no kernel, no database, a few milliseconds.

Two ways. *together*: all cells share one namespace, as in Jupyter. *apart*: the answers live in one
namespace and the tests in another, and only copies of plain data cross, as in the grading engine.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import io
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from IPython.core.inputtransformer2 import TransformerManager

ROOT = Path(__file__).resolve().parents[2]
SLUGS = sorted(path.name for path in (ROOT / "solutions").iterdir() if path.is_dir())
PLAIN = (bool, int, float, complex, str, type(None), np.generic, np.ndarray)


@dataclass(frozen=True)
class Result:
    """What one test cell gave."""

    earned: float
    points: float
    error: str  # name of the exception, or empty
    text: str  # the report, printed or raised


@functools.cache
def notebook(kind: str, slug: str) -> nbformat.NotebookNode:
    """Read ``solutions/<slug>/<slug>.ipynb`` or ``exercises/...``; do not change what you get."""
    return nbformat.read(ROOT / kind / slug / f"{slug}.ipynb", as_version=4)


def role(cell: nbformat.NotebookNode) -> str:
    """Name what a cell is for: given, answer, test, manual or text."""
    meta = cell.metadata.get("nbgrader")
    if meta is None:
        return "text"
    if meta["solution"]:
        return "manual" if meta["grade"] else "answer"
    return "test" if meta["grade"] else "given"


def cells(slug: str, kind: str = "solutions") -> dict[str, nbformat.NotebookNode]:
    """Return the cells that nbgrader knows, by grade id."""
    found = notebook(kind, slug).cells
    return {c.metadata.nbgrader.grade_id: c for c in found if role(c) != "text"}


def answers(slug: str, kind: str = "solutions") -> dict[str, str]:
    """Return the sources of the answer cells, by task."""
    return {k: c.source for k, c in cells(slug, kind).items() if role(c) == "answer"}


def points_of(results: dict[str, Result]) -> float:
    return sum(result.earned for result in results.values())


def grade(
    slug: str,
    changed: dict[str, str] | None = None,
    *,
    tasks: set[str] | None = None,
    apart: bool = False,
) -> dict[str, Result]:
    """Run the solution notebook with some answers changed; return the test cells' results.

    ``tasks``: run the cells of these tasks only.
    """
    space: dict[str, Any] = {"__name__": "__main__"}
    given: dict[str, Any] = {"__name__": "__main__"} if apart else space
    results = {}
    for grade_id, cell in cells(slug).items():
        what, task = role(cell), grade_id.removesuffix("-check").removesuffix("-hidden")
        if tasks is not None and what != "given" and task not in tasks:
            continue
        if what == "given":
            run(cell.source, space)
            if apart:
                run(cell.source, given)
        elif what == "answer":
            with contextlib.suppress(Exception):  # what a learner's cell raises, the tests will see
                run((changed or {}).get(grade_id, cell.source), space)
        elif what == "test":
            here = {**_stand_ins(space), **given} if apart else space
            results[grade_id] = _test(cell.source, here, float(cell.metadata.nbgrader.points))
    return results


@functools.lru_cache(maxsize=4000)
def _compiled(source: str) -> tuple[types.CodeType, types.CodeType | None]:
    tree = ast.parse(TransformerManager().transform_cell(source))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    value = compile(ast.Expression(last.value), "<cell>", "eval") if last else None
    return compile(tree, "<cell>", "exec"), value


def run(source: str, space: dict[str, Any]) -> Any:
    """Execute a cell and return the value of its last line, if that is an expression."""
    code, value = _compiled(source)
    exec(code, space)
    return eval(value, space) if value else None


def _test(source: str, space: dict[str, Any], points: float) -> Result:
    """Score a test cell by nbgrader's rule: an error or a word on stderr is 0; a number counts."""
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            value = run(source, space)
    except Exception as error:
        return Result(0.0, points, type(error).__name__, out.getvalue() + str(error))
    earned = points if value is None else float(value)
    assert 0 <= earned <= points, f"{earned} of {points} points"
    return Result(0.0 if err.getvalue() else earned, points, "", out.getvalue() + err.getvalue())


def _stand_ins(space: dict[str, Any]) -> dict[str, Any]:
    functions = {k: v for k, v in space.items() if isinstance(v, types.FunctionType)}
    return {name: _stand_in(function) for name, function in functions.items()}


def _stand_in(function: Callable[..., Any]) -> Any:
    @functools.wraps(function, updated=())
    def stand_in(*args: Any, **kwargs: Any) -> Any:
        return _crossed(function(*_crossed(args, lend=True), **_crossed(kwargs, lend=True)))

    return stand_in


class _Far:
    """What the tests hold of a network that stays with the answers; calls and attributes travel."""

    def __init__(self, value: Any):
        self._value = value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _stand_in(self._value)(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _crossed(getattr(self._value, name))

    def __iter__(self) -> Any:
        return iter(_crossed(list(self._value)))


def _of_a_network(value: Any) -> bool:
    """Whether ``value`` is a network, or a method or an iterator that one of them gave."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    owner = value.__self__ if isinstance(value, types.MethodType) else value
    return isinstance(owner, (torch.nn.Module, types.GeneratorType))


def _crossed(value: Any, *, lend: bool = False) -> Any:
    """Copy ``value`` as the wire between two processes would, or refuse it.

    ``lend``: a function that a test hands over can be called from the other side.
    """
    if isinstance(value, (tuple, list)):
        parts = [_crossed(v, lend=lend) for v in value]
        return parts if isinstance(value, list) else tuple(parts)
    if isinstance(value, dict):
        return {_crossed(k): _crossed(v, lend=lend) for k, v in value.items()}
    if isinstance(value, _Far):
        return value._value
    if hasattr(value, "requires_grad"):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if lend and callable(value) and not isinstance(value, type):
        return _stand_in(value)
    if _of_a_network(value):
        return _Far(value)
    if not isinstance(value, PLAIN) or (isinstance(value, np.ndarray) and value.dtype.kind == "O"):
        raise TypeError(f"{type(value).__name__} is not plain data")
    return copy.deepcopy(value)
