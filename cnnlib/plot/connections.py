"""Three ways to connect a line of pixels with a line of outputs, and what each costs in weights."""

from matplotlib.axes import Axes

from cnnlib.plot.figure import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    MAX_WIDTH,
    ORANGE,
    PURPLE,
    VERMILLION,
    CourseFigure,
    new_figure,
    plural,
    styled,
)
from cnnlib.shapes import conv_output_size

# One look for each shared weight; the dashes tell them apart where the colours do not.
LOOKS = ((BLUE, "-"), (ORANGE, "--"), (GREEN, ":"), (VERMILLION, "-."), (PURPLE, (0, (7, 2))))


@styled
def connections(size: int = 6, kernel_size: int = 3, *, title: str | None = None) -> CourseFigure:
    """Draw fully connected, locally connected and shared weights over one line of pixels.

    Parameters
    ----------
    size : int, pixels
        Inputs, 2 to 10.
    kernel_size : int, pixels
        Neighbours that an output of the second and third drawing sees, 1 to 5.
    title : str, optional

    Returns
    -------
    CourseFigure
        One line for each pair of a pixel and an output that are connected. A weight that is used
        once is grey; a weight that is used at every place has a look of its own.

    Raises
    ------
    ValueError
        If there are too many lines to follow, or the window does not fit.

    Examples
    --------
    >>> from cnnlib import plot
    >>> print(plot.connections(6, 3).alt_text)
    ... # doctest: +NORMALIZE_WHITESPACE
    6 pixels above 4 outputs, three times. Fully connected: 24 lines, 24 weights.
    Locally connected: 12 lines, 12 weights. Shared weights: 12 lines, 3 weights.
    """
    if not 2 <= size <= 10 or not 1 <= kernel_size <= len(LOOKS):
        raise ValueError(
            f"size must be 2 to 10 and kernel_size 1 to {len(LOOKS)}, got {size} and {kernel_size}"
        )
    outputs = conv_output_size(size, kernel_size)
    everything = [(i, o) for o in range(outputs) for i in range(size)]
    nearby = [(o + tap, o) for o in range(outputs) for tap in range(kernel_size)]
    panels = (
        ("Fully connected", everything, False, len(everything)),
        ("Locally connected", nearby, False, len(nearby)),
        ("Shared weights", nearby, True, kernel_size),
    )
    figure = new_figure(MAX_WIDTH, 2.3 + 0.3 * bool(title))
    said = [f"{plural(size, 'pixel')} above {plural(outputs, 'output')}, three times."]
    for ax, (name, pairs, shared, weights) in zip(figure.subplots(1, 3), panels, strict=True):
        _wires(ax, size, outputs, pairs, shared)
        ax.set_title(f"{name}:\n{plural(weights, 'weight')}")
        said.append(f"{name}: {plural(len(pairs), 'line')}, {plural(weights, 'weight')}.")
    if title:
        figure.suptitle(title)
    figure.alt_text = f"{title + ': ' if title else ''}{' '.join(said)}"
    return figure


def _wires(ax: Axes, size: int, outputs: int, pairs: list[tuple[int, int]], shared: bool) -> None:
    shift = (size - outputs) / 2  # the outputs stand below the middle of their windows
    for pixel, output in pairs:
        colour, dash = LOOKS[pixel - output] if shared else (GREY, "-")
        ax.plot(
            [pixel, output + shift], [1, 0],
            color=colour, linestyle=dash, linewidth=2.2 if shared else 1.1, zorder=1,
        )  # fmt: skip
    for marker, count, left, height, name in (
        ("s", size, 0.0, 1, "pixels"),
        ("o", outputs, shift, 0, "outputs"),
    ):
        ax.plot(
            [left + place for place in range(count)], [height] * count,
            marker, color="white", markeredgecolor=BLACK, markersize=9, zorder=2,
        )  # fmt: skip
        ax.text((size - 1) / 2, height + (0.14 if height else -0.14), name, color=GREY,
                ha="center", va="bottom" if height else "top", fontsize=9)  # fmt: skip
    ax.set(xlim=(-0.6, size - 0.4), ylim=(-0.34, 1.34))
    ax.set_axis_off()
