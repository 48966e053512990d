r"""Convolution on any device, and five ways to compute it.

Room: ``cnnlib.pytorch`` -- tensors of any device and float type, differentiated by autograd.
Twin: ``cnnlib.reference.conv`` -- same names, same arguments, NumPy only. Book: chapters 2, 3, 4.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnlib.pytorch.arguments import IntPair, autocasting, images, require_float, under_autocast
from cnnlib.pytorch.conv_algorithms import direct, fft, im2col
from cnnlib.pytorch.geometry import Geometry, geometry
from cnnlib.pytorch.implicit_gemm import implicit_gemm
from cnnlib.pytorch.winograd import winograd

__all__ = ["conv2d"]

Algorithm = Callable[[Tensor, Tensor, Tensor | None, Geometry], Tensor]


def library(x: Tensor, weight: Tensor, bias: Tensor | None, g: Geometry) -> Tensor:
    """What PyTorch itself does: oneDNN on a CPU, cuDNN on an NVIDIA GPU."""
    (top, bottom), (left, right) = g.padding
    if (top, left) == (bottom, right):
        return F.conv2d(x, weight, bias, g.stride, (top, left), g.dilation, g.groups)
    return F.conv2d(g.pad(x), weight, bias, g.stride, 0, g.dilation, g.groups)


def then_bias(products: Callable[[Tensor, Tensor, Geometry], Tensor]) -> Algorithm:
    """An algorithm that adds up ``products``, and then the bias of each filter."""

    def algorithm(x: Tensor, weight: Tensor, bias: Tensor | None, g: Geometry) -> Tensor:
        y = products(x, weight, g)
        return y if bias is None else y + bias[:, None, None]

    return algorithm


ALGORITHMS: dict[str, Algorithm] = {
    "auto": library,
    "direct": then_bias(direct),
    "im2col": then_bias(im2col),
    "fft": then_bias(fft),
    "winograd": then_bias(winograd),
    "winograd2": then_bias(partial(winograd, m=2)),
    "winograd4": then_bias(partial(winograd, m=4)),
    "implicit_gemm": implicit_gemm,
}


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntPair = 1,
    padding: IntPair | str = 0,
    dilation: IntPair = 1,
    groups: int = 1,
    *,
    algorithm: str = "auto",
) -> Tensor:
    r"""Slide ``weight`` over ``x`` and add up the products.

    .. math:: y_{nopq} = b_o + \sum_{cij} w_{ocij}\, x_{n,c,\,Sp+Di,\,Sq+Dj}

    Parameters
    ----------
    x : (N, C_in, H, W) or (C_in, H, W)
        Images, any unit; ``y`` has the unit of ``x`` times the unit of ``weight``.
    weight : (C_out, C_in // groups, KH, KW)
    bias : (C_out,), optional
    stride, padding, dilation : int or (int, int), pixels
        ``padding`` is rows and columns of zeros on *each* side, or ``"valid"`` (none), or
        ``"same"`` (as many as keep the size; an odd one goes to the bottom and right).
    groups : int
        Input and output channels are cut into this many groups that do not see each other;
        ``groups=C_in`` is a depthwise convolution.
    algorithm : str
        How to add up; all give the same sums up to rounding.

        ``"auto"``
            The library's kernel, the fastest almost everywhere.
        ``"direct"``
            A sum over the KH * KW taps.
        ``"im2col"``
            Copy the windows into columns, then one matrix product.
        ``"fft"``
            Multiply spectra; pays for large windows.
        ``"winograd"``, ``"winograd2"``, ``"winograd4"``
            F(m x m, 3 x 3) with m chosen from the size, or 2, or 4: fewer multiplications, more
            rounding error. Only 3 x 3 windows, stride 1, dilation 1.
        ``"implicit_gemm"``
            One matrix product whose columns exist only inside the kernel: a GPU kernel written in
            Triton, see :mod:`cnnlib.pytorch.implicit_gemm`.

    Returns
    -------
    y : (N, C_out, OH, OW) or (C_out, OH, OW)
        ``OH = (H + 2 * padding - dilation * (KH - 1) - 1) // stride + 1``, and ``OW`` likewise.

    Raises
    ------
    ShapeError
        If the channels differ, the window is larger than the padded image, or the algorithm
        cannot do this geometry.
    TypeError
        If a tensor is not floating point, or the tensors have different dtypes.
    ValueError
        If a size is too small, or the algorithm is unknown.

    Notes
    -----
    The kernel is not flipped, so this is cross-correlation (Goodfellow, Bengio and Courville,
    *Deep Learning*, 2016, section 9.1). N * C_out * OH * OW * (C_in // groups) * KH * KW
    multiply-adds.

    Examples
    --------
    >>> import torch
    >>> x = torch.arange(12.0).reshape(1, 1, 3, 4)
    >>> edge = torch.tensor([[[[-1.0, 1.0]]]])
    >>> conv2d(x, edge)[0, 0]
    tensor([[1., 1., 1.],
            [1., 1., 1.],
            [1., 1., 1.]])
    >>> torch.equal(conv2d(x, edge, algorithm="im2col"), conv2d(x, edge))
    True
    """
    require_float("conv2d", x=x, weight=weight, bias=bias)
    if autocasting(x):  # convert once; inside, some algorithms compute wider on purpose
        narrow = (under_autocast(x), under_autocast(weight), under_autocast(bias))
        with torch.autocast(x.device.type, enabled=False):
            return conv2d(*narrow, stride, padding, dilation, groups, algorithm=algorithm)
    batch, single = images("conv2d", x)
    g = geometry("conv2d", batch, weight, bias, stride, padding, dilation, groups)
    if algorithm not in ALGORITHMS:
        raise ValueError(
            f"conv2d: algorithm must be one of {', '.join(map(repr, ALGORITHMS))},"
            f" but it is {algorithm!r}"
        )
    # In an empty batch there is nothing to compute, and some libraries refuse to transform it.
    compute = ALGORITHMS[algorithm] if len(batch) else library
    y = compute(batch, weight, bias, g)
    return y[0] if single else y
