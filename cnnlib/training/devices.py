"""Where to compute: the best device at hand, or the one that torchrun gave to this process."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, cast

import torch

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Precision = Literal["32", "bf16", "16"]
PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}


def best_device() -> str:
    """Return "cuda", "mps" or "cpu", the first that there is."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def make_fabric(device: str, precision: Precision) -> Fabric:
    """Return a started Lightning Fabric for one device, or for the processes that torchrun started.

    Parameters
    ----------
    device : "auto", "cpu", "cuda", "cuda:1", "mps"
        Under torchrun each process takes the device of its local rank.
    precision : "32", "bf16" or "16"
        Automatic mixed precision with weights in float32; "16" scales the loss and needs a GPU.
    """
    from lightning_fabric import Fabric

    if precision not in PRECISIONS:
        raise ValueError(
            f"fit: precision must be one of {', '.join(PRECISIONS)}, got {precision!r}"
        )
    kind, _, index = (best_device() if device == "auto" else device).partition(":")
    if kind not in ("cpu", "cuda", "mps"):
        raise ValueError(f"fit: device must be auto, cpu, cuda, cuda:N or mps, got {device!r}")
    if kind == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"fit: device={device!r}, but torch finds no CUDA device; use device='auto'"
        )
    if precision == "16" and kind == "cpu":
        raise ValueError("fit: precision='16' needs a GPU; on the CPU use 'bf16' or '32'")
    if torch.distributed.is_torchelastic_launched():
        per_node = int(os.environ["LOCAL_WORLD_SIZE"])
        placement: dict[str, Any] = {
            "devices": per_node,
            "num_nodes": int(os.environ["WORLD_SIZE"]) // per_node,
            "strategy": "ddp",
        }
    else:
        placement = {"devices": [int(index)] if index else 1}
    with _warnings_only("lightning_fabric"):
        fabric = Fabric(accelerator=kind, precision=cast(Any, PRECISIONS[precision]), **placement)
        fabric.launch()
    return fabric


@contextmanager
def _warnings_only(logger: str) -> Iterator[None]:
    """Keep back what a library says without need, such as the precision that it was asked for."""
    talker = logging.getLogger(logger)
    before = talker.level
    talker.setLevel(logging.WARNING)
    try:
        yield
    finally:
        talker.setLevel(before)
