"""Loss and accuracy of a model on data, without changing the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlib.training.batches import Data, Samples

Loss = Callable[[Tensor, Tensor], Tensor]


class Scores(NamedTuple):
    """Mean loss and share of right answers over ``samples`` samples."""

    loss: float
    accuracy: float
    samples: int


def evaluate(
    model: nn.Module, data: Data, *, loss: Loss = F.cross_entropy, batch_size: int = 256
) -> Scores:
    """Measure a model, in evaluation mode and where it is.

    Parameters
    ----------
    model : torch.nn.Module
        (N, C, H, W) to logits (N, K). Its mode and weights are as before afterwards.
    data : Images, (x, y) or a map-style Dataset
        Labels are class indices (N,).
    loss : function of (logits, labels)
        Must return the mean over the batch.
    batch_size : int
        Decides memory and speed, not the result.

    Returns
    -------
    Scores

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> evaluate(model, (torch.zeros(6, 1, 2, 2), torch.tensor([0, 1] * 3))).samples
    6
    """
    samples = Samples(data)
    totals = score_totals(model, samples, loss, batch_size, device_of(model))
    return scores_of(totals)


def predict(model: nn.Module, data: Data, *, batch_size: int = 256) -> NDArray[np.float32]:
    """Return the logits (N, K) of a model in evaluation mode, as a NumPy array.

    Parameters
    ----------
    model : torch.nn.Module
    data : Images, (x, y) or a map-style Dataset
        Labels are not used.
    batch_size : int

    Examples
    --------
    >>> import torch
    >>> predict(torch.nn.Flatten(), (torch.ones(3, 1, 2, 2), torch.zeros(3))).shape
    (3, 4)
    """
    samples, device = Samples(data), device_of(model)
    with evaluation_mode(model):
        logits = [
            model(x.to(device)).float().cpu()
            for x, _ in samples.read(in_order(len(samples), batch_size))
        ]
    return torch.cat(logits).numpy()


def in_order(samples: int, batch_size: int, rank: int = 0, world_size: int = 1) -> list[list[int]]:
    """Return batches of every ``world_size``-th sample, from ``rank`` on."""
    mine = list(range(rank, samples, world_size))
    return [mine[start : start + batch_size] for start in range(0, len(mine), batch_size)]


def score_totals(
    model: nn.Module,
    samples: Samples,
    loss: Loss,
    batch_size: int,
    device: torch.device,
    rank: int = 0,
    world_size: int = 1,
) -> Tensor:
    """Return [sum of losses, right answers, samples] of this process's share, in float64."""
    totals = torch.zeros(3, dtype=torch.float64)
    with evaluation_mode(model):
        for x, y in samples.read(in_order(len(samples), batch_size, rank, world_size)):
            logits, labels = model(x.to(device)), y.to(device)
            totals += batch_totals(logits, labels, loss(logits, labels))
    return totals


def batch_totals(logits: Tensor, labels: Tensor, mean_loss: Tensor) -> Tensor:
    """Return [sum of losses, right answers, samples] of one batch, in float64 on the CPU."""
    right = (logits.detach().argmax(dim=1) == labels).sum()
    count = len(labels)
    return torch.tensor(
        [float(mean_loss.detach()) * count, float(right), count], dtype=torch.float64
    )


def scores_of(totals: Tensor) -> Scores:
    """Return means from totals."""
    loss, right, samples = totals.tolist()
    return Scores(loss / samples, right / samples, int(samples))


def device_of(model: nn.Module) -> torch.device:
    """Return where a model's parameters are; the CPU if it has none."""
    parameter: Any = next(model.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Switch to evaluation mode without gradients, and put every module back as it was."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode
