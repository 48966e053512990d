"""Group normalisation: each image's channels in groups, whatever the batch."""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array, describe, require_float, require_shape
from cnnlib.reference.norm.standardise import (
    require_channels,
    require_spread,
    standardise_backward,
    statistics,
)
from cnnlib.shapes import ShapeError, as_integer

__all__ = ["group_norm", "group_norm_backward"]


def group_norm(
    x: Array,
    num_groups: int,
    weight: Array | None = None,
    bias: Array | None = None,
    eps: float = 1e-5,
) -> Array:
    r"""Give each group of channels of each image mean 0 and variance 1.

    Parameters
    ----------
    x : (N, C, ...)
        Any unit.
    num_groups : int
        Into how many groups of neighbours the C channels are cut.
    weight, bias : (C,), optional
        Scale and offset of each channel, afterwards.
    eps : float
        Added to the variance, unit of ``x`` squared.

    Returns
    -------
    y : the shape of ``x``
        The same while training and afterwards: other images play no part.

    Raises
    ------
    ShapeError
        If ``num_groups`` does not divide C, or a vector does not have C values.
    TypeError, ValueError
        If an array is not floating point; if ``num_groups`` is less than 1.

    Notes
    -----
    Wu and He, *Group normalization*, 2018, section 3.

    Examples
    --------
    >>> group_norm(np.array([[1.0, 3.0, 10.0, 30.0]]), 2, eps=0.0)
    array([[-1.,  1., -1.,  1.]])
    """
    groups = _require_fit("group_norm", x, num_groups, weight, bias)
    _, variance, y = statistics(_rows(x, groups))
    y *= (1 / np.sqrt(variance + x.dtype.type(eps)))[:, None]
    y = y.reshape(x.shape)
    if weight is not None:
        y *= _per_channel(weight, x)
    if bias is not None:
        y += _per_channel(bias, x)
    return y


def group_norm_backward(
    grad_y: Array,
    x: Array,
    num_groups: int,
    weight: Array | None = None,
    bias: Array | None = None,
    eps: float = 1e-5,
) -> tuple[Array, Array | None, Array | None]:
    """Gradients of a scalar loss through :func:`group_norm`.

    Parameters
    ----------
    grad_y : the shape of ``x``
        Gradient of the loss with respect to ``y``.
    x, num_groups, weight, bias, eps
        As given to :func:`group_norm`.

    Returns
    -------
    grad_x, grad_weight, grad_bias : arrays
        The last two None for an absent ``weight`` or ``bias``.

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``x``, and as :func:`group_norm`.

    Examples
    --------
    >>> x = np.array([[1.0, 3.0, 2.0]])
    >>> grad_x, _, _ = group_norm_backward(np.array([[1.0, 0.0, 0.0]]), x, 1)
    >>> grad_x.round(3)
    array([[ 0.204,  0.204, -0.408]])
    """
    function = "group_norm_backward"
    groups = _require_fit(function, x, num_groups, weight, bias)
    require_float(function, x=x, grad_y=grad_y)
    require_shape(function, "grad_y", grad_y, x.shape, "the shape of x")
    _, variance, centred = statistics(_rows(x, groups))
    inverse_spread = 1 / np.sqrt(variance + x.dtype.type(eps))
    others = (0, *range(2, x.ndim))
    grad_weight = grad_bias = None
    if weight is not None:
        normal = (centred * inverse_spread[:, None]).reshape(x.shape)
        grad_weight = (grad_y * normal).sum(axis=others)
    if bias is not None:
        grad_bias = grad_y.sum(axis=others)
    grad = grad_y if weight is None else grad_y * _per_channel(weight, x)
    grad_x, _, _ = standardise_backward(_rows(grad, groups), centred, inverse_spread)
    return grad_x.reshape(x.shape), grad_weight, grad_bias


def _rows(x: Array, groups: int) -> Array:
    """(N, C, ...) as (1, N * groups, values of a group)."""
    rows = x.shape[0] * groups
    return x.reshape(1, rows, x.shape[1] // groups * int(np.prod(x.shape[2:])))


def _per_channel(vector: Array, x: Array) -> Array:
    return vector.reshape(-1, *(1,) * (x.ndim - 2))


def _require_fit(
    function: str, x: Array, num_groups: int, weight: Array | None, bias: Array | None
) -> int:
    require_float(function, x=x, weight=weight, bias=bias)
    require_channels(function, x, weight=weight, bias=bias)
    groups = as_integer(num_groups, f"{function}: num_groups", 1)
    if x.shape[1] % groups:
        raise ShapeError(
            f"{function}: num_groups={groups} does not divide the {x.shape[1]} channels of x\n"
            f"{describe(x=(x, '(N, C, ...)'))}"
        )
    require_spread(function, x, x.size // groups, "group in the whole batch")
    return groups
