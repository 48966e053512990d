"""Where a window can go: two directions over a stack of channels, three through a volume."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cnnlib.plot.figure import BLUE, GREY, MAX_WIDTH, VERMILLION, CourseFigure, new_figure, styled

SIDE, STEP = 2.6, 0.42  # a sheet's side, and how far the next sheet stands to the right and up
WINDOW = 1.1


@styled
def sliding_directions(
    channels: int = 3, depth: int = 2, *, title: str | None = None
) -> CourseFigure:
    """Draw a 2-D convolution over ``channels`` next to a 3-D one with a window of ``depth`` sheets.

    Parameters
    ----------
    channels : int
        Sheets of the input: channels on the left, depth or time on the right; 2 to 6.
    depth : int
        Sheets that the window of the 3-D convolution covers; less than ``channels``, or it could
        not move along that axis.
    title : str, optional

    Returns
    -------
    CourseFigure

    Raises
    ------
    ValueError
        If the window of the 3-D convolution has no room to move, or there are too many sheets.

    Examples
    --------
    >>> from cnnlib.plot.sliding import sliding_directions
    >>> sliding_directions(3, 2).alt_text[-57:]
    'moves right, down and back, and leaves a stack of 2 maps.'
    """
    if not 2 <= channels <= 6 or not 1 <= depth < channels:
        raise ValueError(
            f"channels must be 2 to 6 and depth from 1 to channels - 1, got {channels} and {depth}"
        )
    maps = channels - depth + 1
    figure = new_figure(MAX_WIDTH, 2.9 + 0.3 * bool(title))
    for ax, name, covered, made in zip(
        figure.subplots(1, 2),
        ("2-D: the window spans all channels", f"3-D: the window spans {depth} of {channels}"),
        (channels, depth),
        (1, maps),
        strict=True,
    ):
        _stack(ax, 0, channels, SIDE, "white")
        _stack(ax, 0, covered, WINDOW, "#CFE4F1", top=SIDE)
        _arrow(ax, (WINDOW + 0.1, SIDE - WINDOW / 2), (0.6, 0), "right")
        _arrow(ax, (WINDOW / 2, SIDE - WINDOW - 0.1), (0, -0.6), "down")
        if covered < channels:
            corner = np.array([WINDOW, SIDE]) + (covered - 1) * STEP
            _arrow(ax, corner + 0.06, (0.6, 0.6), "back")
        out = SIDE + channels * STEP + 1.15
        middle = SIDE / 2 + 0.2
        ax.annotate(
            "",
            (out - 0.15, middle),
            (out - 0.85, middle),
            arrowprops={"arrowstyle": "->", "color": GREY, "lw": 1.5},
        )
        _stack(ax, out, made, SIDE * 0.72, "#E9F2F8", bottom=middle - SIDE * 0.36)
        ax.text(
            out + SIDE * 0.36,
            middle - SIDE * 0.36 - 0.12,
            "1 map" if made == 1 else f"{made} maps",
            ha="center",
            va="top",
            fontsize=9.5,
        )
        ax.set(aspect="equal", xlim=(-0.15, out + SIDE), ylim=(-0.35, SIDE + channels * STEP + 0.2))
        ax.set_axis_off()
        ax.set_title(name)
    if title:
        figure.suptitle(title)
    figure.alt_text = (
        f"{title + ': ' if title else ''}Left, a 2-D convolution: the window covers all {channels} "
        f"channels, moves right and down, and leaves one map. Right, a 3-D convolution: the window "
        f"covers {depth} of {channels} sheets, moves right, down and back, and leaves a stack of "
        f"{maps} maps."
    )
    return figure


def _stack(
    ax: Axes,
    left: float,
    sheets: int,
    side: float,
    colour: str,
    *,
    bottom: float = 0.0,
    top: float | None = None,
) -> None:
    """Draw sheets one behind the other, the last first, so that the front one lies on top."""
    if top is not None:
        bottom = top - side
    edge = GREY if top is None else BLUE
    for sheet in reversed(range(sheets)):
        ax.add_patch(
            Rectangle(
                (left + sheet * STEP, bottom + sheet * STEP),
                side,
                side,
                facecolor=colour,
                edgecolor=edge,
                linewidth=1.1 if top is None else 1.5,
                alpha=1.0 if top is None else 0.9,
            )
        )


def _arrow(
    ax: Axes, start: tuple[float, float] | np.ndarray, by: tuple[float, float], word: str
) -> None:
    ends = (start[0] + by[0], start[1] + by[1])
    ax.annotate(
        "",
        ends,
        tuple(start),
        arrowprops={"arrowstyle": "-|>", "color": VERMILLION, "lw": 2, "shrinkA": 0, "shrinkB": 0},
    )
    aligned = {"right": ("left", "center"), "down": ("center", "top"), "back": ("left", "bottom")}
    across, along = aligned[word]
    ax.text(*ends, f" {word}", color=VERMILLION, fontsize=9.5, ha=across, va=along)
