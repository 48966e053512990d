"""Cross-entropy: how surprised the network is by the truth.

Room: ``cnnlib.reference`` -- NumPy only, gradients written by hand, never torch.
Twin: ``cnnlib.pytorch.loss``. Book: chapters 7 and 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnlib.reference.arguments import Array, describe, require_float
from cnnlib.reference.softmax import log_softmax
from cnnlib.shapes import ShapeError, as_integer

__all__ = ["cross_entropy", "cross_entropy_backward"]

REDUCTIONS = ("none", "mean", "sum")


def cross_entropy(
    x: Array,
    target: Array,
    weight: Array | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    r"""Minus the logarithm of the probability that the network gives to the truth.

    .. math:: \ell_n = -\sum_k w_k\, t_{nk} \log \frac{e^{x_{nk}}}{\sum_j e^{x_{nj}}}

    Parameters
    ----------
    x : (N, K), (K,) or (N, K, ...)
        Logits, not probabilities; no unit.
    target : integers (N,), () or (N, ...); or probabilities in the shape of ``x``
        The right class of each sample, from 0 to K - 1; or how probable each class is.
    weight : (K,), optional
        How much each class counts.
    ignore_index : int
        Samples with this class count as nothing. With integers only.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` divides by the summed weights of the true classes, or, for probabilities, by the
        number of samples.
    label_smoothing : float
        From 0 to 1: this share of the truth is spread evenly over all classes.

    Returns
    -------
    loss : scalar, or the shape of the samples with ``reduction="none"``
        In nats. The mean over no samples is NaN.

    Raises
    ------
    ShapeError
        If ``target`` or ``weight`` do not fit ``x``.
    ValueError
        If a class is not from 0 to K - 1, or an option is out of range.
    TypeError
        If ``x`` is not floating point, or ``target`` neither integers nor the dtype of ``x``.

    Notes
    -----
    Options after ``weight`` are by name only: in torch, two outdated ones stand between them.
    Goodfellow, Bengio and Courville, *Deep Learning*, 2016, section 6.2.2; label smoothing from
    Szegedy et al., *Rethinking the Inception architecture*, 2016, section 7.

    Examples
    --------
    >>> x = np.array([[0.0, 0.0], [np.log(3.0), 0.0]])
    >>> cross_entropy(x, np.array([0, 0]), reduction="none").round(4)
    array([0.6931, 0.2877])
    >>> float(cross_entropy(x, np.array([[0.5, 0.5], [1.0, 0.0]]), reduction="sum").round(4))
    0.9808
    """
    s = _samples("cross_entropy", x, target, weight, ignore_index, reduction, label_smoothing)
    with np.errstate(invalid="ignore"):  # 0 times infinity is NaN, as in torch
        terms = s.shares * s.log_probs
    if s.indices:
        terms = np.where(s.shares == 0, x.dtype.type(0), terms)  # a class not asked for is silent
    losses = -terms.sum(axis=1)
    if reduction == "none":
        return losses.reshape(s.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        return losses.sum() / s.divisor


def cross_entropy_backward(
    grad_y: Array,
    x: Array,
    target: Array,
    weight: Array | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Array:
    r"""Gradient of :func:`cross_entropy` with respect to the logits.

    Parameters
    ----------
    grad_y : scalar, or the shape of the samples with ``reduction="none"``
        Gradient of what follows with respect to the loss; ``np.float32(1)`` for the loss itself.
    x, target, weight, ignore_index, reduction, label_smoothing
        As given to :func:`cross_entropy`.

    Returns
    -------
    grad_x : the shape of ``x``
        Probabilities minus truth, in each sample's share. ``target`` and ``weight`` are data and
        receive none.

    Raises
    ------
    ShapeError
        If ``grad_y`` does not have the shape of the loss.

    Notes
    -----
    Bishop, *Pattern Recognition and Machine Learning*, 2006, section 4.3.4.

    Examples
    --------
    >>> cross_entropy_backward(np.float64(1), np.array([[0.0, 0.0]]), np.array([1]))
    array([[ 0.5, -0.5]])
    """
    function = "cross_entropy_backward"
    s = _samples(function, x, target, weight, ignore_index, reduction, label_smoothing)
    wanted = s.shape if reduction == "none" else ()
    if np.shape(grad_y) != wanted:
        raise ShapeError(
            f"{function}: grad_y has shape {np.shape(grad_y)} but the loss has {wanted}\n"
            f"  With reduction={reduction!r} pass "
            f"{'one value per sample' if wanted else 'one number, such as x.dtype.type(1)'}."
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        upstream = np.asarray(grad_y, x.dtype).reshape(-1, 1) / s.divisor
        share = s.shares.sum(axis=1, keepdims=True)
        if s.indices:  # nothing comes from an ignored sample, not even from a mean over none
            upstream = np.where(share == 0, x.dtype.type(0), upstream)
        grad = np.exp(s.log_probs) * share - s.shares
        grad = grad * upstream
    return np.ascontiguousarray(_classes_back(grad, x.shape))


@dataclass(frozen=True)
class _Samples:
    """One row per sample: the loss is minus the sum of ``shares`` times ``log_probs``."""

    log_probs: Array  # (M, K)
    shares: Array  # (M, K): weight times truth
    divisor: Any  # a number, in the dtype of x
    shape: tuple[int, ...]  # of the samples
    indices: bool  # whether target held classes


def _samples(
    function: str,
    x: Array,
    target: Array,
    weight: Array | None,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
) -> _Samples:
    require_float(function, x=x, weight=weight)
    if not isinstance(target, np.ndarray | np.integer):
        raise TypeError(
            f"{function}: target is a {type(target).__name__}, not a NumPy array\n"
            f"  Use np.asarray(target)."
        )
    target = np.asarray(target)
    if reduction not in REDUCTIONS:
        raise ValueError(
            f"{function}: reduction must be 'mean', 'sum' or 'none', but it is {reduction!r}"
        )
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"{function}: label_smoothing must be from 0 to 1, but it is {label_smoothing}"
        )
    if x.ndim == 0:
        raise ShapeError(
            f"{function}: x must have at least the axis of classes, but it is a number"
        )
    class_axis = 0 if x.ndim == 1 else 1
    K, shape = x.shape[class_axis], x.shape[:class_axis] + x.shape[class_axis + 1 :]
    if weight is not None and weight.shape != (K,):
        raise ShapeError(
            f"{function}: weight has shape {weight.shape} but must have one value for each of "
            f"{K} classes\n{describe(x=(x, '(N, K, ...)'), weight=(weight, 'needed: (K,)'))}"
        )
    dtype = x.dtype.type
    w = np.ones(K, x.dtype) if weight is None else weight
    log_probs = _classes_last(log_softmax(x, class_axis), class_axis)
    if target.dtype.kind in "iu":
        classes = _classes(function, x, target, shape, K, ignore_index)
        counted = classes >= 0
        truth = np.zeros((classes.size, K), x.dtype)
        truth[np.flatnonzero(counted), classes[counted]] = 1
        own_weight = (truth * w).sum(axis=1)
        shares = (1 - dtype(label_smoothing)) * truth + dtype(label_smoothing / max(1, K)) * (
            counted[:, None]
        )
        divisor = own_weight.sum()
    else:
        require_float(function, x=x, target=target)
        if target.shape != x.shape:
            raise _misfit(function, x, target, shape)
        if ignore_index >= 0:
            raise ValueError(
                f"{function}: ignore_index={ignore_index} needs classes, "
                f"but target holds probabilities"
            )
        truth = _classes_last(target, class_axis)
        shares = (1 - dtype(label_smoothing)) * truth + dtype(label_smoothing / max(1, K))
        divisor = dtype(len(truth))
    return _Samples(
        log_probs,
        shares * w,
        divisor if reduction == "mean" else dtype(1),
        shape,
        target.dtype.kind in "iu",
    )


def _classes(
    function: str, x: Array, target: Array, shape: tuple[int, ...], K: int, ignore_index: int
) -> Array:
    """The class of each sample, -1 for one to ignore."""
    if target.shape != shape and not (x.ndim == 1 and target.shape == (1,)):
        raise _misfit(function, x, target, shape)
    ignored = target == as_integer(ignore_index, f"{function}: ignore_index")
    wrong = ~ignored & ((target < 0) | (target >= K))
    if wrong.any():
        raise ValueError(
            f"{function}: target holds class {target[wrong].flat[0]} but there are only {K}\n"
            f"{describe(x=(x, '(N, K, ...)'), target=(target, 'classes from 0 to K - 1'))}\n"
            f"  Classes are counted from 0."
        )
    return np.where(ignored, -1, target).astype(np.int64).reshape(-1)


def _misfit(function: str, x: Array, target: Array, shape: tuple[int, ...]) -> ShapeError:
    needed = f"needed: classes {shape} or probabilities {x.shape}"
    return ShapeError(
        f"{function}: target does not fit the logits\n"
        f"{describe(x=(x, '(N, K, ...)'), target=(target, needed))}\n"
        f"  The second axis of x is the classes."
    )


def _classes_last(a: Array, class_axis: int) -> Array:
    """(N, K, ...) as (N * ..., K)."""
    moved = np.moveaxis(a, class_axis, -1)
    return moved.reshape(int(np.prod(moved.shape[:-1])), a.shape[class_axis])


def _classes_back(rows: Array, shape: tuple[int, ...]) -> Array:
    if len(shape) == 1:
        return rows.reshape(shape)
    return np.moveaxis(rows.reshape(shape[0], *shape[2:], shape[1]), -1, 1)
