"""Boxes and the arrows between them: the paths through a block, or a family of networks."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from cnnlib.plot.figure import (
    BLUE,
    GREY,
    MAX_WIDTH,
    VERMILLION,
    CourseFigure,
    describe,
    plural,
    styled,
)
from cnnlib.plot.layout import HEAD, MARGIN, arrange, heading

CHARACTER = 0.08  # inches: about the width of a letter
LINE = 0.175  # inches: height of a line of text
INSIDE = 0.11  # inches between the text of a box and its frame
GAP = 0.34  # inches between a box and the next one below it, for the arrow
ASIDE = 0.18  # inches between two boxes beside each other

Box = tuple[float, float, float, float]  # left, bottom, width, height; inches


@styled
def diagram(
    places: Mapping[str, tuple[float, int]],
    arrows: Sequence[tuple[str, str]],
    *,
    marked: Sequence[str] = (),
    title: str | None = None,
) -> CourseFigure:
    """Draw boxes with text, and arrows that lead from a box to one further down.

    Parameters
    ----------
    places : mapping of text to (column, row)
        Rows count from the top. A column may be a fraction: 0.5 stands between columns 0 and 1. The
        first line of a text is the name of its box, written bold.
    arrows : list of (name, name)
        From the bottom of a box to the top of one in a lower row.
    marked : list of names
        Boxes to be framed in another colour and drawn dashed.
    title : str, optional

    Returns
    -------
    CourseFigure

    Raises
    ------
    ValueError
        If an arrow names no box or leads up, or if the boxes are too wide for a page.

    Examples
    --------
    >>> from cnnlib import plot
    >>> print(plot.diagram({"x": (0, 0), "y\\nthe sum": (0, 1)}, [("x", "y")]).alt_text)
    2 boxes with 1 arrow. x leads to y (the sum).
    """
    names = {text: text.partition("\n")[0] for text in places}
    rows = {names[text]: row for text, (_, row) in places.items()}
    for start, end in arrows:
        if start not in rows or end not in rows or rows[start] >= rows[end]:
            raise ValueError(f"an arrow leads down from one box to another; got {start} to {end}")
    width = max(len(line) for text in places for line in text.split("\n")) * CHARACTER + 2 * INSIDE
    columns = [column for column, _ in places.values()]
    across = (max(columns) - min(columns)) * (width + ASIDE) + width
    if across + 2 * MARGIN > MAX_WIDTH:
        raise ValueError(f"the boxes need {across:.1f} inches, a page has {MAX_WIDTH - 2 * MARGIN}")
    heights = {
        row: max(text.count("\n") + 1 for text, (_, r) in places.items() if r == row) * LINE
        + 2 * INSIDE
        for row in sorted(set(rows.values()))
    }
    down = sum(heights.values()) + GAP * (len(heights) - 1)
    size = (across + 2 * MARGIN, down + 2 * MARGIN + HEAD * bool(title))
    figure, (ax,) = arrange([(MARGIN, MARGIN, across, down)], *size)
    ax.set(xlim=(0, across), ylim=(0, down))
    ax.set_axis_off()
    boxes: dict[str, Box] = {}
    for text, (column, row) in places.items():
        above = sum(height + GAP for r, height in heights.items() if r < row)
        left = (column - min(columns)) * (width + ASIDE)
        boxes[names[text]] = (left, down - above - heights[row], width, heights[row])
        _draw_box(ax, boxes[names[text]], text, VERMILLION if names[text] in marked else BLUE)
    for start, end in arrows:
        left, bottom, wide, _ = boxes[start]
        to_left, to_bottom, to_wide, to_high = boxes[end]
        ax.annotate(
            "", (to_left + to_wide / 2, to_bottom + to_high), (left + wide / 2, bottom),
            arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 1.2, "shrinkA": 0,
                        "shrinkB": 0},
        )  # fmt: skip
    if title:
        heading(figure, title)
    full = {names[t]: " (".join(t.split("\n", 1)) + ")" * ("\n" in t) for t in places}
    leads = [
        f"{start} leads to {' and to '.join(full[e] for s, e in arrows if s == start)}."
        for start in names.values()
        if any(s == start for s, _ in arrows)
    ]
    figure.alt_text = describe(
        title,
        f"{plural(len(places), 'box').replace('boxs', 'boxes')} with "
        f"{plural(len(arrows), 'arrow')}. {' '.join(leads)}".replace("\n", " "),
    )
    return figure


def _draw_box(ax: Axes, box: Box, text: str, colour: str) -> None:
    left, bottom, width, height = box
    frame = FancyBboxPatch(
        (left + 0.06, bottom + 0.06), width - 0.12, height - 0.12,
        boxstyle="round,pad=0.05,rounding_size=0.08",
        facecolor="white", edgecolor=colour, linewidth=1.6,
        linestyle="-" if colour == BLUE else (0, (4, 2)),
    )  # fmt: skip
    ax.add_patch(frame)
    lines = text.split("\n")
    top = bottom + height / 2 + LINE * (len(lines) - 1) / 2
    for number, line in enumerate(lines):
        ax.text(
            left + width / 2, top - LINE * number, line, ha="center", va="center", fontsize=9,
            weight="normal" if number else "bold",
        )  # fmt: skip
