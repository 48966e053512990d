"""Where windows stand: the integer geometry that the figures draw."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pair = int | tuple[int, int]

# The names of torch.nn.functional.pad, and what NumPy calls the same border.
NUMPY_MODE = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pair(value: Pair, name: str, least: int) -> tuple[int, int]:
    """Return ``value`` as (height, width); both at least ``least``."""
    both = (value, value) if isinstance(value, int | np.integer) else tuple(value)
    if len(both) != 2 or any(int(v) != v or v < least for v in both):
        raise ValueError(
            f"{name} must be an int or a pair of ints of at least {least}, got {value!r}"
        )
    return int(both[0]), int(both[1])


def starts(
    size: int, kernel_size: int, stride: int, padding: int = 0, dilation: int = 1
) -> list[int]:
    """Return where each window starts along one axis; 0 is the first pixel, padding lies before it.

    Examples
    --------
    >>> starts(10, kernel_size=3, stride=2)
    [0, 2, 4, 6]
    >>> starts(5, kernel_size=3, stride=1, padding=1)
    [-1, 0, 1, 2, 3]
    """
    reach = dilation * (kernel_size - 1) + 1
    if reach > size + 2 * padding:
        raise ValueError(
            f"a window that spans {reach} pixels does not fit on {size} pixels with padding {padding}"
        )
    return list(range(-padding, size + padding - reach + 1, stride))


def read_counts(
    size: int, kernel_size: int, stride: int, padding: int = 0, dilation: int = 1
) -> NDArray[Any]:
    """Return how many windows read each of ``size`` pixels along one axis.

    Examples
    --------
    >>> read_counts(5, kernel_size=3, stride=1)
    array([1, 2, 3, 2, 1])
    """
    counts = np.zeros(size, dtype=int)
    for start in starts(size, kernel_size, stride, padding, dilation):
        for tap in range(kernel_size):
            position = start + tap * dilation
            if 0 <= position < size:
                counts[position] += 1
    return counts
