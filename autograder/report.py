"""The class report as a page: every plot has its table, nothing needs a script."""

from __future__ import annotations

from typing import Any

from autograder.feedback import environment, number, style
from autograder.statistics import BINS, ClassFacts


def render(facts: ClassFacts) -> str:
    """The page as text."""
    page: str = (
        environment()
        .get_template("report.html")
        .render(facts=facts, bars=_bars(facts), number=number, style=style())
    )
    return page


def _bars(facts: ClassFacts) -> list[dict[str, Any]]:
    most = max([1, *facts.histogram])
    step = facts.max_score / BINS
    bars = []
    for place, count in enumerate(facts.histogram):
        height = round(170 * count / most, 1)
        label = f"{number(place * step)}–{number((place + 1) * step)}"
        bars.append(
            {"x": place * 60 + 4, "y": 195 - height, "width": 52, "height": height}
            | {"count": count, "label": label}
        )
    return bars
