r"""Transposed convolution: what the backward pass of a convolution does to a gradient, as a layer.

Room: ``cnnlib.reference`` -- NumPy only, gradients written by hand, never torch.
Twin: ``cnnlib.pytorch.conv``. Book: chapters 4 and 7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnlib.reference.arguments import Array, Pair, as_batch, describe, require_float, require_shape
from cnnlib.reference.views import tap, window_view
from cnnlib.shapes import ShapeError, as_integer, as_pair

__all__ = ["conv_transpose2d", "conv_transpose2d_backward"]


def conv_transpose2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    groups: int = 1,
    dilation: Pair = 1,
) -> Array:
    r"""Stamp ``weight``, times each value of ``x``, onto a larger image and add up.

    .. math:: y_{n,o,\,Sp+Di-P,\,Sq+Dj-P} \mathrel{+}= \sum_c x_{ncpq}\, w_{coij}

    Parameters
    ----------
    x : (N, C_in, H, W) or (C_in, H, W)
        Images, any unit; ``y`` has the unit of ``x`` times the unit of ``weight``.
    weight : (C_in, C_out // groups, KH, KW)
        Input channels come *first*: it is the weight of the convolution that is transposed.
    bias : (C_out,), optional
    stride, padding, dilation : int or (int, int), pixels
        Those of the convolution that is transposed: ``stride`` spreads the stamps, ``padding``
        cuts rows and columns off each side of ``y``.
    output_padding : int or (int, int), pixels
        Extra rows at the bottom and columns at the right of ``y``, for the sizes that a stride
        had rounded away. Less than ``stride`` or less than ``dilation``.
    groups : int

    Returns
    -------
    y : (N, C_out, OH, OW) or (C_out, OH, OW)
        ``OH = (H - 1) * stride - 2 * padding + dilation * (KH - 1) + output_padding + 1``.

    Raises
    ------
    ShapeError
        If the channels differ, or nothing would be left of ``y``.
    TypeError
        If an array is not floating point, or the arrays have different dtypes.
    ValueError
        If a size is too small, or ``output_padding`` too large.

    Notes
    -----
    The transpose of ``conv2d`` with the same weight (Dumoulin and Visin, *A guide to convolution
    arithmetic for deep learning*, 2016, chapter 4); it does not undo it.

    Examples
    --------
    >>> x = np.array([[[1.0, 2.0]]])
    >>> stamp = np.array([[[[1.0, 10.0]]]])
    >>> conv_transpose2d(x, stamp, stride=2)
    array([[[ 1., 10.,  2., 20.]]])
    """
    require_float("conv_transpose2d", x=x, weight=weight, bias=bias)
    images = as_batch("conv_transpose2d", x, "C_in, H, W")
    s = _sizes(
        "conv_transpose2d", images, weight, bias, stride, padding, output_padding, groups, dilation
    )
    N, C_in, H, W = images.shape
    W_T = weight.reshape(s.groups, C_in // s.groups, s.rows).swapaxes(1, 2)
    columns = W_T @ images.reshape(N, s.groups, C_in // s.groups, H * W)  # W^T x
    stamps = columns.reshape(N, s.C_out, *s.kernel, H, W)
    framed = np.zeros((N, s.C_out, *s.framed), x.dtype)
    for i in range(s.kernel[0]):  # U^T W^T x
        for j in range(s.kernel[1]):
            framed[(..., *tap(i, j, (H, W), s.stride, s.dilation))] += stamps[:, :, i, j]
    y = np.ascontiguousarray(framed[(..., *s.inside)])
    if bias is not None:
        y += bias[:, None, None]
    return y[0] if x.ndim == 3 else y


def conv_transpose2d_backward(
    grad_y: Array,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    groups: int = 1,
    dilation: Pair = 1,
) -> tuple[Array, Array, Array | None]:
    """Gradients of a scalar loss through :func:`conv_transpose2d`.

    Parameters
    ----------
    grad_y : (N, C_out, OH, OW) or (C_out, OH, OW)
        Gradient of the loss with respect to ``y``.
    x, weight, bias, stride, padding, output_padding, groups, dilation
        As given to :func:`conv_transpose2d`.

    Returns
    -------
    grad_x, grad_weight, grad_bias : arrays
        Each has the shape of its argument; ``grad_bias`` is None without a bias.

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``y``, and as :func:`conv_transpose2d`.

    Notes
    -----
    The transpose of a transpose is the map itself: ``grad_x`` is an ordinary convolution of
    ``grad_y`` (Dumoulin and Visin, 2016, chapter 4).

    Examples
    --------
    >>> x, stamp = np.array([[[1.0, 2.0]]]), np.array([[[[1.0, 10.0]]]])
    >>> grad_x, grad_weight, _ = conv_transpose2d_backward(np.ones((1, 1, 4)), x, stamp, stride=2)
    >>> grad_x, grad_weight
    (array([[[11., 11.]]]), array([[[[3., 3.]]]]))
    """
    function = "conv_transpose2d_backward"
    require_float(function, grad_y=grad_y, x=x, weight=weight, bias=bias)
    images = as_batch(function, x, "C_in, H, W")
    s = _sizes(function, images, weight, bias, stride, padding, output_padding, groups, dilation)
    N, C_in, H, W = images.shape
    y_shape = (N, s.C_out, *s.size)[-x.ndim :]
    require_shape(function, "grad_y", grad_y, y_shape, "(N, C_out, OH, OW)")
    framed = np.zeros((N, s.C_out, *s.framed), x.dtype)
    framed[(..., *s.inside)] = grad_y
    view = window_view(framed, s.kernel, s.stride, s.dilation)[:, :, :H, :W]
    columns = view.transpose(0, 1, 4, 5, 2, 3).reshape(N, s.groups, s.rows, H * W)  # U grad_y
    W_ = weight.reshape(s.groups, C_in // s.groups, s.rows)
    values = images.reshape(N, s.groups, C_in // s.groups, H * W)
    grad_weight = (values @ columns.swapaxes(2, 3)).sum(axis=0).reshape(weight.shape)
    grad_bias = None if bias is None else grad_y.reshape(N, s.C_out, *s.size).sum(axis=(0, 2, 3))
    return (W_ @ columns).reshape(x.shape), grad_weight, grad_bias


@dataclass(frozen=True)
class _Sizes:
    C_out: int
    groups: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    size: tuple[int, int]  # of y

    @property
    def rows(self) -> int:
        return self.C_out // self.groups * self.kernel[0] * self.kernel[1]

    @property
    def framed(self) -> tuple[int, int]:
        return self.size[0] + 2 * self.padding[0], self.size[1] + 2 * self.padding[1]

    @property
    def inside(self) -> tuple[slice, slice]:
        top, left = self.padding
        return slice(top, top + self.size[0]), slice(left, left + self.size[1])


def _sizes(
    function: str,
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Pair,
    padding: Pair,
    output_padding: Pair,
    groups: int,
    dilation: Pair,
) -> _Sizes:
    groups = as_integer(groups, f"{function}: groups", 1)
    arrays = describe(x=(x, "(N, C_in, H, W)"), weight=(weight, "(C_in, C_out // groups, KH, KW)"))
    if weight.ndim != 4 or 0 in weight.shape:
        raise ShapeError(f"{function}: weight must have 4 axes, none of them empty\n{arrays}")
    if x.shape[1] != weight.shape[0] or x.shape[1] % groups:
        raise ShapeError(
            f"{function}: x has C_in={x.shape[1]} channels but weight expects {weight.shape[0]} "
            f"in {groups} group(s)\n{arrays}\n"
            f"  Input channels come first in this weight; groups must divide them."
        )
    C_out, kernel = weight.shape[1] * groups, weight.shape[2:]
    if bias is not None and bias.shape != (C_out,):
        raise ShapeError(
            f"{function}: bias has shape {bias.shape} but must have one value for each of the "
            f"{C_out} output channels\n{arrays}\n"
            f"  Use bias.reshape(-1) if it holds {C_out} values."
        )
    step, dil = (
        as_pair(stride, f"{function}: stride", 1),
        as_pair(dilation, f"{function}: dilation", 1),
    )
    pad = as_pair(padding, f"{function}: padding", 0)
    extra = as_pair(output_padding, f"{function}: output_padding", 0)
    size = []
    for axis, name in enumerate(("rows", "columns")):
        if extra[axis] >= max(step[axis], dil[axis]):
            raise ValueError(
                f"{function}: output_padding adds {extra[axis]} {name} but must add fewer than "
                f"the stride {step[axis]} or the dilation {dil[axis]}"
            )
        grown = (x.shape[2 + axis] - 1) * step[axis] + dil[axis] * (kernel[axis] - 1) + 1
        size.append(grown + extra[axis] - 2 * pad[axis])
        if x.shape[2 + axis] == 0 or size[axis] < 1:
            raise ShapeError(
                f"{function}: y would have {size[axis]} {name}\n{arrays}\n"
                f"  Use less padding, or a larger image."
            )
    return _Sizes(C_out, groups, (kernel[0], kernel[1]), step, pad, dil, (size[0], size[1]))
