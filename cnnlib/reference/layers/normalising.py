"""Layers that normalise: over the batch, the layer, the instance, or a group of channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnlib.reference.arguments import Array
from cnnlib.reference.layers.base import Layer, Parameter
from cnnlib.reference.norm import (
    batch_norm,
    batch_norm_backward,
    group_norm,
    group_norm_backward,
    instance_norm,
    instance_norm_backward,
    layer_norm,
    layer_norm_backward,
)

__all__ = ["BatchNorm2d", "GroupNorm", "InstanceNorm2d", "LayerNorm"]


class _Affine(Layer):
    """A scale that starts at 1 and an offset that starts at 0, or neither."""

    def __init__(self, shape: int | tuple[int, ...], affine: bool, dtype: npt.DTypeLike) -> None:
        self.weight = Parameter(np.ones(shape, dtype)) if affine else None
        self.bias = Parameter(np.zeros(shape, dtype)) if affine else None

    def _values(self) -> tuple[Array | None, Array | None]:
        if self.weight is None or self.bias is None:
            return None, None
        return self.weight.value, self.bias.value

    def _learn(self, gradients: tuple[Array, Array | None, Array | None]) -> Array:
        grad_x, grad_weight, grad_bias = gradients
        if self.weight is not None and self.bias is not None:
            self.weight.add(grad_weight)
            self.bias.add(grad_bias)
        return grad_x


class BatchNorm2d(_Affine):
    """See :func:`cnnlib.reference.batch_norm`; remembers running statistics for ``eval()``.

    Examples
    --------
    >>> layer = BatchNorm2d(1, dtype=np.float64)
    >>> layer(np.array([[[[1.0, 3.0]]]])).round(3)
    array([[[[-1.,  1.]]]])
    >>> layer.running_mean
    array([0.2])
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        *,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        super().__init__(num_features, affine, dtype)
        self.running_mean, self.running_var = (
            np.zeros(num_features, dtype),
            np.ones(num_features, dtype),
        )
        self.eps, self.momentum = eps, momentum

    def _arguments(self) -> tuple[Any, ...]:
        return (self.running_mean, self.running_var, *self._values(), self.training,
                self.momentum, self.eps)  # fmt: skip

    def forward(self, x: Array) -> Array:
        """Normalise with the batch's statistics in training, the running ones in use."""
        self._memory = x
        return batch_norm(x, *self._arguments())

    def backward(self, grad_y: Array) -> Array:
        """Gradient of ``x``; those of weight and bias are added to theirs."""
        return self._learn(batch_norm_backward(grad_y, self.remembered(), *self._arguments()))


class InstanceNorm2d(_Affine):
    """See :func:`cnnlib.reference.instance_norm`.

    Examples
    --------
    >>> InstanceNorm2d(1)(np.array([[[[1.0, 3.0]]]])).round(3)
    array([[[[-1.,  1.]]]])
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        affine: bool = False,
        *,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        super().__init__(num_features, affine, dtype)
        self.eps = eps

    def forward(self, x: Array) -> Array:
        """Normalise each channel of each image."""
        self._memory = x
        return instance_norm(x, None, None, *self._values(), eps=self.eps)

    def backward(self, grad_y: Array) -> Array:
        """Gradient of ``x``; those of weight and bias are added to theirs."""
        return self._learn(
            instance_norm_backward(
                grad_y, self.remembered(), None, None, *self._values(), eps=self.eps
            )
        )


class GroupNorm(_Affine):
    """See :func:`cnnlib.reference.group_norm`.

    Examples
    --------
    >>> GroupNorm(2, 4, dtype=np.float64)(np.array([[1.0, 3.0, 10.0, 30.0]])).round(3)
    array([[-1.,  1., -1.,  1.]])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        super().__init__(num_channels, affine, dtype)
        self.num_groups, self.eps = num_groups, eps

    def forward(self, x: Array) -> Array:
        """Normalise each group of channels of each image."""
        self._memory = x
        return group_norm(x, self.num_groups, *self._values(), self.eps)

    def backward(self, grad_y: Array) -> Array:
        """Gradient of ``x``; those of weight and bias are added to theirs."""
        return self._learn(
            group_norm_backward(
                grad_y, self.remembered(), self.num_groups, *self._values(), self.eps
            )
        )


class LayerNorm(_Affine):
    """See :func:`cnnlib.reference.layer_norm`.

    Examples
    --------
    >>> LayerNorm((2,), dtype=np.float64)(np.array([[1.0, 3.0]])).round(3)
    array([[-1.,  1.]])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        *,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        if isinstance(normalized_shape, int):
            normalized_shape = (normalized_shape,)
        self.normalized_shape = tuple(normalized_shape)
        super().__init__(self.normalized_shape, elementwise_affine, dtype)
        self.eps = eps

    def forward(self, x: Array) -> Array:
        """Normalise each sample over its last axes."""
        self._memory = x
        return layer_norm(x, self.normalized_shape, *self._values(), self.eps)

    def backward(self, grad_y: Array) -> Array:
        """Gradient of ``x``; those of weight and bias are added to theirs."""
        return self._learn(
            layer_norm_backward(
                grad_y, self.remembered(), self.normalized_shape, *self._values(), self.eps
            )
        )
