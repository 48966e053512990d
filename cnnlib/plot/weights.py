"""The parameters of a convolution: the four-axis weight tensor, and the taps of a dilated kernel."""

from collections.abc import Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from numpy.typing import ArrayLike

from cnnlib.plot.cells import (
    COLOURMAPS,
    SMALLEST_WITH_NUMBER,
    as_numbers,
    cell_size,
    draw_cells,
    normalise,
    outline,
)
from cnnlib.plot.figure import GREY, MAX_WIDTH, CourseFigure, new_figure, styled


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
    >>> plot.weight_tensor(np.ones((4, 3, 5, 5))).alt_text
    'A weight of shape (4, 3, 5, 5), drawn as 4 rows (one filter for each output channel) of 3 slices (one for each input channel): 75 weights in a filter, 300 in all.'
    """
    values = as_numbers(weight, 4, "weight")
    C_out, C_in, KH, KW = values.shape
    if C_out > 8 or C_in > 8:
        raise ValueError(
            f"weight {values.shape} has too many slices to draw; slice it to at most 8 x 8"
        )
    cell = cell_size(C_in * (KW + 0.6), C_out * (KH + 0.6), MAX_WIDTH - 1.8, 6)
    bar = 0.8 if cell < SMALLEST_WITH_NUMBER else 0.0
    figure = new_figure(
        C_in * (KW * cell + 0.18) + 0.95 + bar,
        C_out * (KH * cell + 0.18) + 0.4 + 0.3 * bool(title),
    )
    axes = figure.subplots(C_out, C_in, squeeze=False)
    norm = normalise(values, "signed")
    for o, c in np.ndindex(C_out, C_in):
        ax = axes[o, c]
        draw_cells(ax, values[o, c], "signed", norm=norm, cell=cell)
        if o == 0:
            ax.set_title(f"input {c}" if C_in * KW * cell > 2 else f"{c}")
        if c == 0:
            ax.set_ylabel(f"filter {o}", rotation=0, ha="right", va="center", labelpad=8)
    if bar:
        colours = ScalarMappable(norm, COLOURMAPS["signed"])
        figure.colorbar(colours, ax=axes, shrink=0.8, label="weight")
    if title:
        figure.suptitle(title)
    each = C_in * KH * KW
    figure.alt_text = (
        f"{title + ': ' if title else ''}A weight of shape {values.shape}, drawn as {C_out} row"
        f"{'s' * (C_out > 1)} (one filter for each output channel) of {C_in} slice{'s' * (C_in > 1)} (one "
        f"for each input channel): {each} weights in a filter, {values.size} in all."
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
    figure = new_figure(
        len(spans) * max((size + 1) * cell, 1.5) + 0.2, size * cell + 0.75 + 0.3 * bool(title)
    )
    axes = figure.subplots(1, len(spans), squeeze=False)[0]
    for ax, d, span in zip(axes, dilations, spans, strict=True):
        first = (size - span) // 2
        taps = np.zeros((size, size))
        taps[first : first + span : d, first : first + span : d] = 1
        draw_cells(ax, taps, "count", numbers=False, cell=cell, norm=normalise(taps, "count", 1.25))
        for i, j in np.argwhere(taps == 1):
            ax.plot(j, i, "o", color="white", markersize=cell * 18)
        outline(ax, first, first, span, span, linewidth=2)
        ax.set_title(f"dilation {d}")
        ax.set_xlabel(f"spans {span} × {span}", color=GREY)
    if title:
        figure.suptitle(title)
    described = "; ".join(
        f"dilation {d} spans {s} x {s} pixels" for d, s in zip(dilations, spans, strict=True)
    )
    figure.alt_text = (
        f"{title + ': ' if title else ''}The {kernel_size**2} taps of a {kernel_size} x {kernel_size} "
        f"kernel: {described}."
    )
    return figure
