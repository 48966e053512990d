"""Random numbers that belong to a step of training and to nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def seed_step(seed: int, step: int, rank: int = 0) -> None:
    """Set torch's generators for one step of one process.

    Dropout and augmentation of a step then depend on ``(seed, step, rank)`` only, so a resumed run
    draws what the undisturbed run would have drawn, without storing any generator's state.
    """
    high, low = np.random.SeedSequence([seed, step, rank]).generate_state(2).tolist()
    torch.manual_seed((high << 31) ^ low)


@contextmanager
def own_randomness(device: torch.device) -> Iterator[None]:
    """Give the caller back the state of torch's generators afterwards."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        yield
