"""A check: the cases of one task, their report, and the points.

Room: ``cnnlib.checks`` -- NumPy only. The learner's function may live in another process: it is
only ever called, with fresh copies, and its result is only ever read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from cnnlib.checks.calling import call_safely
from cnnlib.checks.calls import call_text, materialise, shown
from cnnlib.checks.compare import Difference, compare, plain
from cnnlib.checks.progress import record

MOST_SHOWN = 4  # a long list of failures hides the first one, which is the one to work on


class CheckFailed(AssertionError):  # noqa: N818 - a learner's result, not a crash
    """A task is not right yet. Its text is the whole message; a traceback would add nothing."""

    def _render_traceback_(self) -> list[str]:  # IPython asks for this instead of its own
        return str(self).split("\n")


class Points(float):
    """Points earned, with the report of what is not right yet for whoever shows them."""

    report: str

    def __new__(cls, value: float, report: str) -> Points:
        """Make a number that carries a text."""
        points = super().__new__(cls, value)
        points.report = report
        return points


@dataclass(frozen=True)
class _Case:
    name: str
    part: str
    failure: str = ""  # the paragraph of the report; empty if the case is right


class Check:
    """Compare a learner's function with the truth, case by case.

    Parameters
    ----------
    function : callable
        The answer; possibly a stand-in for a function in another process.
    name : str
        How the learner calls it.
    page : str
        What to read again, e.g. ``"chapter 2, 'Flip or not'"``.
    truth : callable, optional
        The right answer, for cases without ``expected``.
    mistakes : mapping of hint to function, optional
        Named wrong formulas: where the answer equals what the function gives, the hint is shown.
        They take the arguments of ``function``; one that fails on a case is skipped there.
    axes : names of the axes of the result, e.g. ``("OH", "OW")``
    task : str
        The name in the list of points so far, if it is not ``name``.
    hidden : bool
        Name the case and the hint, but show neither the input's numbers nor the right answer.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        *,
        page: str,
        truth: Callable[..., Any] | None = None,
        mistakes: Mapping[str, Callable[..., Any]] | None = None,
        axes: Sequence[str] = (),
        task: str = "",
        hidden: bool = False,
    ):
        self.function, self.name, self.page, self.truth = function, name, page, truth
        self.mistakes = dict(mistakes or {})
        self.axes, self.task, self.hidden = tuple(axes), task or name, hidden
        self._cases: list[_Case] = []
        self._again: tuple[tuple[Any, ...], dict[str, Any], Any] | None = None
        if not hidden:
            record(self.task, 0.0)

    def case(
        self,
        case: str,
        /,
        *args: Any,
        expected: Any = None,
        mistakes: Mapping[str, Any] | None = None,
        part: str = "",
        item: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        """Call the function with ``args`` and ``kwargs`` and compare what comes back.

        ``expected`` is the right answer (or ``truth`` gives it). ``mistakes`` maps a hint to a
        wrong value, for this case. ``part`` names the share of the points that the case counts for.
        ``item``: look at this item of what comes back only; ``expected`` and ``mistakes`` mean it.
        """
        if expected is None:
            if self.truth is None:
                raise TypeError(f"case {case!r} of {self.name} needs expected= or a truth")
            expected = _item(self.truth(*materialise(args), **materialise(kwargs)), item)
        wrong_values: list[tuple[str, Callable[[], Any]]] = []
        for hint, value in (mistakes or {}).items():
            wrong_values.append((hint, partial(materialise, value)))
        for hint, wrong in self.mistakes.items():
            call = partial(wrong, *materialise(args), **materialise(kwargs))
            wrong_values.append((hint, lambda call=call: _item(call(), item)))  # type: ignore[misc]
        result, difference = call_safely(self.function, args, kwargs)
        whole = result
        if difference is None:
            try:
                result = _item(whole, item)
            except Exception:  # not a sequence, too short, no such name
                difference = Difference(
                    f"{type(whole).__name__} came back, and it has no item [{item!r}]",
                    "Return all the parts that the task names, in their order.",
                )
        if difference is None:
            difference = compare(result, expected, self.axes)
            if difference:
                hint = _matching_hint(result, expected, wrong_values) or difference.hint
                difference = Difference(difference.what, hint, difference.detail)
            elif self._again is None:
                self._again = (args, kwargs, whole)
        failure = ""
        if difference:
            failure = self._report(args, kwargs, result, expected, difference, item)
        self._cases.append(_Case(case, part, failure))

    def holds(self, case: str, /, condition: object, hint: str, part: str = "") -> None:
        """Record a case that is a property: right if ``condition`` is true."""
        self._cases.append(_Case(case, part, "" if condition else f"   hint      {hint}"))

    def points(self, points: float | Mapping[str, float]) -> float:
        """Return the points earned; raise CheckFailed, with the report, if there are none.

        ``points`` is for everything together, or a mapping of part to points; a part counts when
        all of its cases are right. Cases without a part must be right for any points at all.
        What is returned is a number that carries the printed report as ``report``: a grader that
        keeps the output of hidden tests to itself can still say what half of an answer lacks.
        """
        self._repeat_first()
        shares = dict(points) if isinstance(points, Mapping) else {"": points}
        parts = {c.part for c in self._cases}
        if unknown := parts - set(shares) - {""}:
            raise ValueError(f"{self.name}: no points for the parts {sorted(unknown)}")
        if empty := set(shares) - parts:
            raise ValueError(f"{self.name}: points without a case for the parts {sorted(empty)}")
        failed = [c for c in self._cases if c.failure]
        lost = {c.part for c in failed}
        total = sum(shares.values())
        earned = 0.0 if "" in lost else sum(p for part, p in shares.items() if part not in lost)
        if not self.hidden:
            record(self.task, earned)
        if failed and not earned:
            raise CheckFailed(self._message(failed, earned, total)) from None
        report = self._message(failed, earned, total)
        print(report)
        return Points(earned, report)

    def _repeat_first(self) -> None:
        """Call once more with the arguments of the first right case: nothing may be remembered."""
        if self._again is None:
            return
        args, kwargs, first = self._again
        self._again = None
        result, difference = call_safely(self.function, args, kwargs)
        if difference is None and compare(result, first):
            difference = Difference(
                "the same call gave another answer the second time",
                "The answer may depend on the arguments alone, not on earlier calls or chance.",
            )
        if difference:
            failure = self._report(args, kwargs, result, first, difference)
            self._cases.append(_Case("the first case once more", "", failure))

    def _report(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
        expected: Any,
        difference: Difference,
        item: int | str | None = None,
    ) -> str:
        call = call_text(self.name, args, kwargs, numbers=not self.hidden)
        if item is not None:
            call += f"[{item!r}]"
        lines = [f"   call      {call}", f"   problem   {difference.what}"]
        if not self.hidden:
            if result is not None:
                lines.append(f"   gave      {shown(plain(result))}")
            lines.append(f"   expected  {shown(plain(expected))}")
            if difference.detail:
                lines.append(f"   in short  {difference.detail}")
        hints = [difference.hint] if difference.hint else []
        if difference.stopped:
            hints.append(_how_to_find_the_line(call))
        if hints:
            lines.append(f"   hint      {' '.join(hints)}")
        return "\n".join(lines)

    def _message(self, failed: list[_Case], earned: float, total: float) -> str:
        count = len(self._cases)
        tally = f"{earned:g} of {total:g} points"
        if not failed:
            noun = "the case is right" if count == 1 else f"all {count} cases are right"
            return f"{self.name}: {noun}, {tally}."
        kind = "hidden cases" if self.hidden else "cases"
        verb = "is" if len(failed) == 1 else "are"
        lines = [f"{self.name}: {len(failed)} of {count} {kind} {verb} not right yet, {tally}."]
        for number, case in enumerate(failed[:MOST_SHOWN], 1):
            lines += ["", f"{number}. {case.name}", case.failure]
        if names := [c.name for c in failed[MOST_SHOWN:]]:
            lines += ["", "Also not right: " + "; ".join(names) + "."]
        return "\n".join([*lines, "", f"Read again: {self.page}."])


def _how_to_find_the_line(call: str) -> str:
    if " of shape (" in call:  # an array that is only described cannot be pasted
        return "Call it with such an array in a cell of its own to see the line where it stops."
    return "Paste the call into a cell of its own to see the line where it stops."


def _item(value: Any, item: int | str | None) -> Any:
    return value if item is None else value[item]


def _matching_hint(
    result: Any, expected: Any, wrong_values: Iterable[tuple[str, Callable[[], Any]]]
) -> str:
    """Find the named wrong formula that gives just this result."""
    for hint, make in wrong_values:
        try:
            wrong = make()
        except Exception:  # a wrong formula need not work on every case
            continue
        if isinstance(right := plain(expected), np.ndarray):
            wrong = np.asarray(wrong)  # a list of numbers will do
            if wrong.dtype.kind in "iuf" and right.dtype.kind == "f":
                wrong = wrong.astype(right.dtype)  # single precision is compared as such
        if compare(wrong, expected) is not None and compare(result, wrong, strict=False) is None:
            return hint
    return ""
