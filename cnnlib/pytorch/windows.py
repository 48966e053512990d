"""Windows of an image: a view, a matrix of columns, and the way back.

Room: ``cnnlib.pytorch``. Twin: ``cnnlib.reference.windows``. Book: chapters 2 and 4.
``windows`` is this room's own; ``unfold`` and ``fold`` are PyTorch's functions, and only say in the
course's words what they refuse: a second way to copy columns would teach nothing more.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from cnnlib.pytorch.arguments import IntPair, images, refusing, require_float
from cnnlib.shapes import ShapeError, as_pair

__all__ = ["fold", "unfold", "windows"]


def window_view(
    x: Tensor, kernel_size: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> Tensor:
    """Every window of the last two axes, (..., OH, OW, KH, KW), without a copy.

    ``Tensor.unfold`` slides a dense window; a dilated one is every ``dilation``-th of its pixels.
    """
    (KH, KW), (SH, SW), (DH, DW) = kernel_size, stride, dilation
    rows = x.unfold(-2, DH * (KH - 1) + 1, SH)
    return rows.unfold(-2, DW * (KW - 1) + 1, SW)[..., ::DH, ::DW]


def windows(
    x: Tensor,
    kernel_size: IntPair,
    dilation: IntPair = 1,
    padding: IntPair = 0,
    stride: IntPair = 1,
) -> Tensor:
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
        Neighbouring windows share their pixels in memory, so do not write to it. Without padding
        nothing is copied.

    Raises
    ------
    ShapeError
        If the window is larger than the padded image, or ``x`` has other axes.
    TypeError, ValueError
        If a size is not an integer, or too small; if ``x`` is not a floating-point tensor.

    Examples
    --------
    >>> import torch
    >>> x = torch.arange(12.0).reshape(1, 1, 3, 4)
    >>> windows(x, (2, 3)).shape
    torch.Size([1, 1, 2, 2, 2, 3])
    >>> windows(x, (2, 3))[0, 0, 1, 1]
    tensor([[ 5.,  6.,  7.],
            [ 9., 10., 11.]])
    """
    require_float("windows", x=x)
    images("windows", x)
    kernel = as_pair(kernel_size, "windows: kernel_size", 1)
    dilations = as_pair(dilation, "windows: dilation", 1)
    rows, columns = as_pair(padding, "windows: padding", 0)
    strides = as_pair(stride, "windows: stride", 1)
    for axis, border in ((-2, rows), (-1, columns)):
        extent, room = dilations[axis] * (kernel[axis] - 1) + 1, x.shape[axis] + 2 * border
        if extent > room:
            raise ShapeError(
                f"windows: the window covers {extent} {'rows' if axis == -2 else 'columns'} but the"
                f" padded image has {room}\n"
                f"  x       {tuple(x.shape)}\n"
                f"  Use a smaller kernel_size or dilation, or more padding."
            )
    padded = F.pad(x, (columns, columns, rows, rows)) if rows or columns else x
    return window_view(padded, kernel, strides, dilations)


def unfold(
    x: Tensor,
    kernel_size: IntPair,
    dilation: IntPair = 1,
    padding: IntPair = 0,
    stride: IntPair = 1,
) -> Tensor:
    """Write every window of an image as one column of a matrix (im2col).

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
        If a size is not an integer, or too small; if ``x`` is not a floating-point tensor.

    Notes
    -----
    :func:`torch.nn.functional.unfold`. Chellapilla, Puri and Simard, *High performance
    convolutional neural networks for document processing*, 2006.

    Examples
    --------
    >>> import torch
    >>> unfold(torch.arange(9.0).reshape(1, 1, 3, 3), 2)[0]
    tensor([[0., 1., 3., 4.],
            [1., 2., 4., 5.],
            [3., 4., 6., 7.],
            [4., 5., 7., 8.]])
    """
    require_float("unfold", x=x)
    images("unfold", x)
    arguments = _window_arguments("unfold", kernel_size, dilation, padding, stride)
    with refusing("unfold", "Use a smaller kernel_size or dilation, or more padding.", x=x):
        return F.unfold(x, *arguments)


def fold(
    x: Tensor,
    output_size: IntPair,
    kernel_size: IntPair,
    dilation: IntPair = 1,
    padding: IntPair = 0,
    stride: IntPair = 1,
) -> Tensor:
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
        If a size is not an integer, or too small; if ``x`` is not a floating-point tensor.

    Notes
    -----
    :func:`torch.nn.functional.fold`.

    Examples
    --------
    >>> import torch
    >>> fold(torch.ones(1, 4, 4), (3, 3), 2)[0, 0]
    tensor([[1., 2., 1.],
            [2., 4., 2.],
            [1., 2., 1.]])
    """
    require_float("fold", x=x)
    if x.dim() not in (2, 3):
        raise ShapeError(
            f"fold: x has {x.dim()} axes, expected (N, C * KH * KW, L) or (C * KH * KW, L)\n"
            f"  x       {tuple(x.shape)}\n"
            f"  Give fold what unfold returned, or a tensor of that shape."
        )
    size = as_pair(output_size, "fold: output_size", 1)
    arguments = _window_arguments("fold", kernel_size, dilation, padding, stride)
    with refusing("fold", "Give fold the same window arguments as unfold.", x=x):
        return F.fold(x, size, *arguments)


def _window_arguments(
    function: str, kernel_size: IntPair, dilation: IntPair, padding: IntPair, stride: IntPair
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]:
    return (
        as_pair(kernel_size, f"{function}: kernel_size", 1),
        as_pair(dilation, f"{function}: dilation", 1),
        as_pair(padding, f"{function}: padding", 0),
        as_pair(stride, f"{function}: stride", 1),
    )
