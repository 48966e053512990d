"""The arithmetic of windows: how many places, how much padding, how far a layer sees.

Integers only and no arrays, so every other module may import this one.
Book: chapters 3 and 6.

>>> conv_output_size(6, kernel_size=3, stride=2)
2
>>> same_padding(4)
(1, 2)
>>> receptive_field([(3, 1, 1), (2, 2), (3, 1, 1)])
ReceptiveField(size=8, jump=2, start=-3)
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

__all__ = [
    "ReceptiveField",
    "ShapeError",
    "as_pair",
    "conv_output_size",
    "receptive_field",
    "same_padding",
]


class ShapeError(ValueError):
    """Two sizes do not fit together; the message names both, and the cure."""


class ReceptiveField(NamedTuple):
    """What one output value of a chain of layers sees along one axis, in input pixels.

    ``size`` pixels are seen. Neighbouring outputs see windows that lie ``jump`` pixels apart.
    The first output's window begins at pixel ``start``, which is negative where it begins in
    the padding; output number ``i`` sees pixels ``start + i * jump`` up to, and without,
    ``start + i * jump + size``.
    """

    size: int
    jump: int
    start: int


def as_integer(value: Any, name: str, minimum: int | None = None) -> int:
    """Return ``value`` as an ``int``; refuse a fraction, a bool, and less than ``minimum``.

    Parameters
    ----------
    value : int or any integer type, such as ``numpy.int64``
    name : str
        What to call the value in an error, for example ``"conv2d: stride"``.
    minimum : int, optional

    Raises
    ------
    TypeError
        If ``value`` is not a whole number's type.
    ValueError
        If it is less than ``minimum``.

    Examples
    --------
    >>> as_integer(3, "stride", minimum=1)
    3
    """
    if type(value) is int:  # the usual case, asked some hundred times in a training step
        integer = value
    elif isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, but it is {value!r}")
    else:
        try:
            integer = operator.index(value)
        except TypeError:
            raise TypeError(
                f"{name} must be an integer, but it is {value!r} ({type(value).__name__})"
            ) from None
    if minimum is not None and integer < minimum:
        raise ValueError(f"{name} must be at least {minimum}, but it is {integer}")
    return integer


def as_pair(value: Any, name: str = "value", minimum: int | None = None) -> tuple[int, int]:
    """Return ``(value, value)`` for one integer, and a pair of integers as it is.

    Parameters
    ----------
    value : int or (int, int)
        A size, or one for the height and one for the width.
    name : str, optional
        What to call the value in an error, for example ``"conv2d: stride"``.
    minimum : int, optional
        Smallest value that makes sense.

    Returns
    -------
    pair : (int, int)
        Height first.

    Raises
    ------
    TypeError
        If ``value`` is neither an integer nor a sequence of integers.
    ValueError
        If there are not two of them, or one is less than ``minimum``.

    Examples
    --------
    >>> as_pair(3)
    (3, 3)
    >>> as_pair((1, 2))
    (1, 2)
    """
    if (
        type(value) is not int
        and isinstance(value, Sequence)
        and not isinstance(value, str | bytes)
    ):
        if len(value) != 2:
            raise ValueError(
                f"{name} must be one integer or a pair (height, width), "
                f"but it is {value!r} with {len(value)} entries"
            )
        first, second = value
        return (
            as_integer(first, f"{name}[0]", minimum),
            as_integer(second, f"{name}[1]", minimum),
        )
    integer = as_integer(value, name, minimum)
    return integer, integer


def conv_output_size(
    size: int,
    kernel_size: int,
    stride: int = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int = 1,
) -> int:
    r"""Count the places where a window can stand along one axis.

    .. math:: \left\lfloor \frac{\text{size} + 2\,\text{padding}
              - \text{dilation}\,(\text{kernel\_size} - 1) - 1}{\text{stride}} \right\rfloor + 1

    Parameters
    ----------
    size : int, pixels
        Length of the image along this axis.
    kernel_size : int, pixels
        Length of the window.
    stride : int, pixels
        Step from one place to the next.
    padding : int or (int, int), pixels
        Pixels added on each side, or before and after.
    dilation : int, pixels
        Step from one tap of the window to the next; 1 is an ordinary, dense window.

    Returns
    -------
    places : int
        At least 1.

    Raises
    ------
    ShapeError
        If the window is larger than the padded image.
    TypeError, ValueError
        If an argument is not an integer, or too small to make sense.

    Notes
    -----
    Dumoulin and Visin, *A guide to convolution arithmetic for deep learning*, 2016, chapter 2.

    Examples
    --------
    >>> conv_output_size(28, kernel_size=5)
    24
    >>> conv_output_size(28, kernel_size=3, stride=2, padding=1)
    14
    """
    size = as_integer(size, "conv_output_size: size", 0)
    kernel_size = as_integer(kernel_size, "conv_output_size: kernel_size", 1)
    stride = as_integer(stride, "conv_output_size: stride", 1)
    before, after = as_pair(padding, "conv_output_size: padding", 0)
    dilation = as_integer(dilation, "conv_output_size: dilation", 1)
    padded, extent = size + before + after, dilation * (kernel_size - 1) + 1
    if extent > padded:
        raise ShapeError(
            f"conv_output_size: the window covers {extent} pixels "
            f"but the padded image has {padded}\n"
            f"  window  {extent} = dilation {dilation} * (kernel_size {kernel_size} - 1) + 1\n"
            f"  image   {padded} = size {size} + padding {before} + {after}\n"
            f"  Use a smaller kernel_size or dilation, or more padding."
        )
    return (padded - extent) // stride + 1


def same_padding(kernel_size: int, dilation: int = 1) -> tuple[int, int]:
    """Padding before and after that keeps the size of an image under stride 1.

    Parameters
    ----------
    kernel_size, dilation : int, pixels

    Returns
    -------
    before, after : int, pixels
        ``dilation * (kernel_size - 1)`` in total. Where that is odd, the extra pixel goes
        after, as in PyTorch's ``padding="same"``.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a positive integer.

    Examples
    --------
    >>> same_padding(3)
    (1, 1)
    >>> same_padding(4)
    (1, 2)
    >>> same_padding(3, dilation=2)
    (2, 2)
    """
    kernel_size = as_integer(kernel_size, "same_padding: kernel_size", 1)
    total = as_integer(dilation, "same_padding: dilation", 1) * (kernel_size - 1)
    return total // 2, total - total // 2


def receptive_field(layers: Iterable[Sequence[int]]) -> ReceptiveField:
    """How much of the input one output value sees, along one axis, after a chain of layers.

    Parameters
    ----------
    layers : sequence of (kernel_size, stride, padding, dilation), pixels
        In the order in which the input meets them; pooling counts as a window like any other.
        A layer may leave out its last entries: ``(3,)`` is ``(3, 1, 0, 1)``.

    Returns
    -------
    field : ReceptiveField
        ``(size, jump, start)`` in pixels of the input.

    Raises
    ------
    ValueError
        If a layer has no entry or more than four, or an entry is too small.
    TypeError
        If an entry is not an integer.

    Notes
    -----
    A window reaches ``dilation * (kernel_size - 1)`` steps further, each as long as the jump of
    the layers before it; its stride multiplies the jump. Araujo, Norris and Sim, *Computing
    receptive fields of convolutional neural networks*, Distill, 2019.

    Examples
    --------
    Two 3x3 convolutions see as much as one 5x5:

    >>> receptive_field([(3,), (3,)]).size
    5
    >>> receptive_field([(7, 2, 3), (3, 2, 1)])
    ReceptiveField(size=11, jump=4, start=-5)
    """
    size, jump, start = 1, 1, 0
    for index, layer in enumerate(layers):
        name = f"receptive_field: layers[{index}]"
        if not isinstance(layer, Sequence) or isinstance(layer, str) or not 1 <= len(layer) <= 4:
            raise ValueError(
                f"{name} must be (kernel_size, stride, padding, dilation), "
                f"of which the last three may be left out, but it is {layer!r}"
            )
        kernel_size, stride, padding, dilation = (*layer, *(1, 0, 1)[len(layer) - 1 :])
        kernel_size = as_integer(kernel_size, f"{name}: kernel_size", 1)
        size += jump * as_integer(dilation, f"{name}: dilation", 1) * (kernel_size - 1)
        start -= jump * as_integer(padding, f"{name}: padding", 0)
        jump *= as_integer(stride, f"{name}: stride", 1)
    return ReceptiveField(size, jump, start)
