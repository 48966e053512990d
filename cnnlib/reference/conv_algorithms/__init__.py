"""Ways to compute one convolution, slowest and plainest first.

``loops`` is the definition; ``shift`` sums one matrix product per tap; ``im2col`` does one large
product; ``blocked`` does it in pieces that fit the cache and is the readable default.

Each module has ``forward(x, weight, bias, geometry) -> y`` and
``backward(grad_y, x, weight, geometry) -> (grad_x, grad_weight)``; the arguments are checked.
"""

from cnnlib.reference.conv_algorithms import blocked, im2col, loops, shift

ALGORITHMS = {
    "auto": blocked,
    "blocked": blocked,
    "im2col": im2col,
    "loops": loops,
    "shift": shift,
}

__all__ = ["ALGORITHMS"]
