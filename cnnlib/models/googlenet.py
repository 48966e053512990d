"""GoogLeNet: let each block look through several window sizes at once.

C. Szegedy et al., *Going Deeper with Convolutions*, CVPR 2015, table 1 and figures 2 and 3.
Book: chapter 11.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["GoogLeNet", "Inception", "googlenet"]

# Table 1: maps of the branches 1x1 | 3x3 reduce, 3x3 | 5x5 reduce, 5x5 | after the pooling.
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def convolution(
    channels: int, maps: int, kernel_size: int, batch_norm: bool, stride: int = 1
) -> nn.Sequential:
    """A convolution that keeps the size (or divides it by ``stride``), and a ReLU."""
    block = nn.Sequential()
    block.conv = nn.Conv2d(
        channels, maps, kernel_size, stride, padding=kernel_size // 2, bias=not batch_norm
    )
    if batch_norm:
        block.bn = nn.BatchNorm2d(maps, eps=0.001)
    block.relu = nn.ReLU()
    return block


class Inception(nn.Module):
    """Figure 2(b): four branches side by side, their maps stacked.

    Parameters
    ----------
    channels : int
    maps : (1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection)
    batch_norm : bool
    large : int, pixels
        Window of the third branch: 5 in the paper, 3 in torchvision's weights.
    """

    def __init__(
        self,
        channels: int,
        maps: tuple[int, int, int, int, int, int],
        batch_norm: bool = False,
        large: int = 5,
    ) -> None:
        super().__init__()
        one, reduce3, three, reduce5, five, projected = maps
        self.branch1 = convolution(channels, one, 1, batch_norm)
        self.branch2 = nn.Sequential(
            convolution(channels, reduce3, 1, batch_norm),
            convolution(reduce3, three, 3, batch_norm),
        )
        self.branch3 = nn.Sequential(
            convolution(channels, reduce5, 1, batch_norm),
            convolution(reduce5, five, large, batch_norm),
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1),
            convolution(channels, projected, 1, batch_norm),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, sum of the branches' maps, H, W)."""
        branches = (self.branch1, self.branch2, self.branch3, self.branch4)
        return torch.cat([branch(x) for branch in branches], dim=1)


class Auxiliary(nn.Module):
    """A small classifier half-way up that sends gradient into the lower layers (section 5)."""

    def __init__(self, channels: int, num_classes: int, batch_norm: bool) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(4)  # 5 x 5, stride 3 on the paper's 14 x 14 maps
        self.conv = convolution(channels, 128, 1, batch_norm)
        self.fc1 = nn.Linear(128 * 4 * 4, 1024)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.7)
        self.fc2 = nn.Linear(1024, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, C, 14, 14) to logits (N, K)."""
        x = self.conv(self.pool(x)).flatten(1)
        y: Tensor = self.fc2(self.dropout(self.relu(self.fc1(x))))
        return y


class GoogLeNet(nn.Module):
    """22 layers with weights, nine Inception blocks, one linear layer.

    Parameters
    ----------
    num_classes : int
    auxiliary : bool
        Two auxiliary heads, after 4a and 4d. While training, ``forward`` then returns
        ``(logits, auxiliary 1, auxiliary 2)``; the paper adds 0.3 of each one's loss.
    batch_norm : bool
        A batch norm after each convolution, instead of its bias and of the two local response
        normalisations: the variant that libraries train.
    large : int, pixels
        Window of the "5 x 5" branch. torchvision's published weights have 3 by mistake
        (its issue 906); load them with ``batch_norm=True, large=3``.

    Notes
    -----
    6,998,552 parameters as published, 13,378,280 with the auxiliary heads; 6,624,904 with batch
    norm and 3 x 3 windows.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        auxiliary: bool = False,
        batch_norm: bool = False,
        large: int = 5,
    ) -> None:
        super().__init__()
        self.conv1 = convolution(3, 64, 7, batch_norm, stride=2)
        self.pool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.norm1 = nn.Identity() if batch_norm else nn.LocalResponseNorm(5)
        self.conv2 = convolution(64, 64, 1, batch_norm)
        self.conv3 = convolution(64, 192, 3, batch_norm)
        self.norm3 = nn.Identity() if batch_norm else nn.LocalResponseNorm(5)
        self.pool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)

        def inception(name: str, channels: int) -> Inception:
            return Inception(channels, INCEPTIONS[name], batch_norm, large)

        self.inception3a = inception("3a", 192)
        self.inception3b = inception("3b", 256)
        self.pool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception4a = inception("4a", 480)
        self.inception4b = inception("4b", 512)
        self.inception4c = inception("4c", 512)
        self.inception4d = inception("4d", 512)
        self.inception4e = inception("4e", 528)
        # torchvision's weights were trained with a 2 x 2 window here; the paper's is 3 x 3.
        self.pool4 = nn.MaxPool2d(3 if large == 5 else 2, stride=2, ceil_mode=True)
        self.inception5a = inception("5a", 832)
        self.inception5b = inception("5b", 832)
        self.auxiliary1 = Auxiliary(512, num_classes, batch_norm) if auxiliary else None
        self.auxiliary2 = Auxiliary(528, num_classes, batch_norm) if auxiliary else None
        self.pool5 = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.4)  # section 4 of the paper
        self.fc = nn.Linear(1024, num_classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        """Images (N, 3, H, W), 224 pixels in the paper, to logits (N, K)."""
        x = self.norm1(self.pool1(self.conv1(x)))
        x = self.pool2(self.norm3(self.conv3(self.conv2(x))))
        x = self.inception3b(self.inception3a(x))
        x = middle = self.inception4a(self.pool3(x))
        x = upper = self.inception4d(self.inception4c(self.inception4b(x)))
        x = self.inception4e(x)
        x = self.inception5b(self.inception5a(self.pool4(x)))
        logits: Tensor = self.fc(self.dropout(self.pool5(x).flatten(1)))
        if self.training and self.auxiliary1 is not None and self.auxiliary2 is not None:
            return logits, self.auxiliary1(middle), self.auxiliary2(upper)
        return logits


def googlenet(
    num_classes: int = 1000, auxiliary: bool = False, batch_norm: bool = False, large: int = 5
) -> GoogLeNet:
    """GoogLeNet as published, with the options of :class:`GoogLeNet`.

    Examples
    --------
    >>> from cnnlib.profile import profile
    >>> profile(googlenet, (3, 224, 224)).parameters
    6998552
    """
    return GoogLeNet(num_classes, auxiliary, batch_norm, large)
