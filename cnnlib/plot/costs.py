"""What each layer of a network costs."""

from collections.abc import Mapping, Sequence

import numpy as np

from cnnlib.plot.figure import BLUE, CYCLE, CourseFigure, describe, new_figure, styled
from cnnlib.plot.layout import text_width


@styled
def layer_costs(
    names: Sequence[str],
    costs: Mapping[str, Sequence[float]],
    *,
    title: str | None = None,
) -> CourseFigure:
    """Draw bars of what each layer costs, one column of bars for each kind of cost.

    Parameters
    ----------
    names : list of str
        Layers from input to output.
    costs : mapping of kind to one number for each layer
        For example ``{"parameters": [...], "MACs": [...], "activation bytes": [...]}``.
    title : str, optional

    Returns
    -------
    CourseFigure

    Examples
    --------
    >>> from cnnlib import plot
    >>> print(plot.layer_costs(["conv", "linear"], {"parameters": [156, 48120]}).alt_text)
    Cost of 2 layers. parameters: 48,276 in all, most in linear (99.7%).
    """
    wrong = [kind for kind, values in costs.items() if len(values) != len(names)]
    if wrong or not names or not costs:
        raise ValueError(f"every cost needs {len(names)} numbers, one for each layer: {wrong}")
    left = max(map(text_width, names))
    figure = new_figure(left + 2.3 * len(costs) + 0.3, 0.23 * len(names) + 0.9 + 0.3 * bool(title))
    axes = figure.subplots(1, len(costs), sharey=True, squeeze=False)[0]
    places = np.arange(len(names))
    described = []
    colours = (BLUE, *(colour for colour in CYCLE if colour != BLUE))
    for ax, (kind, values), colour in zip(axes, costs.items(), colours, strict=False):
        ax.barh(places, values, color=colour, height=0.72)
        ax.set_title(kind)
        most = max(max(values), 1e-12)
        for place, value in zip(places, values, strict=True):
            if value:
                ax.annotate(
                    short(value),
                    (value, place),
                    xytext=(3, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=8,
                )
        ax.set_xlim(0, most * 1.3)
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
        ax.tick_params(axis="y", length=0)
        total = sum(values)
        top = int(np.argmax(values))
        share = f", most in {names[top]} ({values[top] / total:.1%})" if total else ""
        described.append(f"{kind}: {total:,.0f} in all{share}")
    axes[0].set_yticks(places, names)
    axes[0].invert_yaxis()
    if title:
        figure.suptitle(title)
    figure.alt_text = describe(title, f"Cost of {len(names)} layers. {'; '.join(described)}.")
    return figure


def short(value: float) -> str:
    """Write a large number with a unit prefix.

    Examples
    --------
    >>> short(156), short(48_120), short(3_858_000_000)
    ('156', '48.1 k', '3.86 G')
    """
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.3g} {prefix}"
    return f"{value:.3g}"
