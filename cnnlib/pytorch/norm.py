"""Normalisation: subtract a mean, divide by a standard deviation, over four choices of axes.

Room: ``cnnlib.pytorch``. Twin: ``cnnlib.reference.norm``, which shows the sums and their gradients.
Book: chapter 8. PyTorch's functions: each is two passes over memory, and its kernels do both at
the speed of the memory, so there is nothing that another algorithm would show.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from cnnlib.pytorch.arguments import refusing, require_float
from cnnlib.shapes import ShapeError, as_integer

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm"]

CURE = "Parameters need one number per channel (axis 1); training, more than one value per channel."


def batch_norm(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    r"""Normalise each channel over the batch and its pixels.

    .. math:: y = \gamma \frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + \beta

    Parameters
    ----------
    x : (N, C), (N, C, L) or (N, C, H, W)
        Any unit; ``y`` has the unit of ``weight`` and ``bias``.
    running_mean, running_var : (C,) or None
        Used instead of the batch's statistics when not training; while training *updated in place*
        with ``momentum`` as the weight of the new value. The running variance is the unbiased one.
    weight, bias : (C,), optional
        :math:`\gamma` and :math:`\beta`.
    training : bool
        Whether to use the batch's own mean and (biased) variance.
    momentum : float
    eps : float
        In the unit of ``x`` squared.

    Returns
    -------
    y : the shape of ``x``

    Raises
    ------
    ShapeError
        If a parameter does not have one number per channel, or while training there is only one
        value per channel.
    ValueError
        If there are no running statistics and ``training`` is False.
    TypeError
        If a tensor is not floating point.

    Notes
    -----
    Ioffe and Szegedy, *Batch normalization*, 2015.

    Examples
    --------
    >>> import torch
    >>> batch_norm(torch.tensor([[1.0], [3.0]]), None, None, training=True)
    tensor([[-1.0000],
            [ 1.0000]])
    """
    require_float(
        "batch_norm", mixed=True, x=x, running_mean=running_mean, running_var=running_var,
        weight=weight, bias=bias,
    )  # fmt: skip
    if not training and (running_mean is None or running_var is None):
        raise ValueError(
            "batch_norm: without training, the statistics must be given\n"
            "  Pass running_mean and running_var, or training=True to use those of this batch."
        )
    with refusing("batch_norm", CURE, x=x, running_mean=running_mean, weight=weight, bias=bias):
        return F.batch_norm(x, running_mean, running_var, weight, bias, training, momentum, eps)


def layer_norm(
    x: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    r"""Normalise each example over its last axes.

    .. math:: y = \gamma \odot \frac{x - \mu_n}{\sqrt{\sigma_n^2 + \epsilon}} + \beta

    Parameters
    ----------
    x : (..., *normalized_shape)
        Any unit.
    normalized_shape : sequence of int
        The sizes of the last axes, over which the statistics are taken: ``(C, H, W)`` for an image.
    weight, bias : normalized_shape, optional
        One number per *element*, not per channel.
    eps : float
        In the unit of ``x`` squared.

    Returns
    -------
    y : the shape of ``x``

    Raises
    ------
    ShapeError
        If ``x`` does not end in ``normalized_shape``, or a parameter differs from it.
    TypeError
        If a tensor is not floating point.

    Notes
    -----
    Ba, Kiros and Hinton, *Layer normalization*, 2016.

    Examples
    --------
    >>> import torch
    >>> layer_norm(torch.tensor([[1.0, 3.0], [10.0, 30.0]]), (2,))
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """
    require_float("layer_norm", mixed=True, x=x, weight=weight, bias=bias)
    sizes = [as_integer(size, "layer_norm: normalized_shape", 0) for size in normalized_shape]
    cure = (
        f"x must end in normalized_shape={tuple(sizes)}, and the parameters must have that shape."
    )
    with refusing("layer_norm", cure, x=x, weight=weight, bias=bias):
        return F.layer_norm(x, sizes, weight, bias, eps)


def instance_norm(
    x: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    r"""Normalise each channel of each image over its pixels.

    .. math:: y = \gamma \frac{x - \mu_{nc}}{\sqrt{\sigma_{nc}^2 + \epsilon}} + \beta

    Parameters
    ----------
    x : (N, C, L) or (N, C, H, W)
        Any unit.
    running_mean, running_var : (C,) or None
        Updated in place from the images' statistics, averaged over the batch; used instead of them
        if ``use_input_stats`` is False.
    weight, bias : (C,), optional
    use_input_stats : bool
    momentum : float
        Weight of the new value in the running statistics.
    eps : float
        In the unit of ``x`` squared.

    Returns
    -------
    y : the shape of ``x``

    Raises
    ------
    ShapeError
        If a parameter does not have one number per channel, or there is one pixel per channel.
    ValueError
        If there are no running statistics and ``use_input_stats`` is False.
    TypeError
        If a tensor is not floating point.

    Notes
    -----
    Ulyanov, Vedaldi and Lempitsky, *Instance normalization*, 2016.

    Examples
    --------
    >>> import torch
    >>> instance_norm(torch.tensor([[[1.0, 3.0], [10.0, 30.0]]]))
    tensor([[[-1.0000,  1.0000],
             [-1.0000,  1.0000]]])
    """
    require_float(
        "instance_norm", mixed=True, x=x, running_mean=running_mean, running_var=running_var,
        weight=weight, bias=bias,
    )  # fmt: skip
    if not use_input_stats and (running_mean is None or running_var is None):
        raise ValueError(
            "instance_norm: without the images' own statistics, others must be given\n"
            "  Pass running_mean and running_var, or use_input_stats=True."
        )
    if x.dim() < 2 or (x.dim() == 2 and use_input_stats):
        raise ShapeError(
            f"instance_norm: x has {x.dim()} axes but must have pixels, (N, C, H, W)\n"
            f"  x       {tuple(x.shape)}\n"
            f"  For vectors (N, D) use layer_norm."
        )
    arguments = running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    with refusing("instance_norm", CURE, x=x, weight=weight, bias=bias):
        return F.instance_norm(x, *arguments)


def group_norm(
    x: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    r"""Normalise groups of neighbouring channels of each image over channels and pixels.

    .. math:: y = \gamma_c \frac{x - \mu_{ng}}{\sqrt{\sigma_{ng}^2 + \epsilon}} + \beta_c

    Parameters
    ----------
    x : (N, C, ...)
        Any unit.
    num_groups : int
        Divides C. 1 is a layer norm over (C, H, W) with parameters per channel; C is an instance
        norm.
    weight, bias : (C,), optional
    eps : float
        In the unit of ``x`` squared.

    Returns
    -------
    y : the shape of ``x``

    Raises
    ------
    ShapeError
        If the channels do not divide into the groups, or a parameter does not have one number per
        channel.
    TypeError, ValueError
        If ``num_groups`` is not a positive integer; if a tensor is not floating point.

    Notes
    -----
    Wu and He, *Group normalization*, 2018.

    Examples
    --------
    >>> import torch
    >>> group_norm(torch.tensor([[1.0, 3.0, 10.0, 30.0]]), num_groups=2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    require_float("group_norm", mixed=True, x=x, weight=weight, bias=bias)
    groups = as_integer(num_groups, "group_norm: num_groups", 1)
    if x.dim() < 2 or x.shape[1] % groups:
        raise ShapeError(
            f"group_norm: the channels of x do not divide into num_groups={groups}\n"
            f"  x       {tuple(x.shape)}  (N, C, ...)\n"
            f"  Choose a divisor of C."
        )
    with refusing("group_norm", CURE, x=x, weight=weight, bias=bias):
        return F.group_norm(x, groups, weight, bias, eps)
