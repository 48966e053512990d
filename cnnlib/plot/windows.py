"""A window on a picture: one step of a convolution, every place it stands, who gets read how often."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from cnnlib.plot.cells import (
    SIGNED,
    Scale,
    as_numbers,
    cell_size,
    cross_out,
    draw_cells,
    hatch_border,
    index_ticks,
    normalise,
    number,
    outline,
)
from cnnlib.plot.figure import GREY, MAX_WIDTH, VERMILLION, CourseFigure, new_figure, styled
from cnnlib.plot.geometry import NUMPY_MODE, Pair, pair, read_counts, starts


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
    (SH, SW), (PH, PW) = pair(stride, "stride", 1), pair(padding, "padding", 0)
    DH, DW = pair(dilation, "dilation", 1)
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
    figure, axes, cell = _equation([a.shape for a in panels], "×=Σ", 0.3 * bool(title))
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
    if title:
        figure.suptitle(title)
    border = f" with {PH} x {PW} pixels of zeros on each side" if PH or PW else ""
    figure.alt_text = (
        f"{title + ': ' if title else ''}A {KH} x {KW} window stands at row {rows[p]}, column "
        f"{columns[q]} of a {H} x {W} picture{border}. Kernel times window adds up to {total}, the output "
        f"cell at row {p}, column {q} of a {len(rows)} x {len(columns)} output. Stride {SH} x {SW}, "
        f"{terms}."
    )
    return figure


@styled
def padding_modes(
    x: ArrayLike,
    padding: Pair = 2,
    modes: Sequence[str] = ("zeros", "reflect", "replicate", "circular"),
    *,
    scale: Scale = "grey",
    title: str | None = None,
) -> CourseFigure:
    """Draw a picture with each kind of border; the original is framed.

    Parameters
    ----------
    x : (H, W)
    padding : int or (int, int), pixels on each side
    modes : list of "zeros", "reflect", "replicate", "circular"
        The names of ``torch.nn.Conv2d(padding_mode=...)``.
    scale : "grey", "signed" or "count"
    title : str, optional

    Returns
    -------
    CourseFigure

    Raises
    ------
    ValueError
        If a mode is unknown, or the border asks for more pixels than the picture has.

    Examples
    --------
    >>> from cnnlib import plot
    >>> plot.padding_modes([[1, 2, 3]], (0, 2), ["reflect"]).alt_text
    'A 1 x 3 picture with 0 x 2 border pixels on each side: reflect, its first row is 3 2 1 2 3 2 1.'
    """
    image = as_numbers(x, 2, "x")
    H, W = image.shape
    PH, PW = pair(padding, "padding", 0)
    for mode in modes:
        if mode not in NUMPY_MODE:
            raise ValueError(f"unknown padding mode {mode!r}; choose from {list(NUMPY_MODE)}")
        most = {"reflect": 1, "circular": 0}.get(mode)
        if most is not None and (H - most < PH or W - most < PW):
            raise ValueError(
                f"{mode} padding of {(PH, PW)} needs more pixels than the picture has {(H, W)}"
            )
    columns = min(len(modes), 2 if len(modes) in (2, 4) and W + 2 * PW > 6 else 4)
    grid_rows = -(-len(modes) // columns)
    HP, WP = H + 2 * PH, W + 2 * PW
    cell = cell_size(WP, HP, MAX_WIDTH / columns - 0.3, 3.4)
    figure = new_figure(
        columns * max(WP * cell + 0.3, 1.2), grid_rows * (HP * cell + 0.42) + 0.3 * bool(title)
    )
    axes = figure.subplots(grid_rows, columns, squeeze=False).ravel()
    norm = normalise(image, scale)
    lines = []
    for ax in axes[len(modes) :]:
        ax.set_axis_off()
    for ax, mode in zip(axes, modes, strict=False):
        padded = np.pad(image, ((PH, PH), (PW, PW)), mode=NUMPY_MODE[mode])  # type: ignore[call-overload]
        draw_cells(ax, padded, scale, norm=norm, cell=cell)
        outline(ax, PH, PW, H, W)
        ax.set_title(mode)
        lines.append(
            f"{mode}, its first row is {' '.join(number(v) for v in padded[0])}"
            if WP <= 12
            else mode
        )
    if title:
        figure.suptitle(title)
    figure.alt_text = (
        f"{title + ': ' if title else ''}A {H} x {W} picture with {PH} x {PW} border pixels on each "
        f"side: {'; '.join(lines)}."
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
    >>> plot.coverage(10, 3, stride=2).alt_text.split(". ")[1]
    'The corner pixel is read 1 time, the pixel in the middle 1 time, and 19 of 100 pixels are read by no window'
    """
    (H, W), (KH, KW) = pair(size, "size", 1), pair(kernel_size, "kernel_size", 1)
    (SH, SW), (PH, PW) = pair(stride, "stride", 1), pair(padding, "padding", 0)
    DH, DW = pair(dilation, "dilation", 1)
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
    middle = int(counts[H // 2, W // 2])
    figure.alt_text = (
        f"{title + ': ' if title else ''}How often a {KH} x {KW} window with stride {SH} x {SW} and padding "
        f"{PH} x {PW} reads each pixel of a {H} x {W} picture. The corner pixel is read "
        f"{_times(int(counts[0, 0]))}, the pixel in the middle {_times(middle)}, and "
        f"{unread} of {counts.size} pixels are read by no window."
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
        The row of pixels at the top; one row below for each window. Padding is hatched, a pixel that no
        window reads is crossed out.

    Examples
    --------
    >>> from cnnlib import plot
    >>> plot.window_positions(6, 3, stride=2).alt_text
    'A window of 3 pixels moves over 6 pixels in steps of 2 and stands at 2 places: 0, 2. Never read: pixel 5.'
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
    unread = (
        f"pixel{'s' * (len(left_over) > 1)} {', '.join(map(str, left_over))}"
        if left_over
        else "none"
    )
    side = f" with {padding} padded on each side" if padding else ""
    figure.alt_text = (
        f"{title + ': ' if title else ''}A window of {kernel_size} pixels"
        f"{f' {dilation} apart' if dilation > 1 else ''} moves over {size} pixels{side} in steps of {stride} "
        f"and stands at {len(places)} place{'s' * (len(places) > 1)}: {', '.join(map(str, places))}. "
        f"Never read: {unread}."
    )
    return figure


def _equation(
    shapes: Sequence[tuple[int, ...]], signs: str, head: float
) -> tuple[CourseFigure, list[Axes], float]:
    """Return a figure with panels of equal cells in one line, the side of a cell, and a sign in each gap."""
    gap, margin, name, foot = 0.55, 0.12, 0.3, 0.3  # inches
    wide, high = sum(shape[1] for shape in shapes), max(shape[0] for shape in shapes)
    cell = cell_size(wide, high, MAX_WIDTH - gap * len(signs) - 2 * margin, 4.5)
    width = wide * cell + gap * len(signs) + 2 * margin
    height = high * cell + head + name + foot
    figure = new_figure(width, height)
    figure.set_layout_engine("none")  # the panels are placed here, to the inch
    axes, left = [], margin
    centre = foot + high * cell / 2
    for index, (rows, columns) in enumerate(shapes):
        box = (left, centre - rows * cell / 2, columns * cell, rows * cell)
        axes.append(
            figure.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height))
        )
        left += columns * cell + gap
        if index < len(signs):
            x, y = (left - gap / 2) / width, centre / height
            figure.text(x, y, signs[index], ha="center", va="center", fontsize=16)
    return figure, axes, cell


def _times(count: int) -> str:
    return f"{count} time{'s' * (count != 1)}"
