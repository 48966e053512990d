"""How the values inside a network are distributed, layer by layer."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from cnnlib.plot.cells import number
from cnnlib.plot.figure import (
    CYCLE,
    GREY,
    MAX_WIDTH,
    CourseFigure,
    describe,
    new_figure,
    plural,
    styled,
)

BINS = 61
MOST_TOLD = 3  # layers named in the alt text: the first, the middle and the last


@styled
def activation_histograms(
    networks: Mapping[str, Mapping[str, ArrayLike]],
    *,
    limit: float = 3.0,
    title: str | None = None,
) -> CourseFigure:
    """Draw one histogram for each layer, one column of them for each network, on one common axis.

    Parameters
    ----------
    networks : mapping of network name to mapping of layer name to values (any shape)
        Every network has the layers of the first.
    limit : float, the unit of the values
        The axis goes from ``-limit`` to ``limit``; what lies beyond is counted at its ends.
    title : str, optional

    Returns
    -------
    CourseFigure
        Every histogram is as high as its panel; its standard deviation is written next to it.

    Raises
    ------
    ValueError
        If there is nothing to draw, the layers differ, or a value is not finite.

    Examples
    --------
    >>> from cnnlib import plot
    >>> figure = plot.activation_histograms({"plain": {"layer 1": [-1, 1], "layer 2": [-0.1, 0.1]}})
    >>> print(figure.alt_text)
    Histograms of 2 layers from −3 to 3. Standard deviations, plain: layer 1 1, layer 2 0.1.
    """
    if not networks or not all(networks.values()):
        raise ValueError("networks needs at least one name with at least one layer")
    layers = list(next(iter(networks.values())))
    for name, found in networks.items():
        if list(found) != layers:
            raise ValueError(f"{name}: the layers are {list(found)}, not {layers}")
    figure = new_figure(
        min(MAX_WIDTH, 1.1 + 2.4 * len(networks)), 0.6 + 0.55 * len(layers) + 0.3 * bool(title)
    )
    axes = figure.subplots(len(layers), len(networks), sharex=True, squeeze=False)
    edges = np.linspace(-limit, limit, BINS + 1)
    told = sorted({0, len(layers) // 2, len(layers) - 1})[:MOST_TOLD]
    described = []
    for column, (name, found) in enumerate(networks.items()):
        spreads = []
        for row, layer in enumerate(layers):
            values = np.asarray(found[layer], float).ravel()
            if not values.size or not np.isfinite(values).all():
                raise ValueError(f"{name}, {layer}: the values are not all finite numbers")
            ax = axes[row, column]
            counts = np.histogram(values.clip(-limit, limit), edges)[0]
            ax.stairs(counts / counts.max(), edges, fill=True, color=CYCLE[column % len(CYCLE)])
            spreads.append(number(float(values.std())))
            ax.set(xlim=(-limit, limit), ylim=(0, 1.12), yticks=[])
            ax.spines["left"].set_visible(False)
            ax.text(
                0.99, 0.93, spreads[-1], transform=ax.transAxes, ha="right", va="top",
                fontsize=8.5, color=GREY,
            )  # fmt: skip
        axes[0, column].set_title(name)
        spread = ", ".join(f"{layers[i]} {spreads[i]}" for i in told)
        described.append(f"{name}: {spread}")
    for row, layer in enumerate(layers):
        axes[row, 0].set_ylabel(layer, rotation=0, ha="right", va="center", labelpad=6)
    for ax in axes[-1]:
        ax.set_xlabel("value")
    if title:
        figure.suptitle(title)
    figure.alt_text = describe(
        title,
        f"{'h' if title else 'H'}istograms of {plural(len(layers), 'layer')} from "
        f"{number(-limit)} to {number(limit)}. Standard deviations, {'; '.join(described)}.",
    )
    return figure
