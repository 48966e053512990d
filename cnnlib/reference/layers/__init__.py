"""Layers: the functions of this room with a memory of their input, so that a network can be built.

Room: ``cnnlib.reference`` -- NumPy only, gradients written by hand, never torch. Names and
arguments are those of ``torch.nn``; what draws random numbers takes ``rng``.
Book: chapters 7 and 10.

>>> rng = np.random.default_rng(0)
>>> net = Sequential(Conv2d(1, 2, 3, rng=rng), ReLU(), Flatten(), Linear(8, 3, rng=rng))
>>> y = net(np.ones((5, 1, 4, 4), np.float32))
>>> y.shape, net.backward(np.ones_like(y)).shape
((5, 3), (5, 1, 4, 4))
>>> [p.grad.shape for p in net.parameters()]
[(2, 1, 3, 3), (2,), (3, 8), (3,)]
"""

from cnnlib.reference.layers.base import Layer, Parameter, Sequential
from cnnlib.reference.layers.noisy import Dropout, Dropout2d
from cnnlib.reference.layers.normalising import BatchNorm2d, GroupNorm, InstanceNorm2d, LayerNorm
from cnnlib.reference.layers.plain import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    Flatten,
    MaxPool2d,
    ReLU,
    Sigmoid,
    Tanh,
)
from cnnlib.reference.layers.weighted import Conv2d, ConvTranspose2d, Linear

__all__ = [
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BatchNorm2d",
    "Conv2d",
    "ConvTranspose2d",
    "Dropout",
    "Dropout2d",
    "Flatten",
    "GroupNorm",
    "InstanceNorm2d",
    "Layer",
    "LayerNorm",
    "Linear",
    "MaxPool2d",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Tanh",
]
