"""A training run for tests that start it as a program, alone, to be killed, or under torchrun.

Arguments: the folder to write to, the number of epochs, and how many seconds each step sleeps.
"""

import sys
import time
from pathlib import Path

import torch
from torch import nn

from cnnlib import data
from cnnlib.training import fit


class Watched(nn.Module):
    """A network that also keeps running statistics of its input, without using them."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.network = nn.Sequential(*layers)
        self.watcher = nn.BatchNorm1d(64, affine=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.watcher(x.flatten(1))
        return self.network(x)


def main(folder: Path, epochs: int, pause: float) -> None:
    """Train, with checkpoints in the middle of epochs, and save the weights of every process."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    train, validation, _ = data.digits(validation=0.05, test=0.85)
    model = Watched(
        nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.Dropout(DROPOUT),
        nn.Flatten(), nn.Linear(4 * 6 * 6, 10),
    )  # fmt: skip
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 5)

    def slow(x: torch.Tensor) -> torch.Tensor:
        time.sleep(pause)
        return x + 0.05 * torch.randn_like(x) * DROPOUT

    history = fit(
        model, train, validation, optimizer=optimizer, epochs=epochs, batch_size=20,
        schedule=schedule, augment=slow, device="cpu", checkpoint=folder / "run.pt",
        checkpoint_every=2, progress=False,
    )  # fmt: skip
    # A second run in the same processes, and without validation, whose forward passes would make
    # the running statistics of the processes equal by themselves.
    fit(model, train, optimizer=optimizer, epochs=1, batch_size=20, device="cpu", progress=False)
    rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
    torch.save(
        {"model": model.state_dict(), "history": history.to_dict()}, folder / f"final{rank}.pt"
    )


if __name__ == "__main__":
    # Random numbers depend on the process, so runs on one and on two can only agree without them.
    DROPOUT = 0.3 if "random" in sys.argv[4:] else 0.0
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
