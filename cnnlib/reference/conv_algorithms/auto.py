"""Take the algorithm that was fastest for sizes like these.

The rules are measurements (``tests/benchmarks``), not theory. One place per image is a product as
it stands, and depthwise has none to speak of. From 15 pixels on the spectrum is cheaper. 3x3
kernels on many channels have enough work for Winograd's transforms to pay. Other large images have
so little that copying less counts. Small ones with hardly any channels are best done all at once.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from types import ModuleType

import numpy as np

from cnnlib.reference.arguments import Array
from cnnlib.reference.conv_algorithms import (
    blocked,
    depthwise,
    fft,
    im2col,
    mec,
    rows,
    single,
    winograd,
)
from cnnlib.reference.conv_algorithms.finite import all_finite
from cnnlib.reference.geometry import Geometry


def forward(x: Array, weight: Array, bias: Array | None, g: Geometry) -> Array:
    """Y by the algorithm that fits."""
    algorithm = _for_forward(g)
    with _silent(algorithm):
        y: Array = algorithm.forward(x, weight, bias, g)
    # A pixel that is not finite spoils every channel of the output alike: the first one tells.
    if algorithm in CANCELLING and not all_finite(weight, y[:, :1]):
        return blocked.forward(x, weight, bias, g)
    return y


def backward(grad_y: Array, x: Array, weight: Array, g: Geometry) -> tuple[Array, Array]:
    """Gradients by the algorithm that fits."""
    algorithm = _for_backward(g)
    with _silent(algorithm):
        grad_x, grad_weight = algorithm.backward(grad_y, x, weight, g)
    if algorithm in CANCELLING and not all_finite(weight, grad_weight, grad_x[:, :1]):
        return blocked.backward(grad_y, x, weight, g)
    return grad_x, grad_weight


CANCELLING: tuple[ModuleType, ...] = (winograd, fft)  # they spread a NaN over other windows


def _silent(algorithm: ModuleType) -> AbstractContextManager[object]:
    """No warning about a result that is computed anew."""
    if algorithm in CANCELLING:
        return np.errstate(invalid="ignore", over="ignore")
    return nullcontext()


def _for_forward(g: Geometry) -> ModuleType:
    if single.applies(g):
        return single
    if depthwise.applies(g) and max(g.kernel) < LARGE:
        return depthwise
    if min(g.kernel) >= LARGE:
        return fft
    if _winograd_pays(g, channels=64):
        return winograd
    if _rows_pay(g):
        return rows
    if _mec_pays(g):
        return mec
    return im2col if _all_columns_pay(g) else blocked


def _for_backward(g: Geometry) -> ModuleType:
    if single.applies(g):
        return single
    if depthwise.applies(g) and max(g.kernel) < LARGE:
        return depthwise
    if min(g.kernel) >= LARGE:
        return fft
    if _winograd_pays(g, channels=32):
        return winograd
    if _rows_pay(g):
        return rows
    return im2col if _all_columns_pay(g) else blocked


LARGE = 15  # pixels
MANY = 1 << 21  # values in all columns: 8 MiB of float32


def _winograd_pays(g: Geometry, channels: int) -> bool:
    """Many channels, and enough tiles to share the transform of the filters."""
    (OH, OW), (dh, dw) = g.places, g.dilation
    tiles = g.N * (OH / dh) * (OW / dw) / winograd.tile_size(g) ** 2
    return winograd.applies(g) and min(g.C_in, g.C_out) >= channels and tiles >= 64


def _rows_pay(g: Geometry) -> bool:
    """Long runs, and enough channels for the products of single kernel rows."""
    pixels = g.places[0] * g.places[1]
    return g.KH > 1 and g.stride == (1, 1) and pixels >= 512 and g.C_in >= 16


def _all_columns_pay(g: Geometry) -> bool:
    """Small images with so few channels that to turn them batch last costs more than it saves."""
    pixels = g.places[0] * g.places[1]
    return g.C_in <= 4 and pixels <= 1024 and g.N * g.K * pixels <= MANY


def _mec_pays(g: Geometry) -> bool:
    """Few channels in, and an output that is small beside the columns: mec writes it twice."""
    pixels = g.places[0] * g.places[1]
    return g.C_in <= 8 and pixels >= 512 and 2 * g.C_out <= g.K
