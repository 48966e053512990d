"""Where in the picture the evidence for a class lies: gradients with respect to pixels and maps."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlib.inspection.probe import Inputs, as_array, as_input, inspected, kept_outputs

__all__ = ["grad_cam", "saliency"]


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

    Raises
    ------
    ValueError
        If the model does not give logits (N, K), or ``classes`` is not (N,).

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
    with inspected(model):
        images = as_input(model, x).requires_grad_()
        scores = _scores(model(images), classes)
        (gradient,) = torch.autograd.grad(scores.sum(), images)
    return as_array(gradient.abs().amax(dim=1))


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
    with inspected(model), kept_outputs(model, [layer], detach=False) as kept:
        images = as_input(model, x).requires_grad_()
        scores = _scores(model(images), classes)
        maps = kept[layer]
        if maps.ndim != 4:
            raise ValueError(
                f"grad_cam: layer {layer!r} gives {tuple(maps.shape)}, not (N, C, h, w); "
                "choose one before the picture is flattened or averaged"
            )
        (gradient,) = torch.autograd.grad(scores.sum(), maps)
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    heat = (weights * maps.detach()).sum(dim=1, keepdim=True).relu()
    size = (images.shape[2], images.shape[3])
    return as_array(F.interpolate(heat, size=size, mode="bilinear", align_corners=False)[:, 0])


def _scores(logits: Tensor, classes: ArrayLike | None) -> Tensor:
    """Return one logit for each image, (N,)."""
    if logits.ndim != 2:
        raise ValueError(f"the model gives {tuple(logits.shape)}, but must give logits (N, K)")
    if classes is None:
        return logits.amax(dim=1)
    index = torch.as_tensor(np.asarray(classes), dtype=torch.int64, device=logits.device)
    if index.shape != logits.shape[:1]:
        raise ValueError(
            f"classes has shape {tuple(index.shape)}, but must be (N,) with N={len(logits)} images"
        )
    return logits.gather(1, index[:, None])[:, 0]
