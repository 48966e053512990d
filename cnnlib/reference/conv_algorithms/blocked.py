"""Convolution as one matrix product per cache-sized block of windows: the readable default.

im2col copies every pixel KH * KW times; done for the whole batch, the copy leaves the cache and
memory becomes the bottleneck. Here one scratch array of about 1 MiB holds a few rows of windows
at a time, and the product is written straight into the output.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnlib.reference.arguments import Array
from cnnlib.reference.conv_algorithms import depthwise, single
from cnnlib.reference.geometry import Geometry
from cnnlib.reference.views import surround, window_view

SCRATCH = 1 << 18  # values in the scratch array: 1 MiB of float32 stays in the second-level cache
WIDE = 256  # columns below which a matrix product is too thin to run at full speed
TALL = 1024  # pixels from which the faster order of a product outweighs transposing its result


def blocks(g: Geometry, floats_per_row: int, min_rows: int = 1) -> tuple[int, int]:
    """How many images, and how many of their output rows, fit into the scratch array."""
    OH = g.places[0]
    images = max(1, min(g.N, SCRATCH // (floats_per_row * OH)))
    rows = OH if images > 1 else min(OH, max(min_rows, SCRATCH // floats_per_row))
    return images, rows


def evenly(count: int, most: int) -> int:
    """Largest part, at most ``most``, when ``count`` is cut into equal parts: no small one last."""
    return -(-count // -(-count // most))


def windows_as_columns(x: Array, g: Geometry) -> Array:
    """View of every window: (N, C, KH, KW, OH, OW)."""
    view = window_view(surround(x, g.padding), g.kernel, g.stride, g.dilation)
    return view.transpose(0, 1, 4, 5, 2, 3)


def batch_last(g: Geometry, images: int, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """Room for framed images as (C, H, W, N), and the view of every window.

    A tap of a small image is then one long run. The view has the axes (C, KH, KW, OH, OW, N).
    """
    framed = np.zeros((g.C_in, *g.padded, images), dtype)
    view = window_view(framed.transpose(0, 3, 1, 2), g.kernel, g.stride, g.dilation)
    return framed, view.transpose(0, 4, 5, 2, 3, 1)


def forward(x: Array, weight: Array, bias: Array | None, g: Geometry) -> Array:
    """y = W U x + b, where U x are the windows of a block written as columns."""
    if single.applies(g):
        return single.forward(x, weight, bias, g)
    if depthwise.applies(g):
        return depthwise.forward(x, weight, bias, g)
    (OH, OW), W = g.places, weight.reshape(g.groups, g.O_group, g.K)
    if g.N > 1 and OH * OW < WIDE // 2:
        return _forward_batch_last(x, W, bias, g)
    y = np.empty((g.N, g.groups, g.O_group, OH * OW), x.dtype)
    b = None if bias is None else bias.reshape(g.groups, g.O_group, 1)
    if g.pointwise:  # one pixel is its own window: nothing to copy
        np.matmul(W, x.reshape(g.N, g.groups, g.C_group, -1), out=y)
        if b is not None:
            y += b
        return y.reshape(g.N, g.C_out, OH, OW)
    view = windows_as_columns(x, g)
    images, rows = blocks(g, g.groups * g.K * OW)
    scratch = np.empty(images * g.groups * g.K * rows * OW, x.dtype)  # reused: new pages are slow
    for n in range(0, g.N, images):
        for r in range(0, OH, rows):
            block = view[n : n + images, ..., r : r + rows, :]
            columns = scratch[: block.size].reshape(block.shape)
            columns[...] = block
            out = y[n : n + images, ..., r * OW : (r + block.shape[4]) * OW]
            np.matmul(W, columns.reshape(len(block), g.groups, g.K, -1), out=out)
            if b is not None:  # while the block is still in the cache
                out += b
    return y.reshape(g.N, g.C_out, OH, OW)


def _forward_batch_last(x: Array, W: Array, bias: Array | None, g: Geometry) -> Array:
    """Join several small images, or the product would be a thin one."""
    OH, OW = g.places
    y = np.empty((g.N, g.C_out, OH, OW), x.dtype)
    images = evenly(g.N, max(blocks(g, g.groups * g.K * OW)[0], -(-WIDE // (OH * OW))))
    framed, view = batch_last(g, images, x.dtype)
    for n in range(0, g.N, images):
        some = x[n : n + images]
        framed[(slice(None), *g.inside, slice(len(some)))] = some.transpose(1, 2, 3, 0)
        out = W @ view[..., : len(some)].reshape(g.groups, g.K, -1)
        if bias is not None:
            out += bias.reshape(g.groups, g.O_group, 1)
        y[n : n + images] = out.reshape(g.C_out, OH, OW, -1).transpose(3, 0, 1, 2)
    return y


def backward(grad_y: Array, x: Array, weight: Array, g: Geometry) -> tuple[Array, Array]:
    """grad_W = grad_y (U x)^T and grad_x = U^T W^T grad_y, block by block."""
    if single.applies(g):
        return single.backward(grad_y, x, weight, g)
    if depthwise.applies(g):
        return depthwise.backward(grad_y, x, weight, g)
    (OH, OW), W_T = g.places, weight.reshape(g.groups, g.O_group, g.K).swapaxes(1, 2)
    if g.pointwise:
        return _backward_pointwise(grad_y, x, weight, g)
    tall = g.N * OH * OW >= TALL  # then columns @ grad^T is the faster order, with its transpose
    sizes = (g.K, g.O_group) if tall else (g.O_group, g.K)
    grad_W, grad_x = np.zeros((g.groups, *sizes), x.dtype), np.empty_like(x, order="C")
    images, rows = blocks(g, g.groups * g.K * OW, min_rows=-(-WIDE // OW))
    if g.stride[1] > 1:  # places side by side are then no run, and one image is better than a few
        images = 1
    images = evenly(g.N, min(g.N, max(images, -(-WIDE // (OH * OW)))))
    scratch = np.empty(g.groups * g.K * rows * OW * images, x.dtype)
    framed, view = batch_last(g, images, x.dtype)  # one product per block, not one per image
    grad_framed = np.empty_like(framed)
    taps = [(i, j, g.tap(i, j)) for i in range(g.KH) for j in range(g.KW)]
    for n in range(0, g.N, images):
        some = slice(min(images, g.N - n))
        framed[(slice(None), *g.inside, some)] = x[n : n + images].transpose(1, 2, 3, 0)
        grads = grad_y[n : n + images].transpose(1, 2, 3, 0)
        grad_framed[...] = 0
        for r in range(0, OH, rows):
            block = view[:, :, :, r : r + rows, :, some]
            columns = scratch[: block.size].reshape(block.shape)
            columns[...] = block
            flat = columns.reshape(g.groups, g.K, -1)
            grad = grads[:, r : r + rows].reshape(g.groups, g.O_group, -1)
            left, right = (flat, grad) if tall else (grad, flat)
            grad_W += left @ right.swapaxes(1, 2)
            np.matmul(W_T, grad, out=flat)  # the columns are spent: now they hold their gradient
            for i, j, (down, across) in taps:  # add each tap back, one long slice at a time
                tap = grad_framed[:, down, across, some][:, r : r + rows]
                tap += columns[:, i, j]
        inside = grad_framed[(slice(None), *g.inside, some)]
        grad_x[n : n + images] = inside.transpose(3, 0, 1, 2)
    return grad_x, (grad_W.swapaxes(1, 2) if tall else grad_W).reshape(weight.shape)


def _backward_pointwise(grad_y: Array, x: Array, weight: Array, g: Geometry) -> tuple[Array, Array]:
    """One pixel is its own window: nothing to copy, nothing to add back."""
    W_T = weight.reshape(g.groups, g.O_group, g.K).swapaxes(1, 2)
    grads = grad_y.reshape(g.N, g.groups, g.O_group, -1)
    pixels = x.reshape(g.N, g.groups, g.C_group, -1)
    grad_W = (pixels @ grads.swapaxes(2, 3)).sum(axis=0).swapaxes(1, 2)
    return (W_T @ grads).reshape(x.shape), grad_W.reshape(weight.shape)


def weight_gradient(grad_y: Array, x: Array, g: Geometry) -> Array:
    """grad_W = grad_y (U x)^T alone: the forward pass's blocks, and no scattering back."""
    (OH, OW), grad_W = g.places, np.zeros((g.groups, g.K, g.O_group), x.dtype)
    view = windows_as_columns(x, g)
    images, rows = blocks(g, g.groups * g.K * OW)
    for n in range(0, g.N, images):
        for r in range(0, OH, rows):
            block = view[n : n + images, ..., r : r + rows, :]
            columns = block.reshape(len(block), g.groups, g.K, -1)
            grads = grad_y[n : n + images, :, r : r + rows].reshape(
                len(columns), g.groups, g.O_group, -1
            )
            grad_W += (columns @ grads.swapaxes(2, 3)).sum(axis=0)
    return grad_W.swapaxes(1, 2)
