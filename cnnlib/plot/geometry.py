"""Where windows stand: the integer geometry that the figures draw."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.shapes import conv_output_size


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
    places = conv_output_size(size, kernel_size, stride, padding, dilation)
    return [place * stride - padding for place in range(places)]


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
