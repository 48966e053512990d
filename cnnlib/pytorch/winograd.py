r"""Winograd's convolution: fewer multiplications, paid for in rounding error.

Room: ``cnnlib.pytorch``. F(m x m, 3 x 3) makes m x m outputs of a 3 x 3 filter from a tile of
(m + 2) x (m + 2) pixels with (m + 2)^2 multiplications, where the definition takes 9 m^2: 2.25
times fewer for m = 2, 4 times fewer for m = 4.

The idea in one line: multiplying two polynomials is easy where they are given by their *values*,
and correlation is the transpose of that multiplication. With the evaluation matrices
:math:`V_a` (values at n = m + 2 points of a polynomial with a coefficients)

.. math:: y = V_m^T \left[ (V_3\, w) \odot (V_n^{-T} x) \right]

and in two dimensions each matrix acts on the rows and on the columns of a tile. A. Lavin,
S. Gray, *Fast Algorithms for Convolutional Neural Networks*, 2015; the error depends on the points:
B. Barabasz, A. Anderson, K. Soodhalter, D. Gregg, *Error Analysis and Improving the Accuracy of
Winograd Convolution for Deep Neural Networks*, 2018.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from cnnlib.pytorch.geometry import Geometry
from cnnlib.shapes import ShapeError

# The points beside infinity. Fractions close to one keep the powers small: with (0, 1, -1, 2, -2)
# the float32 error of F(4 x 4, 3 x 3) is several times larger.
POINTS = {2: (0.0, 1.0, -1.0), 4: (0.0, 0.75, -0.75, 1.5, -1.5)}


@lru_cache
def transforms(m: int) -> tuple[Tensor, Tensor, Tensor]:
    """``A`` (m + 2, m), ``G`` (m + 2, 3), ``B`` (m + 2, m + 2) with y = A^T [(G w) * (B^T x)]."""
    n = m + 2

    def values(coefficients: int) -> Tensor:
        """Row per point: its powers 0, 1, ...; at infinity only the highest power counts."""
        powers = torch.arange(coefficients, dtype=torch.float64)
        finite = torch.tensor(POINTS[m], dtype=torch.float64)[:, None] ** powers
        infinity = torch.eye(coefficients, dtype=torch.float64)[-1:]
        return torch.cat([finite, infinity])

    return values(m), values(3), torch.linalg.inv(values(n))


def tile_size(output_size: tuple[int, int]) -> int:
    """4, unless rounding the output up to whole 4 x 4 tiles would waste more than a fifth of it."""
    OH, OW = output_size
    tiled = (-(-OH // 4) * 4) * (-(-OW // 4) * 4)
    return 4 if tiled <= 1.2 * OH * OW else 2


def winograd(x: Tensor, weight: Tensor, g: Geometry, m: int | None = None) -> Tensor:
    """``y`` (N, C_out, OH, OW) by F(m x m, 3 x 3); ``m`` is 2, 4 or chosen from the output size.

    Only for dense 3 x 3 windows with stride 1: anything else is refused. In float32 the error is
    about that of the definition for m = 2 and several times larger for m = 4.
    """
    if g.kernel_size != (3, 3) or g.stride != (1, 1) or g.dilation != (1, 1):
        raise ShapeError(
            f"conv2d: Winograd's algorithm is made for 3 x 3 windows, stride 1, dilation 1\n"
            f"  kernel_size {g.kernel_size}, stride {g.stride}, dilation {g.dilation}\n"
            f"  Use algorithm='auto'; for large windows 'fft', for anything else 'im2col'."
        )
    m = m or tile_size(g.output_size)
    # Half precision cannot hold the transformed tiles: they are computed in float32.
    wide = torch.promote_types(x.dtype, torch.float32)
    A, G, B = (matrix.to(x.device, wide) for matrix in transforms(m))
    (OH, OW), (rows, columns) = g.output_size, (-(-size // m) for size in g.output_size)
    # Whole tiles: zeros below and to the right, whose results are cut away at the end.
    padded = torch.nn.functional.pad(g.pad(x), (0, columns * m - OW, 0, rows * m - OH))
    tiles = padded.unfold(2, m + 2, m).unfold(3, m + 2, m).to(wide)
    tiles = torch.unflatten(tiles, 1, (g.groups, -1))
    X = torch.einsum("ngkrcij,iu,jv->uvgkrcn", tiles, B, B).flatten(4)  # B^T x B
    filters = torch.unflatten(weight.to(wide), 0, (g.groups, -1))
    W = torch.einsum("gokij,ui,vj->uvgok", filters, G, G)
    Y = torch.unflatten(W @ X, 4, (rows, columns, -1))  # (m + 2)^2 matrix products, nothing else
    y = torch.einsum("uvgorcn,ui,vj->ngoricj", Y, A, A)  # A^T Y A
    y = y.reshape(x.shape[0], weight.shape[0], rows * m, columns * m)
    return y[..., :OH, :OW].to(x.dtype)
