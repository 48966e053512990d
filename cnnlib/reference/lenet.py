"""LeNet-5 from layers whose every line can be read.

Room: ``cnnlib.reference`` -- NumPy only, gradients written by hand, never torch.
Twin: ``cnnlib.models.lenet``. Book: chapters 7 and 10.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnlib.reference.arguments import Array
from cnnlib.reference.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential
from cnnlib.reference.loss import cross_entropy, cross_entropy_backward
from cnnlib.reference.optim import Optimiser

__all__ = ["lenet", "training_step"]


def lenet(
    num_classes: int = 10,
    in_channels: int = 1,
    *,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float32,
) -> Sequential:
    """Build LeNet-5 in its modern form, for images of 32x32 pixels.

    Parameters
    ----------
    num_classes, in_channels : int
    rng : numpy.random.Generator
        For the first weights.
    dtype : dtype
        Of the parameters, and so of the images.

    Returns
    -------
    network : Sequential
        From (N, in_channels, 32, 32) to logits (N, num_classes); 61,706 parameters by default.

    Notes
    -----
    LeCun, Bottou, Bengio and Haffner, *Gradient-based learning applied to document recognition*,
    1998, section II.B, with ReLU for the scaled tanh, maximum for trainable average pooling, and
    all channels connected.

    Examples
    --------
    >>> network = lenet(rng=np.random.default_rng(0))
    >>> network(np.zeros((2, 1, 32, 32), np.float32)).shape
    (2, 10)
    >>> sum(p.value.size for p in network.parameters())
    61706
    """
    return Sequential(
        Conv2d(in_channels, 6, 5, rng=rng, dtype=dtype),  # 28x28
        ReLU(),
        MaxPool2d(2),  # 14x14
        Conv2d(6, 16, 5, rng=rng, dtype=dtype),  # 10x10
        ReLU(),
        MaxPool2d(2),  # 5x5
        Flatten(),
        Linear(16 * 5 * 5, 120, rng=rng, dtype=dtype),
        ReLU(),
        Linear(120, 84, rng=rng, dtype=dtype),
        ReLU(),
        Linear(84, num_classes, rng=rng, dtype=dtype),
    )


def training_step(network: Sequential, optimiser: Optimiser, x: Array, labels: Array) -> float:
    """Forward, loss, backward, move: one step of training on one batch.

    Parameters
    ----------
    network : Sequential
    optimiser : Optimiser
        Of the network's parameters.
    x : (N, C, H, W)
    labels : integers (N,)

    Returns
    -------
    loss : float
        Mean cross-entropy before the step, in nats.

    Raises
    ------
    ShapeError, ValueError, TypeError
        As the layers and :func:`cnnlib.reference.cross_entropy`.

    Examples
    --------
    >>> from cnnlib.reference.optim import SGD
    >>> network = lenet(2, rng=np.random.default_rng(0))
    >>> optimiser = SGD(network.parameters(), lr=0.1)
    >>> x, labels = np.ones((1, 1, 32, 32), np.float32), np.array([1])
    >>> losses = [training_step(network, optimiser, x, labels) for _ in range(5)]
    >>> losses[-1] < losses[0]
    True
    """
    logits = network(x)
    loss = cross_entropy(logits, labels)
    optimiser.zero_grad()
    network.learn(cross_entropy_backward(logits.dtype.type(1), logits, labels))
    optimiser.step()
    return float(loss)
