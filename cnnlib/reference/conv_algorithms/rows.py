"""Convolution as one matrix product per kernel row: KW copies of the image instead of KH * KW.

Lower the image along its width only. All places of one kernel row then lie in memory as one run, so
each of the KH products reads a plain slice of the lowered image, and nothing is copied for it. Good
for large images with dilation, or with channels in groups, where most of the time goes to copying.
The idea is that of shifting and adding: Vasudevan, Anderson and Gregg, *Parallel multi channel
convolution using general matrix multiplication*, 2017.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnnlib.reference.arguments import Array
from cnnlib.reference.geometry import Geometry
from cnnlib.reference.views import surround


def forward(x: Array, weight: Array, bias: Array | None, g: Geometry) -> Array:
    """y = sum over kernel rows of their weights times a slice of the lowered image."""
    OH, OW = g.places
    W, images = (
        _weight_rows(weight, g),
        surround(x, g.padding).reshape(g.N, g.groups, -1, *g.padded),
    )
    y = np.empty((g.N, g.groups, g.O_group, OH * OW), x.dtype)
    lowered, term = _lowered(x, g), np.empty(y.shape[1:], x.dtype)
    for image, out in zip(images, y, strict=True):
        _lower(image, lowered, g)
        for i, run in enumerate(_runs(lowered, g)):
            np.matmul(W[i], run, out=term if i else out)
            if i:
                out += term
        if bias is not None:
            out += bias.reshape(g.groups, g.O_group, 1)
    return y.reshape(g.N, g.C_out, OH, OW)


def backward(grad_y: Array, x: Array, weight: Array, g: Geometry) -> tuple[Array, Array]:
    """The same slices: the gradient is added to them, and then raised back to the image."""
    W_T = _weight_rows(weight, g).swapaxes(2, 3)
    images = surround(x, g.padding).reshape(g.N, g.groups, -1, *g.padded)
    grads = grad_y.reshape(g.N, g.groups, g.O_group, -1)
    grad_W = np.zeros((g.KH, g.groups, g.C_group * g.KW, g.O_group), x.dtype)
    grad_x, lowered = np.empty(x.shape, x.dtype), _lowered(x, g)
    grad_lowered, grad_image = np.empty_like(lowered), np.empty_like(images[0])
    for n in range(g.N):
        _lower(images[n], lowered, g)
        grad_lowered[...] = 0
        runs = zip(_runs(lowered, g), _runs(grad_lowered, g), strict=True)
        for i, (run, grad_run) in enumerate(runs):
            grad_W[i] += run @ grads[n].swapaxes(1, 2)
            grad_run += W_T[i] @ grads[n]
        grad_image[...] = 0
        for part, low in _taps(grad_image, grad_lowered, g):
            part += low
        grad_x[n] = grad_image.reshape(g.C_in, *g.padded)[(..., *g.inside)]
    grad_W = grad_W.swapaxes(2, 3).reshape(g.KH, g.C_out, g.C_group, g.KW).transpose(1, 2, 0, 3)
    return grad_x, np.ascontiguousarray(grad_W)


def _weight_rows(weight: Array, g: Geometry) -> Array:
    """One matrix for each kernel row and group: (KH, groups, O_group, C_group * KW)."""
    rows = weight.reshape(g.groups, g.O_group, g.C_group, g.KH, g.KW).transpose(3, 0, 1, 2, 4)
    return rows.reshape(g.KH, g.groups, g.O_group, -1)


def _lowered(x: Array, g: Geometry) -> Array:
    """Room for one image: (groups, C_group, KW, stride, rows / stride, OW).

    With a stride, the rows that one kernel row meets are every stride-th; keep them together.
    """
    step = g.stride[0]
    shape = (g.groups, g.C_group, g.KW, step, -(-g.padded[0] // step), g.places[1])
    return np.empty(shape, x.dtype)


def _lower(image: Array, lowered: Array, g: Geometry) -> None:
    for part, low in _taps(image, lowered, g):
        low[...] = part


def _taps(image: Array, lowered: Array, g: Geometry) -> Iterator[tuple[Array, Array]]:
    """Where each kernel column meets the image, and its place in the lowered image."""
    (step, sw), dw, OW = g.stride, g.dilation[1], g.places[1]
    for j in range(g.KW):
        columns = image[..., dw * j : dw * j + sw * (OW - 1) + 1 : sw]
        for phase in range(step):
            part = columns[:, :, phase::step]
            yield part, lowered[:, :, j, phase, : part.shape[2]]


def _runs(lowered: Array, g: Geometry) -> Iterator[Array]:
    """For each kernel row, the slice that it meets: (groups, C_group * KW, OH * OW)."""
    (OH, OW), step = g.places, g.stride[0]
    flat = lowered.reshape(g.groups, g.C_group * g.KW, step, -1)
    for i in range(g.KH):
        first, phase = divmod(g.dilation[0] * i, step)
        yield flat[:, :, phase, first * OW : (first + OH) * OW]
