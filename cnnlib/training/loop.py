"""Training: the same function on a laptop, on a GPU, and on many devices under ``torchrun``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from tqdm.auto import tqdm

from cnnlib.training import checkpoint as checkpoints
from cnnlib.training.batches import Data, Samples, epoch_order, share
from cnnlib.training.devices import Precision, make_fabric
from cnnlib.training.history import History
from cnnlib.training.randomness import own_randomness, seed_step
from cnnlib.training.scores import Loss, Scores, batch_totals, score_totals, scores_of

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Augment = Callable[[Tensor], Tensor]


def fit(
    model: nn.Module,
    train: Data,
    validation: Data | None = None,
    *,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int = 64,
    loss: Loss = F.cross_entropy,
    schedule: LRScheduler | None = None,
    augment: Augment | None = None,
    clip_norm: float | None = None,
    seed: int = 0,
    device: str = "auto",
    precision: Precision = "32",
    channels_last: bool = False,
    checkpoint: str | Path | None = None,
    checkpoint_every: int | None = None,
    resume: bool = True,
    workers: int = 0,
    progress: bool = True,
) -> History:
    """Train ``model`` in place.

    Started by ``torchrun --nproc-per-node=8 train.py``, the same call works on all devices
    together: each batch is divided among the processes, the gradient is that of the whole batch.

    Parameters
    ----------
    model : torch.nn.Module
        (N, C, H, W) to logits (N, K). Afterwards it is on ``device``, in evaluation mode.
    train, validation : Images, (x, y) or a map-style Dataset
        Labels are class indices (N,).
    optimizer : torch.optim.Optimizer
        Made from ``model.parameters()``.
    epochs : int
        How often every sample is seen, counted from the beginning of the run when resuming too.
    batch_size : int
        Samples in a step, over all devices together. The last batch of an epoch may be smaller.
    loss : function of (logits, labels)
        Must return the mean over the batch.
    schedule : torch.optim.lr_scheduler.LRScheduler, optional
        Made from ``optimizer``; advanced after every *step* (``steps_per_epoch`` counts them).
    augment : function of a batch of images, optional
        Applied on ``device`` to the training images of every step; may use torch's random numbers.
    clip_norm : float, optional
        Longest gradient allowed, as the norm over all parameters.
    seed : int
        Order of samples, dropout, augmentation. On the CPU the same seed gives the same weights bit
        for bit. The random state of the caller is left alone. The weights before training are not
        covered: call ``torch.manual_seed`` before building the model.
    device : "auto", "cpu", "cuda", "cuda:1" or "mps"
    precision : "32", "bf16" or "16"
        "bf16" and "16" are automatic mixed precision.
    channels_last : bool
        Keep images and weights as NHWC in memory, which is faster on GPUs with tensor cores.
    checkpoint : path, optional
        File to write after every epoch and, if it is there, to resume from.
    checkpoint_every : int, optional
        Also write after every so many steps.
    resume : bool
        False ignores a checkpoint that is there, and overwrites it.
    workers : int
        Processes that read a Dataset; arrays are read directly.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    History

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be read or belongs to another run.
    ValueError
        If an argument makes no sense.

    Notes
    -----
    Batch norm uses the statistics of each device's share of the batch, as in PyTorch's
    DistributedDataParallel; every device ends with the running statistics of the first one.

    Examples
    --------
    >>> import torch
    >>> from cnnlib import data
    >>> _ = torch.manual_seed(0)
    >>> train, validation, test = data.digits()
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
    >>> adam = torch.optim.Adam(model.parameters(), lr=0.01)
    >>> history = fit(
    ...     model, train, validation, optimizer=adam, epochs=5, device="cpu", progress=False
    ... )
    >>> history.epochs, history.validation_accuracy[-1] > 0.9
    (5, True)
    """
    for name, number in (("epochs", epochs), ("batch_size", batch_size)):
        if number < 1:
            raise ValueError(f"fit: {name} must be at least 1, got {number}")
    if checkpoint_every is not None and (checkpoint is None or checkpoint_every < 1):
        raise ValueError(
            f"fit: checkpoint_every={checkpoint_every} needs checkpoint=PATH and must be at least 1"
        )
    samples = Samples(train, workers)
    held_out = None if validation is None else Samples(validation, workers)
    fabric = make_fabric(device, precision)
    if channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    wrapped, wrapped_optimizer = fabric.setup(model, optimizer)
    run = _Run(fabric, model, optimizer, schedule, History())
    settings = {
        "seed": seed,
        "batch_size": batch_size,
        "samples": len(samples),
        "precision": precision,
        "processes": fabric.world_size,
    }
    path = None if checkpoint is None else Path(checkpoint)
    if path is not None and resume:
        run.restore(path, settings)
    per_epoch = steps_per_epoch(len(samples), batch_size)
    layout = torch.channels_last if channels_last else torch.preserve_format
    bar = tqdm(
        desc="training",
        total=epochs * per_epoch,
        initial=run.step,
        unit="step",
        disable=not progress or not fabric.is_global_zero,
    )
    with own_randomness(fabric.device), bar:
        for epoch in range(run.step // per_epoch, epochs):
            done = run.step % per_epoch
            order = epoch_order(len(samples), batch_size, seed, epoch)[done:]
            shares = [share(batch, fabric.global_rank, fabric.world_size) for batch in order]
            wrapped.train()
            batches = samples.read([mine for mine, _ in shares])
            for (x, y), (_, weight) in zip(batches, shares, strict=True):
                seed_step(seed, run.step, fabric.global_rank)
                x, y = x.to(fabric.device, memory_format=layout), y.to(fabric.device)
                logits = wrapped(augment(x) if augment else x)
                mean_loss = loss(logits, y)
                wrapped_optimizer.zero_grad()
                fabric.backward(mean_loss * weight)
                if clip_norm is not None:
                    fabric.clip_gradients(
                        wrapped, wrapped_optimizer, max_norm=clip_norm, error_if_nonfinite=False
                    )
                wrapped_optimizer.step()
                if schedule is not None:
                    schedule.step()
                if weight:
                    run.totals += batch_totals(logits, y, mean_loss)
                run.step += 1
                bar.update()
                last = run.step % per_epoch == 0
                if path and checkpoint_every and run.step % checkpoint_every == 0 and not last:
                    run.store(path, settings)
            scores = scores_of(run.summed(run.totals))
            run.totals = torch.zeros(3, dtype=torch.float64)
            row = {
                "train_loss": scores.loss,
                "train_accuracy": scores.accuracy,
                "learning_rate": optimizer.param_groups[0]["lr"],
            }
            if held_out is not None:
                found = _validate(wrapped, held_out, loss, batch_size, run)
                row |= {"validation_loss": found.loss, "validation_accuracy": found.accuracy}
            run.history.append(row)
            bar.set_postfix({name: f"{value:.4g}" for name, value in row.items()})
            if path:
                run.store(path, settings)
    if fabric.world_size > 1:
        for buffer in model.buffers():
            torch.distributed.broadcast(buffer, src=0)
    model.eval()
    return run.history


def steps_per_epoch(samples: int, batch_size: int) -> int:
    """Return how many steps an epoch has; needed to build a schedule.

    Examples
    --------
    >>> steps_per_epoch(1000, batch_size=64)
    16
    """
    return -(-samples // batch_size)


def _validate(
    wrapped: nn.Module, samples: Samples, loss: Loss, batch_size: int, run: _Run
) -> Scores:
    fabric = run.fabric
    totals = score_totals(
        wrapped,
        samples,
        loss,
        max(batch_size, 256),
        fabric.device,
        fabric.global_rank,
        fabric.world_size,
    )
    return scores_of(run.summed(totals))


@dataclass
class _Run:
    """Everything that changes while training, which is everything a checkpoint has to hold."""

    fabric: Fabric
    model: nn.Module
    optimizer: Optimizer
    schedule: LRScheduler | None
    history: History
    step: int = 0

    def __post_init__(self) -> None:
        self.totals = torch.zeros(3, dtype=torch.float64)

    def summed(self, totals: Tensor) -> Tensor:
        """Add up the totals of all processes; the argument stays as it is."""
        if self.fabric.world_size == 1:
            return totals
        moved = totals.clone().to(self.fabric.device)
        reduced: Any = self.fabric.all_reduce(moved, reduce_op="sum")
        return torch.as_tensor(reduced).cpu()

    def store(self, path: Path, settings: dict[str, Any]) -> None:
        """Let the first process write; the others wait until it has."""
        totals = self.summed(self.totals)
        if self.fabric.is_global_zero:
            state = {
                "settings": settings,
                "step": self.step,
                "totals": totals,
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "schedule": None if self.schedule is None else self.schedule.state_dict(),
                "precision": self.fabric.strategy.precision.state_dict(),
                "history": self.history.to_dict(),
            }
            checkpoints.save(state, path)
        self.fabric.barrier()

    def restore(self, path: Path, settings: dict[str, Any]) -> None:
        """Go back to the state in ``path``, if there is one."""
        state = checkpoints.load(path)
        if state is None:
            return
        checkpoints.check_same_run(state["settings"], settings, path)
        if (state["schedule"] is None) != (self.schedule is None):
            had = "none" if state["schedule"] is None else "one"
            raise checkpoints.CheckpointError(f"{path}: the run had {had} of the argument schedule")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        self.fabric.strategy.precision.load_state_dict(state["precision"])
        self.history = History(**state["history"])
        self.step = state["step"]
        if self.fabric.is_global_zero:  # the stored totals are those of all processes
            self.totals = state["totals"]
