"""Layers with weights: convolution, its transpose, and the fully connected layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cnnlib.reference.arguments import Array, Padding, Pair
from cnnlib.reference.conv import conv2d, conv2d_backward, conv2d_weight_backward
from cnnlib.reference.conv_transpose import conv_transpose2d, conv_transpose2d_backward
from cnnlib.reference.init import kaiming_uniform
from cnnlib.reference.layers.base import Layer, Parameter
from cnnlib.reference.linear import linear, linear_backward
from cnnlib.shapes import as_integer, as_pair

__all__ = ["Conv2d", "ConvTranspose2d", "Linear"]


class _Weighted(Layer):
    """A weight and perhaps a bias, drawn as ``torch.nn`` draws them."""

    def __init__(
        self,
        shape: tuple[int, ...],
        outputs: int,
        bias: bool,
        rng: np.random.Generator,
        dtype: npt.DTypeLike,
    ) -> None:
        self.weight = Parameter(kaiming_uniform(shape, rng, a=5**0.5, dtype=dtype))
        bound = float(np.prod(shape[1:])) ** -0.5
        self.bias = Parameter(rng.uniform(-bound, bound, outputs).astype(dtype)) if bias else None

    def _values(self) -> tuple[Array, Array | None]:
        return self.weight.value, None if self.bias is None else self.bias.value

    def _learn(self, gradients: tuple[Array, Array, Array | None]) -> Array:
        grad_x, grad_weight, grad_bias = gradients
        self.weight.add(grad_weight)
        if self.bias is not None:
            self.bias.add(grad_bias)
        return grad_x


class Conv2d(_Weighted):
    """See :func:`cnnlib.reference.conv2d`; arguments of ``torch.nn.Conv2d``, and ``rng``.

    Examples
    --------
    >>> layer = Conv2d(3, 8, 3, padding=1, rng=np.random.default_rng(0))
    >>> layer(np.zeros((2, 3, 5, 6), np.float32)).shape
    (2, 8, 5, 6)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Padding = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        _require_groups("Conv2d", groups, in_channels, out_channels)
        kernel = as_pair(kernel_size, "Conv2d: kernel_size", 1)
        shape = (out_channels, in_channels // groups, *kernel)
        super().__init__(shape, out_channels, bias, rng, dtype)
        self.arguments: tuple[Any, ...] = (stride, padding, dilation, groups)

    def forward(self, x: Array) -> Array:
        """Convolve, and remember ``x``."""
        self._memory = x
        return conv2d(x, *self._values(), *self.arguments)

    def backward(self, grad_y: Array) -> Array:
        """Gradient of ``x``; those of weight and bias are added to theirs."""
        return self._learn(
            conv2d_backward(grad_y, self.remembered(), *self._values(), *self.arguments)
        )

    def learn(self, grad_y: Array) -> None:
        """Add the gradients of weight and bias to theirs, without that of ``x``."""
        grad_weight, grad_bias = conv2d_weight_backward(
            grad_y, self.remembered(), *self._values(), *self.arguments
        )
        self.weight.add(grad_weight)
        if self.bias is not None:
            self.bias.add(grad_bias)


class ConvTranspose2d(_Weighted):
    """See :func:`cnnlib.reference.conv_transpose2d`; arguments of ``torch.nn.ConvTranspose2d``.

    Examples
    --------
    >>> layer = ConvTranspose2d(8, 3, 2, stride=2, rng=np.random.default_rng(0))
    >>> layer(np.zeros((2, 8, 5, 6), np.float32)).shape
    (2, 3, 10, 12)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        output_padding: Pair = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Pair = 1,
        *,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        _require_groups("ConvTranspose2d", groups, in_channels, out_channels)
        kernel = as_pair(kernel_size, "ConvTranspose2d: kernel_size", 1)
        shape = (in_channels, out_channels // groups, *kernel)
        super().__init__(shape, out_channels, bias, rng, dtype)
        self.arguments: tuple[Any, ...] = (stride, padding, output_padding, groups, dilation)

    def forward(self, x: Array) -> Array:
        """Convolve the transposed way, and remember ``x``."""
        self._memory = x
        return conv_transpose2d(x, *self._values(), *self.arguments)

    def backward(self, grad_y: Array) -> Array:
        """Gradient of ``x``; those of weight and bias are added to theirs."""
        return self._learn(
            conv_transpose2d_backward(grad_y, self.remembered(), *self._values(), *self.arguments)
        )


class Linear(_Weighted):
    """See :func:`cnnlib.reference.linear`; arguments of ``torch.nn.Linear``, and ``rng``.

    Examples
    --------
    >>> Linear(4, 2, rng=np.random.default_rng(0))(np.zeros((5, 4), np.float32)).shape
    (5, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        as_integer(in_features, "Linear: in_features", 1)
        as_integer(out_features, "Linear: out_features", 1)
        super().__init__((out_features, in_features), out_features, bias, rng, dtype)

    def forward(self, x: Array) -> Array:
        """Multiply, and remember ``x``."""
        self._memory = x
        return linear(x, *self._values())

    def backward(self, grad_y: Array) -> Array:
        """Gradient of ``x``; those of weight and bias are added to theirs."""
        return self._learn(linear_backward(grad_y, self.remembered(), *self._values()))


def _require_groups(layer: str, groups: int, in_channels: int, out_channels: int) -> None:
    """Refuse channels that do not divide into the groups."""
    groups = as_integer(groups, f"{layer}: groups", 1)
    for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if as_integer(channels, f"{layer}: {name}", 1) % groups:
            raise ValueError(
                f"{layer}: {name}={channels} does not divide into groups={groups}\n"
                f"  Each group gets as many channels as the others; choose a common divisor."
            )
