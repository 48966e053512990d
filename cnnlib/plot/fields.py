"""The theoretical receptive field of one output, layer by layer, along one axis."""

from collections.abc import Sequence

from cnnlib.plot.cells import outline
from cnnlib.plot.figure import BLUE, GREY, MAX_WIDTH, CourseFigure, describe, new_figure, styled
from cnnlib.plot.layout import cell_size
from cnnlib.shapes import conv_output_size, receptive_field


@styled
def receptive_field_pyramid(
    size: int,
    layers: Sequence[Sequence[int]],
    position: int | None = None,
    *,
    title: str | None = None,
) -> CourseFigure:
    """Draw the cells of every layer along one axis, and those that one output sees.

    Parameters
    ----------
    size : int, pixels of the input
    layers : list of (kernel_size, stride, padding, dilation), pixels
        As for :func:`cnnlib.shapes.receptive_field`; trailing entries may be left out.
    position : int, optional
        Which output; the middle one if not given.
    title : str, optional

    Returns
    -------
    CourseFigure
        Input at the bottom, output at the top; cells that are seen are filled, others empty.

    Raises
    ------
    ValueError
        If a window does not fit, or there is no such output.

    Examples
    --------
    >>> from cnnlib import plot
    >>> print(plot.receptive_field_pyramid(9, [(3,), (3,)]).alt_text)
    ... # doctest: +NORMALIZE_WHITESPACE
    One output of layer 2 (cell 2 of 5) sees cells 2 to 4 of 7 in layer 1, and cells 2 to 6 of 9 in
    the input. Its receptive field is 5 pixels.
    """
    full = [(*layer, *(1, 0, 1)[len(layer) - 1 :]) for layer in layers]
    field = receptive_field(full)  # also refuses layers that make no sense
    sizes = [size]
    for kernel_size, stride, padding, dilation in full:
        sizes.append(conv_output_size(sizes[-1], kernel_size, stride, padding, dilation))
    place = sizes[-1] // 2 if position is None else position
    if not 0 <= place < sizes[-1]:
        raise ValueError(f"position {place} is outside the {sizes[-1]} outputs")
    seen = [{place}]
    for (kernel_size, stride, padding, dilation), count in zip(
        reversed(full), reversed(sizes[:-1]), strict=True
    ):
        taps = {
            i * stride - padding + tap * dilation for i in seen[0] for tap in range(kernel_size)
        }
        # A zero of the padding was not computed from anything below it.
        seen.insert(0, taps & set(range(count)))
    cell = cell_size(size + 2, 2 * len(sizes), MAX_WIDTH - 1.2, 5)
    figure = new_figure((size + 2) * cell + 1.2, 1.9 * len(sizes) * cell + 0.3 + 0.3 * bool(title))
    ax = figure.add_subplot()
    jump, start, centres = 1, 0.0, []
    for index, count in enumerate(sizes):
        if index:
            kernel_size, stride, padding, dilation = full[index - 1]
            start += jump * (dilation * (kernel_size - 1) / 2 - padding)
            jump *= stride
        centres.append([start + jump * i for i in range(count)])
    for index, row in enumerate(centres):
        height = 1.9 * index
        if index:
            kernel_size, stride, padding, dilation = full[index - 1]
            for i in seen[index]:
                for tap in range(kernel_size):
                    j = i * stride - padding + tap * dilation
                    if j in seen[index - 1]:
                        ax.plot(
                            [row[i], centres[index - 1][j]],
                            [height - 0.5, height - 1.4],
                            color="#9CCBE6",
                            linewidth=1,
                            zorder=1,
                        )
        for i, x in enumerate(row):
            outline(
                ax,
                height,
                x,
                1,
                0.92,
                fill=True,
                facecolor=BLUE if i in seen[index] else "white",
                edgecolor=GREY,
                linewidth=0.8,
                zorder=2,
            )
        name = "input" if index == 0 else f"layer {index}"
        ax.text(-1.0, height, name, ha="right", va="center", fontsize=9.5)
    ax.set(xlim=(-1, size), ylim=(-0.7, 1.9 * (len(sizes) - 1) + 0.7), aspect="equal")
    ax.set_axis_off()
    if title:
        ax.set_title(title)
    below = [
        f"cells {_span(cells)} of {count} in {'the input' if index == 0 else f'layer {index}'}"
        for index, (cells, count) in enumerate(zip(seen[:-1], sizes[:-1], strict=True))
    ]
    figure.alt_text = describe(
        title,
        f"One output of layer {len(layers)} (cell {place} of {sizes[-1]}) sees "
        f"{', and '.join(reversed(below))}. Its receptive field is {field.size} pixels.",
    )
    return figure


def _span(cells: set[int]) -> str:
    """Name cells: ``2 to 4``, or one by one where there are gaps."""
    inside = sorted(cells)
    if len(inside) > 2 and inside[-1] - inside[0] == len(inside) - 1:
        return f"{inside[0]} to {inside[-1]}"
    return ", ".join(map(str, inside))
