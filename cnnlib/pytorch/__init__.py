"""The PyTorch room: the functions of ``torch.nn.functional``, with algorithms to look into.

Every function has the name, the arguments and the meaning of its twin in ``cnnlib.reference``,
takes tensors of any device and float type, and is differentiated by autograd. ``algorithm=``
chooses how it computes; ``"auto"`` is PyTorch's own call.

Convolution         conv2d, conv_transpose2d
Windows             windows, unfold, fold
Edges               pad
Pooling             max_pool2d, avg_pool2d, adaptive_avg_pool2d
Normalisation       batch_norm, layer_norm, instance_norm, group_norm
Activation          relu, sigmoid, tanh, softmax, log_softmax
Loss                cross_entropy
Fully connected     linear
Regularisation      dropout, dropout2d
For inference       fold_batch_norm (only here: it works on layers)
"""

from cnnlib.pytorch.activation import log_softmax, relu, sigmoid, softmax, tanh
from cnnlib.pytorch.conv import conv2d
from cnnlib.pytorch.conv_transpose import conv_transpose2d
from cnnlib.pytorch.dropout import dropout, dropout2d
from cnnlib.pytorch.fuse import fold_batch_norm
from cnnlib.pytorch.linear import linear
from cnnlib.pytorch.loss import cross_entropy
from cnnlib.pytorch.norm import batch_norm, group_norm, instance_norm, layer_norm
from cnnlib.pytorch.pad import pad
from cnnlib.pytorch.pool import adaptive_avg_pool2d, avg_pool2d, max_pool2d
from cnnlib.pytorch.windows import fold, unfold, windows

__all__ = [
    "adaptive_avg_pool2d",
    "avg_pool2d",
    "batch_norm",
    "conv2d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "dropout2d",
    "fold",
    "fold_batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "linear",
    "log_softmax",
    "max_pool2d",
    "pad",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
    "unfold",
    "windows",
]
