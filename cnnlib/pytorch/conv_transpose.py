"""The transpose of a convolution: every pixel stamps a copy of the filter.

Room: ``cnnlib.pytorch``. Twin: ``cnnlib.reference.conv_transpose``. Book: chapters 3, 4, 7.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnlib.pytorch.arguments import IntPair, images, refusing, require_float
from cnnlib.shapes import ShapeError, as_integer, as_pair

__all__ = ["conv_transpose2d"]


def conv_transpose2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntPair = 1,
    padding: IntPair = 0,
    output_padding: IntPair = 0,
    groups: int = 1,
    dilation: IntPair = 1,
    *,
    algorithm: str = "auto",
) -> Tensor:
    r"""Spread each pixel over a window: the gradient of a convolution with respect to its input.

    .. math:: y_{nohw} = b_o + \sum_{cpqij:\; Sp+Di-P=h,\; Sq+Dj-P=w} w_{coij}\, x_{ncpq}

    Parameters
    ----------
    x : (N, C_in, H, W) or (C_in, H, W)
        Images, any unit.
    weight : (C_in, C_out // groups, KH, KW)
        Input channels first: the weight of the convolution whose transpose this is.
    bias : (C_out,), optional
    stride, dilation : int or (int, int), pixels
        Steps in the *output*, from one stamp to the next and from tap to tap.
    padding : int or (int, int), pixels
        Rows and columns cut off on each side of the output.
    output_padding : int or (int, int), pixels
        Rows at the bottom and columns at the right that no stamp needs, kept because a convolution
        with a stride forgets how many there were; less than the stride or the dilation.
    groups : int
        As in :func:`~cnnlib.pytorch.conv2d`.
    algorithm : {"auto", "fold"}
        PyTorch's kernel, or one matrix product followed by :func:`~cnnlib.pytorch.fold`: im2col,
        backwards.

    Returns
    -------
    y : (N, C_out, OH, OW) or (C_out, OH, OW)
        ``OH = (H - 1) * stride - 2 * padding + dilation * (KH - 1) + output_padding + 1``, and
        ``OW`` likewise.

    Raises
    ------
    ShapeError
        If the channels differ, or nothing is left of the output.
    TypeError, ValueError
        If a size is not an integer, or too small; if a tensor is not floating point, or the dtypes
        differ.

    Notes
    -----
    Dumoulin and Visin, *A guide to convolution arithmetic for deep learning*, 2016, chapter 4.

    Examples
    --------
    >>> x = torch.tensor([[[1.0, 2.0]]])
    >>> conv_transpose2d(x, torch.tensor([[[[1.0, 10.0]]]]), stride=(1, 2))
    tensor([[[ 1., 10.,  2., 20.]]])
    """
    require_float("conv_transpose2d", x=x, weight=weight, bias=bias)
    batch, single = images("conv_transpose2d", x)
    if algorithm not in ("auto", "fold"):
        raise ValueError(
            f"conv_transpose2d: algorithm must be 'auto' or 'fold', but it is {algorithm!r}"
        )
    if weight.dim() != 4 or 0 in weight.shape or batch.shape[1] != weight.shape[0]:
        raise ShapeError(
            f"conv_transpose2d: weight must have x's C_in={batch.shape[1]} channels on its first"
            f" axis\n"
            f"  x       {tuple(x.shape)}  (N, C_in, H, W)\n"
            f"  weight  {tuple(weight.shape)}  (C_in, C_out // groups, KH, KW)\n"
            f"  Input channels come first here: the weight of the convolution that it reverses."
        )
    steps = as_pair(stride, "conv_transpose2d: stride", 1)
    border = as_pair(padding, "conv_transpose2d: padding", 0)
    extra = as_pair(output_padding, "conv_transpose2d: output_padding", 0)
    groups = as_integer(groups, "conv_transpose2d: groups", 1)
    spread = as_pair(dilation, "conv_transpose2d: dilation", 1)
    cure = "Check groups, the bias (C_out,), and that padding leaves something of the output."
    with refusing("conv_transpose2d", cure, x=x, weight=weight, bias=bias):
        # The library's kernel also decides what is refused.
        y = F.conv_transpose2d(batch, weight, bias, steps, border, extra, groups, spread)
    if algorithm == "fold":
        y = _fold(batch, weight, (y.shape[2], y.shape[3]), steps, border, groups, spread)
        y = y if bias is None else y + bias.to(y.dtype)[:, None, None]
    return y[0] if single else y


def _fold(
    x: Tensor,
    weight: Tensor,
    output_size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    groups: int,
    dilation: tuple[int, int],
) -> Tensor:
    """im2col backwards: columns = weight^T x, then add the columns up where they overlap."""
    N, kernel_size = len(x), (weight.shape[2], weight.shape[3])
    by_group = torch.unflatten(x.flatten(2), 1, (groups, -1))  # (N, G, C_in / G, H * W)
    filters = torch.unflatten(weight.flatten(1), 0, (groups, -1)).mT  # (G, C_out/G*KH*KW, C_in/G)
    columns = (filters @ by_group).reshape(N, -1, by_group.shape[-1])
    # All stamps lie on this canvas; padding cuts it, output_padding keeps more or adds zeros.
    H, W = (
        (size - 1) * s + d * (k - 1) + 1
        for size, s, d, k in zip(x.shape[2:], stride, dilation, kernel_size, strict=True)
    )
    y = F.fold(columns, (H, W), kernel_size, dilation, 0, stride)
    (rows, cols), (OH, OW) = padding, output_size
    return F.pad(y, (-cols, OW + cols - W, -rows, OH + rows - H))
