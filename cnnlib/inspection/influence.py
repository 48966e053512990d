"""How strongly each input pixel moves one place of a layer: the effective receptive field."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cnnlib.inspection.probe import as_array, as_input, inspected, kept_outputs

__all__ = ["effective_receptive_field"]


def effective_receptive_field(
    model: nn.Module,
    layer: str,
    *,
    shape: tuple[int, int, int],
    position: tuple[int, int] | None = None,
    samples: int = 32,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Return how strongly each input pixel moves one place of a layer, on random pictures.

    Parameters
    ----------
    model : torch.nn.Module
    layer : str
        A layer whose output is (N, C, h, w); a name as in ``model.named_modules()``.
    shape : (C, H, W)
        Of the input.
    position : (row, column), optional
        Place in the layer; the middle if not given.
    samples : int
        How many pictures of standard normal noise.
    seed : int

    Returns
    -------
    influence : (H, W), not negative
        Absolute gradient of the channels' sum at that place, averaged over pictures and summed over
        input channels. Zero outside the theoretical receptive field.

    Raises
    ------
    KeyError, ValueError
        If there is no such layer, or its output is not (N, C, h, w).
    IndexError
        If it has no such place.

    Notes
    -----
    Luo et al., *Understanding the effective receptive field in deep convolutional neural networks*,
    2016.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 1, 3))
    >>> influence = effective_receptive_field(model, "1", shape=(1, 9, 9))
    >>> [int((influence.max(axis=axis) > 0).sum()) for axis in (0, 1)]
    [5, 5]
    """
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((samples, *shape))
    with inspected(model), kept_outputs(model, [layer], detach=False) as kept:
        images = as_input(model, noise).requires_grad_()
        model(images)
        maps = kept[layer]
        if maps.ndim != 4:
            raise ValueError(
                f"effective_receptive_field: layer {layer!r} gives {tuple(maps.shape)}, not "
                "(N, C, h, w); choose one before the picture is flattened or averaged"
            )
        i, j = position or (maps.shape[2] // 2, maps.shape[3] // 2)
        if not (0 <= i < maps.shape[2] and 0 <= j < maps.shape[3]):
            raise IndexError(
                f"effective_receptive_field: position {(i, j)} lies outside layer {layer!r}, which"
                f" has {maps.shape[2]} x {maps.shape[3]} places"
            )
        (gradient,) = torch.autograd.grad(maps[:, :, i, j].sum(), images)
    return as_array(gradient.abs().sum(dim=1).mean(dim=0))
