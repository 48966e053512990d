"""Questions to a trained network: which pixels matter, what a channel likes, how far a layer sees.

Everything here needs gradients, so it needs torch; ``cnnlib.plot`` draws the arrays that come back.
Models are used in evaluation mode and left as they were, gradients of parameters included.
Book: chapters 6, 10 and 12.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn import functional as F

Inputs = ArrayLike | Tensor

__all__ = [
    "activations",
    "effective_receptive_field",
    "grad_cam",
    "maximise_activation",
    "saliency",
]


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
    with _inspected(model), torch.no_grad(), _outputs(model, layers) as kept:
        model(_tensor(model, x))
    # A layer that changes its input in place must not change what an earlier one is said to give.
    return {name: kept[name].float().cpu().numpy() for name in layers}


def saliency(model: nn.Module, x: Inputs, classes: ArrayLike | None = None) -> NDArray[np.float32]:
    """Return how strongly each pixel moves the score of a class.

    Parameters
    ----------
    model : torch.nn.Module
        (N, C, H, W) to logits (N, K).
    x : (N, C, H, W)
    classes : (N,) int, optional
        Whose logit; the predicted class of each image if not given.

    Returns
    -------
    heat : (N, H, W), not negative
        Largest absolute gradient over the channels, logits per unit of ``x``.

    Notes
    -----
    Simonyan, Vedaldi and Zisserman, *Deep inside convolutional networks*, 2014, section 3.
    Good-looking maps can be nearly independent of what the network learned: Adebayo et al., *Sanity
    checks for saliency maps*, 2018.

    Examples
    --------
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    >>> _ = nn.init.constant_(model[1].weight, -3.0)
    >>> saliency(model, np.ones((1, 1, 2, 2))).tolist()
    [[[3.0, 3.0], [3.0, 3.0]]]
    """
    with _inspected(model):
        images = _tensor(model, x).requires_grad_()
        scores = _scores(model(images), classes)
        (gradient,) = torch.autograd.grad(scores.sum(), images)
    return _array(gradient.abs().amax(dim=1))


def grad_cam(
    model: nn.Module, x: Inputs, layer: str, classes: ArrayLike | None = None
) -> NDArray[np.float32]:
    """Return where in the picture a layer found evidence for a class.

    Parameters
    ----------
    model : torch.nn.Module
        (N, C, H, W) to logits (N, K).
    x : (N, C, H, W)
    layer : str
        A layer whose output is (N, C, h, w), usually the last convolution; a name as in
        ``model.named_modules()``.
    classes : (N,) int, optional
        Evidence for which class; the predicted class of each image if not given.

    Returns
    -------
    heat : (N, H, W), not negative
        Enlarged to the size of the picture; the resolution is that of the layer.

    Raises
    ------
    KeyError
        If the model has no such layer.
    ValueError
        If its output is not (N, C, h, w).

    Notes
    -----
    Selvaraju et al., *Grad-CAM*, 2017: the channels are added up, weighted with the mean gradient
    of the score over each channel, and the negative part is dropped.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Flatten(), nn.Linear(256, 10))
    >>> grad_cam(model, np.ones((2, 3, 8, 8)), layer="0").shape
    (2, 8, 8)
    """
    with _inspected(model), _outputs(model, [layer], detach=False) as kept:
        images = _tensor(model, x).requires_grad_()
        scores = _scores(model(images), classes)
        maps = kept[layer]
        if maps.ndim != 4:
            raise ValueError(
                f"layer {layer!r} gives {tuple(maps.shape)}, not (N, C, h, w); choose one before "
                "the picture is flattened or averaged"
            )
        (gradient,) = torch.autograd.grad(scores.sum(), maps)
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    heat = (weights * maps.detach()).sum(dim=1, keepdim=True).relu()
    size = (images.shape[2], images.shape[3])
    return _array(F.interpolate(heat, size=size, mode="bilinear", align_corners=False)[:, 0])


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
    image = _tensor(model, start)
    for step in range(steps):
        shift = tuple(rng.integers(-jitter, jitter + 1, 2).tolist())
        with _inspected(model), _outputs(model, [layer], detach=False) as kept:
            shifted = image.roll(shift, dims=(2, 3)).requires_grad_()
            model(shifted)
            score = kept[layer][:, channel].mean()
            (gradient,) = torch.autograd.grad(score, shifted)
        if not gradient.any():
            # A silent ReLU gives no direction: look for a picture that it answers to at all.
            image = _tensor(model, rng.random((1, *shape)))
            continue
        gradient = gradient.roll([-distance for distance in shift], dims=(2, 3))
        size = gradient.square().mean().sqrt()
        image = (image + step_size * gradient / size).clamp(0, 1)
        if smoothing and step % 4 == 3 and step < steps - 1:
            blurred = F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
            image = (1 - smoothing) * image + smoothing * blurred
    return _array(image[0])


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
    with _inspected(model), _outputs(model, [layer], detach=False) as kept:
        images = _tensor(model, noise).requires_grad_()
        model(images)
        maps = kept[layer]
        if maps.ndim != 4:
            raise ValueError(f"layer {layer!r} gives {tuple(maps.shape)}, not (N, C, h, w)")
        i, j = position or (maps.shape[2] // 2, maps.shape[3] // 2)
        (gradient,) = torch.autograd.grad(maps[:, :, i, j].sum(), images)
    return _array(gradient.abs().sum(dim=1).mean(dim=0))


@contextmanager
def _inspected(model: nn.Module) -> Iterator[None]:
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
def _outputs(
    model: nn.Module, layers: Sequence[str], detach: bool = True
) -> Iterator[dict[str, Tensor]]:
    """Keep the outputs of the named layers while the model runs."""
    modules = dict(model.named_modules())
    kept: dict[str, Tensor] = {}
    unknown = [name for name in layers if name not in modules]
    if unknown:
        known = ", ".join(name for name in modules if name)
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


def _scores(logits: Tensor, classes: ArrayLike | None) -> Tensor:
    """Return one logit for each image, (N,)."""
    if logits.ndim != 2:
        raise ValueError(f"the model gives {tuple(logits.shape)}, expected logits (N, K)")
    if classes is None:
        return logits.amax(dim=1)
    index = torch.as_tensor(np.asarray(classes), dtype=torch.int64, device=logits.device)
    if index.shape != logits.shape[:1]:
        raise ValueError(f"classes {tuple(index.shape)} must be (N,) with N={len(logits)}")
    return logits.gather(1, index[:, None])[:, 0]


def _tensor(model: nn.Module, x: Inputs) -> Tensor:
    """Return a copy of ``x`` with the dtype and on the device of the model's parameters."""
    values = x.detach() if isinstance(x, Tensor) else torch.as_tensor(np.asarray(x))
    like: Any = next(model.parameters(), torch.empty(0))
    return values.to(like.device, like.dtype, copy=True)


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return tensor.detach().float().cpu().numpy()
