"""LeNet-5, as it is taught today and as it was published.

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-Based Learning Applied to Document
Recognition*, Proceedings of the IEEE 86(11), 1998, section II.B and figure 2. Book: chapter 11.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import overload

import torch
from torch import Tensor, nn

__all__ = ["LeNet", "LeNet1998", "lenet", "lenet_1998"]


class LeNet(nn.Sequential):
    """The shape of LeNet-5 with today's parts: dense C3, ReLU, max pooling, linear output.

    Parameters
    ----------
    num_classes, in_channels : int
    size : int, pixels
        Height and width of the images. From 28 on up; the paper's 32 needs no padding, 28 (MNIST)
        gets two pixels on each side, and so does every other size.

    Notes
    -----
    61,706 parameters for 28 or 32 pixels, one channel and ten classes.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1, size: int = 28) -> None:
        padding = 0 if size == 32 else 2
        side = ((size + 2 * padding - 4) // 2 - 4) // 2  # 5 for 28 and for 32
        if side < 1:
            raise ValueError(
                f"LeNet: size={size} leaves nothing after two convolutions and two poolings\n"
                f"  Use images of at least 12 pixels."
            )
        super().__init__()
        self.c1 = nn.Conv2d(in_channels, 6, 5, padding=padding)
        self.relu1 = nn.ReLU()
        self.s2 = nn.MaxPool2d(2)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.relu3 = nn.ReLU()
        self.s4 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.c5 = nn.Linear(16 * side * side, 120)
        self.relu5 = nn.ReLU()
        self.f6 = nn.Linear(120, 84)
        self.relu6 = nn.ReLU()
        self.output = nn.Linear(84, num_classes)

    @overload
    def __getitem__(self, idx: slice) -> nn.Sequential: ...

    @overload
    def __getitem__(self, idx: int) -> nn.Module: ...

    def __getitem__(self, idx: slice | int) -> nn.Sequential | nn.Module:
        """One layer; or for a slice, such as ``model[:6]``, these layers as a plain Sequential."""
        if isinstance(idx, slice):
            return nn.Sequential(OrderedDict(list(self.named_children())[idx]))
        return super().__getitem__(idx)


class ScaledTanh(nn.Module):
    """1.7159 tanh(2 a / 3): maps +1 to +1 and -1 to -1, where its curvature is largest."""

    def forward(self, x: Tensor) -> Tensor:
        """Squash each number."""
        return 1.7159 * torch.tanh(2 / 3 * x)


class Subsampling(nn.Module):
    """Add up each 2 x 2 window, times one trained coefficient per map, plus one trained bias."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.sum = nn.AvgPool2d(2, divisor_override=1)
        self.coefficient = nn.Parameter(torch.full((channels, 1, 1), 0.25))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, H // 2, W // 2)."""
        y: Tensor = self.sum(x) * self.coefficient + self.bias
        return y


# Table I of the paper: which maps of S2 each map of C3 sees. Not all, "to break symmetry in the
# network": maps that see different inputs must learn different things.
C3_INPUTS = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
)  # fmt: skip


class SparseConvolution(nn.Module):
    """C3: sixteen filters, each on its own choice of the six input maps."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.ModuleList(nn.Conv2d(len(inputs), 1, 5) for inputs in C3_INPUTS)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 6, H, W) to (N, 16, H - 4, W - 4)."""
        pairs = zip(self.maps, C3_INPUTS, strict=True)
        return torch.cat([conv(x[:, list(inputs)]) for conv, inputs in pairs], dim=1)


class RadialBasis(nn.Module):
    """Squared distance from the 84 features to each class's code of 84 signs, which is fixed.

    The paper draws the codes as 7 x 12 pictures of the characters, and says that random signs or
    an error-correcting code would do for few classes; here they are random, from a fixed seed.
    """

    code: Tensor

    def __init__(self, features: int, num_classes: int) -> None:
        super().__init__()
        signs = torch.Generator(device="cpu").manual_seed(1998)
        drawn = torch.randint(2, (num_classes, features), generator=signs, device="cpu")
        self.register_buffer("code", (2.0 * drawn - 1.0).to(torch.get_default_device()))

    def forward(self, x: Tensor) -> Tensor:
        """(N, 84) to penalties (N, K): smaller is better."""
        return (x[:, None, :] - self.code).square().sum(2)


class LeNet1998(nn.Module):
    """LeNet-5 as published: 60,000 trainable parameters for 32 x 32 images of one channel.

    ===== ==================================== ==========
    layer output                               parameters
    ===== ==================================== ==========
    C1    6 @ 28 x 28, 5 x 5                          156
    S2    6 @ 14 x 14, trained subsampling             12
    C3    16 @ 10 x 10, 5 x 5, sparse, table I      1,516
    S4    16 @ 5 x 5, trained subsampling              32
    C5    120 @ 1 x 1, 5 x 5                       48,120
    F6    84                                       10,164
    out   radial basis functions, fixed codes           0
    ===== ==================================== ==========

    Every sum up to F6 passes through the scaled tanh. ``forward`` returns *minus* the paper's
    penalties, so that the largest of the (N, K) outputs is the answer, as in every other network
    here, and cross-entropy on them is a discriminative loss in the spirit of the paper's.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential()
        self.features.c1 = nn.Conv2d(1, 6, 5)
        self.features.squash1 = ScaledTanh()
        self.features.s2 = Subsampling(6)
        self.features.squash2 = ScaledTanh()
        self.features.c3 = SparseConvolution()
        self.features.squash3 = ScaledTanh()
        self.features.s4 = Subsampling(16)
        self.features.squash4 = ScaledTanh()
        self.features.c5 = nn.Conv2d(16, 120, 5)
        self.features.squash5 = ScaledTanh()
        self.features.flatten = nn.Flatten()
        self.features.f6 = nn.Linear(120, 84)
        self.features.squash6 = ScaledTanh()
        self.output = RadialBasis(84, num_classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                # Uniform in +-2.4 / fan-in, appendix A of the paper.
                bound = 2.4 / layer.weight[0].numel()
                nn.init.uniform_(layer.weight, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, 1, 32, 32), about 0 on average with variance 1, to logits (N, K)."""
        y: Tensor = -self.output(self.features(x))
        return y


def lenet(num_classes: int = 10, in_channels: int = 1, size: int = 28) -> LeNet:
    """LeNet-5 with today's parts; see :class:`LeNet`.

    Examples
    --------
    >>> lenet()(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """
    return LeNet(num_classes, in_channels, size)


def lenet_1998(num_classes: int = 10) -> LeNet1998:
    """LeNet-5 as published; see :class:`LeNet1998`.

    Examples
    --------
    >>> sum(p.numel() for p in lenet_1998().parameters())
    60000
    """
    return LeNet1998(num_classes)
