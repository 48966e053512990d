"""A window on a picture: one step of a convolution, its places, and how often a pixel is read."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from cnnlib.plot.cells import (
    SIGNED,
    Scale,
    as_numbers,
    cross_out,
    draw_cells,
    hatch_border,
    index_ticks,
    normalise,
    number,
    outline,
)
from cnnlib.plot.figure import (
    GREY,
    MAX_WIDTH,
    VERMILLION,
    CourseFigure,
    describe,
    new_figure,
    plural,
    styled,
)
from cnnlib.plot.geometry import read_counts, starts
from cnnlib.plot.layout import HEAD, MARGIN, NAME, arrange, cell_size, heading
from cnnlib.shapes import as_pair

Pair = int | tuple[int, int]


@styled
def window(
    x: ArrayLike,
    weight: ArrayLike,
    position: tuple[int, int] = (0, 0),
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    bias: float = 0.0,
    scale: Scale = "signed",
    title: str | None = None,
) -> CourseFigure:
    """Draw one step of a convolution: window, kernel, products, and the output cell they add up to.

    Parameters
    ----------
    x : (H, W)
        One channel. Zeros of ``padding`` are drawn hatched.
    weight : (KH, KW)
    position : (row, column) of the output cell
    stride, padding, dilation : int or (int, int), pixels
        As in ``conv2d``.
    bias : float
        Added to the sum.
    scale : "signed", "grey" or "count"
        Colours of the picture; kernel, products and output are always signed.
    title : str, optional

    Returns
    -------
    CourseFigure

    Raises
    ------
    ValueError
        If the output has no such cell, or the window does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from cnnlib import plot
    >>> figure = plot.window(np.arange(9).reshape(3, 3), [[1, 0], [0, -1]], (1, 0))
    >>> figure.alt_text.split(". ")[1]
    'Kernel times window adds up to −4, the output cell at row 1, column 0 of a 2 x 2 output'
    """
    image, kernel = as_numbers(x, 2, "x"), as_numbers(weight, 2, "weight")
    (SH, SW), (PH, PW) = as_pair(stride, "stride", 1), as_pair(padding, "padding", 0)
    DH, DW = as_pair(dilation, "dilation", 1)
    (H, W), (KH, KW) = image.shape, kernel.shape
    rows, columns = starts(H, KH, SH, PH, DH), starts(W, KW, SW, PW, DW)
    p, q = position
    if not (0 <= p < len(rows) and 0 <= q < len(columns)):
        raise ValueError(
            f"position {position} is outside the output of {len(rows)} x {len(columns)} cells"
        )
    padded = np.pad(image, ((PH, PH), (PW, PW)))
    taps = [
        [
            padded[r + PH : r + PH + DH * KH : DH, c + PW : c + PW + DW * KW : DW][:KH, :KW]
            for c in columns
        ]
        for r in rows
    ]
    y = np.array([[(tap * kernel).sum() + bias for tap in row] for row in taps])
    products = taps[p][q] * kernel

    panels = [padded, kernel, products, y]
    figure, axes, cell = _equation([a.shape for a in panels], "×=Σ", title)
    names = ["picture x", "kernel", "products", "output y"]
    scales: list[Scale] = [scale, "signed", "signed", "signed"]
    norms = [normalise(image, scale), None, None, normalise(y, "signed")]
    for ax, panel, name, look, norm in zip(axes, panels, names, scales, norms, strict=True):
        draw_cells(ax, panel, look, norm=norm, cell=cell)
        ax.set_title(name)
    hatch_border(axes[0], (H, W), (PH, PW))
    top, left = rows[p] + PH, columns[q] + PW
    if DH == DW == 1:
        outline(axes[0], top, left, KH, KW)
    else:
        for i in range(KH):
            for j in range(KW):
                outline(axes[0], top + i * DH, left + j * DW, 1, 1)
    outline(axes[2], 0, 0, KH, KW)
    outline(axes[3], p, q, 1, 1)
    total = number(y[p, q])
    terms = f"bias {number(bias)} included" if bias else "no bias"
    axes[3].set_xlabel(f"Σ = {total}", fontsize=10.5, color=VERMILLION, fontweight="bold")
    border = f" with {PH} x {PW} pixels of zeros on each side" if PH or PW else ""
    figure.alt_text = describe(
        title,
        f"A {KH} x {KW} window stands at row {number(rows[p])}, column {number(columns[q])} of a "
        f"{H} x {W} picture{border}. Kernel times window adds up to {total}, the output cell at "
        f"row {p}, column {q} of a {len(rows)} x {len(columns)} output. ",
        f"Stride {SH} x {SW}, {terms}.",
    )
    return figure


@styled
def coverage(
    size: Pair,
    kernel_size: Pair,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    title: str | None = None,
) -> CourseFigure:
    """Draw how many windows read each pixel; a pixel that no window reads is crossed out.

    Parameters
    ----------
    size : int or (int, int), pixels of the picture
    kernel_size, stride, padding, dilation : int or (int, int), pixels
    title : str, optional

    Returns
    -------
    CourseFigure

    Examples
    --------
    >>> from cnnlib import plot
    >>> plot.coverage(10, 3, stride=2).alt_text.split(". ")[2]
    '19 of 100 pixels are read by no window.'
    """
    (H, W), (KH, KW) = as_pair(size, "size", 1), as_pair(kernel_size, "kernel_size", 1)
    (SH, SW), (PH, PW) = as_pair(stride, "stride", 1), as_pair(padding, "padding", 0)
    DH, DW = as_pair(dilation, "dilation", 1)
    counts = np.outer(read_counts(H, KH, SH, PH, DH), read_counts(W, KW, SW, PW, DW))
    cell = cell_size(W, H, MAX_WIDTH - 1, 5)
    figure = new_figure(max(W * cell, 3.2) + 0.8, H * cell + 1.05)
    ax = figure.add_subplot()
    draw_cells(ax, counts.astype(float), "count", cell=cell)
    index_ticks(ax, (H, W))
    for i, j in np.argwhere(counts == 0):
        cross_out(ax, i, j)
    ax.set_title(title or "windows that read each pixel")
    unread = int((counts == 0).sum())
    figure.alt_text = describe(
        title,
        f"How often a {KH} x {KW} window with stride {SH} x {SW} and padding {PH} x {PW} reads "
        f"each pixel of a {H} x {W} picture. "
        f"The corner pixel is read {plural(int(counts[0, 0]), 'time')}, "
        f"the pixel in the middle {plural(int(counts[H // 2, W // 2]), 'time')}. "
        f"{unread} of {counts.size} pixels are read by no window.",
    )
    return figure


@styled
def window_positions(
    size: int,
    kernel_size: int,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    title: str | None = None,
) -> CourseFigure:
    """Draw every place where a window stands along one axis, and the pixels left over.

    Parameters
    ----------
    size : int, pixels
    kernel_size, stride, padding, dilation : int, pixels
    title : str, optional

    Returns
    -------
    CourseFigure
        The row of pixels at the top; one row below for each window. Padding is hatched, a pixel
        that no window reads is crossed out.

    Examples
    --------
    >>> from cnnlib import plot
    >>> plot.window_positions(6, 3, stride=2).alt_text.split(": ", 1)[1]
    '0, 2. Never read: pixel 5.'
    """
    places = starts(size, kernel_size, stride, padding, dilation)
    counts = read_counts(size, kernel_size, stride, padding, dilation)
    total = size + 2 * padding
    cell = cell_size(total, len(places) + 1, MAX_WIDTH - 1.3, 5)
    figure = new_figure(total * cell + 1.3, (len(places) + 1.4) * cell + 0.35 + 0.25 * bool(title))
    ax = figure.add_subplot()
    ax.set(
        xlim=(-padding - 0.5, size + padding - 0.5), ylim=(len(places) + 0.9, -0.6), aspect="equal"
    )
    for position in range(-padding, size + padding):
        inside = 0 <= position < size
        read = inside and counts[position] > 0
        outline(
            ax, 0, position, 1, 1, fill=True, facecolor="white" if inside else "#EDEDED",
            edgecolor=GREY, linewidth=0.8, hatch=None if inside else "////", zorder=1,
        )  # fmt: skip
        if inside:
            ax.text(position, 0, str(position), ha="center", va="center", fontsize=9)
        if inside and not read:
            cross_out(ax, 0, position)
    for row, start in enumerate(places):
        y = row + 1.2
        if dilation > 1:
            ax.plot([start, start + dilation * (kernel_size - 1)], [y, y], color=GREY, linewidth=1)
        for tap in range(kernel_size):
            outline(
                ax, y, start + tap * dilation, 0.8, 1, fill=True, facecolor=SIGNED(0.8),
                edgecolor="white", linewidth=1.2,
            ).set_y(y - 0.4)  # fmt: skip
        ax.text(-padding - 0.7, y, f"y[{row}]", ha="right", va="center", fontsize=9, color=GREY)
    ax.text(-padding - 0.7, 0, "x", ha="right", va="center", fontsize=9, color=GREY)
    ax.set_axis_off()
    if title:
        ax.set_title(title)
    left_over = np.flatnonzero(counts == 0).tolist()
    unread = "pixel" + "s" * (len(left_over) > 1) + " " + ", ".join(map(str, left_over))
    figure.alt_text = describe(
        title,
        f"A window of {plural(kernel_size, 'pixel')}",
        f" {dilation} apart" if dilation > 1 else "",
        f" moves over {plural(size, 'pixel')}",
        f" with {padding} padded on each side" if padding else "",
        f" in steps of {stride} and stands at {plural(len(places), 'place')}: ",
        f"{', '.join(map(number, places))}. Never read: {unread if left_over else 'none'}.",
    )
    return figure


def _equation(
    shapes: Sequence[tuple[int, ...]], signs: str, title: str | None
) -> tuple[CourseFigure, list[Axes], float]:
    """Return a figure with panels in one line, the side of their cells, and a sign in each gap."""
    gap, foot = 0.55, 0.18  # inches
    wide, high = sum(shape[1] for shape in shapes), max(shape[0] for shape in shapes)
    cell = cell_size(wide, high, MAX_WIDTH - gap * len(signs) - 2 * MARGIN, 4.5)
    width = wide * cell + gap * len(signs) + 2 * MARGIN
    height = high * cell + foot + NAME + 2 * MARGIN + (HEAD if title else 0.0)
    centre = MARGIN + foot + high * cell / 2
    places, gaps, left = [], [], MARGIN
    for rows, columns in shapes:
        places.append((left, centre - rows * cell / 2, columns * cell, rows * cell))
        left += columns * cell + gap
        gaps.append(left - gap / 2)
    figure, axes = arrange(places, width, height)
    for x, sign in zip(gaps, signs, strict=False):
        figure.text(x / width, centre / height, sign, ha="center", va="center", fontsize=16)
    if title:
        heading(figure, title)
    return figure, axes, cell
