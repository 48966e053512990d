"""Instance normalisation: each channel of each image by itself."""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array, require_float, require_shape
from cnnlib.reference.norm.batch import batch_norm, batch_norm_backward
from cnnlib.reference.norm.standardise import require_channels, require_spread, statistics

__all__ = ["instance_norm", "instance_norm_backward"]


def instance_norm(
    x: Array,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    weight: Array | None = None,
    bias: Array | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Array:
    """Give each channel of each image mean 0 and variance 1.

    Parameters
    ----------
    x : (N, C, L), (N, C, H, W) or more pixel axes
        Any unit.
    running_mean, running_var : (C,), optional
        Updated in place with the mean of the images' statistics, or used when
        ``use_input_stats=False``.
    weight, bias : (C,), optional
        Scale and offset of each channel, afterwards.
    use_input_stats : bool
        Whether to normalise with the image's own mean and variance.
    momentum, eps : float
        As for :func:`cnnlib.reference.batch_norm`.

    Returns
    -------
    y : the shape of ``x``

    Raises
    ------
    ShapeError
        If a vector does not have C values, or a channel has one pixel.
    ValueError
        If the running statistics are needed and missing.
    TypeError
        If an array is not floating point, or the arrays have different dtypes.

    Notes
    -----
    Batch normalisation of a batch of one image, for every image: Ulyanov, Vedaldi and Lempitsky,
    *Instance normalization*, 2016.

    Examples
    --------
    >>> x = np.array([[[1.0, 3.0]], [[10.0, 30.0]]])
    >>> instance_norm(x, eps=0.0).reshape(2, 2)
    array([[-1.,  1.],
           [-1.,  1.]])
    """
    _require_fit("instance_norm", x, running_mean, running_var, weight, bias, use_input_stats)
    if not use_input_stats:
        return batch_norm(x, running_mean, running_var, weight, bias, False, momentum, eps)
    N, C = x.shape[:2]
    if running_mean is not None and running_var is not None and N:
        pixels = x[0, 0].size
        mean, variance, _ = statistics(x.reshape(1, N * C, pixels))
        unbiased = variance * (pixels / (pixels - 1))
        running_mean += momentum * (mean.reshape(N, C).mean(axis=0) - running_mean)
        running_var += momentum * (unbiased.reshape(N, C).mean(axis=0) - running_var)
    y = batch_norm(_one_image(x), None, None, _repeat(weight, N), _repeat(bias, N), True, 0.0, eps)
    return y.reshape(x.shape)


def instance_norm_backward(
    grad_y: Array,
    x: Array,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    weight: Array | None = None,
    bias: Array | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Array, Array | None, Array | None]:
    """Gradients of a scalar loss through :func:`instance_norm`.

    Parameters
    ----------
    grad_y : the shape of ``x``
        Gradient of the loss with respect to ``y``.
    x, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
        As given to :func:`instance_norm`; nothing is updated here.

    Returns
    -------
    grad_x, grad_weight, grad_bias : arrays
        The last two None for an absent ``weight`` or ``bias``.

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``x``, and as :func:`instance_norm`.

    Examples
    --------
    >>> x = np.array([[[1.0, 3.0, 2.0]]])
    >>> instance_norm_backward(np.array([[[1.0, 0.0, 0.0]]]), x)[0].round(3)
    array([[[ 0.204,  0.204, -0.408]]])
    """
    function = "instance_norm_backward"
    _require_fit(function, x, running_mean, running_var, weight, bias, use_input_stats)
    require_float(function, x=x, grad_y=grad_y)
    require_shape(function, "grad_y", grad_y, x.shape, "the shape of x")
    if not use_input_stats:
        return batch_norm_backward(
            grad_y, x, running_mean, running_var, weight, bias, False, momentum, eps
        )
    N, C = x.shape[:2]
    grad_x, grad_weight, grad_bias = batch_norm_backward(
        _one_image(grad_y), _one_image(x), None, None,
        _repeat(weight, N), _repeat(bias, N), True, momentum, eps,
    )  # fmt: skip
    return (
        grad_x.reshape(x.shape),
        None if grad_weight is None else grad_weight.reshape(N, C).sum(axis=0),
        None if grad_bias is None else grad_bias.reshape(N, C).sum(axis=0),
    )


def _one_image(x: Array) -> Array:
    """(N, C, ...) as one image of N * C channels."""
    return x.reshape(1, x.shape[0] * x.shape[1], *x.shape[2:])


def _repeat(vector: Array | None, N: int) -> Array | None:
    return None if vector is None else np.tile(vector, N)


def _require_fit(
    function: str,
    x: Array,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Array | None,
    bias: Array | None,
    use_input_stats: bool,
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
    if use_input_stats:
        require_spread(function, x, int(np.prod(x.shape[2:])), "channel and image")
    elif running_mean is None:
        raise ValueError(
            f"{function}: without use_input_stats the running statistics are used, "
            f"but they are None\n"
            f"  Pass running_mean and running_var, or use_input_stats=True."
        )
