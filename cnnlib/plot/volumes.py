"""The outputs of a network as boxes: height, width and channels, all to scale."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from cnnlib.plot.figure import BLUE, MAX_WIDTH, CourseFigure, describe, new_figure, styled
from cnnlib.plot.layout import text_width

TALLEST, DEEPEST = 2.0, 1.1  # inches for the largest height and for the most channels
SLANT = 0.3  # inches to the right, and as many up, for an inch of width
GAP = 0.3  # inches between two boxes
TOP, SIDE, FRONT = "#E9F2F8", "#9CCBE6", "#CFE4F1"


@styled
def volumes(
    shapes: Sequence[tuple[int, int, int]],
    names: Sequence[str] | None = None,
    *,
    title: str | None = None,
) -> CourseFigure:
    """Draw the output of each layer or stage as a box: upright its height, backwards its width.

    Parameters
    ----------
    shapes : list of (C, H, W)
        From input to output. Heights and widths share one scale, numbers of channels another.
    names : list of str, optional
        Written below the boxes, above their sizes.
    title : str, optional

    Returns
    -------
    CourseFigure
        The channels run to the right, so a box is a stack of maps seen from the side.

    Raises
    ------
    ValueError
        If there is no shape, a size is not positive, or the names are too few or too many.

    Examples
    --------
    >>> from cnnlib import plot
    >>> print(plot.volumes([(3, 32, 32), (16, 16, 16)]).alt_text)
    2 boxes to scale, channels x height x width: 3 x 32 x 32; 16 x 16 x 16.
    """
    if not shapes or any(len(shape) != 3 or min(shape) < 1 for shape in shapes):
        raise ValueError(f"volumes needs one or more shapes (C, H, W) of sizes from 1 on: {shapes}")
    if names is not None and len(names) != len(shapes):
        raise ValueError(f"{len(names)} names for {len(shapes)} shapes; give one name for each")
    side = max(max(H, W) for _, H, W in shapes)
    channels = max(C for C, _, _ in shapes)
    boxes = [
        (max(DEEPEST * C / channels, 0.03), TALLEST * H / side, SLANT * TALLEST * W / side)
        for C, H, W in shapes
    ]
    words = [f"{C}\n{H} x {W}" for C, H, W in shapes]
    if names is not None:
        words = [f"{name}\n{word}" for name, word in zip(names, words, strict=True)]
    slots = [
        max(depth + back, 0.92 * max(map(text_width, word.split("\n")))) + GAP
        for (depth, _, back), word in zip(boxes, words, strict=True)
    ]
    lines = words[0].count("\n") + 1
    foot, head = 0.2 * lines + 0.1, 0.35 * (title is not None)
    top = max(height + back for _, height, back in boxes)
    width = min(sum(slots), MAX_WIDTH)
    figure = new_figure(width, (top + foot) * width / sum(slots) + head + 0.15)
    ax = figure.add_subplot()
    left = 0.0
    for (depth, height, back), word, slot in zip(boxes, words, slots, strict=True):
        middle = left + slot / 2
        _box(ax, middle - (depth + back) / 2, depth, height, back)
        ax.text(middle, -0.08, word, ha="center", va="top", fontsize=9, linespacing=1.35)
        left += slot
    ax.set(aspect="equal", xlim=(0, left), ylim=(-foot, top + 0.05))
    ax.set_axis_off()
    if title:
        figure.suptitle(title)
    sizes = "; ".join(
        (f"{names[i]} " if names else "") + " x ".join(map(str, shape))
        for i, shape in enumerate(shapes)
    )
    count = f"{len(shapes)} box{'es' if len(shapes) > 1 else ''}"
    figure.alt_text = describe(title, f"{count} to scale, channels x height x width: {sizes}.")
    return figure


def _box(ax: Axes, left: float, depth: float, height: float, back: float) -> None:
    """Draw the front, the top and the right side of a box that stands on zero."""
    right = left + depth
    faces = {
        FRONT: [(left, 0), (right, 0), (right, height), (left, height)],
        TOP: [(left, height), (right, height), (right + back, height + back),
              (left + back, height + back)],
        SIDE: [(right, 0), (right + back, back), (right + back, height + back), (right, height)],
    }  # fmt: skip
    for colour, corners in faces.items():
        ax.add_patch(Polygon(corners, facecolor=colour, edgecolor=BLUE, linewidth=0.9))
