"""Batch normalisation: each channel over all images and pixels of the batch."""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array, require_float, require_shape
from cnnlib.reference.norm.standardise import (
    require_channels,
    require_spread,
    standardise_backward,
    statistics,
    totals,
)

__all__ = ["batch_norm", "batch_norm_backward"]


def batch_norm(
    x: Array,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Array | None = None,
    bias: Array | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Array:
    r"""Give each channel of the batch mean 0 and variance 1, then a scale and an offset of its own.

    .. math:: y_{ncl} = w_c\, \frac{x_{ncl} - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + b_c

    Parameters
    ----------
    x : (N, C), (N, C, L), (N, C, H, W) or more pixel axes
        Any unit.
    running_mean, running_var : (C,), or both None while training
        Updated in place while training -- the one exception to "arguments are not modified", as in
        torch; used instead of the batch's own when not.
    weight, bias : (C,), optional
        Scale and offset: the paper's gamma and beta.
    training : bool
        Whether to normalise with the batch's own mean and variance.
    momentum : float
        Weight of the *new* value: ``running = (1 - momentum) * running + momentum * batch``. The
        running variance takes the unbiased one, divided by the number of values less one.
    eps : float
        Added to the variance, unit of ``x`` squared.

    Returns
    -------
    y : the shape of ``x``

    Raises
    ------
    ShapeError
        If a vector does not have C values, or there is one value per channel while training.
    ValueError
        If the running statistics are needed and missing.
    TypeError
        If an array is not floating point, or the arrays have different dtypes.

    Notes
    -----
    Ioffe and Szegedy, *Batch normalization*, 2015, algorithm 1.

    Examples
    --------
    >>> x = np.array([[1.0, 10.0], [3.0, 30.0]])
    >>> mean, var = np.zeros(2), np.ones(2)
    >>> batch_norm(x, mean, var, training=True, eps=0.0)
    array([[-1., -1.],
           [ 1.,  1.]])
    >>> mean, var
    (array([0.2, 2. ]), array([ 1.1, 20.9]))
    """
    _require_fit("batch_norm", x, running_mean, running_var, weight, bias, training)
    values = _values(x)
    if training:
        mean, variance, y = statistics(values)
        count = values.shape[0] * values.shape[2]
        if running_mean is not None and running_var is not None and count > 1:
            running_mean += momentum * (mean - running_mean)
            running_var += momentum * (variance * (count / (count - 1)) - running_var)
    else:
        assert running_mean is not None
        assert running_var is not None
        variance, y = running_var, values - running_mean[:, None]
    scale = 1 / np.sqrt(variance + x.dtype.type(eps))
    y *= (scale if weight is None else scale * weight)[:, None]
    if bias is not None:
        y += bias[:, None]
    return y.reshape(x.shape)


def batch_norm_backward(
    grad_y: Array,
    x: Array,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Array | None = None,
    bias: Array | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Array, Array | None, Array | None]:
    r"""Gradients of a scalar loss through :func:`batch_norm`.

    Parameters
    ----------
    grad_y : the shape of ``x``
        Gradient of the loss with respect to ``y``.
    x, running_mean, running_var, weight, bias, training, momentum, eps
        As given to :func:`batch_norm`; nothing is updated here.

    Returns
    -------
    grad_x, grad_weight, grad_bias : arrays
        The last two None for an absent ``weight`` or ``bias``. While training ``grad_x`` sums to 0
        over each channel: moving all values together changes nothing.

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``x``, and as :func:`batch_norm`.

    Notes
    -----
    While training the mean and the variance depend on every value of the channel, so each value
    feels the gradients of all others (Ioffe and Szegedy, 2015, section 3).

    Examples
    --------
    >>> x, weight = np.array([[1.0], [3.0], [2.0]]), np.array([2.0])
    >>> grad_x, grad_weight, _ = batch_norm_backward(
    ...     np.array([[1.0], [0.0], [0.0]]), x, None, None, weight, training=True)
    >>> grad_x.round(3).ravel(), grad_weight.round(3)
    (array([ 0.408,  0.408, -0.816]), array([-1.225]))
    """
    function = "batch_norm_backward"
    _require_fit(function, x, running_mean, running_var, weight, bias, training)
    require_float(function, x=x, grad_y=grad_y)
    require_shape(function, "grad_y", grad_y, x.shape, "the shape of x")
    values, grad = _values(x), _values(grad_y)
    if training:
        _, variance, centred = statistics(values)
        inverse_spread = 1 / np.sqrt(variance + x.dtype.type(eps))
        grad_x, grad_weight, grad_bias = standardise_backward(grad, centred, inverse_spread, weight)
    else:  # the statistics are constants
        assert running_mean is not None
        assert running_var is not None
        inverse_spread = 1 / np.sqrt(running_var + x.dtype.type(eps))
        centred = values - running_mean[:, None]
        grad_bias = totals(grad)
        grad_weight = np.vecdot(grad, centred).sum(axis=0) * inverse_spread
        scale = inverse_spread if weight is None else inverse_spread * weight
        grad_x = grad * scale[:, None]
    return (
        grad_x.reshape(x.shape),
        None if weight is None else grad_weight,
        None if bias is None else grad_bias,
    )


def _values(x: Array) -> Array:
    """(N, C, ...) as (N, C, L)."""
    return x.reshape(*x.shape[:2], int(np.prod(x.shape[2:])))


def _require_fit(
    function: str,
    x: Array,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Array | None,
    bias: Array | None,
    training: bool,
) -> None:
    vectors = {
        "running_mean": running_mean,
        "running_var": running_var,
        "weight": weight,
        "bias": bias,
    }
    require_float(function, x=x, **vectors)
    require_channels(function, x, **vectors)
    if (running_mean is None) != (running_var is None):
        raise ValueError(
            f"{function}: running_mean and running_var must both be given, or both None"
        )
    if training:
        require_spread(function, x, x.size // max(1, x.shape[1]), "channel")
    elif running_mean is None:
        raise ValueError(
            f"{function}: without training the running statistics are used, but they are None\n"
            f"  Pass running_mean and running_var, or training=True."
        )
