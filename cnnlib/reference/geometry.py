"""The sizes of one convolution, checked once and then handed to every algorithm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from cnnlib.reference.arguments import (
    Array,
    Padding,
    Pair,
    describe,
    require_float,
    require_window_fits,
)
from cnnlib.reference.views import Sides, tap
from cnnlib.shapes import ShapeError, as_integer, as_pair, conv_output_size, same_padding

IMAGES = "(N, C_in, H, W)"
FILTERS = "(C_out, C_in // groups, KH, KW)"


@dataclass(frozen=True)
class Geometry:
    """Names as in the book: capital letters are sizes, ``padding`` is per side."""

    N: int
    C_in: int
    H: int
    W: int
    C_out: int
    KH: int
    KW: int
    stride: tuple[int, int]
    padding: Sides
    dilation: tuple[int, int]
    groups: int

    @property
    def kernel(self) -> tuple[int, int]:
        """(KH, KW)."""
        return self.KH, self.KW

    @cached_property
    def places(self) -> tuple[int, int]:
        """(OH, OW): how many places the window has."""
        size, (sh, sw), (dh, dw) = (self.H, self.W), self.stride, self.dilation
        return (
            conv_output_size(size[0], self.KH, sh, self.padding[0], dh),
            conv_output_size(size[1], self.KW, sw, self.padding[1], dw),
        )

    @property
    def padded(self) -> tuple[int, int]:
        """Height and width with the frame of zeros."""
        (top, bottom), (left, right) = self.padding
        return self.H + top + bottom, self.W + left + right

    @property
    def inside(self) -> tuple[slice, slice]:
        """Where the image lies inside its frame."""
        (top, _), (left, _) = self.padding
        return slice(top, top + self.H), slice(left, left + self.W)

    @property
    def C_group(self) -> int:  # noqa: D102
        return self.C_in // self.groups

    @property
    def O_group(self) -> int:  # noqa: D102
        return self.C_out // self.groups

    @property
    def K(self) -> int:
        """Products that are added up for one output value."""
        return self.C_group * self.KH * self.KW

    @property
    def pointwise(self) -> bool:
        """Whether the window is one pixel and stands on every pixel."""
        return (self.KH, self.KW, *self.stride) == (1, 1, 1, 1) and self.padding == ((0, 0), (0, 0))

    def tap(self, i: int, j: int) -> tuple[slice, slice]:
        """Rows and columns of the padded image that tap (i, j) meets at the output's places."""
        return tap(i, j, self.places, self.stride, self.dilation)


def geometry(
    function: str,
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
) -> Geometry:
    """Check the arguments of a convolution of a batch, and return its sizes."""
    require_float(function, x=x, weight=weight, bias=bias)
    if weight.ndim != 4:
        raise ShapeError(
            f"{function}: weight has {weight.ndim} axes but must have 4\n"
            f"{describe(weight=(weight, f'needed: {FILTERS}'))}\n"
            f"  One 2-D kernel on one channel is kernel[None, None]."
        )
    groups = as_integer(groups, f"{function}: groups", 1)
    N, C_in, H, W = x.shape
    C_out, C_group, KH, KW = weight.shape
    if C_in != C_group * groups:
        raise ShapeError(
            f"{function}: x has C_in={C_in} channels but weight expects {C_group * groups}\n"
            f"{describe(x=(x, IMAGES), weight=(weight, FILTERS))}\n"
            f"  {_channel_cure(x, weight, groups)}"
        )
    if C_out % groups or 0 in (C_out, C_group, KH, KW):
        raise ShapeError(
            f"{function}: weight has C_out={C_out} filters of {C_group}x{KH}x{KW} "
            f"for groups={groups}\n"
            f"{describe(weight=(weight, FILTERS))}\n"
            f"  C_out must be a multiple of groups, and no axis may be empty."
        )
    if bias is not None and bias.shape != (C_out,):
        raise ShapeError(
            f"{function}: bias has shape {bias.shape} but must have one value for each of the "
            f"{C_out} filters\n"
            f"{describe(weight=(weight, FILTERS), bias=(bias, 'needed: (C_out,)'))}\n"
            f"  Use bias.reshape(-1) if it holds {C_out} values."
        )
    steps = as_pair(stride, f"{function}: stride", 1)
    dilations = as_pair(dilation, f"{function}: dilation", 1)
    sides = _sides(function, padding, (KH, KW), steps, dilations)
    result = Geometry(N, C_in, H, W, C_out, KH, KW, steps, sides, dilations, groups)
    require_window_fits(
        function,
        result.kernel,
        dilations,
        result.padded,
        f"x {x.shape} (N, C_in, H, W), weight {weight.shape} {FILTERS}, padding {sides}",
    )
    return result


def _channel_cure(x: Array, weight: Array, groups: int) -> str:
    if x.shape[3] == weight.shape[1] * groups:
        return "Channels come second: for images (N, H, W, C), use x.transpose(0, 3, 1, 2)."
    if groups > 1:
        return f"With groups={groups} every filter sees C_in // groups channels."
    return "Give weight as many input channels as x has."


def _sides(
    function: str,
    padding: Padding,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> Sides:
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
            f"{function}: padding must be 'same', 'valid', an integer or a pair, "
            f"but it is {padding!r}"
        )
    rows, columns = as_pair(padding, f"{function}: padding", 0)
    return (rows, rows), (columns, columns)
