"""How fast a machine can be at work that brings a given amount of arithmetic for each byte."""

from collections.abc import Mapping
from itertools import cycle

import numpy as np

from cnnlib.plot.costs import short
from cnnlib.plot.figure import CYCLE, GREY, CourseFigure, describe, new_figure, styled
from cnnlib.plot.sweeps import DASHES, MARKERS


@styled
def roofline(
    machines: Mapping[str, tuple[float, float]],
    work: Mapping[str, float],
    *,
    title: str | None = None,
) -> CourseFigure:
    """Draw the speed that each machine allows, and where some work lies under the first roof.

    Parameters
    ----------
    machines : mapping of name to (FLOP per second, bytes per second)
        Peak arithmetic, and peak traffic with memory.
    work : mapping of name to FLOP per byte
        Arithmetic intensity. Each is drawn at the most that the first machine allows.
    title : str, optional

    Returns
    -------
    CourseFigure
        Both axes are logarithmic.

    Raises
    ------
    ValueError
        If there is no machine, no work, or a number that is not positive.

    Notes
    -----
    The smaller of peak arithmetic and intensity times peak traffic: S. Williams, A. Waterman and
    D. Patterson, *Roofline: an insightful visual performance model for multicore architectures*,
    2009.

    Examples
    --------
    >>> from cnnlib import plot
    >>> print(plot.roofline({"core": (100e9, 20e9)}, {"add": 0.1, "product": 50}).alt_text)
    Roof of core: flat at 100 GFLOP/s from 5 FLOP per byte on. Under it: add at 2 GFLOP/s (memory \
limits it), product at 100 GFLOP/s (arithmetic limits it).
    """
    numbers = [*work.values(), *(number for pair in machines.values() for number in pair)]
    if not machines or not work or not all(number > 0 for number in numbers):
        raise ValueError(
            f"roofline: needs machines and work with positive numbers, got {dict(machines)} and"
            f" {dict(work)}"
        )
    ridges = [peak / traffic for peak, traffic in machines.values()]
    corners = [*work.values(), *ridges]
    lines = len(machines) + len(work)
    figure = new_figure(6.4, 3.1 + 0.22 * -(-lines // 2) + 0.3 * bool(title))
    ax = figure.subplots()
    along = np.geomspace(min(corners) / 3, max(corners) * 3, 200)
    sentences = []
    for (name, (peak, traffic)), ridge, dash in zip(
        machines.items(), ridges, cycle(DASHES), strict=False
    ):
        label = f"roof: {name}"
        ax.plot(along, np.minimum(peak, along * traffic), dash, color=GREY, label=label)
        flat = f"flat at {rate(peak)} from {short(ridge)} FLOP per byte on"
        sentences.append(f"Roof of {name}: {flat}.")
    peak, traffic = next(iter(machines.values()))
    described = []
    look = zip(cycle(CYCLE), cycle(MARKERS), strict=False)
    for (name, intensity), (colour, mark) in zip(work.items(), look, strict=False):
        reached = min(peak, intensity * traffic)
        ax.plot(intensity, reached, mark, color=colour, ms=8, label=name, zorder=3)
        limit = "memory" if reached < peak else "arithmetic"
        described.append(f"{name} at {rate(reached)} ({limit} limits it)")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("arithmetic intensity, FLOP per byte")
    ax.set_ylabel("FLOP per second, at most")
    ax.grid(color="#DDDDDD", linewidth=0.6)
    figure.legend(loc="outside lower center", ncols=2)
    if title:
        figure.suptitle(title)
    sentences.append(f"Under it: {', '.join(described)}.")
    figure.alt_text = describe(title, " ".join(sentences))
    return figure


def rate(value: float) -> str:
    """Write a speed with its unit.

    Examples
    --------
    >>> rate(2e9), rate(20)
    ('2 GFLOP/s', '20 FLOP/s')
    """
    text = short(value)
    return f"{text}FLOP/s" if " " in text else f"{text} FLOP/s"
