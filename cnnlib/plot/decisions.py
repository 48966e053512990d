"""Questions in the order in which to ask them, and what follows from each yes."""

from collections.abc import Sequence
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from cnnlib.plot.figure import (
    BLUE,
    GREEN,
    GREY,
    MAX_WIDTH,
    CourseFigure,
    describe,
    plural,
    styled,
)
from cnnlib.plot.layout import HEAD, MARGIN, arrange, heading

BOX = 3.25  # inches: width of a question and of an answer
WAY = MAX_WIDTH - 2 * MARGIN - 2 * BOX  # inches between them, for the arrow that says "yes"
DROP = 0.42  # inches between two questions, for the arrow that says "no"
LINE = 0.185  # inches: height of a line of text
CHARACTERS = 41  # in a line of a box


@styled
def decision_chart(
    steps: Sequence[tuple[str, str]], otherwise: str, *, title: str | None = None
) -> CourseFigure:
    """Draw yes-or-no questions below each other: yes leads to an answer, no to the next question.

    Parameters
    ----------
    steps : list of (question, answer)
        In the order in which they are asked.
    otherwise : str
        What follows when every question got a no.
    title : str, optional

    Returns
    -------
    CourseFigure

    Examples
    --------
    >>> from cnnlib import plot
    >>> print(plot.decision_chart([("Is it wet?", "Dry it.")], "Use it.").alt_text)
    A chart of 1 question. 1. Is it wet? If yes: Dry it. If all answers are no: Use it.
    """
    if not steps:
        raise ValueError("steps is empty; give at least one question with its answer")
    wrapped = [(fill(q, CHARACTERS), fill(a, CHARACTERS)) for q, a in steps]
    last = fill(otherwise, CHARACTERS)
    heights = [_height(*pair) for pair in wrapped]
    head = HEAD if title else 0.0
    inner = sum(heights) + DROP * len(steps) + _height(last)
    total = inner + 2 * MARGIN + head
    figure, (ax,) = arrange([(MARGIN, MARGIN, MAX_WIDTH - 2 * MARGIN, inner)], MAX_WIDTH, total)
    ax.set(xlim=(0, MAX_WIDTH - 2 * MARGIN), ylim=(0, inner))
    ax.set_axis_off()
    top = inner
    for (question, answer), height in zip(wrapped, heights, strict=True):
        middle, bottom = top - height / 2, top - height
        _box(ax, 0, bottom, height, question, BLUE)
        _box(ax, BOX + WAY, bottom, height, answer, GREEN)
        _arrow(ax, (BOX, middle), (BOX + WAY, middle))
        ax.text(BOX + WAY / 2, middle + 0.06, "yes", ha="center", va="bottom", color=GREY)
        _arrow(ax, (BOX / 2, bottom), (BOX / 2, bottom - DROP))
        ax.text(BOX / 2 + 0.1, bottom - DROP / 2, "no", ha="left", va="center", color=GREY)
        top = bottom - DROP
    _box(ax, 0, 0, _height(last), last, GREEN)
    if title:
        heading(figure, title)
    asked = " ".join(f"{i}. {q} If yes: {a}" for i, (q, a) in enumerate(steps, 1))
    figure.alt_text = describe(
        title,
        f"{'a' if title else 'A'} chart of {plural(len(steps), 'question')}. {asked} "
        f"If all answers are no: {otherwise}",
    )
    return figure


def _height(*texts: str) -> float:
    return LINE * (1 + max(text.count("\n") for text in texts)) + 0.2


def _box(ax: Axes, left: float, bottom: float, height: float, text: str, colour: str) -> None:
    frame = FancyBboxPatch(
        (left + 0.05, bottom + 0.05), BOX - 0.1, height - 0.1,
        boxstyle="round,pad=0.05,rounding_size=0.08",
        facecolor="white", edgecolor=colour, linewidth=1.6,
        linestyle="-" if colour == GREEN else (0, (4, 2)), clip_on=False,
    )  # fmt: skip
    ax.add_patch(frame)
    ax.text(left + BOX / 2, bottom + height / 2, text, ha="center", va="center", fontsize=9.5)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 1.2})
