r"""Fold a trained batch norm into the convolution before it: the same answers, one layer less.

Room: ``cnnlib.pytorch``. Book: chapter 8. At test time batch norm is
:math:`y_c = a_c x_c + b_c` with :math:`a = \gamma / \sqrt{\sigma^2 + \epsilon}` and
:math:`b = \beta - a \mu`. A convolution is linear in its filters, so the factor can be multiplied
into each filter and the shift added to its bias.

What cannot be folded: a batch norm in training mode or without running statistics (its factors
depend on the batch), one that stands *before* its convolution with an activation between them
(pre-activation blocks) or after an addition, and one whose convolution other layers read too.
"""

from __future__ import annotations

import copy

import torch
from torch import nn

from cnnlib.shapes import ShapeError

__all__ = ["fold_batch_norm"]


@torch.no_grad()
def fold_batch_norm(conv: nn.Conv2d, bn: nn.BatchNorm2d, relu: bool = False) -> nn.Module:
    """One convolution that answers as ``conv`` followed by ``bn`` (and a ReLU) at test time.

    Parameters
    ----------
    conv : torch.nn.Conv2d
        With or without bias, any stride, padding, dilation and groups. Not modified.
    bn : torch.nn.BatchNorm2d
        In eval mode, with running statistics. Not modified.
    relu : bool
        Whether a ReLU follows.

    Returns
    -------
    layer : torch.nn.Conv2d, or torch.nn.Sequential of it and a ReLU in place
        In eval mode, with its own copy of the weights, on the device and in the dtype of ``conv``.

    Raises
    ------
    ShapeError
        If ``bn`` does not have one channel for each filter of ``conv``.
    ValueError
        If ``bn`` is in training mode or has no running statistics.
    TypeError
        If the layers are of another kind.

    Notes
    -----
    Equal up to rounding: the factor is computed in float64. Jacob et al., *Quantization and
    training of neural networks for efficient integer-arithmetic-only inference*, 2018, section 3.2.

    Examples
    --------
    >>> conv, bn = nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8).eval()
    >>> x = torch.randn(2, 3, 6, 5)
    >>> torch.allclose(fold_batch_norm(conv, bn)(x), bn(conv(x)), atol=1e-6)
    True
    """
    if not isinstance(conv, nn.Conv2d) or not isinstance(bn, nn.BatchNorm2d):
        raise TypeError(
            f"fold_batch_norm: needs a Conv2d and a BatchNorm2d, got {type(conv).__name__} and"
            f" {type(bn).__name__}\n"
            f"  Only a batch norm that directly follows its convolution can be folded into it."
        )
    if bn.num_features != conv.out_channels:
        raise ShapeError(
            f"fold_batch_norm: conv has {conv.out_channels} filters but bn has {bn.num_features}"
            f" channels\n"
            f"  bn must stand after conv; one that stands before it sees conv's input channels,\n"
            f"  and its shift cannot be folded where conv pads with zeros."
        )
    if bn.running_mean is None or bn.running_var is None:
        raise ValueError(
            "fold_batch_norm: bn keeps no running statistics: its factors change with each batch\n"
            "  Train it with track_running_stats=True."
        )
    if bn.training:
        raise ValueError(
            "fold_batch_norm: bn is in training mode, where its factors change with each batch\n"
            "  Call .eval() on the model first."
        )
    factor = (bn.running_var.double() + bn.eps).rsqrt()
    if bn.weight is not None:
        factor = factor * bn.weight.double()
    shift = -bn.running_mean.double() * factor
    if bn.bias is not None:
        shift = shift + bn.bias.double()
    if conv.bias is not None:
        shift = shift + conv.bias.double() * factor
    folded = copy.deepcopy(conv).eval()
    weight = conv.weight.double() * factor[:, None, None, None]
    folded.weight = nn.Parameter(weight.to(conv.weight.dtype))
    folded.bias = nn.Parameter(shift.to(conv.weight.dtype))
    return nn.Sequential(folded, nn.ReLU(inplace=True)).eval() if relu else folded
