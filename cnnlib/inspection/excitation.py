"""The picture that a channel answers to most strongly: gradient ascent on pixels."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from cnnlib.inspection.probe import as_array, as_input, inspected, kept_outputs

__all__ = ["maximise_activation"]


def maximise_activation(
    model: nn.Module,
    layer: str,
    channel: int,
    *,
    shape: tuple[int, int, int],
    steps: int = 128,
    step_size: float = 0.05,
    smoothing: float = 0.5,
    jitter: int = 2,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Make the picture that a channel, or a class, answers to most strongly.

    Parameters
    ----------
    model : torch.nn.Module
    layer : str
        Name as in ``model.named_modules()``; its output is (N, C, h, w) or (N, K).
    channel : int
        The channel whose mean, or the class whose logit, is raised.
    shape : (C, H, W)
        Of the picture.
    steps : int
        Steps of gradient ascent.
    step_size : float
        Root mean square change of a pixel in a step.
    smoothing : float from 0 to 1
        How much of each pixel is replaced by the mean of its 3 x 3 neighbourhood every fourth step;
        without it the picture fills up with fine noise that only this network reacts to.
    jitter : int, pixels
        The picture is shifted by up to so many pixels in every step, for the same reason.
    seed : int
        Decides the first picture, which is almost grey, and the shifts. A channel that stays silent
        is shown random pictures until it answers.

    Returns
    -------
    image : (C, H, W) float32 from 0 to 1

    Raises
    ------
    KeyError
        If the model has no such layer.
    IndexError
        If the layer has no such channel.

    Notes
    -----
    Erhan et al., *Visualizing higher-layer features of a deep network*, 2009. What comes out shows
    a tendency of the channel, not its meaning: other pictures may excite it as much.

    Examples
    --------
    >>> model = nn.Conv2d(1, 1, 3, bias=False)
    >>> _ = nn.init.constant_(model.weight, 1.0)
    >>> image = maximise_activation(model, "", 0, shape=(1, 8, 8), steps=40)
    >>> bool(image.mean() > 0.9)
    True
    """
    rng = np.random.default_rng(seed)
    start = 0.5 + 0.02 * rng.standard_normal((1, *shape))
    image = as_input(model, start)
    for step in range(steps):
        shift = tuple(rng.integers(-jitter, jitter + 1, 2).tolist())
        with inspected(model), kept_outputs(model, [layer], detach=False) as kept:
            shifted = image.roll(shift, dims=(2, 3)).requires_grad_()
            model(shifted)
            channels = kept[layer].shape[1]
            if not 0 <= channel < channels:
                raise IndexError(
                    f"maximise_activation: layer {layer!r} has channels 0 to {channels - 1}, but"
                    f" channel is {channel}"
                )
            score = kept[layer][:, channel].mean()
            (gradient,) = torch.autograd.grad(score, shifted)
        if not gradient.any():
            # A silent ReLU gives no direction: look for a picture that it answers to at all.
            image = as_input(model, rng.random((1, *shape)))
            continue
        gradient = gradient.roll([-distance for distance in shift], dims=(2, 3))
        size = gradient.square().mean().sqrt()
        image = (image + step_size * gradient / size).clamp(0, 1)
        if smoothing and step % 4 == 3 and step < steps - 1:
            blurred = F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
            image = (1 - smoothing) * image + smoothing * blurred
    return as_array(image[0])
