"""Dropout: forget some values on purpose while training.

Room: ``cnnlib.pytorch``. Twin: ``cnnlib.reference.dropout``, which takes a generator ``rng`` and
can return its mask. Here the random numbers are those of ``torch.manual_seed`` on each device, and
autograd remembers the mask. Book: chapter 9. PyTorch's functions.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnlib.pytorch.arguments import require_float
from cnnlib.shapes import ShapeError

__all__ = ["dropout", "dropout2d"]


def dropout(x: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """Set each value to zero with probability ``p``, and scale up the others.

    Parameters
    ----------
    x : any shape, any unit
    p : float
        Probability of forgetting, from 0 to 1.
    training : bool
        Without it nothing is forgotten: ``y`` is ``x``.

    Returns
    -------
    y : the shape of ``x``
        The same mean as ``x``, since what is kept is divided by ``1 - p``.

    Raises
    ------
    ValueError
        If ``p`` is not from 0 to 1.
    TypeError
        If ``x`` is not a floating-point tensor.

    Notes
    -----
    Srivastava et al., *Dropout: a simple way to prevent neural networks from overfitting*, 2014.

    Examples
    --------
    >>> import torch
    >>> sorted(set(dropout(torch.ones(100), 0.75).tolist()))
    [0.0, 4.0]
    >>> dropout(torch.ones(3), 0.5, training=False)
    tensor([1., 1., 1.])
    """
    require_float("dropout", x=x)
    _check_probability("dropout", p)
    return F.dropout(x, p, training)


def dropout2d(x: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """Set each *channel* of each image to zero with probability ``p``, and scale up the others.

    Parameters
    ----------
    x : (N, C, H, W), or any shape that begins with (N, C)
        Any unit. The first axis is always the batch: one image needs ``x[None]``.
    p : float
        Probability of forgetting, from 0 to 1.
    training : bool
        Without it nothing is forgotten: ``y`` is ``x``.

    Returns
    -------
    y : the shape of ``x``

    Raises
    ------
    ShapeError
        If ``x`` has no axes beyond (N, C).
    ValueError
        If ``p`` is not from 0 to 1.
    TypeError
        If ``x`` is not a floating-point tensor.

    Notes
    -----
    Neighbouring pixels are alike, so forgetting single ones hides nothing (Tompson et al.,
    *Efficient object localization using convolutional networks*, 2015).

    Examples
    --------
    >>> import torch
    >>> y = dropout2d(torch.ones(1, 50, 2, 3))
    >>> bool((y == y[..., :1, :1]).all())
    True
    """
    require_float("dropout2d", x=x)
    _check_probability("dropout2d", p)
    if x.dim() < 3:
        raise ShapeError(
            f"dropout2d: x has {x.dim()} axes but must have channels of pixels, (N, C, H, W)\n"
            f"  x       {tuple(x.shape)}\n"
            f"  For single values use dropout."
        )
    # What F.dropout2d calls, without its warning that three axes might once mean one image.
    return torch.feature_dropout(x, p, training)


def _check_probability(function: str, p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"{function}: p must be a probability from 0 to 1, but it is {p}")
