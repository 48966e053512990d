"""Layer normalisation: each sample by itself, over its last axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnlib.reference.arguments import Array, describe, require_float, require_shape
from cnnlib.reference.norm.standardise import standardise_backward, statistics
from cnnlib.shapes import ShapeError, as_integer

__all__ = ["layer_norm", "layer_norm_backward"]


def layer_norm(
    x: Array,
    normalized_shape: Sequence[int],
    weight: Array | None = None,
    bias: Array | None = None,
    eps: float = 1e-5,
) -> Array:
    """Give the last axes of each sample mean 0 and variance 1.

    Parameters
    ----------
    x : any shape that ends in ``normalized_shape``
        Any unit.
    normalized_shape : sequence of int
        The last axes, over which the statistics are taken.
    weight, bias : ``normalized_shape``, optional
        Scale and offset of each value, afterwards.
    eps : float
        Added to the variance, unit of ``x`` squared.

    Returns
    -------
    y : the shape of ``x``

    Raises
    ------
    ShapeError
        If ``x`` does not end in ``normalized_shape``, or weight or bias have another shape.
    TypeError
        If an array is not floating point, or ``normalized_shape`` no sequence of integers.

    Notes
    -----
    Ba, Kiros and Hinton, *Layer normalization*, 2016, section 3.

    Examples
    --------
    >>> layer_norm(np.array([[1.0, 3.0], [10.0, 30.0]]), (2,), eps=0.0)
    array([[-1.,  1.],
           [-1.,  1.]])
    """
    size = _require_fit("layer_norm", x, normalized_shape, weight, bias)
    _, variance, y = statistics(_rows(x, size))
    y *= (1 / np.sqrt(variance + x.dtype.type(eps)))[:, None]
    y = y.reshape(x.shape)
    if weight is not None:
        y *= weight
    if bias is not None:
        y += bias
    return y


def layer_norm_backward(
    grad_y: Array,
    x: Array,
    normalized_shape: Sequence[int],
    weight: Array | None = None,
    bias: Array | None = None,
    eps: float = 1e-5,
) -> tuple[Array, Array | None, Array | None]:
    """Gradients of a scalar loss through :func:`layer_norm`.

    Parameters
    ----------
    grad_y : the shape of ``x``
        Gradient of the loss with respect to ``y``.
    x, normalized_shape, weight, bias, eps
        As given to :func:`layer_norm`.

    Returns
    -------
    grad_x, grad_weight, grad_bias : arrays
        The last two None for an absent ``weight`` or ``bias``.

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``x``, and as :func:`layer_norm`.

    Examples
    --------
    >>> x = np.array([[1.0, 3.0, 2.0]])
    >>> layer_norm_backward(np.array([[1.0, 0.0, 0.0]]), x, (3,))[0].round(3)
    array([[ 0.204,  0.204, -0.408]])
    """
    function = "layer_norm_backward"
    size = _require_fit(function, x, normalized_shape, weight, bias)
    require_float(function, x=x, grad_y=grad_y)
    require_shape(function, "grad_y", grad_y, x.shape, "the shape of x")
    _, variance, centred = statistics(_rows(x, size))
    inverse_spread = 1 / np.sqrt(variance + x.dtype.type(eps))
    samples = tuple(range(x.ndim - len(normalized_shape)))
    grad_weight = grad_bias = None
    if weight is not None:
        normal = (centred * inverse_spread[:, None]).reshape(x.shape)
        grad_weight = (grad_y * normal).sum(axis=samples)
    if bias is not None:
        grad_bias = grad_y.sum(axis=samples)
    grad = grad_y if weight is None else grad_y * weight
    grad_x, _, _ = standardise_backward(_rows(grad, size), centred, inverse_spread)
    return grad_x.reshape(x.shape), grad_weight, grad_bias


def _rows(x: Array, size: int) -> Array:
    """(..., *normalized_shape) as (1, samples, size)."""
    samples = x.size // size if size else 0
    return x.reshape(1, samples, size)


def _require_fit(
    function: str,
    x: Array,
    normalized_shape: Sequence[int],
    weight: Array | None,
    bias: Array | None,
) -> int:
    require_float(function, x=x, weight=weight, bias=bias)
    if not isinstance(normalized_shape, Sequence) or isinstance(normalized_shape, str):
        raise TypeError(
            f"{function}: normalized_shape must be a sequence of axis lengths, "
            f"but it is {normalized_shape!r}\n  For one axis use ({normalized_shape},)."
        )
    shape = tuple(as_integer(n, f"{function}: normalized_shape") for n in normalized_shape)
    if not shape or x.shape[-len(shape) :] != shape:
        raise ShapeError(
            f"{function}: x must end in normalized_shape {shape}\n{describe(x=(x, ''))}\n"
            f"  Use x.shape[1:] to normalise each sample as a whole."
        )
    for name, array in (("weight", weight), ("bias", bias)):
        if array is not None:
            require_shape(function, name, array, shape, "normalized_shape")
    return int(np.prod(shape))
