"""Convolution of each channel by itself: no matrix product to lean on, so long runs instead.

With stride 1 the padded image, written as one line, turns every tap into a shift: each operand is
one contiguous run per channel. What falls on the padding between two rows is computed and thrown
away.
"""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array
from cnnlib.reference.geometry import Geometry
from cnnlib.reference.views import surround

CACHE = 1 << 16  # values of one operand that are worked on together


def applies(g: Geometry) -> bool:
    """Whether each channel has one filter of its own, on every pixel."""
    return g.groups == g.C_in == g.C_out and g.stride == (1, 1)


def forward(x: Array, weight: Array, bias: Array | None, g: Geometry) -> Array:
    """y = sum over taps of w times the shifted line."""
    (OH, OW), (_, Wp) = g.places, g.padded
    lines = surround(x, g.padding).reshape(g.N, g.C_in, -1)
    length, channels = (OH - 1) * Wp + OW, _channels(g)
    y = np.empty((g.N, g.C_in, OH, OW), x.dtype)
    total, term = (np.empty((channels, OH * Wp), x.dtype) for _ in range(2))
    for n in range(g.N):
        for c in range(0, g.C_in, channels):
            part = slice(c, min(c + channels, g.C_in))
            size = part.stop - part.start
            run = total[:size, :length]
            run[...] = 0 if bias is None else bias[part, None]
            for shift, w in _taps(weight[part], g, Wp):
                np.multiply(lines[n, part, shift : shift + length], w, out=term[:size, :length])
                run += term[:size, :length]
            y[n, part] = total[:size].reshape(size, OH, Wp)[..., :OW]
    return y


def backward(grad_y: Array, x: Array, weight: Array, g: Geometry) -> tuple[Array, Array]:
    """Each tap hands the gradient back to the line it had read, and adds up its own product."""
    (OH, OW), (Hp, Wp) = g.places, g.padded
    lines = surround(x, g.padding).reshape(g.N, g.C_in, -1)
    length, channels = (OH - 1) * Wp + OW, _channels(g)
    grad_x, grad_weight = np.empty(x.shape, x.dtype), np.zeros((g.C_in, g.KH * g.KW), x.dtype)
    grads = np.zeros((channels, OH, Wp), x.dtype)
    for n in range(g.N):
        for c in range(0, g.C_in, channels):
            part = slice(c, min(c + channels, g.C_in))
            size = part.stop - part.start
            grads[:size, :, :OW] = grad_y[n, part]
            grad = grads[:size].reshape(size, -1)[:, :length]
            line, term = np.zeros((size, Hp * Wp), x.dtype), np.empty((size, length), x.dtype)
            for t, (shift, w) in enumerate(_taps(weight[part], g, Wp)):
                run = slice(shift, shift + length)
                grad_weight[part, t] += np.vecdot(grad, lines[n, part, run])
                np.multiply(grad, w, out=term)
                line[:, run] += term
            grad_x[n, part] = line.reshape(size, Hp, Wp)[(..., *g.inside)]
    return grad_x, grad_weight.reshape(weight.shape)


def _channels(g: Geometry) -> int:
    return max(1, min(g.C_in, CACHE // (g.padded[0] * g.padded[1])))


def _taps(weight: Array, g: Geometry, width: int) -> list[tuple[int, Array]]:
    """The shift of each tap along the line, and its weights (C, 1)."""
    (dh, dw), kernels = g.dilation, weight[:, 0]
    return [
        (i * dh * width + j * dw, kernels[:, i, j, None]) for i in range(g.KH) for j in range(g.KW)
    ]
