"""Take the algorithm that was fastest for sizes like these.

The rules are measurements (``tests/benchmarks``), not theory: depthwise has no matrix product;
from 15 pixels on the spectrum is cheaper; 3x3 kernels on many channels have enough work for
Winograd's transforms to pay; few channels have so little that half the copying counts, and so do
large images in groups or with dilation.
"""

from __future__ import annotations

from cnnlib.reference.arguments import Array
from cnnlib.reference.conv_algorithms import (
    blocked,
    depthwise,
    fft,
    mec,
    rows,
    single,
    winograd,
)
from cnnlib.reference.geometry import Geometry


def forward(x: Array, weight: Array, bias: Array | None, g: Geometry) -> Array:
    """Y by the algorithm that fits."""
    if single.applies(g):
        return single.forward(x, weight, bias, g)
    if depthwise.applies(g) and max(g.kernel) < LARGE:
        return depthwise.forward(x, weight, bias, g)
    if min(g.kernel) >= LARGE:
        return fft.forward(x, weight, bias, g)
    if _winograd_pays(g):
        return winograd.forward(x, weight, bias, g)
    if g.C_in <= 8 and not g.pointwise:
        return mec.forward(x, weight, bias, g)
    if _rows_pay(g):
        return rows.forward(x, weight, bias, g)
    return blocked.forward(x, weight, bias, g)


def backward(grad_y: Array, x: Array, weight: Array, g: Geometry) -> tuple[Array, Array]:
    """Gradients by the algorithm that fits."""
    if single.applies(g):
        return single.backward(grad_y, x, weight, g)
    if depthwise.applies(g) and max(g.kernel) < LARGE:
        return depthwise.backward(grad_y, x, weight, g)
    if min(g.kernel) >= LARGE:
        return fft.backward(grad_y, x, weight, g)
    if _winograd_pays(g):
        return winograd.backward(grad_y, x, weight, g)
    if _rows_pay(g):
        return rows.backward(grad_y, x, weight, g)
    return blocked.backward(grad_y, x, weight, g)


LARGE = 15  # pixels


def _winograd_pays(g: Geometry) -> bool:
    """Many channels, and enough tiles to share the transform of the filters."""
    (OH, OW), (dh, dw) = g.places, g.dilation
    tiles = g.N * (OH / dh) * (OW / dw) / winograd.tile_size(g) ** 2
    return winograd.applies(g) and min(g.C_in, g.C_out) >= 64 and tiles >= 64


def _rows_pay(g: Geometry) -> bool:
    """Long runs, and products that are not too thin for them."""
    return g.KH > 1 and g.places[0] * g.places[1] >= 512 and g.C_group >= 32
