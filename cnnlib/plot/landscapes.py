"""A loss over two weights, seen from above, and the way that an optimiser takes down."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlib.plot.cells import number
from cnnlib.plot.figure import (
    BLUE,
    GREY,
    MAX_WIDTH,
    VERMILLION,
    CourseFigure,
    describe,
    new_figure,
    plural,
    styled,
)

Loss = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
POINTS = 121  # along each side of the grid on which the loss is computed
LINES = 10  # contour lines; each stands for twice the loss of the one inside it


@styled
def descent(
    landscapes: Mapping[str, tuple[Loss, ArrayLike]],
    extent: tuple[float, float, float, float],
    *,
    names: tuple[str, str] = ("weight 1", "weight 2"),
    title: str | None = None,
) -> CourseFigure:
    """Draw contour lines of losses of two weights, side by side, each with the steps of a descent.

    Parameters
    ----------
    landscapes : mapping of name to (loss, path)
        ``loss`` takes two arrays of weights, equally shaped, and returns the losses; ``path`` is
        (steps + 1, 2), from the start to the end.
    extent : (left, right, bottom, top), the unit of the weights
        The same for all, and both weights on one scale: a ravine looks like a ravine.
    names : the names of the two weights
    title : str, optional

    Returns
    -------
    CourseFigure
        The loss doubles from line to line. The start is a ring, the end a diamond.

    Raises
    ------
    ValueError
        If there is no landscape, or a path is not (steps + 1, 2).

    Examples
    --------
    >>> from cnnlib import plot
    >>> bowl = (lambda u, v: u**2 + v**2, [[1, 0], [0.5, 0]])
    >>> print(plot.descent({"bowl": bowl}, (-1, 1, -1, 1)).alt_text)
    A loss of two weights from above. Bowl: 1 step from (1, 0) to (0.5, 0), loss 1 to 0.25.
    """
    if not landscapes:
        raise ValueError("landscapes is empty; give at least one name with (loss, path)")
    left, right, bottom, top = extent
    width = min(MAX_WIDTH / len(landscapes), 4.0)
    height = (width - 0.75) * (top - bottom) / (right - left) + 0.95
    figure = new_figure(width * len(landscapes), height + 0.3 * bool(title))
    axes = figure.subplots(1, len(landscapes), squeeze=False)[0]
    grid = np.meshgrid(np.linspace(left, right, POINTS), np.linspace(bottom, top, POINTS))
    described = []
    for ax, (name, (loss, steps)) in zip(axes, landscapes.items(), strict=True):
        path = np.asarray(steps, float)
        if path.ndim != 2 or path.shape[1] != 2 or not len(path):
            raise ValueError(f"{name}: the path has the shape {path.shape}, not (steps + 1, 2)")
        heights = loss(*grid)
        levels = heights.max() / 2.0 ** np.arange(LINES, 0, -1)
        ax.contour(*grid, heights, levels=levels, colors=GREY, linewidths=0.7)
        ax.plot(*path.T, color=VERMILLION, linewidth=1.2, marker=".", ms=4)
        ax.plot(*path[0], "o", mfc="white", mec=VERMILLION, mew=1.6, ms=8)
        ax.plot(*path[-1], "D", color=BLUE, ms=6)
        ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal", title=name)
        ax.set(xlabel=names[0], ylabel=names[1])
        ends = [f"({', '.join(map(number, place))})" for place in (path[0], path[-1])]
        losses = [number(float(loss(*np.asarray(place)[:, None])[0])) for place in path[[0, -1]]]
        described.append(
            f"{name[:1].upper()}{name[1:]}: {plural(len(path) - 1, 'step')} from {ends[0]} to "
            f"{ends[1]}, loss {losses[0]} to {losses[1]}"
        )
    if title:
        figure.suptitle(title)
    figure.alt_text = describe(
        title,
        f"{'a' if title else 'A'} loss of two weights from above. {'; '.join(described)}.",
    )
    return figure
