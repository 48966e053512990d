"""An array drawn as a grid of cells, each cell a coloured square with its number inside."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from cnnlib.plot.figure import BLUE, GREY, VERMILLION

Scale = Literal["signed", "grey", "count"]

# Zero is paper-white, so that "nothing here" looks like nothing; the two ends differ in hue and
# every cell also carries its number or a colour bar, so colour is never the only message.
SIGNED = LinearSegmentedColormap.from_list("signed", [VERMILLION, "#FFFFFF", BLUE])
COUNT = LinearSegmentedColormap.from_list("count", ["#FFFFFF", "#9CCBE6", BLUE])
GREYS = LinearSegmentedColormap.from_list("greys", ["#000000", "#FFFFFF"])
COLOURMAPS: dict[str, Colormap] = {"signed": SIGNED, "count": COUNT, "grey": GREYS}

CELL = 0.46  # inches: the largest cell that is drawn
SMALLEST_WITH_NUMBER = 0.28  # inches: below this a number is too small to read


def as_numbers(x: ArrayLike, ndim: int, what: str) -> NDArray[Any]:
    """Return ``x`` as a float array of ``ndim`` axes, or say what was expected."""
    array = np.asarray(x)
    if array.ndim != ndim:
        axes = {1: "(W,)", 2: "(H, W)", 3: "(C, H, W)", 4: "(C_out, C_in, KH, KW)"}[ndim]
        raise ValueError(f"{what} needs {ndim} axes {axes}, got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{what} has no elements to draw: shape {array.shape}")
    return array.astype(float)


def number(value: float) -> str:
    """Write a value as short as it can be read: ``3``, ``−0.25``, ``1.2e+04``.

    Examples
    --------
    >>> number(3.0), number(-0.251), number(12345.6), number(float("nan"))
    ('3', '−0.25', '1.2e+04', 'nan')
    """
    if not np.isfinite(value):
        return str(value).replace("-", "\N{MINUS SIGN}")
    if abs(value) >= 10_000 or 0 < abs(value) < 0.005:
        text = f"{value:.1e}"
    elif value == round(value):
        text = f"{value:.0f}"
    else:
        text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text.replace("-", "\N{MINUS SIGN}") if float(text) != 0 else "0"


def normalise(values: NDArray[Any], scale: Scale, limit: float | None = None) -> Normalize:
    """Return the colour scale: symmetric around 0, from 0 up, or from black to white."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if limit is None:
        limit = max(abs(low), abs(high)) or 1.0
    if scale == "signed":
        return Normalize(-limit, limit)
    if scale == "count":
        return Normalize(0, limit)
    if low >= 0:
        # A picture: black is zero, white is one (floats), 255 (bytes) or the largest value.
        ceiling = 1.0 if high <= 1 else 255.0 if 16 < high <= 255 else high
        return Normalize(0, ceiling)
    return Normalize(low, high if high > low else low + 1)


def luminance(colour: Any) -> float:
    """Return the relative luminance of a colour as WCAG 2 defines it (0 black, 1 white)."""
    channels = np.asarray(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: Any, other: Any) -> float:
    """Return the WCAG contrast ratio of two colours; text needs at least 4.5."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def ink_on(colour: Any) -> str:
    """Return black or white, whichever reads better on ``colour``."""
    return "black" if contrast("black", colour) >= contrast("white", colour) else "white"


def draw_cells(
    ax: Axes,
    values: NDArray[Any],
    scale: Scale,
    *,
    norm: Normalize | None = None,
    numbers: bool = True,
    cell: float = CELL,
    texts: Sequence[Sequence[str]] | None = None,
) -> AxesImage:
    """Draw ``values`` (H, W) into ``ax``; ``cell`` is the side of a cell in inches."""
    norm = norm or normalise(values, scale)
    colours = COLOURMAPS[scale]
    picture = ax.imshow(values, cmap=colours, norm=norm, interpolation="nearest")
    H, W = values.shape
    small = cell < SMALLEST_WITH_NUMBER
    if not small:
        for edge in range(1, W):
            ax.axvline(edge - 0.5, color=GREY, linewidth=0.5)
        for edge in range(1, H):
            ax.axhline(edge - 0.5, color=GREY, linewidth=0.5)
    if numbers and not small:
        words = texts or [[number(v) for v in row] for row in values]
        longest = max(len(word) for row in words for word in row)
        # 72 points an inch; a character of DejaVu Sans is about 0.64 of its size wide.
        size = min(10.0, cell * 72 * 0.9 / (0.64 * max(longest, 2)))
        if size >= 5.5:
            for (i, j), value in np.ndenumerate(values):
                ink = ink_on(colours(norm(value)))
                ax.text(j, i, words[i][j], ha="center", va="center", color=ink, fontsize=size)
    plain_frame(ax)
    return picture


def plain_frame(ax: Axes) -> None:
    """Draw a thin frame on all four sides and no ticks."""
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set(visible=True, color=GREY, linewidth=0.8)


def index_ticks(ax: Axes, shape: tuple[int, int], labels: bool = True) -> None:
    """Number the rows and columns from zero, as NumPy does."""
    for axis, size in ((ax.yaxis, shape[0]), (ax.xaxis, shape[1])):
        axis.set_major_locator(
            FixedLocator(range(size)) if size <= 16 else MaxNLocator(8, integer=True)
        )
    ax.tick_params(length=0, labelcolor=GREY, pad=2)
    if labels:
        ax.set_xlabel("column", color=GREY)
        ax.set_ylabel("row", color=GREY)


def outline(
    ax: Axes, row: float, column: float, height: float, width: float, **style: Any
) -> Rectangle:
    """Draw a frame around the cells that start at (``row``, ``column``)."""
    look = {"fill": False, "edgecolor": VERMILLION, "linewidth": 2.6, "zorder": 4} | style
    frame = Rectangle((column - 0.5, row - 0.5), width, height)
    frame.set(**look)
    frame.set_clip_on(False)
    ax.add_patch(frame)
    return frame


def cross_out(ax: Axes, row: float, column: float) -> None:
    """Cross out a cell with four strokes that leave its number readable."""
    for side_i, side_j in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        ax.plot(
            [column + 0.5 * side_j, column + 0.24 * side_j],
            [row + 0.5 * side_i, row + 0.24 * side_i],
            color=VERMILLION,
            linewidth=1.6,
        )


def hatch_border(ax: Axes, shape: tuple[int, int], padding: tuple[int, int]) -> None:
    """Hatch the border around a padded picture whose inner part is ``shape``."""
    (H, W), (PH, PW) = shape, padding
    look = {"hatch": "////", "edgecolor": "#9A9A9A", "linewidth": 0, "zorder": 1.5}
    if PH:
        outline(ax, 0, 0, PH, W + 2 * PW, **look)
        outline(ax, PH + H, 0, PH, W + 2 * PW, **look)
    if PW:
        outline(ax, PH, 0, H, PW, **look)
        outline(ax, PH, PW + W, H, PW, **look)
