"""The fully connected layer.

Room: ``cnnlib.pytorch``. Twin: ``cnnlib.reference.linear``. Book: chapters 4 and 7.
PyTorch's function: a matrix product is what every processor does best already.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from cnnlib.pytorch.arguments import refusing, require_float

__all__ = ["linear"]


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
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
        If a tensor is not floating point, or the dtypes differ.

    Notes
    -----
    N * D_in * D_out multiply-adds.

    Examples
    --------
    >>> import torch
    >>> linear(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 1.0], [1.0, -1.0], [0.0, 3.0]]))
    tensor([[ 3., -1.,  6.]])
    """
    require_float("linear", x=x, weight=weight, bias=bias)
    cure = "x must end in weight's D_in features; flatten images first: x.flatten(1)."
    with refusing("linear", cure, x=x, weight=weight, bias=bias):
        return F.linear(x, weight, bias)
