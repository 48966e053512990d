"""Convolution as a sum of 1x1 convolutions, one for each tap, of shifted images.

No column matrix at all: a tap of the kernel is a C_out x C_in matrix, and the pixels that it
meets are a slice of the padded image. Good with many channels, poor with few. Anderson, Vasudevan,
Keane and Gregg, *Low-memory GEMM-based convolution algorithms for deep neural networks*, 2017.
"""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array
from cnnlib.reference.geometry import Geometry
from cnnlib.reference.views import surround


def forward(x: Array, weight: Array, bias: Array | None, g: Geometry) -> Array:
    """y = sum over taps of W[:, :, i, j] @ shifted x, + b."""
    framed = surround(x, g.padding)
    W = weight.reshape(g.groups, g.O_group, g.C_group, g.KH, g.KW)
    OH, OW = g.places
    y = np.zeros((g.N, g.groups, g.O_group, OH * OW), x.dtype)
    for i in range(g.KH):
        for j in range(g.KW):
            shifted = framed[(..., *g.tap(i, j))].reshape(g.N, g.groups, g.C_group, OH * OW)
            y += W[..., i, j] @ shifted
    y = y.reshape(g.N, g.C_out, OH, OW)
    return y if bias is None else y + bias[:, None, None]


def backward(grad_y: Array, x: Array, weight: Array, g: Geometry) -> tuple[Array, Array]:
    """The transpose of each tap's matrix, added to the slice that the tap had read."""
    framed = surround(x, g.padding)
    W = weight.reshape(g.groups, g.O_group, g.C_group, g.KH, g.KW)
    OH, OW = g.places
    grads = grad_y.reshape(g.N, g.groups, g.O_group, OH * OW)
    grad_framed, grad_W = np.zeros((g.N, g.C_in, *g.padded), x.dtype), np.empty_like(W, order="C")
    for i in range(g.KH):
        for j in range(g.KW):
            at = (..., *g.tap(i, j))
            shifted = framed[at].reshape(g.N, g.groups, g.C_group, OH * OW)
            grad_W[..., i, j] = (grads @ shifted.swapaxes(2, 3)).sum(axis=0)
            grad_shifted = W[..., i, j].swapaxes(1, 2) @ grads
            grad_framed[at] += grad_shifted.reshape(g.N, g.C_in, OH, OW)
    return np.ascontiguousarray(grad_framed[(..., *g.inside)]), grad_W.reshape(weight.shape)
