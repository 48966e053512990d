"""Activations: one number in, one number out; and softmax, which looks at a whole row.

Room: ``cnnlib.pytorch``. Twin: ``cnnlib.reference.activation``. Book: chapters 2, 7 and 10.
These are PyTorch's functions: there is only one way to compute them, and autograd knows it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cnnlib.pytorch.arguments import refusing, require_float
from cnnlib.shapes import as_integer

CURE = "Name an axis of x; the classes of logits (N, K) are dim=1."

__all__ = ["log_softmax", "relu", "sigmoid", "softmax", "tanh"]


def relu(x: Tensor) -> Tensor:
    r"""Cut off what is negative: :math:`y = \max(x, 0)`.

    Parameters
    ----------
    x : any shape, any unit

    Returns
    -------
    y : as ``x``
        The gradient at exactly 0 is 0; NaN stays NaN.

    Raises
    ------
    TypeError
        If ``x`` is not a floating-point tensor.

    Examples
    --------
    >>> relu(torch.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    """
    require_float("relu", x=x)
    return torch.relu(x)


def sigmoid(x: Tensor) -> Tensor:
    r"""Squash into (0, 1): :math:`y = 1 / (1 + e^{-x})`.

    Parameters
    ----------
    x : any shape, no unit

    Returns
    -------
    y : as ``x``

    Raises
    ------
    TypeError
        If ``x`` is not a floating-point tensor.

    Examples
    --------
    >>> sigmoid(torch.tensor([-1000.0, 0.0, 1000.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    require_float("sigmoid", x=x)
    return torch.sigmoid(x)


def tanh(x: Tensor) -> Tensor:
    r"""Squash into (-1, 1): :math:`y = (e^x - e^{-x}) / (e^x + e^{-x})`.

    Parameters
    ----------
    x : any shape, no unit

    Returns
    -------
    y : as ``x``

    Raises
    ------
    TypeError
        If ``x`` is not a floating-point tensor.

    Examples
    --------
    >>> tanh(torch.tensor([-9.0, 0.0, 9.0]))
    tensor([-1.0000,  0.0000,  1.0000])
    """
    require_float("tanh", x=x)
    return torch.tanh(x)


def softmax(x: Tensor, dim: int | None = None) -> Tensor:
    r"""Turn numbers into positive shares that add up to 1: :math:`y_k = e^{x_k} / \sum_l e^{x_l}`.

    Parameters
    ----------
    x : any shape, no unit
    dim : int
        The axis that will sum to 1. Say it: left out, it is 0 for tensors with 0, 1 or 3 axes and
        1 for others, a default that PyTorch keeps for old programs only.

    Returns
    -------
    y : as ``x``

    Raises
    ------
    ShapeError
        If ``x`` has no axis ``dim``.
    TypeError
        If ``x`` is not a floating-point tensor.

    Examples
    --------
    >>> softmax(torch.tensor([1000.0, 1000.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000, 0.0000])
    """
    require_float("softmax", x=x)
    with refusing("softmax", CURE, x=x):
        return torch.softmax(x, _axis("softmax", x, dim))


def log_softmax(x: Tensor, dim: int | None = None) -> Tensor:
    r"""The logarithm of :func:`softmax`: :math:`y_k = x_k - \log \sum_l e^{x_l}`.

    Safe where the softmax itself would round to 0 and its logarithm to minus infinity.

    Parameters
    ----------
    x : any shape, no unit
    dim : int
        The axis whose probabilities sum to 1; see :func:`softmax`.

    Returns
    -------
    y : as ``x``

    Raises
    ------
    ShapeError
        If ``x`` has no axis ``dim``.
    TypeError
        If ``x`` is not a floating-point tensor.

    Examples
    --------
    >>> log_softmax(torch.tensor([1000.0, 0.0]), dim=0)
    tensor([    0., -1000.])
    """
    require_float("log_softmax", x=x)
    with refusing("log_softmax", CURE, x=x):
        return torch.log_softmax(x, _axis("log_softmax", x, dim))


def _axis(function: str, x: Tensor, dim: int | None) -> int:
    if dim is None:
        return 0 if x.dim() in (0, 1, 3) else 1
    return as_integer(dim, f"{function}: dim")
