"""Layers that draw random numbers while training: dropout of values and of channels."""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array
from cnnlib.reference.dropout import dropout, dropout2d, dropout2d_backward, dropout_backward
from cnnlib.reference.layers.base import Layer

__all__ = ["Dropout", "Dropout2d"]


class Dropout(Layer):
    """See :func:`cnnlib.reference.dropout`.

    Examples
    --------
    >>> layer = Dropout(0.5, rng=np.random.default_rng(0))
    >>> layer(np.ones(6))
    array([2., 0., 0., 0., 2., 2.])
    >>> layer.eval()(np.ones(3))
    array([1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator) -> None:
        self.p, self.rng = p, rng

    def forward(self, x: Array) -> Array:
        """Forget values, and remember which."""
        y, self._memory = dropout(x, self.p, self.training, rng=self.rng, return_mask=True)
        return y

    def backward(self, grad_y: Array) -> Array:
        """Pass the gradient where the value passed."""
        return dropout_backward(grad_y, self.remembered())


class Dropout2d(Layer):
    """See :func:`cnnlib.reference.dropout2d`.

    Examples
    --------
    >>> Dropout2d(0.5, rng=np.random.default_rng(0))(np.ones((1, 3, 1, 1))).ravel()
    array([2., 0., 0.])
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator) -> None:
        self.p, self.rng = p, rng

    def forward(self, x: Array) -> Array:
        """Forget channels, and remember which."""
        y, self._memory = dropout2d(x, self.p, self.training, rng=self.rng, return_mask=True)
        return y

    def backward(self, grad_y: Array) -> Array:
        """Pass the gradient where the channel passed."""
        return dropout2d_backward(grad_y, self.remembered())
