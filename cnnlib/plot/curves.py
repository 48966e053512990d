"""Curves over epochs, over learning rates, and over depth."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from cnnlib.plot.cells import number
from cnnlib.plot.figure import (
    BLUE,
    CYCLE,
    GREY,
    MAX_WIDTH,
    ORANGE,
    VERMILLION,
    CourseFigure,
    describe,
    new_figure,
    plural,
    styled,
)
from cnnlib.shapes import receptive_field

Columns = Mapping[str, Sequence[float]]
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
DASHES = ("-", "--", "-.", ":")


@styled
def training_curves(
    history: Columns | Mapping[str, Columns], *, title: str | None = None
) -> CourseFigure:
    """Draw loss and accuracy over the epochs, training dashed and validation solid.

    Parameters
    ----------
    history : mapping of column to values, or mapping of run name to such a mapping
        The columns of :class:`cnnlib.training.History` (``history.to_dict()``): ``train_loss``,
        ``validation_loss``, ``train_accuracy``, ``validation_accuracy`` (0 to 1).
    title : str, optional

    Returns
    -------
    CourseFigure
        Lines end with a mark, and every run has its own mark, so colour is not needed to tell them.

    Examples
    --------
    >>> from cnnlib import plot
    >>> print(plot.training_curves({"train_loss": [2, 1], "validation_loss": [2, 1.5]}).alt_text)
    ... # doctest: +NORMALIZE_WHITESPACE
    Training over 2 epochs: training loss from 2 to 1, validation loss from 2 to 1.5
    (lowest 1.5 in epoch 2).
    """
    runs = _runs(history)
    measures = [
        measure
        for measure in ("loss", "accuracy")
        if any(columns.get(f"{part}_{measure}") for columns in runs.values() for part in PARTS)
    ]
    if not measures:
        raise ValueError("history holds no losses and no accuracies")
    figure = new_figure(4.0 * len(measures), 3.1 + 0.3 * bool(title))
    axes = figure.subplots(1, len(measures), squeeze=False)[0]
    sentences = []
    for ax, measure in zip(axes, measures, strict=True):
        look = cycle(zip(CYCLE, MARKERS, strict=True))
        for name, columns in runs.items():
            colour, marker = next(look)
            for part, (word, dash) in PARTS.items():
                values = columns.get(f"{part}_{measure}")
                if values:
                    label = f"{name}, {word}" if name else word
                    # One run needs no mark but two colours; many runs keep one colour each.
                    tint = colour if name else (BLUE if part == "validation" else ORANGE)
                    _line(ax, values, label, tint, dash, marker)
                    sentences.append(_sentence(label, measure, values))
        ax.set(xlabel="epoch", ylabel=measure, title=measure)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        if measure == "accuracy":
            ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.grid(color="#DDDDDD", linewidth=0.6)
        ax.legend(fontsize=8.5 if len(runs) > 1 else 9.5)
    if title:
        figure.suptitle(title)
    epochs = max(len(values) for columns in runs.values() for values in columns.values())
    figure.alt_text = describe(
        title, f"Training over {plural(epochs, 'epoch')}: {', '.join(sentences)}."
    )
    return figure


@styled
def curve_gallery(
    runs: Mapping[str, Columns],
    *,
    top: float,
    chance: float | None = None,
    columns: int = 3,
    title: str | None = None,
) -> CourseFigure:
    """Draw the loss curves of many runs side by side, one small panel each, on the same scale.

    Parameters
    ----------
    runs : mapping of run name to columns
        ``train_loss`` and, if there is one, ``validation_loss``, as in
        :class:`cnnlib.training.History`. The name becomes the panel's title.
    top : float
        Upper end of all loss axes. What is higher, infinite or NaN leaves the panel at the top.
    chance : float, optional
        Loss of a guess, drawn as a dotted line.
    columns : int
        Panels in a row.
    title : str, optional

    Returns
    -------
    CourseFigure
        Training dashed and validation solid, as in :func:`training_curves`.

    Raises
    ------
    ValueError
        If there are no runs, or a run has no ``train_loss``.

    Examples
    --------
    >>> from cnnlib import plot
    >>> plot.curve_gallery({"slow": {"train_loss": [2.3, 2.2]}}, top=4).alt_text
    'Loss over the epochs in 1 panel: slow, training 2.3 to 2.2.'
    """
    if not runs or not all(run.get("train_loss") for run in runs.values()):
        raise ValueError("runs needs at least one name, and a train_loss for each")
    rows = -(-len(runs) // columns)
    width = min(MAX_WIDTH, 2.7 * columns)
    figure = new_figure(width, 2.0 * rows + 0.35 + 0.3 * bool(title))
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for ax in axes.flat[len(runs) :]:
        ax.set_axis_off()
    described = []
    for ax, (name, run) in zip(axes.flat, runs.items(), strict=False):
        if chance is not None:
            ax.axhline(chance, color=GREY, linewidth=1.2, linestyle=(0, (1, 2)), label="guessing")
        parts = []
        for part, (word, dash) in PARTS.items():
            values = run.get(f"{part}_loss")
            if values:
                tint = BLUE if part == "validation" else ORANGE
                epochs = range(1, len(values) + 1)
                finite = np.nan_to_num(values, nan=np.inf)
                drawn = np.minimum(finite, 2 * top)  # the line leaves the panel, not the page
                ax.plot(epochs, drawn, dash, color=tint, linewidth=1.8, label=word)
                end = number(values[-1]) if finite[-1] <= top else f"above {number(top)}"
                parts.append(f"{word} {number(values[0])} to {end}")
        ax.set(title=name, ylim=(0, top))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(color="#DDDDDD", linewidth=0.6)
        described.append(f"{name}, {', '.join(parts)}")
    for ax in axes[:, 0]:
        ax.set_ylabel("loss")
    for place, ax in enumerate(axes.flat[: len(runs)]):
        if place + columns >= len(runs):
            ax.set_xlabel("epoch")
            ax.tick_params(labelbottom=True)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    if title:
        figure.suptitle(title)
    figure.alt_text = describe(
        title, f"Loss over the epochs in {plural(len(runs), 'panel')}: {'; '.join(described)}."
    )
    return figure


@styled
def learning_rates(
    rates: Sequence[float],
    losses: Sequence[float],
    suggestion: float | None = None,
    *,
    title: str | None = None,
) -> CourseFigure:
    """Draw the loss over the learning rate, on a log axis.

    Parameters
    ----------
    rates, losses : lists of float, equally long
    suggestion : float, optional
        Marked with a dashed line.
    title : str, optional

    Returns
    -------
    CourseFigure

    Examples
    --------
    >>> from cnnlib import plot
    >>> plot.learning_rates([0.01, 0.1, 1.0], [2.0, 1.0, 5.0], 0.1).alt_text.split(". ")[0]
    'Loss for learning rates from 0.01 to 1: lowest 1 at 0.1'
    """
    if len(rates) != len(losses) or not rates:
        raise ValueError(
            f"{len(rates)} rates and {len(losses)} losses; need equally many, at least 1"
        )
    figure = new_figure(5.4, 3.2 + 0.3 * bool(title))
    ax = figure.add_subplot()
    ax.semilogx(rates, losses, color=BLUE, linewidth=1.8)
    if suggestion is not None:
        ax.axvline(suggestion, color=VERMILLION, linestyle="--", linewidth=1.4)
        ax.annotate(
            f"suggested {suggestion:.2g}",
            (suggestion, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-5, -4),
            textcoords="offset points",
            ha="right",
            va="top",
            color=VERMILLION,
        )
    ax.set(xlabel="learning rate", ylabel="loss (smoothed)")
    ax.grid(color="#DDDDDD", linewidth=0.6)
    if title:
        figure.suptitle(title)
    best = int(np.argmin(losses))
    figure.alt_text = describe(
        title,
        f"Loss for learning rates from {rates[0]:.2g} to {rates[-1]:.2g}: lowest "
        f"{number(losses[best])} at {rates[best]:.2g}.",
        "" if suggestion is None else f" Suggested: {suggestion:.2g}.",
    )
    return figure


@styled
def receptive_field_growth(
    chains: Mapping[str, Sequence[Sequence[int]]],
    *,
    image_size: int | None = None,
    title: str | None = None,
) -> CourseFigure:
    """Draw how the theoretical receptive field grows from layer to layer.

    Parameters
    ----------
    chains : mapping of name to list of (kernel_size, stride, padding, dilation), pixels
        As for :func:`cnnlib.shapes.receptive_field`; trailing entries may be left out.
    image_size : int, optional, pixels
        Drawn as a line: a field above it sees the whole image.
    title : str, optional

    Returns
    -------
    CourseFigure

    Examples
    --------
    >>> from cnnlib import plot
    >>> plot.receptive_field_growth({"3x3": [(3,)] * 3, "3x3, stride 2": [(3, 2)] * 3}).alt_text
    'Receptive field after each layer, in pixels: 3x3: 3, 5, 7; 3x3, stride 2: 3, 7, 15.'
    """
    if not chains or not all(chains.values()):
        raise ValueError("chains needs at least one name with at least one layer")
    figure = new_figure(5.8, 3.5 + 0.3 * bool(title))
    ax = figure.add_subplot()
    described = []
    for (name, layers), colour, marker, dash in zip(
        chains.items(), cycle(CYCLE), cycle(MARKERS), cycle(DASHES), strict=False
    ):
        sizes = [receptive_field(layers[:depth]).size for depth in range(1, len(layers) + 1)]
        ax.plot(
            range(1, len(sizes) + 1), sizes, dash, color=colour, marker=marker, ms=5, label=name
        )
        described.append(f"{name}: {', '.join(map(str, sizes))}")
    if image_size is not None:
        ax.axhline(image_size, color=GREY, linewidth=1, linestyle=(0, (1, 2)))
        ax.text(1, image_size, f" image: {image_size} pixels", va="bottom", fontsize=9, color=GREY)
    ax.set(xlabel="layer", ylabel="receptive field (pixels)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylim(0)
    ax.grid(color="#DDDDDD", linewidth=0.6)
    ax.legend()
    if title:
        figure.suptitle(title)
    figure.alt_text = describe(
        title, f"Receptive field after each layer, in pixels: {'; '.join(described)}."
    )
    return figure


PARTS = {"train": ("training", "--"), "validation": ("validation", "-")}


def _runs(history: Mapping[str, Any]) -> dict[str, Columns]:
    """Return runs by name; a single run has the empty name."""
    if all(isinstance(value, Mapping) for value in history.values()):
        return dict(history)
    return {"": history}


def _line(
    ax: Axes, values: Sequence[float], label: str, colour: str, dash: str, marker: str
) -> None:
    epochs = range(1, len(values) + 1)
    every = [len(values) - 1] if len(values) > 15 else None
    ax.plot(epochs, values, dash, color=colour, marker=marker, markevery=every, ms=5, label=label)


def _sentence(label: str, measure: str, values: Sequence[float]) -> str:
    best = int(np.argmin(values) if measure == "loss" else np.argmax(values))
    shown = [
        f"{value:.1%}" if measure == "accuracy" else number(value)
        for value in (values[0], values[-1], values[best])
    ]
    extreme = "lowest" if measure == "loss" else "highest"
    tail = f" ({extreme} {shown[2]} in epoch {best + 1})" if "validation" in label else ""
    return f"{label} {measure} from {shown[0]} to {shown[1]}{tail}"
