"""What all normalisations do: subtract a mean, divide by a spread.

Here values have the axes (N, S, L): one mean and one variance for each of S, over N and L.
"""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array, describe
from cnnlib.shapes import ShapeError

CACHE = 1 << 17  # values that are worked on together: half a MiB of float32


def statistics(x: Array) -> tuple[Array, Array, Array]:
    """Mean and (biased) variance, (S,), and ``x`` minus its mean.

    The mean is taken off before squaring: the difference of two large sums would lose the digits
    that matter.
    """
    count = max(1, x.shape[0] * x.shape[2])
    mean = totals(x) / x.dtype.type(count)
    centred = x - mean[:, None]
    variance = np.vecdot(centred, centred).sum(axis=0) / x.dtype.type(count)
    return mean, variance, centred


def totals(x: Array) -> Array:
    """Sum over N and L; a product with ones is three times as fast as ``x.sum``."""
    total: Array = (x @ np.ones(x.shape[2], x.dtype)).sum(axis=0)
    return total


def standardise_backward(
    grad: Array, centred: Array, inverse_spread: Array, weight: Array | None = None
) -> tuple[Array, Array, Array]:
    r"""Gradient through the mean, the variance and the scale, in that order backwards.

    With :math:`\hat x` for the standardised values, :math:`g` for ``grad`` and bars for means over
    N and L: :math:`(w / \sigma)\,(g - \bar g - \hat x\, \overline{g \hat x})`.

    Returns the gradients of x, weight and bias; ``weight`` is per S.
    """
    count = grad.dtype.type(max(1, grad.shape[0] * grad.shape[2]))
    grad_bias = totals(grad)
    grad_weight = np.vecdot(grad, centred).sum(axis=0) * inverse_spread
    scale = inverse_spread if weight is None else inverse_spread * weight
    # The formula is a * g + b * centred + c with three factors per S; in place, and for a few
    # images at a time, which stay in the cache. ``centred`` is spent with it.
    a, b = scale[:, None], (-scale * inverse_spread * grad_weight / count)[:, None]
    c, grad_x = (scale * grad_bias / count)[:, None], np.empty_like(centred)
    together = max(1, CACHE * len(grad) // max(1, grad.size))
    for n in range(0, len(grad), together):
        part, rest = grad_x[n : n + together], centred[n : n + together]
        rest *= b
        rest -= c
        np.multiply(grad[n : n + together], a, out=part)
        part += rest
    return grad_x, grad_weight, grad_bias


def require_channels(function: str, x: Array, **vectors: Array | None) -> None:
    """Refuse anything but one value per channel."""
    if x.ndim < 2:
        raise ShapeError(
            f"{function}: x has {x.ndim} axes but must have at least (N, C)\n"
            f"{describe(x=(x, 'needed: (N, C, ...)'))}"
        )
    for name, vector in vectors.items():
        if vector is not None and vector.shape != x.shape[1:2]:
            raise ShapeError(
                f"{function}: {name} has shape {vector.shape} but must have one value for each of "
                f"{x.shape[1]} channels\n"
                f"{describe(**{'x': (x, '(N, C, ...)'), name: (vector, 'needed: (C,)')})}"
            )


def require_spread(function: str, x: Array, values: int, per: str) -> None:
    """Refuse statistics over a single value: it would always be normalised to 0."""
    if values == 1:
        raise ShapeError(
            f"{function}: there is only one value per {per} to take the mean and the variance of\n"
            f"{describe(x=(x, '(N, C, ...)'))}\n"
            f"  Use a larger batch or image, or the running statistics."
        )
