"""Max pooling: the largest value of each window."""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array, Pair, as_batch, require_float, require_shape
from cnnlib.reference.masks import keep
from cnnlib.reference.pool.sizes import Pooling, pooling
from cnnlib.reference.views import surround

__all__ = ["max_pool2d", "max_pool2d_backward"]

CACHE = 1 << 17  # values of x that are handed back together: half a MiB of float32


def max_pool2d(
    x: Array,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Array | tuple[Array, Array]:
    r"""Keep the largest value of each window.

    .. math:: y_{ncpq} = \max_{ij} x_{n,c,\,Sp+Di,\,Sq+Dj}

    Parameters
    ----------
    x : (N, C, H, W) or (C, H, W)
        Images, any unit.
    kernel_size, padding, dilation : int or (int, int), pixels
        Padding counts as minus infinity, at most half a window of it on each side.
    stride : int or (int, int), pixels, optional
        ``kernel_size`` by default, so that windows neither overlap nor leave gaps.
    ceil_mode : bool
        Also keep a last window that hangs over the far edge, if it begins inside.
    return_indices : bool
        Also return where each maximum was.

    Returns
    -------
    y : (N, C, OH, OW) or (C, OH, OW)
        NaN where a window holds a NaN.
    indices : integers, the shape of ``y``
        Only with ``return_indices``: ``row * W + column`` in ``x`` of the first largest value, or
        of the last NaN.

    Raises
    ------
    ShapeError
        If the window is larger than the padded image, or the padding than half the window.
    TypeError, ValueError
        If a size is not an integer, or too small; if ``x`` is not a floating-point array.

    Notes
    -----
    A maximum over a rectangle is a maximum over rows of maxima over columns: KH + KW - 2
    comparisons per place instead of KH * KW - 1. Pooling in general: Goodfellow, Bengio and
    Courville, *Deep Learning*, 2016, section 9.3.

    Examples
    --------
    >>> x = np.array([[[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 2.0, 7.0]]])
    >>> max_pool2d(x, 2)
    array([[[5., 7.]]])
    >>> max_pool2d(x, 2, return_indices=True)[1]
    array([[[1, 7]]])
    """
    require_float("max_pool2d", x=x)
    images = as_batch("max_pool2d", x)
    p = pooling("max_pool2d", images, kernel_size, stride, padding, dilation, ceil_mode)
    if not return_indices:
        y = _largest(surround(images, p.frame, -np.inf), p)
        return y[0] if x.ndim == 3 else y
    y, indices = _largest_and_where(surround(images, p.frame, -np.inf), p)
    return (y[0], indices[0]) if x.ndim == 3 else (y, indices)


def max_pool2d_backward(
    grad_y: Array,
    x: Array,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Array:
    """Gradient of :func:`max_pool2d`: the winner of each window takes it all.

    Parameters
    ----------
    grad_y : (N, C, OH, OW) or (C, OH, OW)
        Gradient of the loss with respect to ``y``.
    x, kernel_size, stride, padding, dilation, ceil_mode, return_indices
        As given to :func:`max_pool2d`.

    Returns
    -------
    grad_x : the shape of ``x``
        Of equal largest values the first, in reading order, receives the gradient; of several NaN
        the last. A pixel that wins in several windows collects from all.

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``y``, and as :func:`max_pool2d`.

    Examples
    --------
    >>> x = np.array([[[1.0, 5.0, 2.0, 0.0], [3.0, 5.0, 2.0, 7.0]]])
    >>> max_pool2d_backward(np.array([[[10.0, 20.0]]]), x, 2)
    array([[[ 0., 10.,  0.,  0.],
            [ 0.,  0.,  0., 20.]]])
    """
    largest = max_pool2d(x, kernel_size, stride, padding, dilation, ceil_mode)
    assert isinstance(largest, np.ndarray)  # without indices
    return hand_back(grad_y, x, largest, kernel_size, stride, padding, dilation, ceil_mode)


def hand_back(
    grad_y: Array,
    x: Array,
    largest: Array,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> Array:
    """Do the work of :func:`max_pool2d_backward` for a layer that still has the ``largest``."""
    require_float("max_pool2d_backward", grad_y=grad_y, x=x)
    images = as_batch("max_pool2d_backward", x)
    p = pooling("max_pool2d_backward", images, kernel_size, stride, padding, dilation, ceil_mode)
    N, C = images.shape[:2]
    y_shape = (N, C, *p.places)
    require_shape("max_pool2d_backward", "grad_y", grad_y, y_shape[-x.ndim :], "(N, C, OH, OW)")
    framed, y = surround(images, p.frame, -np.inf), largest.reshape(y_shape)
    grads = grad_y.reshape(y_shape)
    if not np.isfinite(y).all():  # NaN equals nothing, and padding equals minus infinity
        winners = _largest_and_where(framed, p)[1].reshape(N * C, -1)
        grad_x = np.zeros((N * C, p.size[0] * p.size[1]), x.dtype)
        np.add.at(grad_x, (np.arange(N * C)[:, None], winners), grads.reshape(N * C, -1))
        return grad_x.reshape(x.shape)
    grad_framed = np.zeros(framed.shape, x.dtype)
    together = max(1, CACHE * N // max(1, framed.size))
    for n in range(0, N, together):  # a few images at a time stay in the cache
        part = slice(n, n + together)
        _to_winners(grads[part], framed[part], y[part], grad_framed[part], p)
    return np.ascontiguousarray(grad_framed[(..., *p.inside)]).reshape(x.shape)


def _largest(framed: Array, p: Pooling) -> Array:
    """Maximum along the columns of each window, then along its rows."""
    KH, KW = p.kernel
    rows = [framed[..., p.tap(i, 0)[0], :] for i in range(KH)]
    tall = rows[0] if KH == 1 else np.maximum(rows[0], rows[1])
    for row in rows[2:]:
        np.maximum(tall, row, out=tall)
    columns = [tall[..., p.tap(0, j)[1]] for j in range(KW)]
    y = columns[0].copy() if KW == 1 else np.maximum(columns[0], columns[1])
    for column in columns[2:]:
        np.maximum(y, column, out=y)
    return y


def _largest_and_where(framed: Array, p: Pooling) -> tuple[Array, Array]:
    """Walk through the taps in reading order; a later one wins only if larger, or NaN."""
    H, W = framed.shape[-2:]
    at = np.arange(p.size[0] * p.size[1]).reshape(p.size)
    rows, columns = (
        np.clip(np.arange(length) - before, 0, size - 1)
        for length, before, size in zip((H, W), p.padding, p.size, strict=True)
    )
    positions = at[np.ix_(rows, columns)]
    first = np.ix_(*(_first_inside(p, axis) for axis in (0, 1)))
    y = framed[(..., *p.tap(0, 0))].copy()
    indices = np.broadcast_to(at[first], y.shape).copy()
    for i in range(p.kernel[0]):
        for j in range(p.kernel[1]):
            value = framed[(..., *p.tap(i, j))]
            wins = (value > y) | np.isnan(value)
            np.copyto(y, value, where=wins)
            np.copyto(indices, positions[p.tap(i, j)], where=wins)
    return y, indices


def _first_inside(p: Pooling, axis: int) -> Array:
    """The first row, or column, of the image that each window touches."""
    start = np.arange(p.places[axis]) * p.stride[axis] - p.padding[axis]
    skipped = -(-np.maximum(0, -start) // p.dilation[axis])  # taps that lie on the padding
    first: Array = np.minimum(start + skipped * p.dilation[axis], p.size[axis] - 1)
    return first


def _to_winners(grad_y: Array, framed: Array, y: Array, grad_framed: Array, p: Pooling) -> None:
    """Add each gradient to its winner: the first tap in reading order that equals the maximum."""
    vacant = np.ones(y.shape, bool)
    alone = all(s >= k and d == 1 for s, k, d in zip(p.stride, p.kernel, p.dilation, strict=True))
    for i in range(p.kernel[0]):
        for j in range(p.kernel[1]):
            at = (..., *p.tap(i, j))
            wins: Array = framed[at] == y
            wins &= vacant
            vacant ^= wins
            if alone:
                grad_framed[at] = keep(grad_y, wins)
            else:
                grad_framed[at] += keep(grad_y, wins)
