"""Which sample is read when: an order that depends on the seed and the epoch, and on nothing else.

Because the order can be computed for any epoch, a run that was killed in the middle of one goes on
with exactly the batches that it has not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from cnnlib.data.images import Images

Data = Images | tuple[Any, Any] | Dataset[Any]


def epoch_order(samples: int, batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """Return the batches of one epoch as lists of sample indices; the last may be smaller.

    Examples
    --------
    >>> [len(batch) for batch in epoch_order(10, batch_size=4, seed=0, epoch=0)]
    [4, 4, 2]
    >>> epoch_order(10, 4, seed=0, epoch=1) == epoch_order(10, 4, seed=0, epoch=0)
    False
    """
    order = np.random.default_rng([seed, epoch]).permutation(samples).tolist()
    return [order[start : start + batch_size] for start in range(0, samples, batch_size)]


def share(batch: Sequence[int], rank: int, world_size: int) -> tuple[list[int], float]:
    """Return the samples of a batch that process ``rank`` works on, and the weight of their mean.

    Processes average their gradients. With these weights the average is the gradient of the mean
    over the whole batch, also where the shares differ in size. A process without a share works on
    a sample of weight zero, because every process has to take part.

    Examples
    --------
    >>> share([7, 8, 9], rank=0, world_size=2), share([7, 8, 9], rank=1, world_size=2)
    (([7, 9], 1.3333333333333333), ([8], 0.6666666666666666))
    """
    mine = list(batch[rank::world_size])
    if not mine:
        return [batch[0]], 0.0
    return mine, len(mine) * world_size / len(batch)


class Samples:
    """Labelled samples that can be read by index."""

    def __init__(self, data: Data, workers: int = 0) -> None:
        self.arrays: tuple[Tensor, Tensor] | None = None
        if isinstance(data, Images):
            data = (data.x, data.y)
        if isinstance(data, tuple):
            if len(data) != 2:
                raise ValueError(
                    f"data is a tuple of {len(data)}, but must be (x, y)\n"
                    f"  Give images (N, C, H, W) and labels (N,)."
                )
            x, y = (torch.as_tensor(part) for part in data)
            if len(x) != len(y):
                raise ValueError(
                    f"{len(x)} samples but {len(y)} labels\n"
                    f"  x  {tuple(x.shape)}  (N, C, H, W)\n"
                    f"  y  {tuple(y.shape)}  (N,)"
                )
            self.arrays = x, y
        self.dataset, self.workers = data, workers
        if len(self) == 0:
            raise ValueError("there are no samples")

    def __len__(self) -> int:
        if self.arrays is not None:
            return len(self.arrays[0])
        return len(self.dataset)  # type: ignore[arg-type]

    def read(self, batches: Sequence[Sequence[int]]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield inputs and labels of each batch."""
        if self.arrays is not None:
            x, y = self.arrays
            for batch in batches:
                rows = torch.as_tensor(batch)
                yield x[rows], y[rows]
        else:
            dataset: Any = self.dataset
            yield from DataLoader(dataset, batch_sampler=batches, num_workers=self.workers)  # type: ignore[arg-type]
