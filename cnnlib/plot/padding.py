"""The four borders that a picture can get before a convolution."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlib.plot.cells import Scale, as_numbers, draw_cells, normalise, number, outline
from cnnlib.plot.figure import MAX_WIDTH, CourseFigure, describe, styled
from cnnlib.plot.layout import cell_size, panel_grid
from cnnlib.shapes import as_pair

# The names of torch.nn.Conv2d's padding_mode, and what NumPy calls the same border.
NUMPY_MODE = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@styled
def padding_modes(
    x: ArrayLike,
    padding: int | tuple[int, int] = 2,
    modes: Sequence[str] = ("zeros", "reflect", "replicate", "circular"),
    *,
    scale: Scale = "count",
    title: str | None = None,
) -> CourseFigure:
    """Draw a picture with each kind of border; the original is framed.

    Parameters
    ----------
    x : (H, W)
    padding : int or (int, int), pixels on each side
    modes : list of "zeros", "reflect", "replicate", "circular"
        The names of ``torch.nn.Conv2d(padding_mode=...)``.
    scale : "count", "grey" or "signed"
    title : str, optional

    Returns
    -------
    CourseFigure

    Raises
    ------
    ValueError
        If a mode is unknown, or the border asks for more pixels than the picture has.

    Examples
    --------
    >>> from cnnlib import plot
    >>> print(plot.padding_modes([[1, 2, 3]], (0, 2), ["reflect"]).alt_text)
    A 1 x 3 picture with 0 x 2 border pixels on each side. Its first row: reflect 3 2 1 2 3 2 1.
    """
    image = as_numbers(x, 2, "x")
    H, W = image.shape
    PH, PW = as_pair(padding, "padding", 0)
    bordered = [_bordered(image, (PH, PW), mode) for mode in modes]
    if not bordered:
        raise ValueError("modes is empty; name at least one of " + ", ".join(NUMPY_MODE))
    HP, WP = H + 2 * PH, W + 2 * PW
    columns = min(len(modes), 2 if len(modes) in (2, 4) and WP > 5 else 4)
    cell = cell_size(WP, HP, MAX_WIDTH / columns - 0.3, 3.2)
    figure, axes = panel_grid(len(modes), columns, (WP * cell, HP * cell), modes, title=title)
    norm = normalise(image, scale)
    for ax, padded in zip(axes, bordered, strict=True):
        draw_cells(ax, padded, scale, norm=norm, cell=cell)
        outline(ax, PH, PW, H, W)
    rows = [
        f"{mode} {' '.join(number(v) for v in padded[0])}"
        for mode, padded in zip(modes, bordered, strict=True)
    ]
    figure.alt_text = describe(
        title,
        f"A {H} x {W} picture with {PH} x {PW} border pixels on each side",
        f". Its first row: {'; '.join(rows)}." if WP <= 12 else f": {', '.join(modes)}.",
    )
    return figure


def _bordered(image: NDArray[Any], padding: tuple[int, int], mode: str) -> NDArray[Any]:
    if mode not in NUMPY_MODE:
        raise ValueError(f"unknown padding mode {mode!r}; choose from {', '.join(NUMPY_MODE)}")
    # A mirror cannot repeat the edge itself, so it has one pixel less to offer.
    spare = {"reflect": 1, "circular": 0}
    if mode in spare and any(
        p > size - spare[mode] for p, size in zip(padding, image.shape, strict=True)
    ):
        raise ValueError(
            f"{mode} padding of {padding} needs more pixels than the picture has: {image.shape}"
        )
    widths = [(p, p) for p in padding]
    return np.pad(image, widths, mode=NUMPY_MODE[mode])  # type: ignore[no-any-return, call-overload]
