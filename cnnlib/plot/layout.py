"""Panels of cells placed to the inch, so that equal cells look equal and nothing is cut off."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from cnnlib.plot.cells import CELL, COLOURMAPS
from cnnlib.plot.figure import MAX_WIDTH, CourseFigure, new_figure

MARGIN = 0.14  # inches around everything
NAME = 0.28  # inches for the title of a panel
HEAD = 0.34  # inches for the title of the figure
BAR = 0.95  # inches for a colour bar with its numbers


def cell_size(columns: float, rows: float, width: float, height: float = 5.5) -> float:
    """Return the side of a cell in inches so that the grid fits ``width`` x ``height``."""
    return min(CELL, width / max(columns, 1), height / max(rows, 1))


def text_width(text: str) -> float:
    """Return about how many inches a panel title takes."""
    return 0.088 * len(text)


def arrange(
    places: Sequence[tuple[float, float, float, float]], width: float, height: float
) -> tuple[CourseFigure, list[Axes]]:
    """Return a figure and one axes for each (left, bottom, width, height) in inches."""
    figure = new_figure(width, height)
    figure.set_layout_engine("none")
    axes = [
        figure.add_axes((left / width, bottom / height, w / width, h / height))
        for left, bottom, w, h in places
    ]
    return figure, axes


def panel_grid(
    count: int,
    columns: int,
    panel: tuple[float, float],
    names: Sequence[str],
    *,
    title: str | None = None,
    bar: Normalize | None = None,
    foot: float = 0.0,
    left: float = 0.0,
    gap: float = 0.2,
) -> tuple[CourseFigure, list[Axes]]:
    """Return a figure with ``count`` named panels of (width, height) inches, ``columns`` in a row.

    ``names`` may be shorter than ``count``: then only the first panels carry a name and the rows
    stand closer together. ``bar`` adds a colour bar of the signed scale on the right; ``foot`` and
    ``left`` reserve inches below each panel and left of the grid.
    """
    width, height = panel
    rows = math.ceil(count / columns)
    slot = max(width, *(text_width(name) for name in names)) + gap if names else width + gap
    every_row = len(names) > columns or rows == 1
    step = height + foot + (NAME if every_row else gap)
    head = HEAD if title else 0.0
    total_width = left + columns * slot - gap + 2 * MARGIN + (BAR if bar else 0.0)
    if title:
        total_width = max(total_width, 1.15 * text_width(title) + 2 * MARGIN)
    extra = NAME if not every_row and names else 0.0
    total_height = rows * step + head + extra + 2 * MARGIN - (0 if every_row else gap)
    places = []
    for index in range(count):
        row, column = divmod(index, columns)
        x = MARGIN + left + column * slot + (slot - gap - width) / 2
        top = total_height - MARGIN - head - extra - row * step - (NAME if every_row else 0.0)
        places.append((x, top - height, width, height))
    figure, axes = arrange(places, total_width, total_height)
    for ax, name in zip(axes, names, strict=False):
        ax.set_title(name)
    if title:
        heading(figure, title)
    if bar:
        grid_height = total_height - head - NAME - 2 * MARGIN
        tall = min(grid_height, 2.6)
        place = (
            (total_width - BAR + 0.12) / total_width,
            (MARGIN + (grid_height - tall) / 2) / total_height,
            0.13 / total_width,
            tall / total_height,
        )
        scale = figure.colorbar(
            ScalarMappable(bar, COLOURMAPS["signed"]), cax=figure.add_axes(place), label="value"
        )
        scale.outline.set_visible(False)
    return figure, axes


def heading(figure: CourseFigure, title: str) -> None:
    """Write the title of a figure that :func:`arrange` made."""
    height = figure.get_figheight()
    figure.text(0.5, 1 - (MARGIN + 0.08) / height, title, ha="center", va="center", fontsize=11.5)


def columns_for(width: float, count: int, most: int) -> int:
    """Return how many panels of ``width`` inches stand in a row, at most ``most``."""
    return max(1, min(count, most, int(MAX_WIDTH / width)))
