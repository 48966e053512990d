"""Whether a result is finite.

``depthwise``, ``winograd`` and ``fft`` let a window see pixels that are not its own, and wipe them
out: by a zero, or by terms that cancel. Infinity times zero is not zero, and infinity minus
infinity does not cancel. A result that is not finite is therefore computed anew, pixel by pixel.
"""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array


def all_finite(*arrays: Array) -> bool:
    """Whether no value is NaN or infinite; squares that overflow count as infinite too."""
    with np.errstate(over="ignore", invalid="ignore"):  # one product is the fastest pass there is
        return all(bool(np.isfinite(np.vdot(array, array))) for array in arrays)
