"""Right answers with loops over pixels and plain numbers."""

import numpy as np


def two(value):
    return (value, value) if np.isscalar(value) else tuple(value)


def visits(size, kernel_size, stride, padding):
    """For each place of a window along one axis, the real pixels that it sees."""
    for start in range(-padding, size + padding - kernel_size + 1, stride):
        yield [i for i in range(start, start + kernel_size) if 0 <= i < size]


def axes(x, kernel_size, stride, padding):
    """The pixels that each window sees: rows, then columns."""
    settings = two(kernel_size), two(stride or kernel_size), two(padding)
    return [list(visits(*axis)) for axis in zip(x.shape[2:], *settings, strict=True)]


def maxpool2d(x, kernel_size, stride=None, padding=0):
    rows, columns = axes(x, kernel_size, stride, padding)
    y = np.empty((*x.shape[:2], len(rows), len(columns)), x.dtype)
    for n, c, p, q in np.ndindex(y.shape):
        best = None
        for i in rows[p]:
            for j in columns[q]:
                if best is None or x[n, c, i, j] > best:
                    best = x[n, c, i, j]
        y[n, c, p, q] = best
    return y


def avgpool2d(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    KH, KW = two(kernel_size)
    rows, columns = axes(x, kernel_size, stride, padding)
    y = np.empty((*x.shape[:2], len(rows), len(columns)), x.dtype)
    for n, c, p, q in np.ndindex(y.shape):
        total = sum(x[n, c, i, j] for i in rows[p] for j in columns[q])
        y[n, c, p, q] = total / (KH * KW if count_include_pad else len(rows[p]) * len(columns[q]))
    return y


def global_avg_pool(x):
    N, C, H, W = x.shape
    y = np.zeros((N, C), x.dtype)
    for n in range(N):
        for c in range(C):
            y[n, c] = sum(x[n, c, i, j] for i in range(H) for j in range(W)) / (H * W)
    return y


def minpool2d(x, kernel_size, stride=None, padding=0):
    rows, columns = axes(x, kernel_size, stride, padding)
    y = np.empty((*x.shape[:2], len(rows), len(columns)), x.dtype)
    for n, c, p, q in np.ndindex(y.shape):
        y[n, c, p, q] = min(x[n, c, i, j] for i in rows[p] for j in columns[q])
    return y


def equivariance_error(x, weight, stride, shift, margin):
    def roll(maps, down, right):
        rolled = np.empty_like(maps)
        H, W = maps.shape[2:]
        for i in range(H):
            for j in range(W):
                rolled[:, :, (i + down) % H, (j + right) % W] = maps[:, :, i, j]
        return rolled

    a = layer(roll(x, *shift), weight, stride)  # noqa: F821 - given in the notebook
    b = roll(layer(x, weight, stride), *(d // stride for d in shift))  # noqa: F821
    gap = size = 0.0
    for n, o, i, j in np.ndindex(b.shape):
        if margin <= i < b.shape[2] - margin and margin <= j < b.shape[3] - margin:
            gap += abs(a[n, o, i, j] - b[n, o, i, j])
            size += abs(b[n, o, i, j])
    return gap / size


def blurpool2d(x, taps=(1, 2, 1), stride=2):
    H, W = x.shape[2:]
    P = len(taps) // 2

    def mirrored(i, size):
        return -i if i < 0 else 2 * (size - 1) - i if i >= size else i

    y = np.zeros((*x.shape[:2], len(range(0, H, stride)), len(range(0, W, stride))))
    for n, c, p, q in np.ndindex(y.shape):
        for i, down in enumerate(taps):
            for j, right in enumerate(taps):
                row = mirrored(p * stride + i - P, H)
                column = mirrored(q * stride + j - P, W)
                y[n, c, p, q] += down * right * x[n, c, row, column] / sum(taps) ** 2
    return y.astype(x.dtype)
