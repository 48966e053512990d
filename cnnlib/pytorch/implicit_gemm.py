r"""Implicit GEMM: how a GPU library convolves. One matrix product whose big matrix never exists.

Room: ``cnnlib.pytorch``. im2col copies every window into a column and multiplies. Here a kernel
computes, for each number of that matrix, *where in the image it would have come from*, and reads it
there: the product of im2col without its memory. NVIDIA documents the method with CUTLASS and cuDNN
(S. Chetlur et al., *cuDNN: Efficient Primitives for Deep Learning*, 2014).

One kernel is enough for the forward pass and for the gradient of ``x``. Output row p reads input
rows ``p * stride - padding + i * dilation``. Turned around, input row h receives from the output
rows with ``p * stride = h + padding - i * dilation``: the rows h of one *phase* (the same
``(h + padding) % stride``) all use the same taps i, and their p lie side by side. So the gradient
is one small stride-1 convolution of ``grad_y`` for each of the stride x stride phases.

Inside, images are (N, H, W, C), which is ``torch.channels_last``: give such images and nothing is
copied. Sums are kept in float32. float32 data is rounded to TF32 (10 bits) on tensor cores where
``torch.backends.cudnn`` allows it, as PyTorch's own convolution does.

The kernels need Triton and a GPU. On a CPU they run, slowly, in Triton's interpreter, if the
environment has ``TRITON_INTERPRET=1`` before Python starts; so their logic is tested everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd, prod
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from cnnlib.pytorch.geometry import Geometry
from cnnlib.pytorch.tiles import Tile, tile_for
from cnnlib.pytorch.tiles import default_tile as default_tile  # the book asks for it here
from cnnlib.shapes import ShapeError


def multiplied_in_tf32(dtype: torch.dtype) -> bool:
    """Whether PyTorch's own convolution would round float32 data to TF32 on tensor cores."""
    if dtype != torch.float32:
        return False
    settings = getattr(torch.backends.cudnn, "conv", None)  # since PyTorch 2.9
    if settings is None:
        return torch.backends.cudnn.allow_tf32
    return bool(settings.fp32_precision == "tf32")


def kernels(device: torch.device) -> ModuleType:
    """The module of the kernels, or an error that says what is missing and what to do."""
    try:
        from cnnlib.pytorch import triton_kernels
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "triton":
            raise
        raise ModuleNotFoundError(
            "conv2d: algorithm='implicit_gemm' is a Triton kernel, and Triton is not installed\n"
            "  Install it with: pip install triton (Linux; part of PyTorch for CUDA).\n"
            "  Without it use algorithm='im2col', the same product with its matrix written out.",
            name="triton",
        ) from error
    if device.type == "cpu" and os.environ.get("TRITON_INTERPRET") != "1":
        raise ValueError(
            "conv2d: algorithm='implicit_gemm' runs on a GPU, but x is on the CPU\n"
            "  Move the tensors with .to('cuda'); or use algorithm='im2col'.\n"
            "  To follow the kernel on a CPU, start Python with TRITON_INTERPRET=1 (slow)."
        )
    return triton_kernels


def implicit_gemm(
    x: Tensor, weight: Tensor, bias: Tensor | None, g: Geometry, relu: bool = False
) -> Tensor:
    """``y`` (N, C_out, OH, OW) in channels-last memory; bias and ReLU ride along in the kernel.

    Deterministic: two runs agree in every bit, gradients too. Depthwise convolutions
    (groups = C_in) are correct but waste the tensor cores, which multiply blocks of 16 channels.
    """
    for name, size in (("x", x.numel()), ("y", len(x) * len(weight) * prod(g.output_size))):
        if size >= 2**31:
            raise ShapeError(
                f"conv2d: {name} has {size} values, more than 32 bits can count\n"
                f"  Split the batch, or use algorithm='auto'."
            )
    y: Tensor = _ImplicitGemm.apply(x, weight, bias, g, relu)  # type: ignore[no-untyped-call]
    return y


class _ImplicitGemm(torch.autograd.Function):
    """Forward and both gradients, each a matrix product that is never written out."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, g: Geometry, relu: bool
    ) -> Tensor:
        y = forward(x, weight, bias, g, relu)
        ctx.save_for_backward(x, weight, y if relu else None)
        ctx.geometry = g
        return y

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_y: Tensor
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None]:
        x, weight, y = ctx.saved_tensors
        if y is not None:
            grad_y = grad_y.masked_fill(y <= 0, 0.0)  # the ReLU that rode along
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad[:3]
        grad_x = gradient_of_x(grad_y, x, weight, ctx.geometry) if needs_x else None
        grad_weight = gradient_of_weight(grad_y, x, weight, ctx.geometry) if needs_weight else None
        grad_bias = None
        if needs_bias:
            wide = torch.promote_types(grad_y.dtype, torch.float32)
            grad_bias = grad_y.sum((0, 2, 3), dtype=wide).to(grad_y.dtype)
        return grad_x, grad_weight, grad_bias, None, None


def forward(
    x: Tensor, weight: Tensor, bias: Tensor | None, g: Geometry, relu: bool = False
) -> Tensor:
    """y[n, p, q, o]: rows of the product are places, columns are filters."""
    OH, OW = g.output_size
    src = _pixels(x)
    dst = src.new_empty(len(x), OH, OW, len(weight))
    (top, _), (left, _) = g.padding
    steps = Steps(g.stride, (-top, -left), g.dilation)
    tile = tile_for("forward", x, weight, g)
    _gather(src, _filters(weight, g), bias, dst, steps, relu, tile)
    return dst.permute(0, 3, 1, 2)


def gradient_of_x(grad_y: Tensor, x: Tensor, weight: Tensor, g: Geometry) -> Tensor:
    """One product for each phase of the stride: rows are pixels of ``x``, columns are channels."""
    N, C_in, H, W = x.shape
    src = _pixels(grad_y)
    grad_x = src.new_empty(N, H, W, C_in)
    transposed = _filters(weight, g).permute(0, 4, 2, 3, 1)  # what was added up is now a column
    tile = tile_for("gradient of x", x, weight, g)
    for vertical in _phases(H, 0, g):
        for horizontal in _phases(W, 1, g):
            dst = grad_x[:, vertical.pixels, horizontal.pixels]
            taps = transposed[:, :, vertical.taps, horizontal.taps]
            if taps.numel() == 0:
                dst.zero_()  # rows or columns that the stride steps over: nothing depends on them
                continue
            steps = Steps(
                (1, 1),
                (vertical.origin, horizontal.origin),
                (vertical.reach, horizontal.reach),
            )
            _gather(src, taps, None, dst, steps, False, tile)
    return grad_x.permute(0, 3, 1, 2)


def gradient_of_weight(grad_y: Tensor, x: Tensor, weight: Tensor, g: Geometry) -> Tensor:
    """One long product: rows are filters, columns the weights of one, the sum is over places."""
    triton_kernels = kernels(x.device)
    (OH, OW), (KH, KW), (top, _), (left, _) = g.output_size, g.kernel_size, *g.padding
    C_out, C_group = weight.shape[:2]
    O_group, places = C_out // g.groups, len(x) * OH * OW
    tile = tile_for("gradient of weight", x, weight, g)
    src, grad = _pixels(x), _pixels(grad_y)
    partial = src.new_empty(
        tile.splits, C_out, KH, KW, C_group, dtype=torch.promote_types(x.dtype, torch.float32)
    )
    grid = (-(-O_group // tile.m) * -(-KH * KW * C_group // tile.n), g.groups, tile.splits)
    triton_kernels.weight_gemm[grid](
        src, grad, partial, places, OH, OW, *x.shape[2:], C_group, O_group,
        *src.stride()[:3], *grad.stride()[:3], partial.stride(0),
        *g.stride, -top, -left, *g.dilation, tile.splits, KH, KW,
        **_constants(triton_kernels, x.dtype, tile),
    )  # fmt: skip
    return partial.sum(0).to(x.dtype).permute(0, 3, 1, 2)


@dataclass(frozen=True)
class Steps:
    """Through tap i, place p reads the source at ``p * step + origin + i * reach``."""

    step: tuple[int, int]
    origin: tuple[int, int]
    reach: tuple[int, int]


@dataclass(frozen=True)
class Phase:
    """The pixels along one axis that share their taps, and where they read ``grad_y``."""

    pixels: slice
    taps: slice
    origin: int
    reach: int


def _phases(size: int, axis: int, g: Geometry) -> Iterator[Phase]:
    """Tap i brings output p to pixel h where p * stride = h + padding - i * dilation."""
    stride, dilation, taps = g.stride[axis], g.dilation[axis], g.kernel_size[axis]
    padding = g.padding[axis][0]
    every = stride // gcd(stride, dilation)  # i and i + every meet the same phase
    for first in range(min(stride, size)):
        fitting = [i for i in range(taps) if (first + padding - i * dilation) % stride == 0]
        tap = fitting[0] if fitting else taps  # a slice from the end is empty
        yield Phase(
            slice(first, None, stride),
            slice(tap, None, every),
            (first + padding - tap * dilation) // stride,
            -(every * dilation) // stride,
        )


def _gather(
    src: Tensor,
    filters: Tensor,
    bias: Tensor | None,
    dst: Tensor,
    steps: Steps,
    relu: bool,
    tile: Tile,
) -> None:
    """Run the gathering kernel into ``dst``; add the parts of a split sum in a fixed order."""
    triton_kernels = kernels(src.device)
    groups, C_out, taps_h, taps_w, C_in = filters.shape
    N, OH, OW, _ = dst.shape
    target = dst[None]
    if tile.splits > 1:
        wide = torch.promote_types(dst.dtype, torch.float32)
        target = dst.new_empty(tile.splits, *dst.shape, dtype=wide)
    fused = tile.splits == 1  # bias and ReLU come after the whole sum
    grid = (-(-N * OH * OW // tile.m) * -(-C_out // tile.n), groups, tile.splits)
    triton_kernels.gather_gemm[grid](
        src, filters, bias, target, N * OH * OW, OH, OW, *src.shape[1:3], C_in, C_out,
        *src.stride()[:3], *filters.stride(), *target.stride()[:4],
        *steps.step, *steps.origin, *steps.reach, tile.splits, taps_h, taps_w,
        FLAT=C_in < tile.k, HAS_BIAS=fused and bias is not None, RELU=fused and relu,
        **_constants(triton_kernels, src.dtype, tile),
    )  # fmt: skip
    if not fused:
        total = target.sum(0) if bias is None else target.sum(0) + bias
        dst.copy_(total.relu_() if relu else total)


def _constants(triton_kernels: ModuleType, dtype: torch.dtype, tile: Tile) -> dict[str, Any]:
    """What the compiler is told: the tile, and with which precision float32 is multiplied."""
    tl = triton_kernels.tl
    return {
        "PRECISION": "tf32" if multiplied_in_tf32(dtype) else "ieee",
        "ACCUMULATE": tl.float64 if dtype == torch.float64 else tl.float32,
        # Triton's interpreter keeps bfloat16 as bit patterns and would multiply those.
        "WIDEN": dtype == torch.bfloat16 and os.environ.get("TRITON_INTERPRET") == "1",
        "BLOCK_M": tile.m,
        "BLOCK_N": tile.n,
        "BLOCK_K": tile.k,
        "BAND": 8,
        "num_warps": tile.warps,
        "num_stages": tile.stages,
    }


def _pixels(images: Tensor) -> Tensor:
    """(N, C, H, W) as (N, H, W, C) in memory; no copy if it is ``torch.channels_last`` already."""
    return images.permute(0, 2, 3, 1).contiguous()


def _filters(weight: Tensor, g: Geometry) -> Tensor:
    """(C_out, C_in // groups, KH, KW) as (groups, C_out // groups, KH, KW, C_in // groups)."""
    return torch.unflatten(_pixels(weight), 0, (g.groups, -1))
