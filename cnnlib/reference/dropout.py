"""Dropout: forget some values on purpose while training.

Room: ``cnnlib.reference`` -- NumPy only, gradients written by hand, never torch. The random
numbers come from a generator that is passed in. Twin: ``cnnlib.pytorch.dropout``. Book: chapter 9.
"""

from __future__ import annotations

from typing import Literal, overload

import numpy as np

from cnnlib.reference.arguments import Array, describe, require_float, require_shape
from cnnlib.shapes import ShapeError

__all__ = ["dropout", "dropout2d", "dropout2d_backward", "dropout_backward"]

Rng = np.random.Generator


@overload
def dropout(
    x: Array,
    p: float = ...,
    training: bool = ...,
    *,
    rng: Rng | None = ...,
    return_mask: Literal[False] = ...,
) -> Array: ...
@overload
def dropout(
    x: Array,
    p: float = ...,
    training: bool = ...,
    *,
    rng: Rng | None = ...,
    return_mask: Literal[True],
) -> tuple[Array, Array]: ...
def dropout(
    x: Array,
    p: float = 0.5,
    training: bool = True,
    *,
    rng: Rng | None = None,
    return_mask: bool = False,
) -> Array | tuple[Array, Array]:
    """Set each value to zero with probability ``p``, and scale up the others.

    Parameters
    ----------
    x : any shape, any unit
    p : float
        Probability of forgetting, from 0 to 1.
    training : bool
        Without it nothing is forgotten: ``y`` is ``x``.
    rng : numpy.random.Generator
        Where the random numbers come from; needed while training.
    return_mask : bool
        Also return the mask, which :func:`dropout_backward` needs.

    Returns
    -------
    y : the shape of ``x``
        The same mean as ``x``, since what is kept is divided by ``1 - p``.
    mask : the shape of ``x``
        Only with ``return_mask``: 0 where forgotten, ``1 / (1 - p)`` elsewhere.

    Raises
    ------
    ValueError
        If ``p`` is not from 0 to 1.
    TypeError
        If ``x`` is not a floating-point array, or ``rng`` is missing.

    Notes
    -----
    Srivastava et al., *Dropout: a simple way to prevent neural networks from overfitting*, 2014;
    scaled while training ("inverted") instead of while testing.

    Examples
    --------
    >>> dropout(np.ones(6), 0.5, rng=np.random.default_rng(0))
    array([2., 0., 0., 0., 2., 2.])
    >>> dropout(np.ones(3), 0.5, training=False)
    array([1., 1., 1.])
    """
    require_float("dropout", x=x)
    mask = _mask("dropout", x, x.shape, p, training, rng)
    y = x * mask
    return (y, np.broadcast_to(mask, x.shape)) if return_mask else y


def dropout_backward(grad_y: Array, mask: Array) -> Array:
    """Gradient of :func:`dropout`, and of :func:`dropout2d`: what was forgotten learns nothing.

    Parameters
    ----------
    grad_y : the shape of ``x``
    mask : the shape of ``x``
        As returned with ``return_mask=True``: a new mask would be a different function.

    Returns
    -------
    grad_x : the shape of ``x``

    Raises
    ------
    ShapeError
        If the shapes differ.

    Examples
    --------
    >>> dropout_backward(np.array([1.0, 1.0]), np.array([0.0, 2.0]))
    array([0., 2.])
    """
    require_float("dropout_backward", grad_y=grad_y, mask=mask)
    require_shape("dropout_backward", "grad_y", grad_y, mask.shape, "the shape of mask")
    return grad_y * mask


@overload
def dropout2d(
    x: Array,
    p: float = ...,
    training: bool = ...,
    *,
    rng: Rng | None = ...,
    return_mask: Literal[False] = ...,
) -> Array: ...
@overload
def dropout2d(
    x: Array,
    p: float = ...,
    training: bool = ...,
    *,
    rng: Rng | None = ...,
    return_mask: Literal[True],
) -> tuple[Array, Array]: ...
def dropout2d(
    x: Array,
    p: float = 0.5,
    training: bool = True,
    *,
    rng: Rng | None = None,
    return_mask: bool = False,
) -> Array | tuple[Array, Array]:
    """Set each *channel* of each image to zero with probability ``p``, and scale up the others.

    Parameters
    ----------
    x : (N, C, H, W), or any shape that begins with (N, C)
        Any unit.
    p, training, rng, return_mask
        As for :func:`dropout`.

    Returns
    -------
    y : the shape of ``x``
    mask : the shape of ``x``
        Only with ``return_mask``; read-only, the same number for all pixels of a channel.

    Raises
    ------
    ShapeError
        If ``x`` has no axes beyond (N, C).
    TypeError, ValueError
        As :func:`dropout`.

    Notes
    -----
    Neighbouring pixels are alike, so forgetting single ones hides nothing (Tompson et al.,
    *Efficient object localization using convolutional networks*, 2015).

    Examples
    --------
    >>> dropout2d(np.ones((1, 3, 1, 2)), 0.5, rng=np.random.default_rng(0))
    array([[[[2., 2.]],
    <BLANKLINE>
            [[0., 0.]],
    <BLANKLINE>
            [[0., 0.]]]])
    """
    require_float("dropout2d", x=x)
    if x.ndim < 3:
        raise ShapeError(
            f"dropout2d: x has {x.ndim} axes but must have channels of pixels\n"
            f"{describe(x=(x, 'needed: (N, C, H, W)'))}\n"
            f"  For single values use dropout."
        )
    mask = _mask("dropout2d", x, x.shape[:2] + (1,) * (x.ndim - 2), p, training, rng)
    y = x * mask
    return (y, np.broadcast_to(mask, x.shape)) if return_mask else y


def dropout2d_backward(grad_y: Array, mask: Array) -> Array:
    """Gradient of :func:`dropout2d`: a forgotten channel learns nothing.

    Parameters
    ----------
    grad_y, mask : the shape of ``x``
        ``mask`` as returned with ``return_mask=True``.

    Returns
    -------
    grad_x : the shape of ``x``

    Raises
    ------
    ShapeError
        If the shapes differ.

    Examples
    --------
    >>> dropout2d_backward(np.ones((1, 2, 1, 1)), np.array([[[[2.0]], [[0.0]]]])).ravel()
    array([2., 0.])
    """
    require_float("dropout2d_backward", grad_y=grad_y, mask=mask)
    require_shape("dropout2d_backward", "grad_y", grad_y, mask.shape, "the shape of mask")
    return grad_y * mask


def _mask(
    function: str, x: Array, shape: tuple[int, ...], p: float, training: bool, rng: Rng | None
) -> Array:
    if not 0 <= p <= 1:
        raise ValueError(f"{function}: p must be a probability from 0 to 1, but it is {p}")
    if not training or p == 0:
        return np.ones(shape, x.dtype)
    if p == 1:
        return np.zeros(shape, x.dtype)
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{function}: training needs a random generator, but rng is {rng!r}\n"
            f"  Use rng=np.random.default_rng(seed), or training=False."
        )
    kept = rng.random(shape) >= p
    result: Array = kept.astype(x.dtype) / x.dtype.type(1 - p)
    return result
