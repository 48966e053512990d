"""Activations: what happens to each value by itself.

Room: ``cnnlib.reference`` -- NumPy only, gradients written by hand, never torch.
Twin: ``cnnlib.pytorch.activation``. Book: chapters 7 and 10.
"""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array, require_float, require_same_shape
from cnnlib.reference.masks import keep

__all__ = [
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "tanh",
    "tanh_backward",
]


def relu(x: Array) -> Array:
    r"""Keep what is positive, :math:`y = \max(x, 0)`.

    Parameters
    ----------
    x : any shape, any unit

    Returns
    -------
    y : the shape of ``x``
        NaN stays NaN.

    Raises
    ------
    TypeError
        If ``x`` is not a floating-point array.

    Notes
    -----
    Nair and Hinton, *Rectified linear units improve restricted Boltzmann machines*, 2010.

    Examples
    --------
    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """
    require_float("relu", x=x)
    result: Array = np.maximum(x, x.dtype.type(0))
    return result


def relu_backward(grad_y: Array, x: Array) -> Array:
    """Gradient of :func:`relu`: passes where ``x`` is positive; at exactly 0 it is 0.

    Parameters
    ----------
    grad_y, x : the same shape

    Returns
    -------
    grad_x : the shape of ``x``

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``x``.

    Examples
    --------
    >>> relu_backward(np.array([5.0, 5.0, 5.0]), np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 5.])
    """
    require_same_shape("relu_backward", grad_y, x)
    return keep(grad_y, ~(x <= 0))  # not x > 0: a NaN lets the gradient pass, as in torch


def sigmoid(x: Array) -> Array:
    r"""Squash to between 0 and 1, :math:`y = 1 / (1 + e^{-x})`.

    Parameters
    ----------
    x : any shape, no unit

    Returns
    -------
    y : the shape of ``x``

    Raises
    ------
    TypeError
        If ``x`` is not a floating-point array.

    Notes
    -----
    Only e to the power of minus abs(x) is computed, which cannot overflow.
    Goodfellow, Bengio and Courville, *Deep Learning*, 2016, section 3.10.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    require_float("sigmoid", x=x)
    small = np.exp(-np.abs(x))
    result: Array = np.where(x < 0, small, x.dtype.type(1)) / (1 + small)
    return result


def sigmoid_backward(grad_y: Array, x: Array) -> Array:
    r"""Gradient of :func:`sigmoid`, :math:`y (1 - y)` times ``grad_y``.

    Parameters
    ----------
    grad_y, x : the same shape

    Returns
    -------
    grad_x : the shape of ``x``

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``x``.

    Examples
    --------
    >>> sigmoid_backward(np.array([4.0]), np.array([0.0]))
    array([1.])
    """
    require_same_shape("sigmoid_backward", grad_y, x)
    y = sigmoid(x)
    result: Array = grad_y * y * (1 - y)
    return result


def tanh(x: Array) -> Array:
    r"""Squash to between -1 and 1, :math:`y = (e^x - e^{-x}) / (e^x + e^{-x})`.

    Parameters
    ----------
    x : any shape, no unit

    Returns
    -------
    y : the shape of ``x``

    Raises
    ------
    TypeError
        If ``x`` is not a floating-point array.

    Notes
    -----
    LeCun, Bottou, Orr and Müller, *Efficient backprop*, 1998, section 4.4.

    Examples
    --------
    >>> tanh(np.array([-1000.0, 0.0, 1000.0]))
    array([-1.,  0.,  1.])
    """
    require_float("tanh", x=x)
    return np.tanh(x)


def tanh_backward(grad_y: Array, x: Array) -> Array:
    r"""Gradient of :func:`tanh`, :math:`1 - y^2` times ``grad_y``.

    Parameters
    ----------
    grad_y, x : the same shape

    Returns
    -------
    grad_x : the shape of ``x``

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``x``.

    Examples
    --------
    >>> tanh_backward(np.array([4.0]), np.array([0.0]))
    array([4.])
    """
    require_same_shape("tanh_backward", grad_y, x)
    result: Array = grad_y * (1 - np.tanh(x) ** 2)
    return result
