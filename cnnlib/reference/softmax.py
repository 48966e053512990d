"""Softmax: scores that become probabilities, and their logarithms.

Room: ``cnnlib.reference`` -- NumPy only, gradients written by hand, never torch.
Twin: ``cnnlib.pytorch.activation``. Book: chapters 7 and 10.
"""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array, require_float, require_same_shape
from cnnlib.shapes import as_integer

__all__ = ["log_softmax", "log_softmax_backward", "softmax", "softmax_backward"]


def softmax(x: Array, dim: int | None = None) -> Array:
    r"""Turn scores into probabilities, :math:`y_k = e^{x_k} / \sum_j e^{x_j}`.

    Parameters
    ----------
    x : any shape, no unit
        Logits.
    dim : int
        The axis that will sum to 1. Say it: left out, it is 0 for arrays with 0, 1 or 3 axes and
        1 for others, a default that torch keeps for old programs only.

    Returns
    -------
    y : the shape of ``x``
        NaN along an axis that holds plus infinity or nothing but minus infinity.

    Raises
    ------
    ValueError
        If there is no such axis.
    TypeError
        If ``x`` is not a floating-point array, or ``dim`` not an integer.

    Notes
    -----
    The largest score is subtracted first, which changes nothing but cannot overflow (Goodfellow,
    Bengio and Courville, *Deep Learning*, 2016, section 4.1).

    Examples
    --------
    >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]]), dim=1)
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    return np.exp(_log_softmax("softmax", x, dim))


def softmax_backward(grad_y: Array, x: Array, dim: int | None = None) -> Array:
    r"""Gradient of :func:`softmax`, :math:`y_k (g_k - \sum_j g_j y_j)`.

    Parameters
    ----------
    grad_y, x : the same shape
    dim
        As given to :func:`softmax`.

    Returns
    -------
    grad_x : the shape of ``x``
        Sums to 0 along ``dim``: adding the same to all scores changes nothing.

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``x``.

    Examples
    --------
    >>> softmax_backward(np.array([4.0, 0.0]), np.array([0.0, 0.0]), dim=0)
    array([ 1., -1.])
    """
    require_same_shape("softmax_backward", grad_y, x)
    y = np.exp(_log_softmax("softmax_backward", x, dim))
    result: Array = y * (
        grad_y - (grad_y * y).sum(axis=_axis("softmax_backward", x, dim), keepdims=True)
    )
    return result


def log_softmax(x: Array, dim: int | None = None) -> Array:
    r"""Logarithm of :func:`softmax`, :math:`y_k = x_k - \log \sum_j e^{x_j}`.

    Parameters
    ----------
    x : any shape, no unit
        Logits.
    dim : int
        The axis whose probabilities sum to 1; see :func:`softmax`.

    Returns
    -------
    y : the shape of ``x``
        Natural logarithms, at most 0.

    Raises
    ------
    ValueError
        If there is no such axis.
    TypeError
        If ``x`` is not a floating-point array, or ``dim`` not an integer.

    Notes
    -----
    Exact where ``log(softmax(x))`` would be the logarithm of a rounded 0 (Goodfellow, Bengio and
    Courville, *Deep Learning*, 2016, section 4.1).

    Examples
    --------
    >>> log_softmax(np.array([1000.0, 0.0]), dim=0)
    array([    0., -1000.])
    """
    return _log_softmax("log_softmax", x, dim)


def log_softmax_backward(grad_y: Array, x: Array, dim: int | None = None) -> Array:
    r"""Gradient of :func:`log_softmax`, :math:`g_k - p_k \sum_j g_j` with the probabilities p.

    Parameters
    ----------
    grad_y, x : the same shape
    dim
        As given to :func:`log_softmax`.

    Returns
    -------
    grad_x : the shape of ``x``

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``x``.

    Examples
    --------
    >>> log_softmax_backward(np.array([1.0, 0.0]), np.array([0.0, 0.0]), dim=0)
    array([ 0.5, -0.5])
    """
    require_same_shape("log_softmax_backward", grad_y, x)
    probs = np.exp(_log_softmax("log_softmax_backward", x, dim))
    result: Array = grad_y - probs * grad_y.sum(
        axis=_axis("log_softmax_backward", x, dim), keepdims=True
    )
    return result


def _log_softmax(function: str, x: Array, dim: int | None) -> Array:
    require_float(function, x=x)
    axis = _axis(function, x, dim)
    if x.size == 0:
        return x.copy()
    with np.errstate(invalid="ignore"):  # infinity minus infinity is NaN, as it should be
        shifted: Array = x - x.max(axis=axis, keepdims=True)
        shifted -= np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return shifted


def _axis(function: str, x: Array, dim: int | None) -> int:
    if dim is None:
        dim = 0 if x.ndim in (0, 1, 3) else 1
    axis = as_integer(dim, f"{function}: dim")
    if not -max(1, x.ndim) <= axis < max(1, x.ndim):
        raise ValueError(f"{function}: dim is {axis} but x has {x.ndim} axes: {x.shape}")
    return axis
