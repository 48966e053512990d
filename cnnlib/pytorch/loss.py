"""Cross-entropy: how surprised the network is by the truth.

Room: ``cnnlib.pytorch``. Twin: ``cnnlib.reference.loss``, which shows the arithmetic.
Book: chapters 7 and 10. PyTorch's function.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from cnnlib.pytorch.arguments import refusing, require_float
from cnnlib.shapes import as_integer

__all__ = ["cross_entropy"]


def cross_entropy(
    x: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
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
        If a class is not from 0 to K - 1 (on a CPU: a GPU would have to wait to look), or an
        option is out of range.
    TypeError
        If ``x`` is not floating point, or ``target`` neither integers nor the dtype of ``x``.

    Notes
    -----
    Options after ``weight`` are by name only: in torch, two outdated ones stand between them.
    Goodfellow, Bengio and Courville, *Deep Learning*, 2016, section 6.2.2; label smoothing from
    Szegedy et al., *Rethinking the Inception architecture*, 2016, section 7.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[0.0, 0.0], [3.0, 3.0]])
    >>> cross_entropy(x, torch.tensor([0, 1]), reduction="none")
    tensor([0.6931, 0.6931])
    """
    require_float("cross_entropy", x=x, weight=weight)
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(
            f"cross_entropy: reduction must be 'mean', 'sum' or 'none', but it is {reduction!r}"
        )
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"cross_entropy: label_smoothing must be from 0 to 1, but it is {label_smoothing}"
        )
    ignored = as_integer(ignore_index, "cross_entropy: ignore_index")
    if target.dtype.is_floating_point:
        require_float("cross_entropy", x=x, target=target)
        if ignored >= 0:
            raise ValueError(
                f"cross_entropy: ignore_index={ignored} needs classes, but target holds"
                f" probabilities"
            )
    classes = target if target.dtype.is_floating_point else target.long()
    cure = "The second axis of x is the K classes; they are counted from 0 to K - 1."
    with refusing("cross_entropy", cure, x=x, target=target, weight=weight):
        return F.cross_entropy(
            x,
            classes,
            weight,
            ignore_index=ignored,
            reduction=reduction,
            label_smoothing=label_smoothing,
        )
