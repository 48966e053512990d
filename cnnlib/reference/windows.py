"""Windows of an image: a view, a matrix of columns, and the way back.

Room: ``cnnlib.reference`` -- NumPy only. Twin: ``cnnlib.pytorch.windows``. Book: chapters 2 and 4.
The matrix of columns is often called im2col.
"""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import (
    Array,
    Pair,
    as_batch,
    describe,
    require_float,
    require_window_fits,
)
from cnnlib.reference.views import surround, tap, window_view
from cnnlib.shapes import ShapeError, as_pair, conv_output_size

__all__ = ["fold", "fold_backward", "unfold", "unfold_backward", "windows"]


def windows(
    x: Array, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1
) -> Array:
    """Look at ``x`` through every window at once.

    Parameters
    ----------
    x : (N, C, H, W) or (C, H, W)
        Images, any unit.
    kernel_size, dilation, padding, stride : int or (int, int), pixels
        In the order of :func:`unfold`. ``padding`` is zeros on each side.

    Returns
    -------
    view : (N, C, OH, OW, KH, KW) or (C, OH, OW, KH, KW)
        Read-only, since neighbouring windows share their pixels. Without padding nothing is copied.

    Raises
    ------
    ShapeError
        If the window is larger than the padded image, or ``x`` has other axes.
    TypeError, ValueError
        If a size is not an integer, or too small; if ``x`` is not a floating-point array.

    Examples
    --------
    >>> x = np.arange(12.0).reshape(1, 1, 3, 4)
    >>> windows(x, (2, 3)).shape
    (1, 1, 2, 2, 2, 3)
    >>> windows(x, (2, 3))[0, 0, 1, 1]
    array([[ 5.,  6.,  7.],
           [ 9., 10., 11.]])
    """
    require_float("windows", x=x)
    images = as_batch("windows", x)
    kernel, dil, pad, step, _ = _window_arguments(
        "windows", images.shape[2:], kernel_size, dilation, padding, stride
    )
    view = window_view(surround(images, ((pad[0],) * 2, (pad[1],) * 2)), kernel, step, dil)
    return view[0] if x.ndim == 3 else view


def unfold(
    x: Array, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1
) -> Array:
    """Write every window of an image as one column of a matrix.

    Parameters
    ----------
    x : (N, C, H, W) or (C, H, W)
        Images, any unit.
    kernel_size, dilation, padding, stride : int or (int, int), pixels
        ``padding`` is zeros on each side.

    Returns
    -------
    columns : (N, C * KH * KW, OH * OW) or (C * KH * KW, OH * OW)
        Column ``p * OW + q`` is the window at output place (p, q): all taps of the first
        channel, then of the second, and so on. About KH * KW times the memory of ``x``.

    Raises
    ------
    ShapeError
        If the window is larger than the padded image, or ``x`` has other axes.
    TypeError, ValueError
        If a size is not an integer, or too small; if ``x`` is not a floating-point array.

    Notes
    -----
    Chellapilla, Puri and Simard, *High performance convolutional neural networks for document
    processing*, 2006.

    Examples
    --------
    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> unfold(x, 2)[0]
    array([[0., 1., 3., 4.],
           [1., 2., 4., 5.],
           [3., 4., 6., 7.],
           [4., 5., 7., 8.]])
    """
    require_float("unfold", x=x)
    images = as_batch("unfold", x)
    if not images.shape[1]:
        raise ShapeError(f"unfold: x has no channels\n{describe(x=(x, '(N, C, H, W)'))}")
    kernel, dil, pad, step, places = _window_arguments(
        "unfold", images.shape[2:], kernel_size, dilation, padding, stride
    )
    N, C = images.shape[:2]
    view = window_view(surround(images, ((pad[0],) * 2, (pad[1],) * 2)), kernel, step, dil)
    rows, length = C * kernel[0] * kernel[1], places[0] * places[1]
    columns = np.empty((N, rows, length), x.dtype)
    columns.reshape(N, C, *kernel, *places)[...] = view.transpose(0, 1, 4, 5, 2, 3)
    return columns[0] if x.ndim == 3 else columns


def unfold_backward(
    grad_y: Array,
    x: Array,
    kernel_size: Pair,
    dilation: Pair = 1,
    padding: Pair = 0,
    stride: Pair = 1,
) -> Array:
    """Gradient of :func:`unfold`: :func:`fold`, since the transpose of copying is adding.

    Parameters
    ----------
    grad_y : (N, C * KH * KW, OH * OW) or (C * KH * KW, OH * OW)
        Gradient of the loss with respect to the columns.
    x, kernel_size, dilation, padding, stride
        As given to :func:`unfold`.

    Returns
    -------
    grad_x : the shape of ``x``

    Raises
    ------
    ShapeError
        If ``grad_y`` is not shaped like the columns.

    Examples
    --------
    The middle pixel of a 3x3 image lies in all four of its 2x2 windows:

    >>> x = np.zeros((1, 3, 3))
    >>> unfold_backward(np.ones((4, 4)), x, 2)
    array([[[1., 2., 1.],
            [2., 4., 2.],
            [1., 2., 1.]]])
    """
    require_float("unfold_backward", grad_y=grad_y, x=x)
    return fold(grad_y, x.shape[-2:], kernel_size, dilation, padding, stride)


def fold(
    x: Array,
    output_size: Pair,
    kernel_size: Pair,
    dilation: Pair = 1,
    padding: Pair = 0,
    stride: Pair = 1,
) -> Array:
    """Add every column back to the pixels it came from: the transpose of :func:`unfold`.

    Parameters
    ----------
    x : (N, C * KH * KW, L) or (C * KH * KW, L)
        Columns, any unit; L must be OH * OW, the number of places of the window.
    output_size : int or (int, int), pixels
        Height and width of the image to build, without padding.
    kernel_size, dilation, padding, stride : int or (int, int), pixels

    Returns
    -------
    y : (N, C, H, W) or (C, H, W)
        Where windows overlap their values are added; what fell on the padding is dropped.

    Raises
    ------
    ShapeError
        If the rows are not a multiple of KH * KW, or L is not the number of places.
    TypeError, ValueError
        If a size is not an integer, or too small; if ``x`` is not a floating-point array.

    Examples
    --------
    >>> columns = np.ones((1, 4, 4))
    >>> fold(columns, (3, 3), 2)[0, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    require_float("fold", x=x)
    columns = as_batch("fold", x, "C * KH * KW, L")
    size = as_pair(output_size, "fold: output_size", 1)
    kernel, dil, pad, step, places = _window_arguments(
        "fold", size, kernel_size, dilation, padding, stride
    )
    N, rows, length = columns.shape
    taps = kernel[0] * kernel[1]
    if rows % taps or rows == 0 or length != places[0] * places[1]:
        raise ShapeError(
            f"fold: the columns do not fit {places[0]} * {places[1]} places of a "
            f"{kernel[0]}x{kernel[1]} window\n"
            f"{describe(x=(x, 'needed: (N, C * KH * KW, OH * OW)'))}\n"
            f"  Needed: rows a multiple of {taps}, and {places[0] * places[1]} columns; "
            f"give fold the same window arguments as unfold."
        )
    taps_of = columns.reshape(N, rows // taps, *kernel, *places)
    framed = np.zeros((N, rows // taps, size[0] + 2 * pad[0], size[1] + 2 * pad[1]), x.dtype)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            framed[(..., *tap(i, j, places, step, dil))] += taps_of[:, :, i, j]
    y = framed[:, :, pad[0] : pad[0] + size[0], pad[1] : pad[1] + size[1]]
    y = np.ascontiguousarray(y)
    return y[0] if x.ndim == 2 else y


def fold_backward(
    grad_y: Array,
    x: Array,
    output_size: Pair,
    kernel_size: Pair,
    dilation: Pair = 1,
    padding: Pair = 0,
    stride: Pair = 1,
) -> Array:
    """Gradient of :func:`fold`: :func:`unfold`, since the transpose of adding is copying.

    Parameters
    ----------
    grad_y : (N, C, H, W) or (C, H, W)
        Gradient of the loss with respect to the image.
    x, output_size, kernel_size, dilation, padding, stride
        As given to :func:`fold`.

    Returns
    -------
    grad_x : the shape of ``x``

    Raises
    ------
    ShapeError
        If ``grad_y`` is not shaped like the image.

    Examples
    --------
    >>> fold_backward(np.eye(2)[None], np.zeros((4, 1)), (2, 2), 2)
    array([[1.],
           [0.],
           [0.],
           [1.]])
    """
    require_float("fold_backward", grad_y=grad_y, x=x)
    size = as_pair(output_size, "fold_backward: output_size", 1)
    if grad_y.shape[-2:] != size:
        raise ShapeError(
            f"fold_backward: grad_y has shape {grad_y.shape} but the image is {size}\n"
            f"{describe(grad_y=(grad_y, '(N, C, H, W)'), output_size=(size, '(H, W)'))}\n"
            f"  grad_y must have the shape of what fold returned."
        )
    return unfold(grad_y, kernel_size, dilation, padding, stride)


def _window_arguments(
    function: str,
    size: tuple[int, ...],
    kernel_size: Pair,
    dilation: Pair,
    padding: Pair,
    stride: Pair,
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]:
    kernel = as_pair(kernel_size, f"{function}: kernel_size", 1)
    dil = as_pair(dilation, f"{function}: dilation", 1)
    pad = as_pair(padding, f"{function}: padding", 0)
    step = as_pair(stride, f"{function}: stride", 1)
    require_window_fits(
        function,
        kernel,
        dil,
        (size[0] + 2 * pad[0], size[1] + 2 * pad[1]),
        f"kernel_size {kernel}, padding {pad}, image {tuple(size)} (H, W)",
    )
    places = (
        conv_output_size(size[0], kernel[0], step[0], pad[0], dil[0]),
        conv_output_size(size[1], kernel[1], step[1], pad[1], dil[1]),
    )
    return kernel, dil, pad, step, places
