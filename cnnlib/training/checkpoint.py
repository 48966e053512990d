"""Checkpoints that survive being killed at any moment: written aside, then renamed into place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

FORMAT = 1


class CheckpointError(RuntimeError):
    """A checkpoint cannot be used; the message says why and what to do."""


def save(state: dict[str, Any], path: Path) -> None:
    """Write ``state`` so that ``path`` always holds either the old or the new state, whole.

    Parameters
    ----------
    state : dict
        Tensors and plain Python values, which load without unpickling code.
    path : Path
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with aside.open("wb") as file:
            torch.save({"format": FORMAT, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    # The new name is only safe against a power cut once the folder itself is written.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load(path: Path) -> dict[str, Any] | None:
    """Return the state in ``path``, or None if there is no such file.

    Raises
    ------
    CheckpointError
        If the file is not a checkpoint of this library. Nothing in it is executed.
    """
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(
            f"{path} is not a checkpoint that can be read safely ({type(error).__name__}); "
            "move it away to start afresh"
        ) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not a checkpoint of cnnlib.training, format {FORMAT}")
    return state


def check_same_run(found: dict[str, Any], wanted: dict[str, Any], path: Path) -> None:
    """Refuse to go on with another run's checkpoint."""
    different = [
        f"{name} was {found.get(name)!r} and is {value!r}"
        for name, value in wanted.items()
        if found.get(name) != value
    ]
    if different:
        raise CheckpointError(
            f"{path} belongs to another run: {'; '.join(different)}. "
            "Use the same settings, another path, or resume=False to start afresh"
        )
