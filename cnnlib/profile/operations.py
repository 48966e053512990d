"""What each kind of operation multiplies, and through which window it looks.

Normalisation counts as looking at one pixel: its statistics may depend on the whole image, but
receptive fields are about what reaches an output through the weights.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlib.profile.fields import Field, Window
from cnnlib.shapes import ReceptiveField, as_pair, same_padding

if TYPE_CHECKING:
    from torch.utils.flop_counter import FlopCounterMode

POINTWISE_MODULES = (
    nn.Identity, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.ELU, nn.CELU, nn.SELU,
    nn.GELU, nn.SiLU, nn.Mish, nn.Hardswish, nn.Hardtanh, nn.Hardshrink, nn.Softshrink,
    nn.Tanhshrink, nn.Softsign, nn.Threshold, nn.Sigmoid, nn.LogSigmoid, nn.Hardsigmoid, nn.Tanh,
    nn.Softplus, nn.Dropout, nn.Dropout2d, nn.AlphaDropout, nn.FeatureAlphaDropout, nn.BatchNorm2d,
    nn.SyncBatchNorm, nn.GroupNorm, nn.InstanceNorm2d, nn.LayerNorm, nn.RMSNorm,
    nn.LocalResponseNorm, nn.Softmax2d, nn.ChannelShuffle,
)  # fmt: skip
ALONG_CHANNELS = (nn.Softmax, nn.LogSoftmax, nn.GLU)  # one pixel, if their axis is the channels
PADDINGS = (
    nn.ZeroPad2d, nn.ConstantPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d, nn.CircularPad2d,
)  # fmt: skip
POINTWISE = {
    torch.relu, torch.sigmoid, torch.tanh, torch.exp, torch.log, torch.sqrt, torch.neg, torch.pow,
    torch.square, torch.clamp, torch.clone, torch.abs, operator.neg, operator.pow,
    F.relu, F.relu6, F.leaky_relu, F.elu, F.celu, F.selu, F.gelu, F.silu, F.mish, F.hardswish,
    F.hardtanh, F.hardsigmoid, F.softplus, F.logsigmoid, F.sigmoid, F.tanh, F.prelu,
    F.dropout, F.dropout2d, F.batch_norm, F.group_norm, F.instance_norm, F.layer_norm, F.rms_norm,
    F.local_response_norm, F.channel_shuffle, torch.channel_shuffle,
    "relu", "relu_", "sigmoid", "tanh", "square", "contiguous", "clone", "neg", "exp", "abs",
    "clamp", "pow", "sqrt", "log", "float", "half", "to", "type_as", "detach",
}  # fmt: skip
SPLITTING = {torch.chunk, torch.split, torch.tensor_split, "chunk", "split", "tensor_split"}
MEETING = {
    torch.add, torch.sub, torch.mul, torch.div, torch.maximum, torch.minimum, torch.cat,
    operator.add, operator.sub, operator.mul, operator.truediv, operator.iadd, operator.imul,
    "add", "add_", "sub", "mul", "mul_", "div",
}  # fmt: skip


def count_macs() -> FlopCounterMode:
    """A counter of FLOPs, two for each multiply-add of what PyTorch at last computes.

    It sees every convolution and matrix product, also those inside attention, recurrent layers
    and ``einsum``. Normalisation and pooling have none that are counted as such.
    """
    # It imports Triton, which takes as long as the rest, and which the tests of the kernels set up.
    from torch.utils.flop_counter import FlopCounterMode

    aten = torch.ops.aten
    # The two products that PyTorch's own counter leaves out: matrix by vector, vector by vector.
    vectors = {
        aten.mv: lambda x, *_, **__: 2 * math.prod(x),
        aten.dot: lambda x, *_, **__: 2 * x[0],
    }
    return FlopCounterMode(display=False, custom_mapping=vectors)


def field_of_module(module: nn.Module, field: Field, x: Tensor) -> Field | None:
    """The field behind ``module``; None if it is unknown or has no place in the image."""
    if isinstance(module, POINTWISE_MODULES):
        return field
    if isinstance(module, nn.Conv2d):
        padding: Any = module.padding
        return field.through(*_windows(module.kernel_size, module.stride, padding, module.dilation))
    if isinstance(module, nn.MaxPool2d):
        return field.through(
            *_windows(module.kernel_size, module.stride, module.padding, module.dilation)
        )
    if isinstance(module, nn.AvgPool2d):
        return field.through(*_windows(module.kernel_size, module.stride, module.padding))
    if isinstance(module, nn.LPPool2d):
        return field.through(*_windows(module.kernel_size, module.stride))
    if isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
        return _adaptive(field, x, module.output_size)
    if isinstance(module, PADDINGS):
        return _padded(field, module.padding)
    if isinstance(module, ALONG_CHANNELS):
        return _along_channels(field, x, module.dim)
    return None


def field_of_function(
    target: Any, args: tuple[Any, ...], kwargs: dict[str, Any], field: Field, x: Tensor
) -> Field | None:
    """The field behind a function or method with one image among its arguments."""
    if target in POINTWISE:
        return field
    handler = HANDLERS.get(target)
    return handler(field, x, *args[1:], **kwargs) if handler else None


def whole(field: Field, x: Tensor) -> Field:
    """What an output sees that depends on every pixel of ``x``, such as a linear layer's."""
    H, W = x.shape[-2:]
    return field.through((H, H, 0, 1), (W, W, 0, 1))


def _windows(
    kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1
) -> tuple[Window, Window]:
    kernel, spread = as_pair(kernel_size), as_pair(dilation)
    steps = kernel if stride is None or stride == [] else as_pair(stride)
    if padding == "same":
        before = (same_padding(kernel[0], spread[0])[0], same_padding(kernel[1], spread[1])[0])
    else:
        before = (0, 0) if padding == "valid" else as_pair(padding)
    return (
        (kernel[0], steps[0], before[0], spread[0]),
        (kernel[1], steps[1], before[1], spread[1]),
    )


def _adaptive(field: Field, x: Tensor, output_size: Any, *_: Any, **__: Any) -> Field | None:
    wanted = output_size if isinstance(output_size, tuple) else (output_size, output_size)
    windows: list[Window] = []
    for size, places in zip(x.shape[-2:], wanted, strict=True):
        places = size if places is None else places
        if size % places:
            return None  # windows of different sizes have no common field
        windows.append((size // places, size // places, 0, 1))
    return field.through(windows[0], windows[1])


def _along_channels(field: Field, x: Tensor, dim: Any = -1, *_: Any, **__: Any) -> Field | None:
    return field if dim is not None and x.dim() == 4 and dim % 4 == 1 else None


def _split(field: Field, x: Tensor, parts: Any = None, dim: int = 0, **more: Any) -> Field | None:
    """Pieces of the channels look where their whole looks."""
    return _along_channels(field, x, dim)


def _normalised(
    field: Field, x: Tensor, p: float = 2.0, dim: Any = 1, *_: Any, **__: Any
) -> Field | None:
    return _along_channels(field, x, dim)


def _padded(field: Field, pad: Any, *_: Any, **__: Any) -> Field | None:
    if not isinstance(pad, tuple | list):
        return None
    left, top = pad[0], pad[2] if len(pad) > 2 else 0
    return field.through((1, 1, top, 1), (1, 1, left, 1))


def _convolved(
    field: Field, _: Tensor, weight: Tensor, bias: Any = None, stride: Any = 1,
    padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> Field:  # fmt: skip
    return field.through(*_windows(tuple(weight.shape[2:]), stride, padding, dilation))


def _max_pooled(
    field: Field, _: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Field:  # fmt: skip
    return field.through(*_windows(kernel_size, stride, padding, dilation))


def _avg_pooled(
    field: Field, _: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, *__: Any,
    **___: Any,
) -> Field:  # fmt: skip
    return field.through(*_windows(kernel_size, stride, padding))


def _reduced(field: Field, x: Tensor, dim: Any = None, *_: Any, **__: Any) -> Field | None:
    axes = dim if isinstance(dim, tuple | list) else (dim,)
    over = {axis % x.dim() for axis in axes if axis is not None}
    return whole(field, x) if {2, 3} <= over else None


def _indexed(field: Field, x: Tensor, index: Any) -> Field | None:
    """x[:, channels, a:b:s, c:d:t]: other channels, or every s-th pixel from the a-th on."""
    entries = index if isinstance(index, tuple) else (index,)
    if any(not isinstance(entry, slice | list) for entry in entries) or x.dim() != 4:
        return None
    axes = [field.rows, field.columns]
    for axis, entry in enumerate(entries[2:]):
        if not isinstance(entry, slice):
            return None
        start, _, step = entry.indices(x.shape[2 + axis])
        old = axes[axis]
        axes[axis] = ReceptiveField(old.size, old.jump * step, old.start + start * old.jump)
    return Field(axes[0], axes[1])


HANDLERS: dict[Any, Callable[..., Field | None]] = {
    torch.conv2d: _convolved,
    F.max_pool2d: _max_pooled,
    F.max_pool2d_with_indices: _max_pooled,
    torch.max_pool2d: _max_pooled,
    F.avg_pool2d: _avg_pooled,
    F.adaptive_avg_pool2d: _adaptive,
    F.adaptive_max_pool2d: _adaptive,
    F.softmax: _along_channels,
    F.log_softmax: _along_channels,
    F.glu: _along_channels,
    torch.softmax: _along_channels,
    "softmax": _along_channels,
    "log_softmax": _along_channels,
    F.normalize: _normalised,
    F.pad: lambda field, _, pad, *rest, **more: _padded(field, pad),
    torch.mean: _reduced,
    "mean": _reduced,
    "sum": _reduced,
    operator.getitem: _indexed,
    **dict.fromkeys(SPLITTING, _split),
}


def is_view(x: Tensor | None, y: Tensor) -> bool:
    """Whether ``y`` lies in the memory of ``x``."""
    return x is not None and x.untyped_storage()._cdata == y.untyped_storage()._cdata


def bytes_of(y: Tensor) -> int:
    """Memory of a tensor's values."""
    return math.prod(y.shape) * y.element_size()
