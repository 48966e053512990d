"""ResNet: let each block learn what to *add* to its input.

K. He, X. Zhang, S. Ren, J. Sun, *Deep Residual Learning for Image Recognition*, CVPR 2016: table 1
for ImageNet, section 4.2 and table 6 for CIFAR-10. Book: chapter 11.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "CifarResNet",
    "ResNet",
    "cifar_resnet",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
]


def convolution(channels: int, maps: int, kernel_size: int, stride: int = 1) -> nn.Conv2d:
    """Keeps the size, or divides it by ``stride``; no bias, since a batch norm follows."""
    return nn.Conv2d(channels, maps, kernel_size, stride, padding=kernel_size // 2, bias=False)


class Subsample(nn.Module):
    """Shortcut option A: every ``stride``-th pixel, and zeros for the maps that are new."""

    def __init__(self, channels: int, maps: int, stride: int) -> None:
        super().__init__()
        self.stride, self.new = stride, maps - channels

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to (N, maps, H / stride, W / stride), without parameters."""
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new))


def shortcut(channels: int, maps: int, stride: int, option: str) -> nn.Module:
    """The path that adds the input to the output: itself where the shapes agree.

    Option A subsamples and adds zeros; B projects with a 1 x 1 convolution (section 3.3).
    """
    if stride == 1 and channels == maps:
        return nn.Identity()
    if option == "A":
        return Subsample(channels, maps, stride)
    if option == "B":
        return nn.Sequential(convolution(channels, maps, 1, stride), nn.BatchNorm2d(maps))
    raise ValueError(
        f"ResNet: option must be 'A' (subsample, zeros) or 'B' (projection), but it is {option!r}"
    )


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions (figure 5, left). The last ReLU comes after the addition."""

    expansion = 1

    def __init__(self, channels: int, maps: int, stride: int = 1, option: str = "B") -> None:
        super().__init__()
        self.conv1, self.bn1 = convolution(channels, maps, 3, stride), nn.BatchNorm2d(maps)
        self.relu1 = nn.ReLU()
        self.conv2, self.bn2 = convolution(maps, maps, 3), nn.BatchNorm2d(maps)
        self.shortcut = shortcut(channels, maps, stride, option)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to (N, maps, H / stride, W / stride)."""
        residual = self.relu1(self.bn1(self.conv1(x)))
        residual = self.bn2(self.conv2(residual))
        y: Tensor = self.relu2(residual + self.shortcut(x))
        return y


class Bottleneck(nn.Module):
    """1 x 1 down, 3 x 3, 1 x 1 up to four times ``maps`` (figure 5, right).

    ``stride_in_1x1``: the paper puts the stride into the first 1 x 1 convolution, which throws
    three quarters of its input away unread; most libraries put it into the 3 x 3 ("v1.5").
    """

    expansion = 4

    def __init__(
        self,
        channels: int,
        maps: int,
        stride: int = 1,
        option: str = "B",
        stride_in_1x1: bool = False,
    ) -> None:
        super().__init__()
        first, second = (stride, 1) if stride_in_1x1 else (1, stride)
        self.conv1, self.bn1 = convolution(channels, maps, 1, first), nn.BatchNorm2d(maps)
        self.relu1 = nn.ReLU()
        self.conv2, self.bn2 = convolution(maps, maps, 3, second), nn.BatchNorm2d(maps)
        self.relu2 = nn.ReLU()
        self.conv3, self.bn3 = convolution(maps, 4 * maps, 1), nn.BatchNorm2d(4 * maps)
        self.shortcut = shortcut(channels, 4 * maps, stride, option)
        self.relu3 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to (N, 4 * maps, H / stride, W / stride)."""
        residual = self.relu1(self.bn1(self.conv1(x)))
        residual = self.relu2(self.bn2(self.conv2(residual)))
        residual = self.bn3(self.conv3(residual))
        y: Tensor = self.relu3(residual + self.shortcut(x))
        return y


# Table 1: the kind of block, and how many stand in conv2_x, conv3_x, conv4_x and conv5_x.
BLOCKS: dict[int, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}


class ResNet(nn.Module):
    """The ImageNet networks of table 1, with shortcut option B.

    Parameters
    ----------
    depth : {18, 34, 50, 101, 152}
    num_classes : int
    stride_in_1x1 : bool
        For 50 layers and more: the paper's place of the stride; see :class:`Bottleneck`.
    """

    def __init__(self, depth: int, num_classes: int = 1000, stride_in_1x1: bool = False) -> None:
        if depth not in BLOCKS:
            raise ValueError(f"ResNet: depth must be one of {[*BLOCKS]}, but it is {depth}")
        super().__init__()
        block, repeats = BLOCKS[depth]
        self.conv1, self.bn1 = convolution(3, 64, 7, stride=2), nn.BatchNorm2d(64)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(3, stride=2, padding=1)

        def stage(channels: int, maps: int, blocks: int, stride: int) -> nn.Sequential:
            layers = nn.Sequential()
            for step in (stride, *[1] * (blocks - 1)):
                if block is Bottleneck:
                    layers.append(Bottleneck(channels, maps, step, "B", stride_in_1x1))
                else:
                    layers.append(BasicBlock(channels, maps, step, "B"))
                channels = block.expansion * maps
            return layers

        wide = block.expansion
        self.conv2_x = stage(64, 64, repeats[0], stride=1)
        self.conv3_x = stage(wide * 64, 128, repeats[1], stride=2)
        self.conv4_x = stage(wide * 128, 256, repeats[2], stride=2)
        self.conv5_x = stage(wide * 256, 512, repeats[3], stride=2)
        self.pool5 = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(wide * 512, num_classes)
        _initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, 3, H, W), 224 pixels in the paper, to logits (N, K)."""
        x = self.pool1(self.relu1(self.bn1(self.conv1(x))))
        x = self.conv5_x(self.conv4_x(self.conv3_x(self.conv2_x(x))))
        y: Tensor = self.fc(self.pool5(x).flatten(1))
        return y


class CifarResNet(nn.Module):
    """The CIFAR-10 networks of section 4.2: 6n + 2 layers, 16, 32 and 64 maps.

    Parameters
    ----------
    depth : 6n + 2, such as 20, 32, 44, 56, 110
    num_classes, in_channels : int
    option : {"A", "B"}
        Shortcuts where the shape changes: without parameters as in the paper, or projections.

    Notes
    -----
    With option A: 269,722 parameters for 20 layers, 464,154 for 32.
    """

    def __init__(
        self, depth: int, num_classes: int = 10, option: str = "A", in_channels: int = 3
    ) -> None:
        n, rest = divmod(depth - 2, 6)
        if rest or n < 1:
            raise ValueError(
                f"CifarResNet: depth must be 6 n + 2, such as 20, 32, 44, 56 or 110, not {depth}"
            )
        super().__init__()
        self.conv1, self.bn1 = convolution(in_channels, 16, 3), nn.BatchNorm2d(16)
        self.relu1 = nn.ReLU()

        def stage(channels: int, maps: int, stride: int) -> nn.Sequential:
            first = BasicBlock(channels, maps, stride, option)
            return nn.Sequential(first, *(BasicBlock(maps, maps) for _ in range(n - 1)))

        self.stage1 = stage(16, 16, stride=1)
        self.stage2 = stage(16, 32, stride=2)
        self.stage3 = stage(32, 64, stride=2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(64, num_classes)
        _initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, C, H, W), 32 pixels in the paper, to logits (N, K)."""
        x = self.relu1(self.bn1(self.conv1(x)))
        x = self.stage3(self.stage2(self.stage1(x)))
        y: Tensor = self.fc(self.pool(x).flatten(1))
        return y


def _initialise(network: nn.Module) -> None:
    """He et al., *Delving deep into rectifiers*, 2015: variance 2 / fan-out."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")


def resnet18(num_classes: int = 1000) -> ResNet:
    """18 layers of table 1; see :class:`ResNet`.

    Examples
    --------
    >>> from cnnlib.profile import profile
    >>> profile(resnet18, (3, 224, 224)).parameters
    11689512
    """
    return ResNet(18, num_classes)


def resnet34(num_classes: int = 1000) -> ResNet:
    """34 layers of table 1; see :class:`ResNet`.

    Examples
    --------
    >>> from cnnlib.profile import profile
    >>> profile(resnet34, (3, 224, 224)).parameters
    21797672
    """
    return ResNet(34, num_classes)


def resnet50(num_classes: int = 1000, stride_in_1x1: bool = False) -> ResNet:
    """50 layers of table 1, v1.5 unless ``stride_in_1x1``; see :class:`ResNet`.

    Examples
    --------
    >>> from cnnlib.profile import profile
    >>> profile(resnet50, (3, 224, 224)).parameters
    25557032
    """
    return ResNet(50, num_classes, stride_in_1x1)


def resnet101(num_classes: int = 1000, stride_in_1x1: bool = False) -> ResNet:
    """101 layers of table 1, v1.5 unless ``stride_in_1x1``; see :class:`ResNet`.

    Examples
    --------
    >>> from cnnlib.profile import profile
    >>> profile(resnet101, (3, 224, 224)).parameters
    44549160
    """
    return ResNet(101, num_classes, stride_in_1x1)


def resnet152(num_classes: int = 1000, stride_in_1x1: bool = False) -> ResNet:
    """152 layers of table 1, v1.5 unless ``stride_in_1x1``; see :class:`ResNet`.

    Examples
    --------
    >>> from cnnlib.profile import profile
    >>> profile(resnet152, (3, 224, 224)).parameters
    60192808
    """
    return ResNet(152, num_classes, stride_in_1x1)


def cifar_resnet(depth: int, num_classes: int = 10, option: str = "A") -> CifarResNet:
    """6n + 2 layers for small images; see :class:`CifarResNet`.

    Examples
    --------
    >>> from cnnlib.profile import profile
    >>> profile(lambda: cifar_resnet(20), (3, 32, 32)).parameters
    269722
    """
    return CifarResNet(depth, num_classes, option)
