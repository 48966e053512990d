"""What every layer is: a function that remembers its input until the gradient comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cnnlib.reference.arguments import Array

__all__ = ["Layer", "Parameter", "Sequential"]


@dataclass(eq=False)
class Parameter:
    """An array that learns, and the gradient that has been added up for it.

    Examples
    --------
    >>> p = Parameter(np.zeros(2))
    >>> p.add(np.ones(2))
    >>> p.add(np.ones(2))
    >>> p.grad
    array([2., 2.])
    """

    value: Array
    grad: Array | None = None

    def add(self, grad: Array | None) -> None:
        """Add to the gradient: a layer that is used twice learns from both."""
        if grad is not None:
            self.grad = grad if self.grad is None else self.grad + grad


class Layer:
    """The methods of all layers.

    ``forward`` computes and remembers; ``backward`` turns the gradient of the output into the
    gradient of the input, and adds the gradients of the parameters to their ``grad``.

    Examples
    --------
    A layer of your own:

    >>> class Double(Layer):
    ...     def forward(self, x):
    ...         return 2 * x
    ...     def backward(self, grad_y):
    ...         return 2 * grad_y
    >>> Double()(np.ones(2))
    array([2., 2.])
    """

    training = True
    _memory: Any = None

    def forward(self, x: Array) -> Array:
        """Compute the output for ``x``."""
        raise NotImplementedError

    def backward(self, grad_y: Array) -> Array:
        """Return the gradient of the input; add to the gradients of the parameters."""
        raise NotImplementedError

    def learn(self, grad_y: Array) -> None:
        """Do what ``backward`` does, for a first layer: its input has no use for a gradient."""
        self.backward(grad_y)

    def __call__(self, x: Array) -> Array:
        """Do what ``forward`` does."""
        return self.forward(x)

    def children(self) -> list[Layer]:
        """The layers inside this one."""
        return []

    def parameters(self) -> list[Parameter]:
        """All parameters, of this layer and of those inside, in order."""
        own = [p for p in vars(self).values() if isinstance(p, Parameter)]
        return own + [p for child in self.children() for p in child.parameters()]

    def train(self, mode: bool = True) -> Layer:
        """Behave as in training: dropout forgets, batch norm uses the batch."""
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self) -> Layer:
        """Behave as in use."""
        return self.train(False)

    def remembered(self) -> Any:
        """What ``forward`` kept."""
        if self._memory is None:
            raise RuntimeError(
                f"{type(self).__name__}: backward needs the input of a forward call, "
                f"but there has been none"
            )
        return self._memory


class Sequential(Layer):
    """Layers one after the other; the gradient visits them in reverse.

    Examples
    --------
    >>> from cnnlib.reference.layers import ReLU
    >>> net = Sequential(ReLU(), ReLU())
    >>> net(np.array([-1.0, 2.0]))
    array([0., 2.])
    >>> len(net), type(net[0]).__name__
    (2, 'ReLU')
    """

    def __init__(self, *layers: Layer) -> None:
        self.layers = list(layers)

    def forward(self, x: Array) -> Array:
        """Hand ``x`` through all layers."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad_y: Array) -> Array:
        """Hand the gradient back, last layer first."""
        for layer in reversed(self.layers):
            grad_y = layer.backward(grad_y)
        return grad_y

    def learn(self, grad_y: Array) -> None:
        """Hand the gradient back as far as something learns from it."""
        for layer in reversed(self.layers[1:]):
            grad_y = layer.backward(grad_y)
        self.layers[0].learn(grad_y)

    def children(self) -> list[Layer]:
        """The layers, in order."""
        return self.layers

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> Layer:
        return self.layers[index]

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)
