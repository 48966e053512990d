"""Find a learning rate by trying many, each for one step."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import nn
from torch.nn import functional as F
from torch.optim import Optimizer
from tqdm.auto import tqdm

from cnnlib.training.batches import Data, Samples, epoch_order
from cnnlib.training.randomness import own_randomness, seed_step
from cnnlib.training.scores import Loss, device_of

if TYPE_CHECKING:
    from cnnlib.plot import CourseFigure

SMOOTHING = 0.9  # weight of the past in the running mean of the loss
WINDOW = 15  # rates in the line whose slope is compared
DIVERGED = 4.0  # times the lowest smoothed loss


@dataclass(frozen=True)
class LearningRates:
    """What each learning rate did to the loss.

    Attributes
    ----------
    rates, losses : list of float
        Learning rate of each step and the smoothed loss before it.
    suggestion : float
        The rate at which the loss fell fastest.
    """

    rates: list[float]
    losses: list[float]
    suggestion: float

    def plot(self, title: str | None = None) -> CourseFigure:
        """Draw the loss over the learning rate (matplotlib is loaded here)."""
        from cnnlib.plot import learning_rates

        return learning_rates(self.rates, self.losses, self.suggestion, title=title)


def find_learning_rate(
    model: nn.Module,
    train: Data,
    *,
    optimizer: Optimizer,
    low: float = 1e-6,
    high: float = 1.0,
    steps: int = 100,
    batch_size: int = 64,
    loss: Loss = F.cross_entropy,
    seed: int = 0,
    progress: bool = True,
) -> LearningRates:
    """Raise the learning rate step by step until the loss explodes; then undo everything.

    Parameters
    ----------
    model : torch.nn.Module
        Trained where it is. Its weights, buffers and mode are put back.
    train : Images, (x, y) or a map-style Dataset
    optimizer : torch.optim.Optimizer
        Made from ``model.parameters()``; its state and learning rates are put back.
    low, high : float
        First and last learning rate; the rates between are evenly spaced on a log scale.
    steps : int
        How many rates; fewer are tried if the loss explodes.
    batch_size : int
    loss : function of (logits, labels)
    seed : int
        Order of samples.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    LearningRates

    Raises
    ------
    ValueError
        If the rates are not positive and rising, or there are too few steps.

    Notes
    -----
    L. N. Smith, *Cyclical learning rates for training neural networks*, 2017, section 3.3. The
    suggestion is a place to start, not an optimum.

    Examples
    --------
    >>> import torch
    >>> from cnnlib import data
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
    >>> sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> train = data.digits().train
    >>> found = find_learning_rate(model, train, optimizer=sgd, high=100, progress=False)
    >>> 0.01 < found.suggestion < 10, sgd.param_groups[0]["lr"]
    (True, 0.1)
    """
    if not 0 < low < high or steps < 10:
        raise ValueError(f"need 0 < low < high and at least 10 steps, got {low}, {high}, {steps}")
    samples, device = Samples(train), device_of(model)
    before = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
    modes = [(module, module.training) for module in model.modules()]
    ratio = (high / low) ** (1 / (steps - 1))
    per_epoch = math.ceil(len(samples) / batch_size)
    order = [
        batch
        for epoch in range(math.ceil(steps / per_epoch))
        for batch in epoch_order(len(samples), batch_size, seed, epoch)
    ][:steps]
    rates: list[float] = []
    smoothed: list[float] = []
    mean = 0.0
    model.train()
    try:
        with own_randomness(device):
            batches = tqdm(samples.read(order), "learning rates", steps, disable=not progress)
            for step, (x, y) in enumerate(batches):
                seed_step(seed, step)
                rate = low * ratio**step
                for group in optimizer.param_groups:
                    group["lr"] = rate
                value = loss(model(x.to(device)), y.to(device))
                mean = SMOOTHING * mean + (1 - SMOOTHING) * float(value.detach())
                corrected = mean / (1 - SMOOTHING ** (step + 1))
                if not math.isfinite(corrected) or (
                    smoothed and corrected > DIVERGED * min(smoothed)
                ):
                    break
                rates.append(rate)
                smoothed.append(corrected)
                optimizer.zero_grad()
                value.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
    finally:
        model.load_state_dict(before[0])
        optimizer.load_state_dict(before[1])
        optimizer.zero_grad()
        for module, mode in modes:
            module.training = mode
    if len(rates) < 3:
        raise ValueError(f"the loss exploded at once, already at {low}; start lower")
    return LearningRates(rates, smoothed, rates[_steepest(rates, smoothed)])


def _steepest(rates: list[float], losses: list[float]) -> int:
    """Return where the loss falls fastest, by the slope of a line through the rates around.

    One noisy step, above all at the end, would win if neighbours were compared.
    """
    half = min(WINDOW // 2, (len(rates) - 1) // 2)
    x, y = np.log(rates), np.array(losses)
    middles = range(half, len(rates) - half)
    slopes = [
        np.polyfit(x[i - half : i + half + 1], y[i - half : i + half + 1], 1)[0] for i in middles
    ]
    return middles[int(np.argmin(slopes))]
