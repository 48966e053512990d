"""Convolutional networks in NumPy alone: every forward pass, and every backward pass by hand.

Names, arguments, defaults and meaning are those of ``torch.nn.functional``; where torch says
``input`` we say ``x``. For each differentiable ``f`` there is
``f_backward(grad_y, *arguments of f)``, which returns the gradients of the array arguments in
their order.

Convolution         conv2d, conv_transpose2d
Windows             windows, unfold, fold
Edges               pad
Pooling             max_pool2d, avg_pool2d, adaptive_avg_pool2d
"""

from cnnlib.reference.conv import conv2d, conv2d_backward
from cnnlib.reference.conv_transpose import conv_transpose2d, conv_transpose2d_backward
from cnnlib.reference.pad import pad, pad_backward
from cnnlib.reference.pool import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_backward,
    avg_pool2d,
    avg_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from cnnlib.reference.windows import fold, fold_backward, unfold, unfold_backward, windows

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "conv2d",
    "conv2d_backward",
    "conv_transpose2d",
    "conv_transpose2d_backward",
    "fold",
    "fold_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "pad",
    "pad_backward",
    "unfold",
    "unfold_backward",
    "windows",
]
