"""Points so far: what the visible checks of this notebook have given.

Room: ``cnnlib.checks``. The record lives as long as the kernel; running a check again replaces it.
"""

from __future__ import annotations

from collections.abc import Mapping

_earned: dict[str, float] = {}


def record(task: str, points: float) -> None:
    """Remember what the visible check of ``task`` gave last."""
    _earned[task] = points


def progress(visible: Mapping[str, float], *, hidden: float = 0, written: float = 0) -> None:
    """Print the points of the visible checks, task by task.

    Parameters
    ----------
    visible : points that the visible check of each task can give
    hidden, written : points that hidden tests and written answers can add
    """
    width = max(map(len, visible))
    print("Points so far, by the visible checks")
    total = 0.0
    for task, points in visible.items():
        earned = min(_earned.get(task, 0.0), points)
        total += earned
        state = "done" if earned == points else "not yet" if task in _earned else "check not run"
        print(f"  {task:<{width}}  {earned:>4g} of {points:<4g} {state}")
    print(f"  {'together':<{width}}  {total:>4g} of {sum(visible.values()):g}")
    more = [f"hidden tests {hidden:g}"] * bool(hidden) + [f"written answers {written:g}"] * bool(
        written
    )
    if more:
        print(f"Later, in the grading: {', '.join(more)} points.")
