"""First weights: random, and of a size that neither drowns nor drives away the signal.

Room: ``cnnlib.reference`` -- NumPy only, never torch. The functions of ``torch.nn.init``, except
that they return a new array and take the generator of their random numbers. Book: chapters 8 and 9.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cnnlib.reference.arguments import Array
from cnnlib.shapes import ShapeError

__all__ = [
    "calculate_gain",
    "kaiming_normal",
    "kaiming_uniform",
    "xavier_normal",
    "xavier_uniform",
]

GAINS = {"linear": 1.0, "conv2d": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": 2**0.5}


def calculate_gain(nonlinearity: str, a: float = 0.01) -> float:
    """How much larger weights must be to make up for what an activation takes away.

    Parameters
    ----------
    nonlinearity : {"linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu"}
    a : float
        Slope of ``"leaky_relu"`` for negative values.

    Returns
    -------
    gain : float

    Raises
    ------
    ValueError
        If the activation is unknown.

    Notes
    -----
    The numbers of ``torch.nn.init.calculate_gain``.

    Examples
    --------
    >>> round(calculate_gain("relu"), 4)
    1.4142
    """
    if nonlinearity == "leaky_relu":
        return float((2 / (1 + a**2)) ** 0.5)
    if nonlinearity not in GAINS:
        raise ValueError(
            f"calculate_gain: nonlinearity must be one of "
            f"{', '.join(map(repr, [*GAINS, 'leaky_relu']))}, but it is {nonlinearity!r}"
        )
    return GAINS[nonlinearity]


def kaiming_uniform(
    shape: Sequence[int],
    rng: np.random.Generator,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    dtype: npt.DTypeLike = np.float32,
) -> Array:
    r"""Draw weights evenly from :math:`\pm\, \text{gain} \sqrt{3 / \text{fan}}`.

    Parameters
    ----------
    shape : (C_out, C_in // groups, KH, KW) or (D_out, D_in)
    rng : numpy.random.Generator
    a : float
        Slope of ``"leaky_relu"`` for negative values.
    mode : {"fan_in", "fan_out"}
        Whether the forward signal or the gradient keeps its size.
    nonlinearity : str
        See :func:`calculate_gain`.
    dtype : dtype

    Returns
    -------
    weight : ``shape``

    Raises
    ------
    ShapeError
        If ``shape`` has fewer than two axes.
    ValueError
        If ``mode`` or ``nonlinearity`` is unknown.

    Notes
    -----
    He, Zhang, Ren and Sun, *Delving deep into rectifiers*, 2015, section 2.2.

    Examples
    --------
    >>> kaiming_uniform((2, 3), np.random.default_rng(0)).shape
    (2, 3)
    """
    bound = 3**0.5 * _kaiming_spread("kaiming_uniform", shape, a, mode, nonlinearity)
    return rng.uniform(-bound, bound, tuple(shape)).astype(dtype)


def kaiming_normal(
    shape: Sequence[int],
    rng: np.random.Generator,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    dtype: npt.DTypeLike = np.float32,
) -> Array:
    r"""Draw weights from a normal distribution of spread :math:`\text{gain} / \sqrt{\text{fan}}`.

    Parameters
    ----------
    shape, rng, a, mode, nonlinearity, dtype
        As for :func:`kaiming_uniform`.

    Returns
    -------
    weight : ``shape``

    Raises
    ------
    ShapeError, ValueError
        As :func:`kaiming_uniform`.

    Notes
    -----
    He, Zhang, Ren and Sun, *Delving deep into rectifiers*, 2015, section 2.2.

    Examples
    --------
    >>> kaiming_normal((2, 3), np.random.default_rng(0)).dtype
    dtype('float32')
    """
    spread = _kaiming_spread("kaiming_normal", shape, a, mode, nonlinearity)
    weight: Array = (spread * rng.standard_normal(tuple(shape))).astype(dtype)
    return weight


def xavier_uniform(
    shape: Sequence[int],
    rng: np.random.Generator,
    gain: float = 1.0,
    dtype: npt.DTypeLike = np.float32,
) -> Array:
    r"""Draw weights evenly from :math:`\pm\, g \sqrt{6 / (\text{fan in} + \text{fan out})}`.

    Parameters
    ----------
    shape : (C_out, C_in // groups, KH, KW) or (D_out, D_in)
    rng : numpy.random.Generator
    gain : float
        The factor g; see :func:`calculate_gain`.
    dtype : dtype

    Returns
    -------
    weight : ``shape``

    Raises
    ------
    ShapeError
        If ``shape`` has fewer than two axes.

    Notes
    -----
    Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural
    networks*, 2010, equation 16.

    Examples
    --------
    >>> xavier_uniform((2, 3), np.random.default_rng(0)).shape
    (2, 3)
    """
    bound = gain * (6 / sum(_fans("xavier_uniform", shape))) ** 0.5
    return rng.uniform(-bound, bound, tuple(shape)).astype(dtype)


def xavier_normal(
    shape: Sequence[int],
    rng: np.random.Generator,
    gain: float = 1.0,
    dtype: npt.DTypeLike = np.float32,
) -> Array:
    r"""Draw normal weights of spread :math:`g \sqrt{2 / (\text{fan in} + \text{fan out})}`.

    Parameters
    ----------
    shape, rng, gain, dtype
        As for :func:`xavier_uniform`.

    Returns
    -------
    weight : ``shape``

    Raises
    ------
    ShapeError
        If ``shape`` has fewer than two axes.

    Notes
    -----
    Glorot and Bengio, 2010, equation 12.

    Examples
    --------
    >>> xavier_normal((2, 3), np.random.default_rng(0)).shape
    (2, 3)
    """
    spread = gain * (2 / sum(_fans("xavier_normal", shape))) ** 0.5
    weight: Array = (spread * rng.standard_normal(tuple(shape))).astype(dtype)
    return weight


def _fans(function: str, shape: Sequence[int]) -> tuple[int, int]:
    """How many values feed one output, and how many outputs one value feeds."""
    if len(shape) < 2:
        raise ShapeError(
            f"{function}: shape {tuple(shape)} must have at least the axes (out, in)\n"
            f"  A bias has no fan; start it at 0."
        )
    pixels = int(np.prod(shape[2:]))
    return shape[1] * pixels, shape[0] * pixels


def _kaiming_spread(
    function: str, shape: Sequence[int], a: float, mode: str, nonlinearity: str
) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"{function}: mode must be 'fan_in' or 'fan_out', but it is {mode!r}")
    fan = _fans(function, shape)[("fan_in", "fan_out").index(mode)]
    return float(calculate_gain(nonlinearity, a) / fan**0.5)
