"""Pictures as pictures and pictures as numbers: matrix, image_grid, feature_maps, kernels."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlib.plot.cells import (
    Scale,
    as_numbers,
    draw_cells,
    index_ticks,
    normalise,
    number,
    plain_frame,
)
from cnnlib.plot.figure import MAX_WIDTH, CourseFigure, describe, new_figure, plural, styled
from cnnlib.plot.layout import BAR, cell_size, columns_for, panel_grid, text_width


@styled
def matrix(
    x: ArrayLike, *, title: str | None = None, scale: Scale = "grey", numbers: bool = True
) -> CourseFigure:
    """Draw a picture as the numbers it is made of.

    Parameters
    ----------
    x : (H, W)
        One channel. Numbers are written while cells are large enough (about 25 columns).
    title : str, optional
    scale : "grey", "signed" or "count"
        Grey for pictures (0 is black), a diverging scale around zero, or white to blue.
    numbers : bool
        Write the value into each cell.

    Returns
    -------
    CourseFigure

    Examples
    --------
    >>> from cnnlib import plot
    >>> plot.matrix([[0, 1], [2, 3]])
    <Figure: A matrix of 2 rows and 2 columns with values from 0 to 3.>
    """
    values = as_numbers(x, 2, "matrix")
    H, W = values.shape
    cell = cell_size(W, H, MAX_WIDTH - 1)
    figure = new_figure(W * cell + 0.9, H * cell + 0.9 + 0.25 * (title is not None))
    ax = figure.add_subplot()
    draw_cells(ax, values, scale, numbers=numbers, cell=cell)
    index_ticks(ax, (H, W))
    if title:
        ax.set_title(title)
    figure.alt_text = describe(
        title,
        f"{'a' if title else 'A'} matrix of {plural(H, 'row')} and {plural(W, 'column')} with "
        f"values from {number(np.nanmin(values))} to {number(np.nanmax(values))}.",
    )
    return figure


@styled
def image_grid(
    images: ArrayLike | Sequence[ArrayLike],
    titles: Sequence[str] | None = None,
    *,
    columns: int | None = None,
    title: str | None = None,
) -> CourseFigure:
    """Draw pictures next to each other.

    Parameters
    ----------
    images : (N, C, H, W) or (N, H, W) array, or a list of (C, H, W) and (H, W) arrays
        C is 1 or 3. Bytes from 0 to 255, or floats from 0 to 1; values outside are clipped.
        Pictures of a list may differ in size.
    titles : list of str, optional
        One for each picture.
    columns : int, optional
        Pictures in a row; as many as fit if not given.
    title : str, optional

    Returns
    -------
    CourseFigure

    Examples
    --------
    >>> import numpy as np
    >>> from cnnlib import plot
    >>> plot.image_grid(np.zeros((2, 3, 8, 9)), ["first", "second"]).alt_text
    '2 pictures: first (8 x 9 pixels, colour); second (8 x 9 pixels, colour).'
    """
    pictures = [as_picture(image) for image in images]  # type: ignore[union-attr]
    _check_titles(titles, len(pictures))
    columns = columns or min(len(pictures), 3 if titles and max(map(len, titles)) > 16 else 5)
    rows = math.ceil(len(pictures) / columns)
    side = min(2.4, MAX_WIDTH / columns)
    aspect = max(p.shape[0] / p.shape[1] for p in pictures)
    figure = new_figure(
        side * columns + 0.1,
        rows * (min(side * aspect, 4.0) + 0.3 * (titles is not None)) + 0.35 * (title is not None),
    )
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes[len(pictures) :]:
        ax.set_axis_off()
    for index, (ax, picture) in enumerate(zip(axes, pictures, strict=False)):
        ax.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        plain_frame(ax)
        if titles:
            ax.set_title(titles[index])
    if title:
        figure.suptitle(title)
    names = titles or [f"picture {i}" for i in range(len(pictures))]
    described = [
        f"{name} ({p.shape[0]} x {p.shape[1]} pixels, {'colour' if p.ndim == 3 else 'grey'})"
        for name, p in zip(names, pictures, strict=True)
    ]
    figure.alt_text = describe(title, f"{plural(len(pictures), 'picture')}: {_join(described)}.")
    return figure


@styled
def feature_maps(
    maps: ArrayLike,
    titles: Sequence[str] | None = None,
    *,
    columns: int | None = None,
    title: str | None = None,
    numbers: bool | None = None,
) -> CourseFigure:
    """Draw feature maps on one symmetric colour scale: blue above zero, vermillion below.

    Parameters
    ----------
    maps : (C, H, W) or (H, W)
        Signed values in any unit; all maps share one scale so that they can be compared.
    titles : list of str, optional
        One for each map; ``channel 0``, ``channel 1``, ... if not given.
    columns : int, optional
        Maps in a row.
    title : str, optional
    numbers : bool, optional
        Write values into the cells; by default where they can be read.

    Returns
    -------
    CourseFigure

    Examples
    --------
    >>> import numpy as np
    >>> from cnnlib import plot
    >>> plot.feature_maps(np.array([[[-1.0, 0.0], [0.5, 1.0]]])).alt_text
    '1 feature map of 2 x 2 on one symmetric colour scale: channel 0 from −1 to 1.'
    """
    values = as_numbers(np.asarray(maps)[None] if np.ndim(maps) == 2 else maps, 3, "feature_maps")
    names = titles or [f"channel {c}" for c in range(len(values))]
    return _signed_panels(values, names, "feature map", columns, title, numbers)


@styled
def kernels(
    weight: ArrayLike,
    titles: Sequence[str] | None = None,
    *,
    columns: int | None = None,
    title: str | None = None,
) -> CourseFigure:
    """Draw kernels with their weights written in.

    Parameters
    ----------
    weight : (K, KH, KW) or (KH, KW)
        K kernels on one symmetric scale. For (C_out, C_in, KH, KW) see :func:`weight_tensor`.
    titles : list of str, optional
    columns : int, optional
    title : str, optional

    Returns
    -------
    CourseFigure

    Examples
    --------
    >>> from cnnlib import plot
    >>> plot.kernels([[-1, 0, 1]], ["difference"]).alt_text
    '1 kernel of 1 x 3 on one symmetric colour scale: difference, weights −1 0 1.'
    """
    array = np.asarray(weight)
    values = as_numbers(array[None] if array.ndim == 2 else array, 3, "kernels")
    names = titles or [f"kernel {k}" for k in range(len(values))]
    return _signed_panels(values, names, "kernel", columns, title, None)


def _signed_panels(
    values: NDArray[Any],
    names: Sequence[str],
    what: str,
    columns: int | None,
    title: str | None,
    numbers: bool | None,
) -> CourseFigure:
    _check_titles(names, len(values))
    count, H, W = values.shape
    written = numbers is not False and values.size <= 200
    room = MAX_WIDTH - (0.0 if written else BAR)
    most = columns or (5 if W <= 4 else 4 if W <= 8 else 3)
    cell = cell_size(W, H, room / min(most, count) - 0.25, 4.0)
    widest = max(W * cell, *map(text_width, names)) + 0.2
    columns = columns or columns_for(widest, count, most)
    norm = normalise(values, "signed")
    figure, axes = panel_grid(
        count, columns, (W * cell, H * cell), names, title=title, bar=None if written else norm
    )
    for ax, panel in zip(axes, values, strict=True):
        draw_cells(ax, panel, "signed", norm=norm, cell=cell, numbers=numbers is not False)
    shown = [_values(panel, name, what) for panel, name in zip(values, names, strict=True)]
    figure.alt_text = describe(
        title,
        f"{plural(count, what)} of {H} x {W} on one symmetric colour scale: {_join(shown)}.",
    )
    return figure


def _values(panel: NDArray[Any], name: str, what: str) -> str:
    if what == "kernel" and panel.size <= 9:
        rows = " / ".join(" ".join(number(v) for v in row) for row in panel)
        return f"{name}, weights {rows}"
    return f"{name} from {number(np.nanmin(panel))} to {number(np.nanmax(panel))}"


def as_picture(image: ArrayLike) -> NDArray[Any]:
    """Return (H, W) or (H, W, 3) floats from 0 to 1."""
    array = np.asarray(image)
    if array.ndim == 3 and array.shape[0] == 1:
        array = array[0]
    elif array.ndim == 3 and array.shape[0] == 3:
        array = array.transpose(1, 2, 0)
    elif array.ndim != 2:
        raise ValueError(
            f"a picture is (H, W), (1, H, W) or (3, H, W), got shape {array.shape}\n"
            "  Channels come first: for (H, W, 3), use image.transpose(2, 0, 1)."
        )
    scaled: NDArray[Any] = array / 255 if array.dtype == np.uint8 else array.astype(float)
    return scaled.clip(0, 1)


def _check_titles(titles: Sequence[str] | None, count: int) -> None:
    if count == 0:
        raise ValueError("there is nothing to draw: the list is empty")
    if titles is not None and len(titles) != count:
        raise ValueError(f"{len(titles)} titles for {count} panels; give one title for each")


def _join(parts: Sequence[str], most: int = 8) -> str:
    shown = list(parts[:most])
    rest = len(parts) - len(shown)
    return "; ".join(shown) + (f"; and {rest} more" if rest else "")
