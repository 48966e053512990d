"""Convolution with one place for the window: a fully connected layer.

A window as large as the image, as in the third layer of LeNet-5, has nowhere to go. Its pixels are
a row of numbers as they lie, and no two windows overlap.
"""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array
from cnnlib.reference.geometry import Geometry
from cnnlib.reference.views import surround


def applies(g: Geometry) -> bool:
    """Whether the window has one place per image."""
    return g.places == (1, 1)


def forward(x: Array, weight: Array, bias: Array | None, g: Geometry) -> Array:
    """y = u W^T + b for every group, with one row u per image."""
    W = weight.reshape(g.groups, g.O_group, g.K)
    y = (_rows(surround(x, g.padding), g) @ W.swapaxes(1, 2)).swapaxes(0, 1).reshape(g.N, g.C_out)
    if bias is not None:
        y += bias
    return y.reshape(g.N, g.C_out, 1, 1)


def backward(grad_y: Array, x: Array, weight: Array, g: Geometry) -> tuple[Array, Array]:
    """grad_u = grad_y W lies where u lay, and grad_W = grad_y^T u."""
    grads = grad_y.reshape(g.N, g.groups, g.O_group).swapaxes(0, 1)
    grad_W = grads.swapaxes(1, 2) @ _rows(surround(x, g.padding), g)
    grad_rows = (grads @ weight.reshape(g.groups, g.O_group, g.K)).swapaxes(0, 1)
    grad_framed = np.zeros((g.N, g.C_in, *g.padded), x.dtype)
    _window(grad_framed, g)[...] = grad_rows.reshape(g.N, g.C_in, *g.kernel)
    return np.ascontiguousarray(grad_framed[(..., *g.inside)]), grad_W.reshape(weight.shape)


def _window(framed: Array, g: Geometry) -> Array:
    """The pixels that the taps meet: (N, C_in, KH, KW)."""
    (dh, dw), (KH, KW) = g.dilation, g.kernel
    return framed[..., : dh * (KH - 1) + 1 : dh, : dw * (KW - 1) + 1 : dw]


def _rows(framed: Array, g: Geometry) -> Array:
    """One row for each image: (groups, N, K)."""
    return _window(framed, g).reshape(g.N, g.groups, g.K).swapaxes(0, 1)
