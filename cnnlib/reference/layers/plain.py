"""Layers without parameters: activations, pooling, flattening."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cnnlib.reference.activation import (
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    tanh,
    tanh_backward,
)
from cnnlib.reference.arguments import Array, Pair
from cnnlib.reference.layers.base import Layer
from cnnlib.reference.pool import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_backward,
    avg_pool2d,
    avg_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from cnnlib.reference.pool.largest import hand_back

__all__ = [
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "Flatten",
    "MaxPool2d",
    "ReLU",
    "Sigmoid",
    "Tanh",
]


class Plain(Layer):
    """A function, its backward, and the arguments that both take after ``x``."""

    function: Callable[..., Any]
    function_backward: Callable[..., Any]
    arguments: tuple[Any, ...] = ()

    def forward(self, x: Array) -> Array:
        """Apply the function, and remember ``x``."""
        self._memory = x
        y: Array = type(self).function(x, *self.arguments)
        return y

    def backward(self, grad_y: Array) -> Array:
        """Apply the function's backward at the remembered ``x``."""
        grad_x: Array = type(self).function_backward(grad_y, self.remembered(), *self.arguments)
        return grad_x


class ReLU(Plain):
    """See :func:`cnnlib.reference.relu`.

    Examples
    --------
    >>> ReLU()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    function, function_backward = relu, relu_backward


class Sigmoid(Plain):
    """See :func:`cnnlib.reference.sigmoid`.

    Examples
    --------
    >>> Sigmoid()(np.array([0.0]))
    array([0.5])
    """

    function, function_backward = sigmoid, sigmoid_backward


class Tanh(Plain):
    """See :func:`cnnlib.reference.tanh`.

    Examples
    --------
    >>> Tanh()(np.array([0.0]))
    array([0.])
    """

    function, function_backward = tanh, tanh_backward


class MaxPool2d(Plain):
    """See :func:`cnnlib.reference.max_pool2d`.

    Examples
    --------
    >>> MaxPool2d(2)(np.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[3.]]]])
    """

    function, function_backward = max_pool2d, max_pool2d_backward

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        dilation: Pair = 1,
        ceil_mode: bool = False,
    ) -> None:
        self.arguments = (kernel_size, stride, padding, dilation, ceil_mode)

    def forward(self, x: Array) -> Array:
        """Keep the largest values, and remember ``x`` and them."""
        y = super().forward(x)
        self._memory = x, y
        return y

    def backward(self, grad_y: Array) -> Array:
        """Hand the gradient to the pixels that were the largest."""
        return hand_back(grad_y, *self.remembered(), *self.arguments)


class AvgPool2d(Plain):
    """See :func:`cnnlib.reference.avg_pool2d`.

    Examples
    --------
    >>> AvgPool2d(2)(np.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[1.5]]]])
    """

    function, function_backward = avg_pool2d, avg_pool2d_backward

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        self.arguments = (
            kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override,
        )  # fmt: skip


class AdaptiveAvgPool2d(Plain):
    """See :func:`cnnlib.reference.adaptive_avg_pool2d`.

    Examples
    --------
    >>> AdaptiveAvgPool2d(1)(np.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[1.5]]]])
    """

    function, function_backward = adaptive_avg_pool2d, adaptive_avg_pool2d_backward

    def __init__(self, output_size: int | Sequence[int | None]) -> None:
        self.arguments = (output_size,)


class Flatten(Layer):
    """One row of features for each image: (N, C, H, W) becomes (N, C * H * W).

    Examples
    --------
    >>> Flatten()(np.zeros((5, 2, 3, 4))).shape
    (5, 24)
    """

    def forward(self, x: Array) -> Array:
        """Reshape, and remember the shape."""
        self._memory = x.shape
        features = 1
        for size in x.shape[1:]:
            features *= size
        return x.reshape(x.shape[0], features)

    def backward(self, grad_y: Array) -> Array:
        """Reshape back."""
        return grad_y.reshape(self.remembered())
