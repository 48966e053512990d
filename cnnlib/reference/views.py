"""Windows as views: frames, strides and taps, shared by convolution, pooling and unfolding."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnnlib.reference.arguments import Array

Sides = tuple[tuple[int, int], tuple[int, int]]  # ((top, bottom), (left, right))


def surround(x: Array, sides: Sides, value: float = 0.0) -> Array:
    """Put a frame of ``value`` around the last two axes; no frame, no copy."""
    (top, bottom), (left, right) = sides
    if top == bottom == left == right == 0:
        return x
    H, W = x.shape[-2:]
    shape = (*x.shape[:-2], H + top + bottom, W + left + right)
    framed = np.zeros(shape, x.dtype) if value == 0 else np.full(shape, value, x.dtype)
    framed[..., top : top + H, left : left + W] = x
    return framed


def window_view(
    x: Array, kernel_size: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> Array:
    """Every window of the last two axes, (..., OH, OW, KH, KW), without a copy."""
    extent = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel_size, strict=True))
    view = sliding_window_view(x, extent, axis=(-2, -1))
    return view[..., :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]


def tap(
    i: int, j: int, places: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> tuple[slice, slice]:
    """The rows and columns of the padded image that tap (i, j) meets at the output's places."""
    top, left = i * dilation[0], j * dilation[1]
    return (
        slice(top, top + stride[0] * (places[0] - 1) + 1, stride[0]),
        slice(left, left + stride[1] * (places[1] - 1) + 1, stride[1]),
    )
