"""Published weights: torchvision's names of tensors, and ours.

torchvision publishes weights for these networks as dictionaries of tensors. Its names follow the
layers' positions, ours the papers' tables; the tensors are the same. torchvision itself is not
needed: download the ``.pth`` file named in its documentation and read it with
``torch.load(path, weights_only=True)``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor, nn

from cnnlib.models.alexnet import AlexNet
from cnnlib.models.googlenet import GoogLeNet
from cnnlib.models.resnet import ResNet
from cnnlib.models.vgg import VGG

__all__ = ["load_torchvision"]

# (pattern of torchvision's name, our name), tried in turn on each name until one fits.
RENAMED: dict[type[nn.Module], list[tuple[str, str]]] = {
    VGG: [],
    AlexNet: [
        (r"^features\.0\.", "features.conv1."),
        (r"^features\.3\.", "features.conv2."),
        (r"^features\.6\.", "features.conv3."),
        (r"^features\.8\.", "features.conv4."),
        (r"^features\.10\.", "features.conv5."),
        (r"^classifier\.1\.", "classifier.fc6."),
        (r"^classifier\.4\.", "classifier.fc7."),
        (r"^classifier\.6\.", "classifier.fc8."),
    ],
    ResNet: [
        (r"^layer1\.", "conv2_x."),
        (r"^layer2\.", "conv3_x."),
        (r"^layer3\.", "conv4_x."),
        (r"^layer4\.", "conv5_x."),
    ],
    GoogLeNet: [
        (r"^aux1\.", "auxiliary1."),
        (r"^aux2\.", "auxiliary2."),
    ],
}


def load_torchvision(model: nn.Module, state_dict: Mapping[str, Tensor]) -> None:
    """Copy torchvision's published weights into ``model``.

    Parameters
    ----------
    model : VGG, AlexNet (single tower), ResNet (50 and more layers: v1.5) or GoogLeNet
        GoogLeNet needs ``batch_norm=True, large=3``, and images scaled to mean 0.5 and deviation
        0.5 per colour; auxiliary heads in the file are left out if the model has none.
    state_dict : mapping of names to tensors
        As ``torch.load`` returns it.

    Raises
    ------
    TypeError
        If torchvision publishes no weights for this kind of network.
    ValueError
        If a tensor is missing, left over, or of another shape; the message names them.

    Examples
    --------
    >>> from cnnlib.models import resnet18
    >>> weights = {name.replace("conv2_x", "layer1").replace("conv3_x", "layer2")
    ...            .replace("conv4_x", "layer3").replace("conv5_x", "layer4")
    ...            .replace("shortcut", "downsample"): tensor
    ...            for name, tensor in resnet18().state_dict().items()}
    >>> load_torchvision(resnet18(), weights)
    """
    renamed = {_our_name(type(model), name): tensor for name, tensor in state_dict.items()}
    if isinstance(model, GoogLeNet) and model.auxiliary1 is None:
        renamed = {k: v for k, v in renamed.items() if not k.startswith("auxiliary")}
    ours = model.state_dict()
    problems = [f"missing: {name}" for name in ours.keys() - renamed.keys()]
    problems += [f"left over: {name}" for name in renamed.keys() - ours.keys()]
    problems += [
        f"shape of {name}: file {tuple(renamed[name].shape)}, model {tuple(ours[name].shape)}"
        for name in ours.keys() & renamed.keys()
        if renamed[name].shape != ours[name].shape
    ]
    if problems:
        listed = "\n".join(f"  {problem}" for problem in sorted(problems)[:8])
        raise ValueError(
            f"load_torchvision: the file does not fit {type(model).__name__}"
            f" ({len(problems)} problems)\n{listed}\n"
            f"  Check depth, num_classes, batch_norm, large and the number of towers."
        )
    model.load_state_dict(renamed)


def _our_name(kind: type[nn.Module], name: str) -> str:
    if kind not in RENAMED:
        raise TypeError(
            f"load_torchvision: torchvision publishes no weights for {kind.__name__}\n"
            f"  It does for {', '.join(known.__name__ for known in RENAMED)}."
        )
    for pattern, ours in RENAMED[kind]:
        name, found = re.subn(pattern, ours, name)
        if found:
            break
    return name.replace(".downsample.", ".shortcut.") if kind is ResNet else name
