"""Convolution as one matrix product: windows become columns, filters become rows.

Chellapilla, Puri and Simard, *High performance convolutional neural networks for document
processing*, 2006. The price is KH * KW times the memory of the image.
"""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array
from cnnlib.reference.geometry import Geometry
from cnnlib.reference.views import surround, window_view


def _columns(x: Array, g: Geometry) -> Array:
    """U x: (N, groups, C_in // groups * KH * KW, OH * OW)."""
    view = window_view(surround(x, g.padding), g.kernel, g.stride, g.dilation)
    OH, OW = g.places
    return view.transpose(0, 1, 4, 5, 2, 3).reshape(g.N, g.groups, g.K, OH * OW)


def forward(x: Array, weight: Array, bias: Array | None, g: Geometry) -> Array:
    """y = W U x + b."""
    W = weight.reshape(g.groups, g.O_group, g.K)
    y = (W @ _columns(x, g)).reshape(g.N, g.C_out, *g.places)
    if bias is not None:
        y += bias[:, None, None]
    return y


def backward(grad_y: Array, x: Array, weight: Array, g: Geometry) -> tuple[Array, Array]:
    """grad_W = grad_y (U x)^T and grad_x = U^T W^T grad_y."""
    OH, OW = g.places
    W = weight.reshape(g.groups, g.O_group, g.K)
    grads = grad_y.reshape(g.N, g.groups, g.O_group, OH * OW)
    grad_W = (_columns(x, g) @ grads.swapaxes(2, 3)).sum(axis=0).swapaxes(1, 2)
    grad_columns = (W.swapaxes(1, 2) @ grads).reshape(g.N, g.C_in, *g.kernel, OH, OW)
    grad_framed = np.zeros((g.N, g.C_in, *g.padded), x.dtype)
    for i in range(g.KH):
        for j in range(g.KW):
            grad_framed[(..., *g.tap(i, j))] += grad_columns[:, :, i, j]
    return np.ascontiguousarray(grad_framed[(..., *g.inside)]), grad_W.reshape(weight.shape)
