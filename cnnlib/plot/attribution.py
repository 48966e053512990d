"""Where a network looks: heat over pictures, effective receptive fields, rows of feature maps."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from numpy.typing import ArrayLike, NDArray

from cnnlib.plot.arrays import as_picture
from cnnlib.plot.cells import (
    COLOURMAPS,
    as_numbers,
    index_ticks,
    normalise,
    outline,
    plain_frame,
)
from cnnlib.plot.figure import (
    MAX_WIDTH,
    VERMILLION,
    CourseFigure,
    describe,
    new_figure,
    plural,
    styled,
)
from cnnlib.plot.layout import HEAD, MARGIN, NAME, arrange, heading, panel_grid, text_width

# From transparent nothing to vermillion: the picture stays visible where the heat is low.
HEAT = LinearSegmentedColormap.from_list(
    "heat", [(*to_rgb(VERMILLION), 0.0), (*to_rgb(VERMILLION), 0.85)]
)


@styled
def overlay(
    images: ArrayLike,
    heat: ArrayLike,
    titles: Sequence[str] | None = None,
    *,
    title: str | None = None,
) -> CourseFigure:
    """Draw pictures above and, below each, its heat map over a grey copy: saliency or Grad-CAM.

    Parameters
    ----------
    images : (N, C, H, W), bytes or floats from 0 to 1
    heat : (N, H, W)
        Not negative; each map is scaled to its own largest value.
    titles : list of str, optional
        One for each picture.
    title : str, optional

    Returns
    -------
    CourseFigure

    Raises
    ------
    ValueError
        If the shapes do not fit, or heat is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from cnnlib import plot
    >>> heat = np.zeros((1, 4, 6)); heat[0, 3, 0] = 1
    >>> plot.overlay(np.ones((1, 3, 4, 6)), heat, ["cat"]).alt_text
    '1 picture with its heat map: cat, strongest at row 3, column 0 (bottom left).'
    """
    pictures = [as_picture(image) for image in np.asarray(images)]
    maps = as_numbers(heat, 3, "heat")
    if len(pictures) != len(maps) or pictures[0].shape[:2] != maps.shape[1:]:
        raise ValueError(
            f"images {np.shape(images)} (N, C, H, W) do not fit heat {maps.shape} (N, H, W)"
        )
    if maps.min() < 0:
        raise ValueError("heat must not be negative; use its absolute value or its positive part")
    names = titles or [f"picture {n}" for n in range(len(maps))]
    if len(names) != len(maps):
        raise ValueError(f"{len(names)} titles for {len(maps)} pictures")
    N, H, W = maps.shape
    side = min(2.0, (MAX_WIDTH - 2 * MARGIN) / N - 0.15)
    tall = side * H / W
    step = max(side, *map(text_width, names)) + 0.15
    width = N * step - 0.15 + 2 * MARGIN
    height = 2 * tall + 0.1 + NAME + 2 * MARGIN + (HEAD if title else 0)
    lefts = [MARGIN + n * step + (step - 0.15 - side) / 2 for n in range(N)]
    places = [
        (left, bottom, side, tall) for bottom in (MARGIN + tall + 0.1, MARGIN) for left in lefts
    ]
    figure, axes = arrange(places, width, height)
    for n, (picture, warm) in enumerate(zip(pictures, maps, strict=True)):
        above, below = axes[n], axes[N + n]
        above.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        above.set_title(names[n])
        grey = picture if picture.ndim == 2 else picture @ [0.299, 0.587, 0.114]
        below.imshow(0.35 + 0.65 * grey, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        below.imshow(warm, cmap=HEAT, norm=Normalize(0, warm.max() or 1), interpolation="nearest")
        plain_frame(above)
        plain_frame(below)
    if title:
        heading(figure, title)
    described = [f"{name}, {_peak(warm)}" for name, warm in zip(names, maps, strict=True)]
    maps_word = "its heat map" if N == 1 else "their heat maps"
    figure.alt_text = describe(
        title, f"{plural(N, 'picture')} with {maps_word}: {'; '.join(described)}."
    )
    return figure


@styled
def effective_field(
    influence: ArrayLike, theoretical: int | tuple[int, int], *, title: str | None = None
) -> CourseFigure:
    """Draw how strongly each input pixel moves one output, and the theoretical receptive field.

    Parameters
    ----------
    influence : (H, W)
        Mean absolute gradient of one output value with respect to each pixel.
    theoretical : int or (int, int), pixels
        Size of the theoretical receptive field, drawn as a frame around the middle.
    title : str, optional

    Returns
    -------
    CourseFigure
        On the left the map; on the right the influence along the middle row.

    Examples
    --------
    >>> import numpy as np
    >>> from cnnlib import plot
    >>> bump = np.outer([0, 1, 2, 1, 0], [0, 1, 2, 1, 0])
    >>> plot.effective_field(bump, 5).alt_text.split(": ")[1]
    'the strongest 2 x 2 share of the theoretical 5 x 5 field carries half of the influence.'
    """
    strength = as_numbers(influence, 2, "influence")
    if strength.min() < 0 or strength.max() == 0:
        raise ValueError("influence must be absolute values, with one above zero")
    RH, RW = (theoretical, theoretical) if isinstance(theoretical, int) else theoretical
    H, W = strength.shape
    rows, columns = np.nonzero(strength)
    middle = (rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2
    figure = new_figure(7.4, 3.4 + 0.3 * bool(title))
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
    left.imshow(
        strength,
        cmap=COLOURMAPS["count"],
        norm=Normalize(0, strength.max()),
        interpolation="nearest",
    )
    plain_frame(left)
    index_ticks(left, (H, W))
    outline(left, middle[0] - (RH - 1) / 2, middle[1] - (RW - 1) / 2, RH, RW, linewidth=1.8)
    left.set_title("influence on one output")
    row = strength[round(middle[0])]
    right.fill_between(range(W), row / strength.max(), step="mid", color="#9CCBE6", linewidth=0)
    right.step(range(W), row / strength.max(), where="mid", color="#0072B2")
    for edge in (middle[1] - RW / 2, middle[1] + RW / 2):
        right.axvline(edge, color=VERMILLION, linewidth=1.8)
    right.set(xlabel="column", ylabel="share of the strongest", ylim=(0, 1.05))
    right.set_title("along the middle row")
    if title:
        figure.suptitle(title)
    half = half_mass_side(strength)
    figure.alt_text = describe(
        title,
        f"Influence of each of {H} x {W} pixels on one output: the strongest {half} x {half} share "
        f"of the theoretical {RH} x {RW} field carries half of the influence.",
    )
    return figure


def half_mass_side(influence: ArrayLike) -> int:
    """Return the side, in pixels, of a square as large as the fewest pixels with half of the sum.

    Examples
    --------
    >>> half_mass_side([[1, 1, 1, 1], [1, 1, 1, 1]])
    2
    """
    strongest = np.sort(np.asarray(influence, float).ravel())[::-1]
    enough = int(np.searchsorted(np.cumsum(strongest), strongest.sum() / 2)) + 1
    return round(math.sqrt(enough))


@styled
def feature_strips(
    activations: Mapping[str, ArrayLike], *, most: int = 8, title: str | None = None
) -> CourseFigure:
    """Draw one row of feature maps for each layer, the strongest channels first.

    Parameters
    ----------
    activations : mapping of layer name to (C, H, W)
        Sizes may differ from layer to layer. Every row has its own symmetric colour scale.
    most : int
        Maps in a row.
    title : str, optional

    Returns
    -------
    CourseFigure

    Examples
    --------
    >>> import numpy as np
    >>> from cnnlib import plot
    >>> strips = plot.feature_strips({"conv1": np.ones((6, 8, 8)), "conv2": np.ones((16, 4, 4))})
    >>> print(strips.alt_text)
    Feature maps of 2 layers: conv1, 6 of 6 maps of 8 x 8; conv2, 8 of 16 maps of 4 x 4.
    """
    if not activations or most < 1:
        raise ValueError("feature_strips needs at least one layer and most=1 or more")
    layers = {name: as_numbers(maps, 3, name) for name, maps in activations.items()}
    widest = min(most, max(len(maps) for maps in layers.values()))
    left = max(map(text_width, layers)) + 0.15
    side = min(1.1, (MAX_WIDTH - 2 * MARGIN - left) / widest - 0.08)
    figure, axes = panel_grid(
        widest * len(layers), widest, (side, side), [], title=title, left=left, gap=0.08
    )
    described = []
    for index, (name, maps) in enumerate(layers.items()):
        row = axes[index * widest : (index + 1) * widest]
        order = np.argsort(-np.abs(maps).mean(axis=(1, 2)), kind="stable")[:widest]
        _strip(row, maps[order], [int(c) for c in order])
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=6)
        C, H, W = maps.shape
        described.append(f"{name}, {len(order)} of {C} maps of {H} x {W}")
    figure.alt_text = describe(
        title, f"Feature maps of {plural(len(layers), 'layer')}: {'; '.join(described)}."
    )
    return figure


def _strip(axes: Sequence[Any], maps: NDArray[Any], channels: Sequence[int]) -> None:
    norm = normalise(maps, "signed")
    for ax, panel in zip(axes, maps, strict=False):
        ax.imshow(panel, cmap=COLOURMAPS["signed"], norm=norm, interpolation="nearest")
        plain_frame(ax)
    for ax in axes[len(channels) :]:
        ax.set_axis_off()


def _peak(heat: NDArray[Any]) -> str:
    """Say in words where a map is strongest."""
    if heat.max() == 0:
        return "zero everywhere"
    H, W = heat.shape
    i, j = divmod(int(heat.argmax()), W)
    vertical = ("top", "middle", "bottom")[min(3 * i // H, 2)]
    horizontal = ("left", "centre", "right")[min(3 * j // W, 2)]
    return f"strongest at row {i}, column {j} ({vertical} {horizontal})"
