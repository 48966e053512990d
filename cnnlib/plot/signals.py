"""A signal in one dimension, a kernel sliding along it, and the answer underneath."""

import numpy as np
from numpy.typing import ArrayLike

from cnnlib.plot.cells import as_numbers, number
from cnnlib.plot.figure import (
    BLUE,
    GREEN,
    GREY,
    MAX_WIDTH,
    VERMILLION,
    CourseFigure,
    describe,
    new_figure,
    styled,
)


@styled
def correlation(
    x: ArrayLike, weight: ArrayLike, position: int | None = None, *, title: str | None = None
) -> CourseFigure:
    """Draw a signal, a kernel on one place of it, and the cross-correlation of the two.

    Parameters
    ----------
    x : (W,)
        The signal, any unit.
    weight : (KW,)
        The kernel; it is not flipped.
    position : int, optional
        The output whose window is marked; the largest output in size if not given.
    title : str, optional

    Returns
    -------
    CourseFigure
        Three rows on one horizontal axis. An output stands under the first pixel of its window.

    Raises
    ------
    ValueError
        If the kernel is longer than the signal, or there is no such output.

    Examples
    --------
    >>> from cnnlib import plot
    >>> print(plot.correlation([0, 0, 1, 1], [-1, 1]).alt_text)
    ... # doctest: +NORMALIZE_WHITESPACE
    A signal of 4 values, a kernel with weights −1 1, and their correlation of 3 values: 0 1 0.
    The window of output 1 is marked; it adds up to 1.
    """
    signal, kernel = as_numbers(x, 1, "x"), as_numbers(weight, 1, "weight")
    if len(kernel) > len(signal):
        raise ValueError(
            f"the kernel has {len(kernel)} weights but the signal only {len(signal)} values"
        )
    y = np.correlate(signal, kernel, mode="valid")
    place = int(np.argmax(np.abs(y))) if position is None else position
    if not 0 <= place < len(y):
        raise ValueError(f"position {place} is outside the {len(y)} outputs")
    figure = new_figure(MAX_WIDTH - 1, 4.6 + 0.3 * bool(title))
    top, middle, bottom = figure.subplots(3, 1, sharex=True)
    inside = np.arange(place, place + len(kernel))
    for ax, at, heights, colour, mark, label in (
        (top, np.arange(len(signal)), signal, BLUE, "o", "signal x"),
        (middle, inside, kernel, VERMILLION, "s", "kernel w"),
        (bottom, np.arange(len(y)), y, GREEN, "D", "output y"),
    ):
        ax.axhline(0, color=GREY, linewidth=0.8)
        ax.vlines(at, 0, heights, color=colour, linewidth=1.6)
        ax.plot(at, heights, mark, color=colour, markersize=5.5, linestyle="none")
        ax.set_ylabel(label)
        ax.margins(y=0.18)
        ax.axvspan(place - 0.5, place + len(kernel) - 0.5, color="#F0E442", alpha=0.28, linewidth=0)
    bottom.axvline(place, color=VERMILLION, linewidth=1, linestyle="--")
    bottom.set(xlabel="index", xlim=(-0.7, len(signal) - 0.3))
    products = " + ".join(
        f"{number(a)}·{number(b)}" if b >= 0 else f"{number(a)}·({number(b)})"
        for a, b in zip(signal[inside], kernel, strict=True)
    )
    if len(kernel) <= 5:
        bottom.set_title(f"y[{place}] = {products} = {number(y[place])}", loc="right", fontsize=9.5)
    if title:
        figure.suptitle(title)
    answers = (
        f": {' '.join(map(number, y))}"
        if len(y) <= 12
        else f" from {number(y.min())} to {number(y.max())}"
    )
    weights = " ".join(map(number, kernel)) if len(kernel) <= 12 else f"{len(kernel)} numbers"
    figure.alt_text = describe(
        title,
        f"A signal of {len(signal)} values, a kernel with weights {weights}, and their correlation "
        f"of {len(y)} values{answers}. The window of output {place} is marked; it adds up to "
        f"{number(y[place])}.",
    )
    return figure
