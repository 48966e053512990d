"""The fully connected layer.

Room: ``cnnlib.reference`` -- NumPy only, gradients written by hand, never torch.
Twin: ``cnnlib.pytorch.linear``. Book: chapters 4 and 7.
"""

from __future__ import annotations

import math

from cnnlib.reference.arguments import Array, describe, require_float, require_shape
from cnnlib.shapes import ShapeError

__all__ = ["linear", "linear_backward"]


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    r"""Weigh all inputs for every output.

    .. math:: y_{nk} = b_k + \sum_d w_{kd}\, x_{nd}

    Parameters
    ----------
    x : (N, D_in), or any shape that ends in D_in
        Any unit; ``y`` has the unit of ``x`` times the unit of ``weight``.
    weight : (D_out, D_in) or (D_in,)
    bias : (D_out,), optional
        Not with a ``weight`` of one axis.

    Returns
    -------
    y : (N, D_out), or as ``x`` with D_out at the end; with a ``weight`` of one axis, without it

    Raises
    ------
    ShapeError
        If the features differ, or the bias does not have one value per output.
    TypeError
        If an array is not floating point, or the arrays have different dtypes.

    Notes
    -----
    Goodfellow, Bengio and Courville, *Deep Learning*, 2016, section 6.1. N * D_in * D_out
    multiply-adds.

    Examples
    --------
    >>> x, weight = np.array([[1.0, 2.0]]), np.array([[1.0, 1.0], [1.0, -1.0], [0.0, 3.0]])
    >>> linear(x, weight, np.array([0.5, 0.5, 0.5]))
    array([[ 3.5, -0.5,  6.5]])
    """
    _require_fit("linear", x, weight, bias)
    y: Array = x @ weight.T
    if bias is not None:
        y += bias
    return y


def linear_backward(
    grad_y: Array, x: Array, weight: Array, bias: Array | None = None
) -> tuple[Array, Array, Array | None]:
    """Gradients of a scalar loss through :func:`linear`.

    Parameters
    ----------
    grad_y : the shape of ``y``
        Gradient of the loss with respect to ``y``.
    x, weight, bias
        As given to :func:`linear`.

    Returns
    -------
    grad_x, grad_weight, grad_bias : arrays
        Each has the shape of its argument; ``grad_bias`` is None without a bias.

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``y``, and as :func:`linear`.

    Notes
    -----
    Goodfellow, Bengio and Courville, *Deep Learning*, 2016, section 6.5.6.

    Examples
    --------
    >>> x, weight = np.array([[1.0, 2.0]]), np.array([[1.0, 1.0], [1.0, -1.0]])
    >>> grad_x, grad_weight, _ = linear_backward(np.array([[1.0, 10.0]]), x, weight)
    >>> grad_x
    array([[11., -9.]])
    >>> grad_weight
    array([[ 1.,  2.],
           [10., 20.]])
    """
    _require_fit("linear_backward", x, weight, bias, grad_y)
    W = weight if weight.ndim == 2 else weight[None]
    D_out, D_in = W.shape
    y_shape = (*x.shape[:-1], D_out) if weight.ndim == 2 else x.shape[:-1]
    require_shape("linear_backward", "grad_y", grad_y, y_shape, "(N, D_out)")
    N = math.prod(x.shape[:-1])
    grads, rows = grad_y.reshape(N, D_out), x.reshape(N, D_in)
    grad_bias = None if bias is None else grads.sum(axis=0)
    return (grads @ W).reshape(x.shape), (grads.T @ rows).reshape(weight.shape), grad_bias


def _require_fit(
    function: str, x: Array, weight: Array, bias: Array | None, grad_y: Array | None = None
) -> None:
    require_float(function, x=x, weight=weight, bias=bias, grad_y=grad_y)
    shapes = describe(x=(x, "(N, D_in)"), weight=(weight, "(D_out, D_in)"))
    if x.ndim == 0 or weight.ndim not in (1, 2):
        raise ShapeError(
            f"{function}: weight needs the axes (D_out, D_in) and x at least (D_in,)\n{shapes}"
        )
    if x.shape[-1] != weight.shape[-1]:
        cure = (
            "Flatten the images first: x.reshape(len(x), -1)."
            if math.prod(x.shape[1:]) == weight.shape[-1]
            else "weight.T has them in the right order."
            if x.shape[-1] == weight.shape[0]
            else "Give weight one column for each feature of x."
        )
        raise ShapeError(
            f"{function}: x has D_in={x.shape[-1]} features but weight expects "
            f"{weight.shape[-1]}\n{shapes}\n  {cure}"
        )
    if bias is not None and (weight.ndim == 1 or bias.shape != weight.shape[:1]):
        raise ShapeError(
            f"{function}: bias has shape {bias.shape} but must have one value for each of "
            f"D_out outputs\n{shapes}\n  A weight of one axis takes no bias."
        )
