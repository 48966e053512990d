"""Ways to compute one convolution, slowest and plainest first.

``loops`` is the definition; ``shift`` sums one matrix product per tap; ``im2col`` does one large
product; ``blocked`` does it in pieces that fit the cache and is the readable default; ``mec``
and ``rows`` copy less; ``winograd`` multiplies less; ``fft`` leaves the pixels altogether;
``depthwise`` has no matrix to multiply with, and ``single`` has one window; ``auto`` takes the one
that was fastest.

Each module has ``forward(x, weight, bias, geometry) -> y`` and
``backward(grad_y, x, weight, geometry) -> (grad_x, grad_weight)``; the arguments are checked.
"""

from typing import Protocol

from cnnlib.reference.arguments import Array
from cnnlib.reference.conv_algorithms import (
    auto,
    blocked,
    fft,
    im2col,
    loops,
    mec,
    rows,
    shift,
    winograd,
)
from cnnlib.reference.geometry import Geometry


class Algorithm(Protocol):
    """What each module of this package provides."""

    def forward(self, x: Array, weight: Array, bias: Array | None, g: Geometry) -> Array:
        """Return y."""

    def backward(self, grad_y: Array, x: Array, weight: Array, g: Geometry) -> tuple[Array, Array]:
        """Return grad_x and grad_weight."""


ALGORITHMS: dict[str, Algorithm] = {
    "auto": auto,
    "blocked": blocked,
    "loops": loops,
    "shift": shift,
    "im2col": im2col,
    "mec": mec,
    "rows": rows,
    "winograd": winograd,
    "fft": fft,
}

__all__ = ["ALGORITHMS", "Algorithm", "blocked"]
