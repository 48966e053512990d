"""What happens while one thing is changed little by little."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np

from cnnlib.plot.cells import number
from cnnlib.plot.figure import CYCLE, MAX_WIDTH, CourseFigure, describe, new_figure, styled

Curves = Mapping[str, Sequence[float]]
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
DASHES = ("-", "--", "-.", ":")


@styled
def sweeps(
    panels: Mapping[str, tuple[Sequence[float], Curves]],
    ylabel: str,
    *,
    title: str | None = None,
) -> CourseFigure:
    """Draw several curves over each of some quantities, side by side on one vertical scale.

    Parameters
    ----------
    panels : mapping of quantity, with its unit, to (values, mapping of name to curve)
        A curve has one number for each value. Every panel has the curves of the first.
    ylabel : str
        What the curves measure, with its unit.
    title : str, optional

    Returns
    -------
    CourseFigure
        Each curve has its own colour, mark and dash; they are named once, below.

    Raises
    ------
    ValueError
        If there is no panel, or a curve does not fit its values.

    Examples
    --------
    >>> from cnnlib import plot
    >>> print(plot.sweeps({"shift": ([0, 1], {"max": [0, 0.5]})}, "change").alt_text)
    Change over shift from 0 to 1: max from 0 to 0.5 (highest 0.5).
    """
    if not panels:
        raise ValueError("panels is empty; give at least one quantity")
    names = list(next(iter(panels.values()))[1])
    for quantity, (values, curves) in panels.items():
        if list(curves) != names:
            raise ValueError(f"{quantity}: the curves are {list(curves)}, not {names}")
        for name, curve in curves.items():
            if len(curve) != len(values) or not len(values):
                raise ValueError(
                    f"{quantity}: {name} has {len(curve)} numbers for {len(values)} values"
                )
    width = MAX_WIDTH if len(panels) > 1 else 5.8
    beside = min(len(names), 4 if len(panels) > 1 else 2)  # names in a line of the legend
    rows = -(-len(names) // beside)
    figure = new_figure(width, 2.9 + 0.25 * rows + 0.3 * bool(title))
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    sentences: list[str] = []
    for ax, (quantity, (values, curves)) in zip(axes, panels.items(), strict=True):
        every = max(1, len(values) // 8)
        look = zip(cycle(CYCLE), cycle(MARKERS), cycle(DASHES), strict=False)
        for (name, curve), (colour, mark, dash) in zip(curves.items(), look, strict=False):
            ax.plot(
                values, curve, dash, color=colour, marker=mark, markevery=every, ms=5, label=name
            )
        ax.set_xlabel(quantity)
        ax.grid(color="#DDDDDD", linewidth=0.6)
        ax.margins(y=0.06)
        ends = "; ".join(
            f"{name} from {number(curve[0])} to {number(curve[-1])} (highest {number(max(curve))})"
            for name, curve in curves.items()
        )
        first = f"{ylabel[:1].upper()}{ylabel[1:]} over " if not sentences else "Over "
        sentences.append(
            f"{first}{quantity} from {number(values[0])} to {number(values[-1])}: {ends}."
        )
    axes[0].set_ylabel(ylabel)
    if min(np.min(curve) for _, curves in panels.values() for curve in curves.values()) >= 0:
        axes[0].set_ylim(bottom=0)
    handles, labels = axes[0].get_legend_handles_labels()
    if len(names) > 1:
        figure.legend(handles, labels, loc="outside lower center", ncols=beside)
    if title:
        figure.suptitle(title)
    figure.alt_text = describe(title, " ".join(sentences))
    return figure
