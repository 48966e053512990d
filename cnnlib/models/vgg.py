"""VGG: nothing but 3 x 3 convolutions, and depth.

K. Simonyan, A. Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition*,
ICLR 2015, table 1. Book: chapter 11.
"""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["VGG", "vgg11", "vgg13", "vgg16", "vgg19"]

# Table 1, columns A, B, D and E: how many convolutions stand in each of the five blocks, which have
# 64, 128, 256, 512 and 512 maps and end in a 2 x 2 max pooling.
CONVOLUTIONS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
MAPS = (64, 128, 256, 512, 512)


class VGG(nn.Module):
    """``depth`` layers with weights: convolutions in five blocks, then three linear layers.

    Parameters
    ----------
    depth : {11, 13, 16, 19}
    num_classes : int
    batch_norm : bool
        A batch norm between each convolution and its ReLU; not in the paper, which is older.
    """

    def __init__(self, depth: int, num_classes: int = 1000, batch_norm: bool = False) -> None:
        if depth not in CONVOLUTIONS:
            raise ValueError(f"VGG: depth must be one of {[*CONVOLUTIONS]}, but it is {depth}")
        super().__init__()
        self.features = nn.Sequential()
        channels = 3
        for maps, convolutions in zip(MAPS, CONVOLUTIONS[depth], strict=True):
            for _ in range(convolutions):
                self.features.append(nn.Conv2d(channels, maps, 3, padding=1))
                if batch_norm:
                    self.features.append(nn.BatchNorm2d(maps))
                self.features.append(nn.ReLU())
                channels = maps
            self.features.append(nn.MaxPool2d(2))
        self.pool = nn.AdaptiveAvgPool2d(7)  # does nothing for 224 pixels; fits other sizes
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Dropout(),
            nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(),
            nn.Linear(4096, num_classes),
        )  # fmt: skip
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=0.01)
            if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, 3, H, W), at least 32 pixels, to logits (N, K)."""
        y: Tensor = self.classifier(self.pool(self.features(x)).flatten(1))
        return y


def vgg11(num_classes: int = 1000, batch_norm: bool = False) -> VGG:
    """Column A of the paper's table 1; see :class:`VGG`.

    Examples
    --------
    >>> from cnnlib.profile import profile
    >>> profile(vgg11, (3, 224, 224)).parameters
    132863336
    """
    return VGG(11, num_classes, batch_norm)


def vgg13(num_classes: int = 1000, batch_norm: bool = False) -> VGG:
    """Column B of the paper's table 1; see :class:`VGG`.

    Examples
    --------
    >>> from cnnlib.profile import profile
    >>> profile(vgg13, (3, 224, 224)).parameters
    133047848
    """
    return VGG(13, num_classes, batch_norm)


def vgg16(num_classes: int = 1000, batch_norm: bool = False) -> VGG:
    """Column D of the paper's table 1; see :class:`VGG`.

    Examples
    --------
    >>> from cnnlib.profile import profile
    >>> profile(vgg16, (3, 224, 224)).parameters
    138357544
    """
    return VGG(16, num_classes, batch_norm)


def vgg19(num_classes: int = 1000, batch_norm: bool = False) -> VGG:
    """Column E of the paper's table 1; see :class:`VGG`.

    Examples
    --------
    >>> from cnnlib.profile import profile
    >>> profile(vgg19, (3, 224, 224)).parameters
    143667240
    """
    return VGG(19, num_classes, batch_norm)
