"""Keep some values and set the others to zero, fast."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cnnlib.reference.arguments import Array

INTEGERS = {2: np.int16, 4: np.int32, 8: np.int64}  # by size in bytes


def keep(values: Array, mask: npt.NDArray[Any]) -> Array:
    """``np.where(mask, values, 0)`` in an eighth of the time.

    A mask of random signs defeats the processor's guesses at branches. So make no choice: all bits
    of the value AND all ones, or all zeros. Unlike a product with 0 or 1 this is right for
    infinities and NaN too.

    Examples
    --------
    >>> keep(np.array([1.0, np.inf, 3.0]), np.array([True, False, True]))
    array([1., 0., 3.])
    """
    integer = INTEGERS.get(values.dtype.itemsize)
    if integer is None:
        return np.where(mask, values, values.dtype.type(0))
    bits: npt.NDArray[Any] = np.array(mask, integer)
    np.negative(bits, out=bits)  # 1 becomes -1, which is all ones
    bits &= values.view(integer)
    return bits.view(values.dtype)
