"""Convolution of each channel by itself: no sum over channels, so hardly a matrix product.

One filter per channel makes a product with a single row. Four rows of the output at once make it
a small matrix, a band: row r of it holds the kernel r rows further down, among zeros. The zeros
double the arithmetic, and the product still takes less time than one pass over the image for each
tap. As in ``mec``, the image is lowered along its width only, and overlapping views do the rest.

Zeros wipe out every pixel but NaN and infinity. Where such a one comes out, ``im2col`` starts anew.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnnlib.reference.arguments import Array
from cnnlib.reference.conv_algorithms import im2col
from cnnlib.reference.conv_algorithms.finite import all_finite
from cnnlib.reference.geometry import Geometry
from cnnlib.reference.views import surround

ROWS = 4  # of the output at once
CACHE = 1 << 17  # values that are worked on together: half a MiB of float32


def applies(g: Geometry) -> bool:
    """Whether each channel has one filter of its own."""
    return g.groups == g.C_in == g.C_out


def forward(x: Array, weight: Array, bias: Array | None, g: Geometry) -> Array:
    """y = band W times some rows of the lowered image, for every channel."""
    with np.errstate(invalid="ignore", over="ignore"):
        y = _by_bands(x, weight, bias, g)
    # The rows of one band are spoiled together: its first row tells.
    t = min(ROWS, g.places[0])
    return y if all_finite(y[:, :, ::t], y[:, :, -t]) else im2col.forward(x, weight, bias, g)


def _by_bands(x: Array, weight: Array, bias: Array | None, g: Geometry) -> Array:
    (OH, OW), (sh, sw), (dh, dw) = g.places, g.stride, g.dilation
    framed, y = surround(x, g.padding), np.empty((g.N, g.C_in, OH, OW), x.dtype)
    t = min(ROWS, OH)
    reach = dh * (g.KH - 1) + 1
    band = np.zeros((g.C_in, t, (t - 1) * sh + reach, g.KW), x.dtype)
    for r in range(t):
        band[:, r, r * sh : r * sh + reach : dh] = weight[:, 0]
    together = max(1, CACHE // (g.padded[0] * g.KW * OW))
    lowered = np.empty((min(together, g.C_in), g.padded[0], g.KW, OW), x.dtype)
    view = sliding_window_view(lowered, band.shape[2], axis=1)[:, ::sh].transpose(0, 1, 4, 2, 3)
    view = view.reshape(*view.shape[:2], -1, OW)  # still a view: (channels, places, rows * KW, OW)
    for n in range(g.N):
        for c in range(0, g.C_in, together):
            part = slice(c, min(c + together, g.C_in))
            size = part.stop - part.start
            for j in range(g.KW):
                columns = slice(j * dw, j * dw + sw * (OW - 1) + 1, sw)
                lowered[:size, :, j] = framed[n, part, :, columns]
            W = band[part].reshape(size, 1, t, -1)
            full = OH - OH % t
            out = y[n, part]
            np.matmul(W, view[:size, :full:t], out=out[:, :full].reshape(size, -1, t, OW))
            if full < OH:  # the last rows, once more with some of those before
                out[:, OH - t :] = (W @ view[:size, OH - t : OH - t + 1])[:, 0]
            if bias is not None:
                out += bias[part, None, None]
    return y


def backward(grad_y: Array, x: Array, weight: Array, g: Geometry) -> tuple[Array, Array]:
    """grad_x is a depthwise convolution of the gradient; grad_W, one dot product for each tap."""
    (OH, OW), (sh, sw) = g.places, g.stride
    grads = grad_y
    if g.stride != (1, 1):  # a step of s is a step of 1 with s - 1 zeros between the gradients
        grads = np.zeros((g.N, g.C_in, sh * (OH - 1) + 1, sw * (OW - 1) + 1), x.dtype)
        grads[:, :, ::sh, ::sw] = grad_y
    flipped = np.ascontiguousarray(weight[:, :, ::-1, ::-1])
    grads_in, back = _transposed(grads, g)
    grad_x = forward(grads_in, flipped, None, back)
    with np.errstate(invalid="ignore", over="ignore"):
        grad_weight = _weight_gradient(grads, x, g)
    if not all_finite(weight, grad_weight):
        return im2col.backward(grad_y, x, weight, g)
    return grad_x, grad_weight


def _transposed(grads: Array, g: Geometry) -> tuple[Array, Geometry]:
    """The gradient, and the sizes of the convolution that leads it back to x."""
    inside, sides = [slice(None)] * 2, []
    for size, length, (before, _), k, d in zip(
        (g.H, g.W), grads.shape[2:], g.padding, g.kernel, g.dilation, strict=True
    ):
        first = d * (k - 1) - before
        last = size - length - first + d * (k - 1)
        inside.append(slice(max(0, -first), length - max(0, -last)))  # the rest met only padding
        sides.append((max(0, first), max(0, last)))
    part = grads[tuple(inside)]
    H, W = part.shape[2:]
    return part, replace(g, H=H, W=W, stride=(1, 1), padding=(sides[0], sides[1]))


def _weight_gradient(grads: Array, x: Array, g: Geometry) -> Array:
    """Written as one line, the padded image makes every tap a shift, and each operand one run."""
    (H, W), (Hp, Wp), (dh, dw) = grads.shape[2:], g.padded, g.dilation
    lines, length = surround(x, g.padding).reshape(g.N, g.C_in, -1), (H - 1) * Wp + W
    together = max(1, CACHE // (Hp * Wp))
    wide = np.zeros((min(together, g.C_in), H, Wp), x.dtype)  # between two rows: zeros
    grad_weight = np.zeros((g.C_in, 1, g.KH, g.KW), x.dtype)
    for n in range(g.N):
        for c in range(0, g.C_in, together):
            part = slice(c, min(c + together, g.C_in))
            wide[: part.stop - c, :, :W] = grads[n, part]
            grad = wide.reshape(len(wide), -1)[: part.stop - c, :length]
            for i in range(g.KH):
                for j in range(g.KW):
                    shift = i * dh * Wp + j * dw
                    run = lines[n, part, shift : shift + length]
                    grad_weight[part, 0, i, j] += np.vecdot(grad, run)
    return grad_weight
