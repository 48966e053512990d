"""How a call is written down, so that a learner can paste it into a cell.

Room: ``cnnlib.checks`` -- NumPy only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

SMALL = 48  # an array up to this size is written out; a larger one is described
INDENT = " " * 13  # the width of a label in a report


@dataclass(frozen=True)
class Normal:
    """Random numbers that a learner can make again from one short expression."""

    shape: tuple[int, ...]
    seed: int

    @property
    def array(self) -> np.ndarray:
        """Signed float64 numbers, always the same ones."""
        return np.random.default_rng(self.seed).standard_normal(self.shape)

    def __repr__(self) -> str:
        return f"np.random.default_rng({self.seed}).standard_normal({self.shape})"


def normal(shape: tuple[int, ...], seed: int) -> Normal:
    """Return an argument for a case that is too large to write out: seeded normal numbers."""
    return Normal(tuple(shape), seed)


def materialise(argument: Any) -> Any:
    """Make a fresh, independent argument: what a call gets cannot damage what we keep."""
    if isinstance(argument, Normal):
        return argument.array
    if isinstance(argument, np.ndarray):
        return argument.copy()
    if hasattr(argument, "detach"):  # a tensor, without importing torch
        return argument.detach().clone()
    if isinstance(argument, Mapping):
        return {key: materialise(value) for key, value in argument.items()}
    if isinstance(argument, tuple):
        return tuple(materialise(value) for value in argument)
    if isinstance(argument, list):
        return [materialise(value) for value in argument]
    return argument


def written(value: Any, *, numbers: bool = True) -> str:
    """Write ``value`` as Python that gives it back, as far as its size allows.

    Without ``numbers``, arrays at any depth are described and not written out.
    """
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        inside = ", ".join(written(v, numbers=numbers) for v in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, list):
        return "[" + ", ".join(written(v, numbers=numbers) for v in value) + "]"
    if isinstance(value, Mapping):
        pairs = (f"{key!r}: {written(v, numbers=numbers)}" for key, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, Normal) and not numbers:
        return f"float64 array of shape {value.shape}"
    if isinstance(value, np.ndarray):
        if not numbers or value.size > SMALL:
            return f"{value.dtype} array of shape {value.shape}"
        dtype = "" if value.dtype in (np.float64, np.int64) else f", dtype=np.{value.dtype}"
        return f"np.array({value.tolist()}{dtype})"
    if hasattr(value, "detach"):  # a tensor
        if not numbers or value.numel() > SMALL:
            return f"tensor of shape {tuple(value.shape)}"
        return f"torch.tensor({value.tolist()})"
    if callable(value) and hasattr(value, "__name__"):  # a learner's function, given to a helper
        return str(value.__name__)
    return repr(value)


def call_text(
    name: str, args: Sequence[Any], kwargs: Mapping[str, Any], *, numbers: bool = True
) -> str:
    """Write the call ``name(*args, **kwargs)``; without ``numbers``, arrays only by shape."""
    parts = [written(a, numbers=numbers) for a in args]
    parts += [f"{key}={written(value, numbers=numbers)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(parts)})"


def shown(value: Any) -> str:
    """Write a result for reading: rounded, line by line under its label."""
    if isinstance(value, np.ndarray) and value.size <= SMALL:
        text = np.array2string(value, separator=", ", precision=6, max_line_width=88)
        return text.replace("\n", "\n" + INDENT)
    text = written(value)
    return text if len(text) <= 400 else text[:397] + "..."
