"""What a convolution is asked to do, checked once: sizes, borders and steps as plain integers.

Room: ``cnnlib.pytorch`` -- tensors of any device. Every algorithm of :mod:`cnnlib.pytorch.conv`
receives a :class:`Geometry`, so that none of them has to read or check arguments again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import torch
from torch import Tensor

from cnnlib.pytorch.arguments import IntPair
from cnnlib.shapes import ShapeError, as_integer, as_pair, same_padding

Sides = tuple[int, int]  # pixels before and after


@dataclass(frozen=True)
class Geometry:
    """One convolution in numbers: (rows, columns) everywhere, in pixels.

    ``padding`` is ((top, bottom), (left, right)): ``"same"`` with an even window needs two
    different amounts. ``output_size`` is (OH, OW).
    """

    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[Sides, Sides]
    dilation: tuple[int, int]
    groups: int
    output_size: tuple[int, int]

    def pad(self, x: Tensor) -> Tensor:
        """``x`` (N, C, H, W) with its border of zeros; ``x`` itself where there is none."""
        (top, bottom), (left, right) = self.padding
        if not any((top, bottom, left, right)):
            return x
        return torch.nn.functional.pad(x, (left, right, top, bottom))


def geometry(
    function: str,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: IntPair,
    padding: IntPair | str,
    dilation: IntPair,
    groups: int,
) -> Geometry:
    """Check the arguments of a convolution of ``x`` (N, C, H, W) and return them as numbers."""
    if weight.dim() != 4:
        raise ShapeError(
            f"{function}: weight has {weight.dim()} axes, expected 4\n"
            f"  weight  {tuple(weight.shape)}\n"
            f"  Its axes are (C_out, C_in // groups, KH, KW); one filter needs its own axis too:"
            f" weight[None]."
        )
    groups = as_integer(groups, f"{function}: groups", 1)
    _check_channels(function, x, weight, bias, groups)
    kernel = (weight.shape[2], weight.shape[3])
    strides = as_pair(stride, f"{function}: stride", 1)
    dilations = as_pair(dilation, f"{function}: dilation", 1)
    sides = _sides(function, padding, kernel, strides, dilations)
    output = []
    for axis, size, k, s, d, (before, after) in zip(
        ("H", "W"), x.shape[2:], kernel, strides, dilations, sides, strict=True
    ):
        reach = d * (k - 1) + 1
        if reach > size + before + after:
            raise ShapeError(
                f"{function}: the window spans {reach} pixels along {axis},"
                f" but the padded image has {size + before + after}\n"
                f"  x       {tuple(x.shape)}  (N, C_in, H, W)\n"
                f"  weight  {tuple(weight.shape)}  (C_out, C_in // groups, KH, KW)\n"
                f"  padding {before} + {after}, dilation {d}\n"
                f"  Use a smaller window, a larger image, or more padding."
            )
        output.append((size + before + after - reach) // s + 1)
    return Geometry(kernel, strides, sides, dilations, groups, (output[0], output[1]))


def _check_channels(
    function: str, x: Tensor, weight: Tensor, bias: Tensor | None, groups: int
) -> None:
    def wrong(message: str) -> NoReturn:
        raise ShapeError(
            f"{function}: {message}\n"
            f"  x       {tuple(x.shape)}  (N, C_in, H, W)\n"
            f"  weight  {tuple(weight.shape)}  (C_out, C_in // groups, KH, KW), groups={groups}\n"
            f"  Channels come second: for images (N, H, W, C), use x.permute(0, 3, 1, 2)."
        )

    if 0 in weight.shape:
        wrong("weight needs at least one filter, one channel and at least one tap along each axis")
    if weight.shape[0] % groups:
        wrong(f"C_out={weight.shape[0]} filters cannot be shared out among groups={groups}")
    if x.shape[1] != weight.shape[1] * groups:
        wrong(f"x has C_in={x.shape[1]} channels but weight expects {weight.shape[1] * groups}")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError(
            f"{function}: bias needs one number per filter\n"
            f"  bias    {tuple(bias.shape)}, expected ({weight.shape[0]},)\n"
            f"  weight  {tuple(weight.shape)}  (C_out, C_in // groups, KH, KW)"
        )


def _sides(
    function: str,
    padding: IntPair | str,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> tuple[Sides, Sides]:
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        if stride != (1, 1):
            raise ValueError(
                f"{function}: padding='same' needs stride 1, but stride is {stride}\n"
                f"  With a stride the output is smaller; give the padding as numbers."
            )
        return same_padding(kernel[0], dilation[0]), same_padding(kernel[1], dilation[1])
    if isinstance(padding, str):
        raise ValueError(
            f"{function}: padding must be 'same', 'valid', an integer or a pair,"
            f" but it is {padding!r}"
        )
    rows, columns = as_pair(padding, f"{function}: padding", 0)
    return (rows, rows), (columns, columns)
