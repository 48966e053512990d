"""Padding: what to assume beyond the edge of an image.

Room: ``cnnlib.reference`` -- NumPy only, gradients written by hand, never torch.
Twin: ``cnnlib.pytorch.pad``. Book: chapter 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cnnlib.reference.arguments import Array, require_float, require_shape
from cnnlib.shapes import ShapeError, as_integer

__all__ = ["pad", "pad_backward"]

Sides = list[tuple[int, int]]  # (before, after) for each axis
MODES = ("constant", "reflect", "replicate", "circular")


def pad(x: Array, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Array:
    """Add pixels around an image, or take some away.

    Parameters
    ----------
    x : (N, C, H, W), (C, H, W), or any shape for ``mode="constant"``
    pad : sequence of int, pixels
        From the *last* axis backwards, two numbers each: ``(left, right, top, bottom, ...)``.
        A negative number cuts pixels off.
    mode : {"constant", "reflect", "replicate", "circular"}
        Fill with ``value``; mirror without repeating the edge; repeat the edge; start again from
        the other side. The last three pad the last one, two or three axes of arrays with one or two
        axes more.
    value : float, optional
        For ``mode="constant"`` only; 0 by default. Unit of ``x``.

    Returns
    -------
    y : as ``x``, with the padded axes longer or shorter

    Raises
    ------
    ShapeError
        If ``pad`` has an odd length or more pairs than axes, if more is cut off than there is,
        or if ``reflect`` or ``circular`` would need more pixels than there are.
    ValueError
        If the mode is unknown, or takes no ``value``.
    TypeError
        If ``x`` is not a floating-point array, or a number of ``pad`` not an integer.

    Notes
    -----
    ``reflect`` mirrors at the original edge, even where the other side is cut; ``circular`` wraps
    what is left after cutting. Both as :func:`torch.nn.functional.pad`.

    Examples
    --------
    >>> x = np.array([[1.0, 2.0, 3.0]])
    >>> pad(x, (2, 1))
    array([[0., 0., 1., 2., 3., 0.]])
    >>> pad(x, (2, 1), mode="reflect")
    array([[3., 2., 1., 2., 3., 2.]])
    >>> pad(x, (2, 1), mode="replicate")
    array([[1., 1., 1., 2., 3., 3.]])
    >>> pad(x, (2, 1), mode="circular")
    array([[2., 3., 1., 2., 3., 1.]])
    >>> pad(x, (-1, 1))
    array([[2., 3., 0.]])
    """
    require_float("pad", x=x)
    sides = _sides("pad", x, pad, mode, value)
    if mode == "constant":
        y = np.full(_padded_shape(x, sides), 0.0 if value is None else value, x.dtype)
        inner, outer = _overlap(sides, x.shape)
        y[outer] = x[inner]
        return y
    y = x
    for axis, (before, after) in enumerate(sides):
        y = y.take(_source(x.shape[axis], before, after, mode), axis=axis)
    return y


def pad_backward(
    grad_y: Array, x: Array, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Array:
    """Gradient of :func:`pad`: each pixel of ``x`` collects the gradients of its copies.

    Parameters
    ----------
    grad_y : the shape of ``y``
    x, pad, mode, value
        As given to :func:`pad`.

    Returns
    -------
    grad_x : the shape of ``x``
        Zero where ``x`` had been cut off.

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``y``, and as :func:`pad`.

    Notes
    -----
    Padding copies, and the transpose of copying is adding.

    Examples
    --------
    >>> x = np.array([[1.0, 2.0, 3.0]])
    >>> pad_backward(np.ones((1, 6)), x, (2, 1), mode="replicate")
    array([[3., 1., 2.]])
    """
    require_float("pad_backward", grad_y=grad_y, x=x)
    sides = _sides("pad_backward", x, pad, mode, value)
    require_shape("pad_backward", "grad_y", grad_y, _padded_shape(x, sides), "the shape of y")
    if mode == "constant":
        grad_x = np.zeros_like(x, order="C")
        inner, outer = _overlap(sides, x.shape)
        grad_x[inner] = grad_y[outer]
        return grad_x
    grad = grad_y
    for axis, (before, after) in enumerate(sides):
        grad = _collect(grad, _source(x.shape[axis], before, after, mode), x.shape[axis], axis)
    return np.array(grad)


def _source(size: int, before: int, after: int, mode: str) -> npt.NDArray[np.intp]:
    """For every pixel of the padded axis, the pixel of ``x`` that it copies."""
    at = np.arange(-before, size + after)
    if mode == "reflect":
        at = np.abs(at)
        return np.where(at < size, at, 2 * (size - 1) - at)
    if mode == "replicate":
        return np.clip(at, 0, size - 1)
    start, stop = max(0, -before), size + min(0, after)  # what is left after cutting
    return start + (at - start) % (stop - start) if stop > start else at


def _collect(grad: Array, source: npt.NDArray[np.intp], size: int, axis: int) -> Array:
    """Add ``grad`` at the pixels it was copied from: the transpose of ``take``."""
    grad = np.moveaxis(grad, axis, 0)
    collected = np.zeros((size, *grad.shape[1:]), grad.dtype)
    for target, row in zip(source, grad, strict=True):
        collected[target] += row
    return np.moveaxis(collected, 0, axis)


def _overlap(sides: Sides, shape: tuple[int, ...]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where the part of ``x`` that is kept lies in ``x`` and in ``y``."""
    kept = [
        (max(0, -before), size - max(0, -after), before)
        for (before, after), size in zip(sides, shape, strict=True)
    ]
    inner = tuple(slice(start, stop) for start, stop, _ in kept)
    outer = tuple(slice(start + before, stop + before) for start, stop, before in kept)
    return inner, outer


def _padded_shape(x: Array, sides: Sides) -> tuple[int, ...]:
    return tuple(
        size + before + after for size, (before, after) in zip(x.shape, sides, strict=True)
    )


def _sides(function: str, x: Array, pad: Sequence[int], mode: str, value: float | None) -> Sides:
    """Check ``pad`` and return (before, after) for every axis of ``x``."""
    if mode not in MODES:
        raise ValueError(
            f"{function}: mode must be one of {', '.join(map(repr, MODES))}, but it is {mode!r}"
        )
    if mode != "constant" and value:
        raise ValueError(f"{function}: mode={mode!r} takes no value, but value is {value!r}")
    if not isinstance(pad, Sequence) or isinstance(pad, str):
        raise TypeError(
            f"{function}: pad must be (left, right) or (left, right, top, bottom), "
            f"but it is {pad!r}"
        )
    numbers = [as_integer(number, f"{function}: pad[{i}]") for i, number in enumerate(pad)]
    if len(numbers) % 2 or len(numbers) > 2 * x.ndim:
        raise ShapeError(
            f"{function}: pad has {len(numbers)} numbers but needs two for each padded axis\n"
            f"  x    {x.shape}  of which pad may name at most {x.ndim} axes\n"
            f"  pad  {tuple(numbers)}  (left, right, top, bottom, ...), last axis first"
        )
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    axes = len(pairs)
    if mode != "constant" and (not 1 <= axes <= 3 or x.ndim not in (axes + 1, axes + 2)):
        raise ShapeError(
            f"{function}: mode={mode!r} pads the last {axes} axes of an array with {axes + 1} or "
            f"{axes + 2}, but x has {x.ndim}\n"
            f"  x    {x.shape}\n"
            f"  pad  {tuple(numbers)}  (left, right, top, bottom, ...)\n"
            f"  For one image use x[None, None]."
        )
    sides = [(0, 0)] * (x.ndim - axes) + pairs[::-1]
    for axis, (before, after) in enumerate(sides):
        if axis >= x.ndim - axes:
            _require_room(function, x, axis, before, after, mode)
    return sides


def _require_room(function: str, x: Array, axis: int, before: int, after: int, mode: str) -> None:
    size = x.shape[axis]
    left = size + min(0, before) + min(0, after)
    grown = size + before + after
    if mode == "reflect":
        fits, rule = max(before, after) < size and grown > 0, f"fewer than {size} on a side"
    elif mode == "replicate":
        fits, rule = size > 0 and grown > 0, "at least one pixel, before and after"
    elif mode == "circular":
        fits, rule = left >= 0 and max(before, after) <= left, f"at most {max(left, 0)} on a side"
    else:
        fits, rule = left >= 0, f"cuts of at most {size} in total"
    if not fits:
        raise ShapeError(
            f"{function}: axis {axis} of x has {size} pixels, too few for {before} before and "
            f"{after} after in mode={mode!r}\n"
            f"  x  {x.shape}\n"
            f"  This mode needs {rule}."
        )
