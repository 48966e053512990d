"""Run a network and keep what its layers put out, without leaving a trace in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

__all__ = ["activations"]

Inputs = ArrayLike | Tensor


def activations(
    model: nn.Module, x: Inputs, layers: Sequence[str]
) -> dict[str, NDArray[np.float32]]:
    """Return what the named layers put out.

    Parameters
    ----------
    model : torch.nn.Module
    x : (N, C, H, W)
        Images, as the model expects them.
    layers : list of str
        Names as in ``model.named_modules()``.

    Returns
    -------
    outputs : dict of layer name to (N, ...) array, in the order of ``layers``

    Raises
    ------
    KeyError
        If the model has no such layer.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
    >>> {name: y.shape for name, y in activations(model, np.ones((2, 1, 8, 8)), ["0", "1"]).items()}
    {'0': (2, 4, 6, 6), '1': (2, 4, 6, 6)}
    """
    with inspected(model), torch.no_grad(), kept_outputs(model, layers) as kept:
        model(as_input(model, x))
    # A layer that changes its input in place must not change what an earlier one is said to give.
    return {name: kept[name].float().cpu().numpy() for name in layers}


@contextmanager
def inspected(model: nn.Module) -> Iterator[None]:
    """Switch to evaluation mode, and put every module back as it was."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        # Also inside torch.no_grad(), where a reader may well call these functions.
        with torch.enable_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def kept_outputs(
    model: nn.Module, layers: Sequence[str], detach: bool = True
) -> Iterator[dict[str, Tensor]]:
    """Keep the outputs of the named layers while the model runs."""
    modules = dict(model.named_modules())
    kept: dict[str, Tensor] = {}
    unknown = [name for name in layers if name not in modules]
    if unknown:
        known = ", ".join(name for name in modules if name) or "none, it is one: call it ''"
        raise KeyError(f"the model has no layer {unknown[0]!r}; it has {known}")

    def keep(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor | None:
            if detach:
                kept[name] = output.detach().clone()
                return None
            # Later layers work on a copy, so one that overwrites its input (an in-place ReLU)
            # cannot spoil the output whose gradient is asked for.
            kept[name] = output
            return output.clone()

        return hook

    handles = [modules[name].register_forward_hook(keep(name)) for name in layers]
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def as_input(model: nn.Module, x: Inputs) -> Tensor:
    """Return a copy of ``x`` with the dtype and on the device of the model's parameters."""
    values = x.detach() if isinstance(x, Tensor) else torch.as_tensor(np.asarray(x))
    like: Any = next(model.parameters(), torch.empty(0))
    return values.to(like.device, like.dtype, copy=True)


def as_array(tensor: Tensor) -> NDArray[np.float32]:
    """The numbers alone, for drawing."""
    return tensor.detach().float().cpu().numpy()
