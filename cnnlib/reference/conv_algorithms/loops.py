"""Convolution as its definition: a loop for every index that the equation names.

Nothing to understand beyond the equation, and thousands of times slower than the others.
"""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array
from cnnlib.reference.geometry import Geometry
from cnnlib.reference.views import surround


def forward(x: Array, weight: Array, bias: Array | None, g: Geometry) -> Array:
    """y[n, o, p, q] = b[o] + sum of weight times window."""
    framed = surround(x, g.padding)
    y = np.empty((g.N, g.C_out, *g.places), x.dtype)
    for n, o, p, q in np.ndindex(y.shape):
        window = framed[n][_window(g, o, p, q)]
        y[n, o, p, q] = np.sum(weight[o] * window) + (0 if bias is None else bias[o])
    return y


def backward(grad_y: Array, x: Array, weight: Array, g: Geometry) -> tuple[Array, Array]:
    """Each product of the forward pass hands the gradient of its sum to both of its factors."""
    framed = surround(x, g.padding)
    grad_framed, grad_weight = np.zeros_like(framed), np.zeros_like(weight)
    for n, o, p, q in np.ndindex(grad_y.shape):
        at = _window(g, o, p, q)
        grad_framed[n][at] += grad_y[n, o, p, q] * weight[o]
        grad_weight[o] += grad_y[n, o, p, q] * framed[n][at]
    return np.ascontiguousarray(grad_framed[(..., *g.inside)]), grad_weight


def _window(g: Geometry, o: int, p: int, q: int) -> tuple[slice, slice, slice]:
    """Channels, rows and columns that filter ``o`` sees from place (p, q)."""
    (sh, sw), (dh, dw), first = g.stride, g.dilation, o // g.O_group * g.C_group
    return (
        slice(first, first + g.C_group),
        slice(p * sh, p * sh + dh * (g.KH - 1) + 1, dh),
        slice(q * sw, q * sw + dw * (g.KW - 1) + 1, dw),
    )
