r"""Convolution as its equation, and its transpose.

Room: ``cnnlib.reference`` -- NumPy only, gradients written by hand, never torch.
Twin: ``cnnlib.pytorch.conv`` -- same names, same arguments, any device. Book: chapters 2, 3, 4, 7.
How the sums are computed is in :mod:`cnnlib.reference.conv_algorithms`.
"""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array, Padding, Pair, as_batch, require_float, require_shape
from cnnlib.reference.conv_algorithms import ALGORITHMS, Algorithm, blocked
from cnnlib.reference.geometry import Geometry, geometry

__all__ = ["conv2d", "conv2d_backward", "conv2d_weight_backward"]


def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
    *,
    algorithm: str = "auto",
) -> Array:
    r"""Slide ``weight`` over ``x`` and add up the products.

    .. math:: y_{nopq} = b_o + \sum_{cij} w_{ocij}\, x_{n,c,\,Sp+Di,\,Sq+Dj}

    Parameters
    ----------
    x : (N, C_in, H, W) or (C_in, H, W)
        Images, any unit; ``y`` has the unit of ``x`` times the unit of ``weight``.
    weight : (C_out, C_in // groups, KH, KW)
    bias : (C_out,), optional
    stride, padding, dilation : int or (int, int), pixels
        ``padding`` is rows and columns of zeros on *each* side, or ``"valid"`` (none), or
        ``"same"`` (as many as keep the size; an odd one goes to the bottom and right).
    groups : int
        Input and output channels are cut into this many groups that do not see each other;
        ``groups=C_in`` is a depthwise convolution.
    algorithm : str
        How to add up: ``"auto"``, ``"blocked"``, ``"loops"``, ``"shift"``, ``"im2col"``, ``"mec"``,
        ``"rows"``, ``"winograd"`` or ``"fft"``. All give the same sums up to rounding. The notes
        say more about ``"auto"``.

    Returns
    -------
    y : (N, C_out, OH, OW) or (C_out, OH, OW)
        ``OH = (H + 2 * padding - dilation * (KH - 1) - 1) // stride + 1``, and ``OW`` likewise.

    Raises
    ------
    ShapeError
        If the channels differ, or the window is larger than the padded image.
    TypeError
        If an array is not floating point, or the arrays have different dtypes.
    ValueError
        If a size is too small, or the algorithm is unknown.

    Notes
    -----
    The kernel is not flipped, so this is cross-correlation (Goodfellow, Bengio and Courville,
    *Deep Learning*, 2016, section 9.1). It takes N * C_out * OH * OW * (C_in // groups) * KH * KW
    multiply-adds.

    ``"auto"`` takes what was fastest for such sizes. For 3x3 kernels with stride 1, ungrouped, on
    64 channels and more (backward, 32) that is Winograd's algorithm, which trades accuracy for
    speed: in float32 its rounding error is about 2e-6 of the largest output, against 5e-7 for a
    direct sum. ``"blocked"`` is the direct sum to read and to rely on; its module explains every
    trick.

    Examples
    --------
    >>> x = np.arange(12.0).reshape(1, 1, 3, 4)
    >>> edge = np.array([[[[-1.0, 1.0]]]])
    >>> conv2d(x, edge)[0, 0]
    array([[1., 1., 1.],
           [1., 1., 1.],
           [1., 1., 1.]])
    >>> conv2d(x, edge, padding="same").shape
    (1, 1, 3, 4)
    """
    require_float("conv2d", x=x, weight=weight, bias=bias)
    images = as_batch("conv2d", x, "C_in, H, W")
    g = geometry("conv2d", images, weight, bias, stride, padding, dilation, groups)
    compute = choose("conv2d", algorithm)
    if g.N == 0:
        return np.zeros((0, g.C_out, *g.places), x.dtype)
    y = np.ascontiguousarray(
        compute.forward(images, weight, bias, g)
    )  # what reads it has long runs
    return y[0] if x.ndim == 3 else y


def conv2d_backward(
    grad_y: Array,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
    *,
    algorithm: str = "auto",
) -> tuple[Array, Array, Array | None]:
    r"""Gradients of a scalar loss through :func:`conv2d`.

    .. math:: \frac{\partial L}{\partial w_{ocij}} = \sum_{npq} g_{nopq}\, x_{n,c,\,Sp+Di,\,Sq+Dj}
       \qquad
       \frac{\partial L}{\partial x_{nchw}} = \sum_{opqij:\; Sp+Di=h,\; Sq+Dj=w} g_{nopq}\, w_{ocij}

    Parameters
    ----------
    grad_y : (N, C_out, OH, OW) or (C_out, OH, OW)
        Gradient of the loss with respect to ``y``.
    x, weight, bias, stride, padding, dilation, groups, algorithm
        As given to :func:`conv2d`.

    Returns
    -------
    grad_x, grad_weight, grad_bias : arrays
        Each has the shape of its argument; ``grad_bias`` is None without a bias.

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of ``y``, and as :func:`conv2d`.

    Notes
    -----
    Every value of ``y`` is a sum of products, so each factor receives the gradient times the other
    factor (Goodfellow, Bengio and Courville, *Deep Learning*, 2016, equations 9.11 and 9.13).

    Examples
    --------
    >>> x = np.arange(6.0).reshape(1, 2, 3)
    >>> weight = np.array([[[[-1.0, 1.0]]]])
    >>> grad_x, grad_weight, grad_bias = conv2d_backward(np.ones((1, 2, 2)), x, weight)
    >>> grad_x
    array([[[-1.,  0.,  1.],
            [-1.,  0.,  1.]]])
    >>> grad_weight
    array([[[[ 8., 12.]]]])
    """
    images, grads, g = _checked(
        "conv2d_backward", grad_y, x, weight, bias, stride, padding, dilation, groups
    )
    compute = choose("conv2d_backward", algorithm)
    grad_bias = None if bias is None else _sum_over_places(grads)
    if g.N == 0:
        return np.zeros_like(x), np.zeros_like(weight), grad_bias
    grad_x, grad_weight = compute.backward(grads, images, weight, g)
    return grad_x.reshape(x.shape), np.ascontiguousarray(grad_weight), grad_bias


def conv2d_weight_backward(
    grad_y: Array,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> tuple[Array, Array | None]:
    """Gradients of weight and bias alone: the first layer of a network needs no ``grad_x``.

    Parameters
    ----------
    grad_y, x, weight, bias, stride, padding, dilation, groups
        As for :func:`conv2d_backward`.

    Returns
    -------
    grad_weight, grad_bias : arrays
        As from :func:`conv2d_backward`, in less than half of its time.

    Raises
    ------
    ShapeError
        As :func:`conv2d_backward`.

    Notes
    -----
    Goodfellow, Bengio and Courville, *Deep Learning*, 2016, equation 9.11.

    Examples
    --------
    >>> x, weight = np.arange(6.0).reshape(1, 2, 3), np.array([[[[-1.0, 1.0]]]])
    >>> conv2d_weight_backward(np.ones((1, 2, 2)), x, weight)
    (array([[[[ 8., 12.]]]]), None)
    """
    images, grads, g = _checked(
        "conv2d_weight_backward", grad_y, x, weight, bias, stride, padding, dilation, groups
    )
    grad_bias = None if bias is None else _sum_over_places(grads)
    grad_weight = blocked.weight_gradient(grads, images, g).reshape(weight.shape)
    return np.ascontiguousarray(grad_weight), grad_bias


def _checked(
    function: str,
    grad_y: Array,
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
) -> tuple[Array, Array, Geometry]:
    """x and grad_y as batches, and the sizes."""
    require_float(function, grad_y=grad_y, x=x, weight=weight, bias=bias)
    images = as_batch(function, x, "C_in, H, W")
    g = geometry(function, images, weight, bias, stride, padding, dilation, groups)
    y_shape = (g.N, g.C_out, *g.places)[-x.ndim :]
    require_shape(function, "grad_y", grad_y, y_shape, "(N, C_out, OH, OW)")
    return images, grad_y.reshape(g.N, g.C_out, *g.places), g


def _sum_over_places(grads: Array) -> Array:
    """One sum for each channel, as a product with ones: faster than ``sum`` over three axes."""
    N, C, OH, OW = grads.shape
    pixels = OH * OW
    total: Array = (grads.reshape(N, C, pixels) @ np.ones(pixels, grads.dtype)).sum(axis=0)
    return total


def choose(function: str, algorithm: str) -> Algorithm:
    """Look the algorithm up; refuse an unknown name."""
    if algorithm not in ALGORITHMS:
        raise ValueError(
            f"{function}: algorithm must be one of {', '.join(map(repr, ALGORITHMS))}, "
            f"but it is {algorithm!r}"
        )
    return ALGORITHMS[algorithm]
