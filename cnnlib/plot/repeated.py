"""The same experiment several times: means with their spread, to tell luck from skill."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator, PercentFormatter

from cnnlib.plot.cells import number
from cnnlib.plot.curves import DASHES, MARKERS
from cnnlib.plot.figure import CYCLE, CourseFigure, describe, new_figure, styled

Runs = Mapping[float, Sequence[float]]


@styled
def repeated_runs(
    runs: Mapping[str, Runs],
    xlabel: str,
    ylabel: str,
    *,
    log: bool = False,
    percent: bool = False,
    title: str | None = None,
) -> CourseFigure:
    """Draw the mean of repeated runs over a quantity, and bars of one standard deviation.

    Parameters
    ----------
    runs : mapping of name to {value of the quantity: results of its runs}
        At least two runs at each value: one run has no spread.
    xlabel, ylabel : str
        The quantity and what was measured, with their units.
    log : bool
        Put the values of the quantity on a log axis; they must be above 0.
    percent : bool
        Write results from 0 to 1 as per cent.
    title : str, optional

    Returns
    -------
    CourseFigure
        Each name has its own colour, mark and dash. The bars reach one sample standard deviation
        (divisor: runs - 1) up and down; the small dots are the runs.

    Raises
    ------
    ValueError
        If a point has fewer than two runs, or a value does not fit a log axis.

    Examples
    --------
    >>> from cnnlib import plot
    >>> runs = {"probe": {1: [0.5, 0.7], 5: [0.8, 0.9]}}
    >>> print(plot.repeated_runs(runs, "images of each class", "accuracy", percent=True).alt_text)
    ... # doctest: +NORMALIZE_WHITESPACE
    Accuracy over images of each class, mean and standard deviation of 2 runs.
    Probe: at 1: 60.0% ± 14.1%, at 5: 85.0% ± 7.1%.
    """
    counts = {len(results) for points in runs.values() for results in points.values()}
    if not counts or min(counts) < 2:
        raise ValueError("every point needs at least two runs: one run has no spread")
    values = sorted({value for points in runs.values() for value in points})
    if log and values[0] <= 0:
        raise ValueError(f"a log axis has no place for {values[0]}; use log=False")
    figure = new_figure(5.8, 3.7 + 0.3 * bool(title))
    ax = figure.add_subplot()
    described = []
    look = zip(cycle(CYCLE), cycle(MARKERS), cycle(DASHES), strict=False)
    width = (np.log(values[-1] / values[0]) if log else values[-1] - values[0]) or 1.0
    for place, ((name, points), (colour, mark, dash)) in enumerate(
        zip(runs.items(), look, strict=False)
    ):
        # A small step aside for each name: bars of equal values would hide each other.
        aside = 0.012 * width * (place - (len(runs) - 1) / 2)
        at = sorted(points)
        x = np.array([value * np.exp(aside) if log else value + aside for value in at])
        mean = np.array([np.mean(points[value]) for value in at])
        spread = np.array([np.std(points[value], ddof=1) for value in at])
        for where, value in zip(x, at, strict=True):
            single = np.asarray(points[value])
            ax.plot([where] * len(single), single, ".", color=colour, alpha=0.35, ms=4, zorder=1)
        ax.errorbar(
            x, mean, spread, color=colour, marker=mark, linestyle=dash, ms=5, capsize=3, label=name
        )
        write = (lambda value: f"{value:.1%}") if percent else number
        told = ", ".join(
            f"at {number(value)}: {write(m)} ± {write(s)}"
            for value, m, s in zip(at, mean, spread, strict=True)
        )
        described.append(f"{name[:1].upper()}{name[1:]}: {told}.")
    if log:
        ax.set_xscale("log")
    if log or len(values) <= 8:
        ax.xaxis.set_major_locator(FixedLocator(values))
        ax.xaxis.set_major_formatter(FixedFormatter([number(value) for value in values]))
        ax.xaxis.set_minor_locator(NullLocator())
    if percent:
        ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.grid(color="#DDDDDD", linewidth=0.6)
    if len(runs) > 1:
        ax.legend()
    if title:
        figure.suptitle(title)
    number_of_runs = " to ".join(map(str, sorted({min(counts), max(counts)})))
    figure.alt_text = describe(
        title,
        f"{ylabel[:1].upper()}{ylabel[1:]} over {xlabel}, mean and standard deviation of "
        f"{number_of_runs} runs. {' '.join(described)}",
    )
    return figure
