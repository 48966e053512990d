"""Optimisers: from gradients to better parameters.

Room: ``cnnlib.reference`` -- NumPy only, never torch. Arguments and steps are those of
``torch.optim``. Book: chapters 7 and 9.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from cnnlib.reference.arguments import Array
from cnnlib.reference.layers.base import Parameter

__all__ = ["SGD", "Adam", "AdamW", "Optimiser"]


class Optimiser:
    """Parameters, and a rule that moves them in place.

    Examples
    --------
    >>> p = Parameter(np.array([1.0]), grad=np.array([2.0]))
    >>> SGD([p], lr=0.1).zero_grad()
    >>> p.grad is None
    True
    """

    def __init__(self, parameters: Iterable[Parameter], **at_least_zero: float) -> None:
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError(f"{type(self).__name__}: there are no parameters to optimise")
        for name, value in at_least_zero.items():
            if not value >= 0:
                raise ValueError(
                    f"{type(self).__name__}: {name} must be at least 0, but it is {value}"
                )
        self.state: dict[Parameter, dict[str, Array]] = {}
        self.steps: dict[Parameter, int] = {}

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for parameter in self.parameters:
            if parameter.grad is not None:
                self.steps[parameter] = self.steps.get(parameter, 0) + 1
                self._move(parameter, parameter.value, parameter.grad)

    def zero_grad(self) -> None:
        """Forget all gradients, or the next backward pass adds to them."""
        for parameter in self.parameters:
            parameter.grad = None

    def _move(self, parameter: Parameter, value: Array, grad: Array) -> None:
        raise NotImplementedError


class SGD(Optimiser):
    r"""Go downhill: :math:`v \leftarrow \mu v + g`, :math:`w \leftarrow w - \eta v`.

    Parameters
    ----------
    parameters : iterable of Parameter
    lr : float
        Length of the step, :math:`\eta`.
    momentum : float
        How much of the last movement is kept, :math:`\mu`.
    dampening : float
        How much of the new gradient is held back; with momentum only.
    weight_decay : float
        This times the parameter is added to its gradient.
    nesterov : bool
        Look ahead: step along :math:`g + \mu v`.

    Raises
    ------
    ValueError
        If a number is negative, or Nesterov's way lacks momentum or has dampening.

    Notes
    -----
    Sutskever et al., *On the importance of initialization and momentum in deep learning*, 2013;
    the variant in which ``lr`` scales the whole step, as in ``torch.optim.SGD``.

    Examples
    --------
    >>> p = Parameter(np.array([1.0]), grad=np.array([2.0]))
    >>> SGD([p], lr=0.1).step()
    >>> p.value
    array([0.8])
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, lr=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError(
                f"SGD: nesterov needs a momentum and no dampening, "
                f"but they are {momentum} and {dampening}"
            )
        self.lr, self.momentum, self.dampening = lr, momentum, dampening
        self.weight_decay, self.nesterov = weight_decay, nesterov

    def _move(self, parameter: Parameter, value: Array, grad: Array) -> None:
        if self.weight_decay:
            grad = grad + self.weight_decay * value
        if self.momentum:
            if parameter not in self.state:
                self.state[parameter] = {"velocity": grad.copy()}
            else:
                velocity = self.state[parameter]["velocity"]
                velocity *= self.momentum
                velocity += (1 - self.dampening) * grad
            velocity = self.state[parameter]["velocity"]
            grad = grad + self.momentum * velocity if self.nesterov else velocity
        value -= self.lr * grad


class Adam(Optimiser):
    r"""Give every parameter a step of its own size.

    .. math:: w \leftarrow w - \eta\, \hat m / (\sqrt{\hat v} + \epsilon)

    Parameters
    ----------
    parameters : iterable of Parameter
    lr : float
        Length of the step, about that of the change of each parameter.
    betas : (float, float)
        How much is kept of the running mean m of gradients, and v of squared gradients.
    eps : float
        Keeps the division finite.
    weight_decay : float
        This times the parameter is added to its gradient.

    Raises
    ------
    ValueError
        If a number is negative, or a beta is not in [0, 1).

    Notes
    -----
    Kingma and Ba, *Adam: a method for stochastic optimization*, 2015, algorithm 1. The hats divide
    by how far the running means, which start at 0, have got.

    Examples
    --------
    >>> p = Parameter(np.array([1.0, 1.0]), grad=np.array([2.0, -0.001]))
    >>> Adam([p], lr=0.1).step()
    >>> p.value.round(4)
    array([0.9, 1.1])
    """

    decoupled = False

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr, eps=eps, weight_decay=weight_decay)
        for i, beta in enumerate(betas):
            if not 0 <= beta < 1:
                raise ValueError(
                    f"{type(self).__name__}: betas[{i}] must be at least 0 and less than 1, "
                    f"but it is {beta}"
                )
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay

    def _move(self, parameter: Parameter, value: Array, grad: Array) -> None:
        if self.decoupled:
            value *= 1 - self.lr * self.weight_decay
        elif self.weight_decay:
            grad = grad + self.weight_decay * value
        if parameter not in self.state:
            self.state[parameter] = {"m": np.zeros_like(value), "v": np.zeros_like(value)}
        m, v = self.state[parameter].values()
        (keep_m, keep_v), t = self.betas, self.steps[parameter]
        m += (1 - keep_m) * (grad - m)
        v *= keep_v
        v += (1 - keep_v) * grad * grad
        spread = np.sqrt(v) / (1 - keep_v**t) ** 0.5 + self.eps
        value -= self.lr / (1 - keep_m**t) * m / spread


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters themselves, not through the gradient.

    Parameters
    ----------
    parameters, lr, betas, eps
        As for :class:`Adam`.
    weight_decay : float
        Each step first multiplies the parameters by ``1 - lr * weight_decay``.

    Raises
    ------
    ValueError
        As :class:`Adam`.

    Notes
    -----
    Loshchilov and Hutter, *Decoupled weight decay regularization*, 2019, algorithm 2.

    Examples
    --------
    >>> p = Parameter(np.array([1.0]), grad=np.array([0.0]))
    >>> AdamW([p], lr=0.1, weight_decay=0.5).step()
    >>> p.value
    array([0.95])
    """

    decoupled = True

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)
