"""Average pooling, with windows of a given size or a given number of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnnlib.reference.arguments import (
    Array,
    Pair,
    as_batch,
    require_float,
    require_shape,
)
from cnnlib.reference.pool.sizes import Pooling, pooling
from cnnlib.reference.views import surround
from cnnlib.shapes import as_integer

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
]


def avg_pool2d(
    x: Array,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    r"""Take the mean of each window.

    .. math:: y_{ncpq} = \frac{1}{|\text{window}|} \sum_{ij} x_{n,c,\,Sp+i,\,Sq+j}

    Parameters
    ----------
    x : (N, C, H, W) or (C, H, W)
        Images, any unit.
    kernel_size, padding : int or (int, int), pixels
        At most half a window of zeros on each side.
    stride : int or (int, int), pixels, optional
        ``kernel_size`` by default.
    ceil_mode : bool
        Also keep a last window that hangs over the far edge, if it begins inside.
    count_include_pad : bool
        Whether padding counts in the divisor. What ceil_mode hangs over never does.
    divisor_override : int, optional
        Divide every sum by this instead; not 0.

    Returns
    -------
    y : (N, C, OH, OW) or (C, OH, OW)

    Raises
    ------
    ShapeError
        If the window is larger than the padded image, or the padding than half the window.
    TypeError, ValueError
        If a size is not an integer, or too small; if ``x`` is not a floating-point array.

    Notes
    -----
    A sum over a rectangle is a sum over rows of sums over columns. Pooling by the mean: LeCun et
    al., *Gradient-based learning applied to document recognition*, 1998, section II.

    Examples
    --------
    >>> x = np.array([[[1.0, 5.0, 2.0, 0.0], [3.0, 3.0, 2.0, 8.0]]])
    >>> avg_pool2d(x, 2)
    array([[[3., 3.]]])
    """
    require_float("avg_pool2d", x=x)
    images = as_batch("avg_pool2d", x)
    p = pooling("avg_pool2d", images, kernel_size, stride, padding, 1, ceil_mode)
    framed = surround(images, p.frame)
    rows = [framed[..., p.tap(i, 0)[0], :] for i in range(p.kernel[0])]
    tall = _total(rows)
    y = _total([tall[..., p.tap(0, j)[1]] for j in range(p.kernel[1])])
    y /= _divisor("avg_pool2d", p, count_include_pad, divisor_override, x.dtype)
    return y[0] if x.ndim == 3 else y


def avg_pool2d_backward(
    grad_y: Array,
    x: Array,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """Gradient of :func:`avg_pool2d`: every pixel of a window receives an equal share.

    Parameters
    ----------
    grad_y : (N, C, OH, OW) or (C, OH, OW)
        Gradient of the loss with respect to ``y``.
    x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        As given to :func:`avg_pool2d`.

    Returns
    -------
    grad_x : the shape of ``x``

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``y``, and as :func:`avg_pool2d`.

    Examples
    --------
    >>> avg_pool2d_backward(np.array([[[4.0]]]), np.zeros((1, 2, 3)), 2)
    array([[[1., 1., 0.],
            [1., 1., 0.]]])
    """
    function = "avg_pool2d_backward"
    require_float(function, grad_y=grad_y, x=x)
    images = as_batch(function, x)
    p = pooling(function, images, kernel_size, stride, padding, 1, ceil_mode)
    N, C, _, W = images.shape
    y_shape = (N, C, *p.places)[-x.ndim :]
    require_shape(function, "grad_y", grad_y, y_shape, "(N, C, OH, OW)")
    share = grad_y.reshape(N, C, *p.places)
    share = share / _divisor(function, p, count_include_pad, divisor_override, x.dtype)
    (top, bottom), (left, right) = p.frame
    grad_tall = np.zeros((N, C, p.places[0], left + W + right), x.dtype)
    for j in range(p.kernel[1]):
        grad_tall[..., p.tap(0, j)[1]] += share
    grad_framed = np.zeros((N, C, top + images.shape[2] + bottom, left + W + right), x.dtype)
    for i in range(p.kernel[0]):
        grad_framed[..., p.tap(i, 0)[0], :] += grad_tall
    return np.ascontiguousarray(grad_framed[(..., *p.inside)]).reshape(x.shape)


def _total(parts: list[Array]) -> Array:
    if len(parts) == 1:
        return parts[0].copy()
    total: Array = parts[0] + parts[1]
    for part in parts[2:]:
        total += part
    return total


def _divisor(
    function: str, p: Pooling, count_include_pad: bool, override: int | None, dtype: np.dtype[Any]
) -> Array:
    """How many pixels each mean is over, (OH, OW), or one number where that is the same for all."""
    if override is not None:
        divisor = as_integer(override, f"{function}: divisor_override")
        if divisor == 0:
            raise ValueError(f"{function}: divisor_override must not be 0")
        return np.array(divisor, dtype)
    counts = []
    for axis in (0, 1):
        start = np.arange(p.places[axis]) * p.stride[axis] - p.padding[axis]
        stop = np.minimum(start + p.kernel[axis], p.size[axis] + p.padding[axis])
        if not count_include_pad:
            start, stop = np.maximum(start, 0), np.minimum(stop, p.size[axis])
        counts.append(stop - start)
    if all((count == count[0]).all() for count in counts):
        counts = [count[:1] for count in counts]  # a number divides faster than a table
    return np.outer(*counts).astype(dtype)


def adaptive_avg_pool2d(x: Array, output_size: int | Sequence[int | None]) -> Array:
    r"""Cut the image into OH x OW windows of nearly equal size, and take the mean of each.

    .. math:: \text{window } p \text{ has rows }
              \lfloor pH / OH \rfloor \le h < \lceil (p + 1) H / OH \rceil

    Parameters
    ----------
    x : (N, C, H, W) or (C, H, W)
        Images, any unit.
    output_size : int or (int or None, int or None), pixels
        ``None`` keeps the size of that axis.

    Returns
    -------
    y : (N, C, OH, OW) or (C, OH, OW)
        Windows overlap where OH does not divide H.

    Raises
    ------
    ShapeError
        If ``x`` has an empty axis other than the batch or the channels.
    TypeError, ValueError
        If a size is not an integer, or negative; if ``x`` is not a floating-point array.

    Notes
    -----
    With ``output_size=1`` this is global average pooling: Lin, Chen and Yan, *Network in network*,
    2013, section 3.2.

    Examples
    --------
    >>> adaptive_avg_pool2d(np.array([[[1.0, 2.0, 6.0], [1.0, 2.0, 6.0]]]), (1, 2))
    array([[[1.5, 4. ]]])
    """
    require_float("adaptive_avg_pool2d", x=x)
    images = as_batch("adaptive_avg_pool2d", x)
    y = images
    for axis, spans in zip((2, 3), _spans("adaptive_avg_pool2d", images, output_size), strict=True):
        shape = list(y.shape)
        shape[axis] = len(spans)
        means = np.empty(shape, x.dtype)
        for place, span in enumerate(spans):
            means[_along(axis, place)] = y[_along(axis, span)].mean(axis=axis)
        y = means
    return y[0] if x.ndim == 3 else y


def adaptive_avg_pool2d_backward(
    grad_y: Array, x: Array, output_size: int | Sequence[int | None]
) -> Array:
    """Gradient of :func:`adaptive_avg_pool2d`: equal shares for the pixels of each window.

    Parameters
    ----------
    grad_y : (N, C, OH, OW) or (C, OH, OW)
        Gradient of the loss with respect to ``y``.
    x, output_size
        As given to :func:`adaptive_avg_pool2d`.

    Returns
    -------
    grad_x : the shape of ``x``

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``y``.

    Examples
    --------
    >>> adaptive_avg_pool2d_backward(np.array([[[6.0]]]), np.zeros((1, 2, 3)), 1)
    array([[[1., 1., 1.],
            [1., 1., 1.]]])
    """
    function = "adaptive_avg_pool2d_backward"
    require_float(function, grad_y=grad_y, x=x)
    images = as_batch(function, x)
    rows, columns = _spans(function, images, output_size)
    y_shape = (*images.shape[:2], len(rows), len(columns))
    require_shape(function, "grad_y", grad_y, y_shape[-x.ndim :], "(N, C, OH, OW)")
    grad = grad_y.reshape(y_shape)
    for axis, spans in ((3, columns), (2, rows)):
        shape = list(grad.shape)
        shape[axis] = images.shape[axis]
        spread = np.zeros(shape, x.dtype)
        for place, span in enumerate(spans):
            share = grad[_along(axis, slice(place, place + 1))] / (span.stop - span.start)
            spread[_along(axis, span)] += share
        grad = spread
    return grad.reshape(x.shape)


def _along(axis: int, at: int | slice) -> tuple[int | slice, ...]:
    return (*(slice(None),) * axis, at)


def _spans(
    function: str, x: Array, output_size: int | Sequence[int | None]
) -> tuple[list[slice], list[slice]]:
    """The rows, and the columns, of each window."""
    wanted = output_size if isinstance(output_size, Sequence) else (output_size, output_size)
    if len(wanted) != 2:
        raise ValueError(
            f"{function}: output_size must be one integer or a pair (height, width), "
            f"but it is {output_size!r}"
        )
    if output_size is None:
        raise TypeError(f"{function}: output_size must be an integer or a pair, but it is None")
    spans = []
    for axis, number in enumerate(wanted):
        size = x.shape[2 + axis]
        places = size if number is None else as_integer(number, f"{function}: output_size", 0)
        spans.append(
            [slice(p * size // places, -(-(p + 1) * size // places)) for p in range(places)]
        )
    return spans[0], spans[1]
