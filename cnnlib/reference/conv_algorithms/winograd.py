"""Convolution with fewer multiplications: Winograd's minimal filtering, for 3x3 kernels.

m outputs of a 3-tap filter are a polynomial product, which its values at m + 2 points determine:
m + 2 multiplications instead of 3 m. In two dimensions F(4x4, 3x3) does 36 per tile instead of 144.
What is saved in multiplications is paid in rounding: about 2e-6 of the largest output in float32
for F(4x4), 4e-7 for F(2x2), against 3e-7 for a direct sum. Lavin and Gray, *Fast algorithms for
convolutional neural networks*, 2016; points after Barabasz et al., *Error analysis and improving
the accuracy of Winograd convolution for deep neural networks*, 2020.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnnlib.reference.arguments import Array
from cnnlib.reference.geometry import Geometry

# Fractions cost nothing, because the transforms are matrix products, and keep the numbers near 1:
# the textbook's points 0, +-1, +-2 lose five times as much.
POINTS = {
    2: (Fraction(0), Fraction(1), Fraction(-1)),
    4: (Fraction(0), Fraction(3, 4), Fraction(-3, 4), Fraction(3, 2), Fraction(-3, 2)),
}
Place = tuple[slice, slice, slice, slice]  # images, channels, rows, columns
TILES = 192  # per block at least, or the matrix products become thin


def applies(g: Geometry) -> bool:
    """Whether the window is 3x3 and moves in single steps, ungrouped."""
    return g.kernel == (3, 3) and g.stride == (1, 1) and g.groups == 1


def tile_size(g: Geometry) -> int:
    """4, unless tiles of 4 would hang over the edge by more than they save."""
    OH, OW = (-(-size // d) for size, d in zip(g.places, g.dilation, strict=True))
    covered = (-(-OH // 4) * 4) * (-(-OW // 4) * 4)
    return 4 if covered < 1.2 * OH * OW else 2


def forward(x: Array, weight: Array, bias: Array | None, g: Geometry) -> Array:
    """y = A ((G w) . (B x)) for every tile, with a matrix product over channels for the dot."""
    m = _require(g)
    a, B, G, A = m + 2, *transforms(m, x.dtype)
    U = (G @ weight.reshape(-1, 9).T).reshape(a * a, g.C_out, g.C_in).swapaxes(1, 2)
    y = np.empty((g.N, g.C_out, *g.places), x.dtype)
    for block, part, p in _blocks(g, m):
        rows, columns = (-(-size // m) for size in p.places)
        _, tiles = _tiles(x[block], p, m)
        V = (B @ tiles.reshape(a * a, -1)).reshape(a * a, -1, g.C_in)
        Y = A @ (V @ U).reshape(a * a, -1)
        Y = Y.reshape(m, m, -1, rows, columns, g.C_out).transpose(2, 3, 0, 4, 1, 5)
        Y = Y.reshape(-1, rows * m, columns * m, g.C_out)  # a copy, channels last
        if bias is not None:
            Y += bias
        y[part] = Y[:, : p.places[0], : p.places[1]].transpose(0, 3, 1, 2)
    return y


def backward(grad_y: Array, x: Array, weight: Array, g: Geometry) -> tuple[Array, Array]:
    """Three linear maps forward, their transposes in reverse order backward."""
    m = _require(g)
    a, B, G, A = m + 2, *transforms(m, x.dtype)
    U = (G @ weight.reshape(-1, 9).T).reshape(a * a, g.C_out, g.C_in)
    grad_U, grad_x = np.zeros((a * a, g.C_in, g.C_out), x.dtype), np.zeros(x.shape, x.dtype)
    for block, part, p in _blocks(g, m):
        (OH, OW), (rows, columns) = p.places, (-(-size // m) for size in p.places)
        framed, tiles = _tiles(x[block], p, m)
        V = (B @ tiles.reshape(a * a, -1)).reshape(a * a, -1, g.C_in)
        grads = np.zeros((len(framed), rows * m, columns * m, g.C_out), x.dtype)
        grads[:, :OH, :OW] = grad_y[part].transpose(0, 2, 3, 1)
        grads = grads.reshape(-1, rows, m, columns, m, g.C_out).transpose(2, 4, 0, 1, 3, 5)
        M = (A.T @ grads.reshape(m * m, -1)).reshape(a * a, -1, g.C_out)
        grad_U += V.swapaxes(1, 2) @ M
        D = (B.T @ (M @ U).reshape(a * a, -1)).reshape(a, a, -1, rows, columns, g.C_in)
        framed[...] = 0
        for i in range(a):  # tiles overlap by two pixels, which collect from both
            for j in range(a):
                down = slice(i, i + m * (rows - 1) + 1, m)
                right = slice(j, j + m * (columns - 1) + 1, m)
                framed[:, down, right] += D[i, j]
        grad_x[block] = framed[(slice(None), *p.inside)].transpose(0, 3, 1, 2)
    grad_weight = (G.T @ grad_U.reshape(a * a, -1)).reshape(3, 3, g.C_in, g.C_out)
    return grad_x, np.ascontiguousarray(grad_weight.transpose(3, 2, 0, 1))


def _blocks(g: Geometry, m: int) -> Iterator[tuple[Place, Place, Geometry]]:
    """Some images at a time: their place in x, their place in y, and the sizes of that part.

    Taps with dilation d meet every d-th pixel only. So the image falls apart into d * d smaller
    ones that do not see each other, and for each of them the kernel is an ordinary one.
    """
    for rows, y_rows, H, above in _phases(g, 0):
        for columns, y_columns, W, beside in _phases(g, 1):
            part = replace(g, H=H, W=W, padding=(above, beside), dilation=(1, 1))
            tiles = -(-part.places[0] // m) * -(-part.places[1] // m)
            images = -(-TILES // tiles)
            for n in range(0, g.N, images):
                some = slice(n, n + images), slice(None)
                yield (*some, rows, columns), (*some, y_rows, y_columns), part


def _phases(g: Geometry, axis: int) -> Iterator[tuple[slice, slice, int, tuple[int, int]]]:
    """Along one axis, where every d-th pixel lies in x and in y, how many, and their padding."""
    d, size, (before, after) = g.dilation[axis], (g.H, g.W)[axis], g.padding[axis]
    for start in range(min(d, g.places[axis])):
        zeros = max(0, -(-(before - start) // d))  # in front of the first pixel of the image
        pixels = slice(start + zeros * d - before, None, d)
        count, framed = len(range(size)[pixels]), len(range(start, before + size + after, d))
        yield pixels, slice(start, None, d), count, (zeros, framed - zeros - count)


def _require(g: Geometry) -> int:
    if not applies(g):
        raise ValueError(
            f"conv2d: algorithm='winograd' needs a 3x3 kernel with stride 1 and groups 1\n"
            f"  kernel {g.kernel}, stride {g.stride}, dilation {g.dilation}, groups {g.groups}\n"
            f"  Use algorithm='auto', which takes it where it fits."
        )
    return tile_size(g)


def _tiles(x: Array, g: Geometry, m: int) -> tuple[Array, Array]:
    """The framed images, channels last, and their overlapping tiles (a, a, N, rows, columns, C)."""
    (top, _), (left, _) = g.padding
    rows, columns = (-(-size // m) for size in g.places)
    height = max(rows * m + 2, top + g.H)
    width = max(columns * m + 2, left + g.W)
    framed = np.zeros((len(x), height, width, g.C_in), x.dtype)
    framed[:, top : top + g.H, left : left + g.W] = x.transpose(0, 2, 3, 1)
    view = sliding_window_view(framed, (m + 2, m + 2), axis=(1, 2))[:, ::m, ::m][:, :rows, :columns]
    return framed, view.transpose(4, 5, 0, 1, 2, 3)


@functools.cache
def transforms(m: int, dtype: np.dtype[Any]) -> tuple[Array, Array, Array]:
    """B^T, G and A^T of F(m x m, 3 x 3) as plain matrices: the one-dimensional ones, squared."""
    B, G, A = (np.array(M, np.float64) for M in cook_toom(POINTS[m], m))
    return tuple(np.kron(M, M).astype(dtype) for M in (B, G, A))  # type: ignore[return-value]


def cook_toom(points: Sequence[Fraction], m: int) -> tuple[list[list[Fraction]], ...]:
    """B^T, G and A^T of F(m, 3) from interpolation points, exactly.

    G evaluates the filter at each point, A^T adds up powers of the points, and B^T holds the
    coefficients of the polynomials that are zero at all points but one. The last row of each is
    the point at infinity, which sees only the highest coefficient.
    """
    others = [[q for q in points if q != p] for p in points]
    zero, one = Fraction(0), Fraction(1)
    B = [[*_from_roots(rest), zero] for rest in others] + [_from_roots(points)]
    G = [
        [p**k / _value_at(p, rest) for k in range(3)]
        for p, rest in zip(points, others, strict=True)
    ]
    A = [[p**k for p in points] + [one if k == m - 1 else zero] for k in range(m)]
    return B, [*G, [zero, zero, one]], A


def _from_roots(roots: Sequence[Fraction]) -> list[Fraction]:
    """Coefficients, lowest first, of the polynomial with these roots."""
    coefficients = [Fraction(1)]
    for root in roots:
        shifted, scaled = [Fraction(0), *coefficients], [*coefficients, Fraction(0)]
        coefficients = [s - root * c for s, c in zip(shifted, scaled, strict=True)]
    return coefficients


def _value_at(point: Fraction, roots: Sequence[Fraction]) -> Fraction:
    value = Fraction(1)
    for root in roots:
        value *= point - root
    return value
