"""The parameters of a convolution: the weight of four axes, and the taps of a dilated kernel."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cnnlib.plot.cells import SMALLEST_WITH_NUMBER, as_numbers, draw_cells, normalise, outline
from cnnlib.plot.figure import GREY, MAX_WIDTH, CourseFigure, describe, plural, styled
from cnnlib.plot.layout import cell_size, panel_grid


@styled
def weight_tensor(weight: ArrayLike, *, title: str | None = None) -> CourseFigure:
    """Draw a weight of four axes as C_out rows of C_in slices; one row makes one feature map.

    Parameters
    ----------
    weight : (C_out, C_in, KH, KW)
        At most 8 x 8 slices can be told apart; more are refused.
    title : str, optional

    Returns
    -------
    CourseFigure

    Examples
    --------
    >>> import numpy as np
    >>> from cnnlib import plot
    >>> print(plot.weight_tensor(np.ones((4, 3, 5, 5))).alt_text)
    ... # doctest: +NORMALIZE_WHITESPACE
    A weight of shape (4, 3, 5, 5): 4 rows, one filter for each output channel, of 3 slices, one
    for each input channel. 75 weights in a filter, 300 in all.
    """
    values = as_numbers(weight, 4, "weight")
    C_out, C_in, KH, KW = values.shape
    if C_out > 8 or C_in > 8:
        raise ValueError(
            f"weight {values.shape} has too many slices to draw; slice it to at most 8 x 8"
        )
    cell = cell_size(C_in * (KW + 0.6), C_out * (KH + 0.6), MAX_WIDTH - 1.9, 6)
    norm = normalise(values, "signed")
    figure, axes = panel_grid(
        C_out * C_in,
        C_in,
        (KW * cell, KH * cell),
        [f"input {c}" for c in range(C_in)] if KW * cell > 0.6 else [],
        title=title,
        bar=norm if cell < SMALLEST_WITH_NUMBER else None,
        left=0.65,
        gap=0.16,
    )
    for ax, (o, c) in zip(axes, np.ndindex(C_out, C_in), strict=True):
        draw_cells(ax, values[o, c], "signed", norm=norm, cell=cell)
        if c == 0:
            ax.set_ylabel(f"filter {o}", rotation=0, ha="right", va="center", labelpad=6)
    each = C_in * KH * KW
    figure.alt_text = describe(
        title,
        f"A weight of shape {values.shape}: {plural(C_out, 'row')}, one filter for each output "
        f"channel, of {plural(C_in, 'slice')}, one for each input channel. {each} weights in a "
        f"filter, {values.size} in all.",
    )
    return figure


@styled
def dilation(
    kernel_size: int = 3, dilations: Sequence[int] = (1, 2, 3), *, title: str | None = None
) -> CourseFigure:
    """Draw which pixels a square kernel reads for each dilation.

    Parameters
    ----------
    kernel_size : int, pixels
    dilations : list of int
        Distance between neighbouring taps; 1 is dense.
    title : str, optional

    Returns
    -------
    CourseFigure

    Examples
    --------
    >>> from cnnlib import plot
    >>> plot.dilation(3, [1, 2]).alt_text
    'The 9 taps of a 3 x 3 kernel: dilation 1 spans 3 x 3 pixels; dilation 2 spans 5 x 5 pixels.'
    """
    if kernel_size < 1 or not dilations or min(dilations) < 1:
        raise ValueError(
            f"kernel_size {kernel_size} and dilations {list(dilations)} must be 1 or more"
        )
    spans = [d * (kernel_size - 1) + 1 for d in dilations]
    size = max(spans)
    cell = cell_size(len(spans) * (size + 1), size, MAX_WIDTH - 0.5, 4)
    names = [f"dilation {d}" for d in dilations]
    side = size * cell
    figure, axes = panel_grid(len(spans), len(spans), (side, side), names, title=title, foot=0.25)
    for ax, d, span in zip(axes, dilations, spans, strict=True):
        first = (size - span) // 2
        taps = np.zeros((size, size))
        taps[first : first + span : d, first : first + span : d] = 1
        draw_cells(ax, taps, "count", numbers=False, cell=cell, norm=normalise(taps, "count", 1.25))
        for i, j in np.argwhere(taps == 1):
            ax.plot(j, i, "o", color="white", markersize=cell * 18)
        outline(ax, first, first, span, span, linewidth=2)
        ax.set_xlabel(f"spans {span} × {span}", color=GREY)
    described = "; ".join(
        f"dilation {d} spans {s} x {s} pixels" for d, s in zip(dilations, spans, strict=True)
    )
    figure.alt_text = describe(
        title,
        f"The {kernel_size**2} taps of a {kernel_size} x {kernel_size} kernel: {described}.",
    )
    return figure
