"""Convolutional networks in NumPy alone: every forward pass, and every backward pass by hand.

Names, arguments, defaults and meaning are those of ``torch.nn.functional``; where torch says
``input`` we say ``x``. For each differentiable ``f`` there is
``f_backward(grad_y, *arguments of f)``, which returns the gradients of the array arguments in
their order.

Convolution         conv2d, conv_transpose2d
Windows             windows, unfold, fold
Edges               pad
Pooling             max_pool2d, avg_pool2d, adaptive_avg_pool2d
Layers of weights   linear
Activations         relu, sigmoid, tanh, softmax, log_softmax
Normalisation       batch_norm, layer_norm, instance_norm, group_norm
Forgetting          dropout, dropout2d
Loss                cross_entropy
"""

from cnnlib.reference.activation import (
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    tanh,
    tanh_backward,
)
from cnnlib.reference.conv import conv2d, conv2d_backward, conv2d_weight_backward
from cnnlib.reference.conv_transpose import conv_transpose2d, conv_transpose2d_backward
from cnnlib.reference.dropout import dropout, dropout2d, dropout2d_backward, dropout_backward
from cnnlib.reference.linear import linear, linear_backward
from cnnlib.reference.loss import cross_entropy, cross_entropy_backward
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
from cnnlib.reference.pad import pad, pad_backward
from cnnlib.reference.pool import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_backward,
    avg_pool2d,
    avg_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from cnnlib.reference.softmax import (
    log_softmax,
    log_softmax_backward,
    softmax,
    softmax_backward,
)
from cnnlib.reference.windows import fold, fold_backward, unfold, unfold_backward, windows

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "batch_norm",
    "batch_norm_backward",
    "conv2d",
    "conv2d_backward",
    "conv2d_weight_backward",
    "conv_transpose2d",
    "conv_transpose2d_backward",
    "cross_entropy",
    "cross_entropy_backward",
    "dropout",
    "dropout2d",
    "dropout2d_backward",
    "dropout_backward",
    "fold",
    "fold_backward",
    "group_norm",
    "group_norm_backward",
    "instance_norm",
    "instance_norm_backward",
    "layer_norm",
    "layer_norm_backward",
    "linear",
    "linear_backward",
    "log_softmax",
    "log_softmax_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "pad",
    "pad_backward",
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "tanh",
    "tanh_backward",
    "unfold",
    "unfold_backward",
    "windows",
]
