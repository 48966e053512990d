"""Pooling: a picture cut into windows, and the number that is kept of each."""

from typing import Any

import numpy as np
from matplotlib.patches import Circle
from numpy.typing import ArrayLike, NDArray

from cnnlib.plot.cells import as_numbers, draw_cells, normalise, number, outline
from cnnlib.plot.figure import (
    GREY,
    MAX_WIDTH,
    VERMILLION,
    CourseFigure,
    describe,
    plural,
    styled,
)
from cnnlib.plot.geometry import starts
from cnnlib.plot.layout import HEAD, MARGIN, NAME, arrange, cell_size, heading
from cnnlib.shapes import as_pair

GAP = 0.6  # inches between two panels


@styled
def pooling(
    x: ArrayLike,
    kernel_size: int | tuple[int, int] = 2,
    stride: int | tuple[int, int] | None = None,
    *,
    title: str | None = None,
) -> CourseFigure:
    """Draw a picture with its windows, next to the largest and the mean number of each.

    Parameters
    ----------
    x : (H, W)
        One channel, any unit. No padding.
    kernel_size, stride : int or (int, int), pixels
        ``stride`` is ``kernel_size`` by default. Where windows overlap only the first is framed.
    title : str, optional

    Returns
    -------
    CourseFigure
        The largest number of each framed window has a ring (the first one, if there are several).

    Raises
    ------
    ValueError
        If the window does not fit into the picture.

    Examples
    --------
    >>> from cnnlib import plot
    >>> print(plot.pooling([[1, 5, 2, 0], [3, 3, 2, 8]]).alt_text)
    ... # doctest: +NORMALIZE_WHITESPACE
    A 2 x 4 picture with 2 windows of 2 x 2, stride 2 x 2.
    The largest numbers, row by row: 5, 8. The means: 3, 3.
    """
    image = as_numbers(x, 2, "x")
    KH, KW = as_pair(kernel_size, "kernel_size", 1)
    SH, SW = as_pair(kernel_size if stride is None else stride, "stride", 1)
    rows, columns = starts(image.shape[0], KH, SH, 0), starts(image.shape[1], KW, SW, 0)
    windows = np.array([[image[r : r + KH, c : c + KW] for c in columns] for r in rows])
    largest, mean = windows.max(axis=(2, 3)), windows.mean(axis=(2, 3))

    panels = [image, largest, mean]
    wide, high = sum(panel.shape[1] for panel in panels), image.shape[0]
    cell = cell_size(wide, high, MAX_WIDTH - 2 * GAP - 2 * MARGIN, 4.5)
    width = wide * cell + 2 * GAP + 2 * MARGIN
    height = high * cell + NAME + 2 * MARGIN + (HEAD if title else 0.0)
    places, left = [], MARGIN
    for panel in panels:
        H, W = panel.shape
        places.append((left, MARGIN + (high - H) * cell / 2, W * cell, H * cell))
        left += W * cell + GAP
    figure, axes = arrange(places, width, height)
    norm = normalise(image, "count" if image.min() >= 0 else "signed")
    for ax, panel, name in zip(axes, panels, ("picture", "largest", "mean"), strict=True):
        draw_cells(ax, panel, "count" if image.min() >= 0 else "signed", norm=norm, cell=cell)
        ax.set_title(name)
    overlap = SH < KH or SW < KW
    for i, r in enumerate(rows):
        for j, c in enumerate(columns):
            if overlap and i + j:
                continue
            outline(axes[0], r, c, KH, KW, linewidth=1.8, edgecolor=GREY)
            down, right = divmod(int(windows[i, j].argmax()), KW)
            ring = Circle((c + right, r + down), 0.42, fill=False, ec=VERMILLION, lw=1.8, zorder=5)
            axes[0].add_patch(ring)
    if title:
        heading(figure, title)
    figure.alt_text = describe(
        title,
        f"A {image.shape[0]} x {image.shape[1]} picture with {plural(largest.size, 'window')} of "
        f"{KH} x {KW}, stride {SH} x {SW}. The largest numbers, row by row: {_listed(largest)}. ",
        f"The means: {_listed(mean)}.",
    )
    return figure


def _listed(values: NDArray[Any], most: int = 16) -> str:
    shown = ", ".join(number(value) for value in values.flat[:most])
    return shown + (f", and {values.size - most} more" if values.size > most else "")
