"""The figure every plot returns: a matplotlib ``Figure`` that carries its own description.

Nothing here touches ``pyplot`` or the caller's ``rcParams``: a figure is built, drawn and saved
under the course's own settings, so the same data give the same PNG bytes in every notebook.
"""

import functools
import io
from collections.abc import Callable
from typing import Any, ParamSpec

import matplotlib.style
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

# Okabe and Ito's palette, which people with any common colour blindness can tell apart.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#595959"
PAPER = "#FCFCFA"
CYCLE = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, BLACK)

DPI = 120
MAX_WIDTH = 8.0  # inches: a little more than the text column of the book

STYLE: dict[str, Any] = {
    "axes.edgecolor": GREY,
    "axes.facecolor": PAPER,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10.5,
    "figure.dpi": DPI,
    "figure.facecolor": PAPER,
    "figure.titlesize": 11.5,
    "font.family": ["DejaVu Sans"],  # shipped inside matplotlib, so it is the same everywhere
    "font.size": 10,
    "hatch.linewidth": 0.6,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "savefig.facecolor": PAPER,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
}


class CourseFigure(Figure):
    """A matplotlib figure with ``alt_text``; a notebook shows it without ``pyplot``.

    Examples
    --------
    >>> from cnnlib import plot
    >>> figure = plot.matrix([[0, 1], [2, 3]])
    >>> figure.alt_text
    'A matrix of 2 rows and 2 columns with values from 0 to 3.'
    >>> figure.png()[1:4]
    b'PNG'
    """

    alt_text: str = ""

    def png(self) -> bytes:
        """Return the figure as PNG; equal figures give equal bytes (no date, no version inside)."""
        buffer = io.BytesIO()
        with matplotlib.style.context(["default", STYLE]):
            if self.get_layout_engine() is not None:
                # The layout starts from where things stand, so a second pass would move them again.
                self.draw_without_rendering()
                self.set_layout_engine("none")
            self.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
        return buffer.getvalue()

    def _repr_png_(self) -> tuple[bytes, dict[str, str]]:
        return self.png(), {"alt": self.alt_text}

    def __repr__(self) -> str:
        return f"<Figure: {self.alt_text}>"


P = ParamSpec("P")


def styled(function: Callable[P, CourseFigure]) -> Callable[P, CourseFigure]:
    """Run a plotting function under the course's settings, whatever the caller's are."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> CourseFigure:
        with matplotlib.style.context(["default", STYLE]):
            return function(*args, **kwargs)

    return wrapper


def new_figure(width: float, height: float) -> CourseFigure:
    """Return an empty figure, sizes in inches, whose parts make room for each other."""
    engine = ConstrainedLayoutEngine(w_pad=0.07, h_pad=0.07)
    return CourseFigure(figsize=(width, height), layout=engine)


def describe(title: str | None, *parts: str) -> str:
    """Return alt text: the title, if there is one, and then the parts as they are."""
    return (f"{title}: " if title else "") + "".join(parts)


def plural(count: int, noun: str) -> str:
    """Return ``1 pixel`` or ``3 pixels``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
