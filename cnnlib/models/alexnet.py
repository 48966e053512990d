"""AlexNet, as published (two groups for two GPUs) and as one tower.

Two networks go by this name. They differ in their maps, their groups and their normalisation:

==================== ======================= ========== ============== ==========
function             maps of conv1 to conv5  two groups response norm  parameters
==================== ======================= ========== ============== ==========
alexnet              96, 256, 384, 384, 256  2, 4 and 5 after 1 and 2  60,965,224
alexnet_single_tower 64, 192, 384, 256, 256  none       none           61,100,840
==================== ======================= ========== ============== ==========

The first is the paper of 2012: A. Krizhevsky, I. Sutskever, G. Hinton, *ImageNet Classification
with Deep Convolutional Neural Networks*, NeurIPS 2012, section 3 and figure 2. The second is what
libraries, torchvision among them, call AlexNet: the single tower of A. Krizhevsky, *One weird trick
for parallelizing convolutional neural networks*, 2014. Book: chapter 11.
"""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["AlexNet", "alexnet", "alexnet_single_tower"]


def response_norm() -> nn.LocalResponseNorm:
    """Section 3.3: n = 5, k = 2, alpha = 1e-4, beta = 0.75.

    PyTorch divides alpha by n, the paper does not: hence 5e-4.
    """
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)


class AlexNet(nn.Module):
    """Five convolutions, overlapping pooling (3 x 3, stride 2), three linear layers, dropout.

    Parameters
    ----------
    num_classes : int
    two_groups : bool
        The paper's network: 96-256-384-384-256 maps, conv2, conv4 and conv5 in two groups (each GPU
        saw only its own half), local response normalisation, and 60,965,224 parameters. Without it
        the single tower of 2014: 64-192-384-256-256 maps, no groups, no normalisation, 61,100,840.

    Notes
    -----
    The paper prints 224 x 224 images; its arithmetic needs 227, or two pixels of padding. The
    two-group network has no padding (use 227 pixels), the single tower has two (use 224).
    """

    def __init__(self, num_classes: int = 1000, two_groups: bool = True) -> None:
        super().__init__()
        f = self.features = nn.Sequential()
        if two_groups:
            f.conv1, f.relu1 = nn.Conv2d(3, 96, 11, stride=4), nn.ReLU()
            f.norm1, f.pool1 = response_norm(), nn.MaxPool2d(3, stride=2)
            f.conv2, f.relu2 = nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU()
            f.norm2, f.pool2 = response_norm(), nn.MaxPool2d(3, stride=2)
            f.conv3, f.relu3 = nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()
            f.conv4, f.relu4 = nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU()
            f.conv5, f.relu5 = nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU()
        else:
            f.conv1, f.relu1 = nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU()
            f.pool1 = nn.MaxPool2d(3, stride=2)
            f.conv2, f.relu2 = nn.Conv2d(64, 192, 5, padding=2), nn.ReLU()
            f.pool2 = nn.MaxPool2d(3, stride=2)
            f.conv3, f.relu3 = nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()
            f.conv4, f.relu4 = nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()
            f.conv5, f.relu5 = nn.Conv2d(256, 256, 3, padding=1), nn.ReLU()
        f.pool5 = nn.MaxPool2d(3, stride=2)
        self.pool = nn.AdaptiveAvgPool2d(6)  # does nothing for 227 (or 224) pixels; fits others
        c = self.classifier = nn.Sequential()
        c.flatten = nn.Flatten()
        c.drop6, c.fc6, c.relu6 = nn.Dropout(), nn.Linear(256 * 6 * 6, 4096), nn.ReLU()
        c.drop7, c.fc7, c.relu7 = nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU()
        c.fc8 = nn.Linear(4096, num_classes)
        for name, layer in self.named_modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):  # section 5 of the paper
                nn.init.normal_(layer.weight, std=0.01)
                ones = name.rpartition(".")[2] in {"conv2", "conv4", "conv5", "fc6", "fc7"}
                assert layer.bias is not None
                nn.init.constant_(layer.bias, 1.0 if ones and two_groups else 0.0)

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, 3, H, W) to logits (N, K)."""
        y: Tensor = self.classifier(self.pool(self.features(x)))
        return y


def alexnet(num_classes: int = 1000) -> AlexNet:
    """AlexNet as published in 2012, for 227 x 227 images; see :class:`AlexNet`.

    Examples
    --------
    >>> from cnnlib.profile import profile
    >>> costs = profile(alexnet, (3, 227, 227))
    >>> [layer.output_shape[1] for layer in costs if layer.kind == "Conv2d"]
    [96, 256, 384, 384, 256]
    """
    return AlexNet(num_classes, two_groups=True)


def alexnet_single_tower(num_classes: int = 1000) -> AlexNet:
    """The AlexNet of 2014 that libraries ship, for 224 x 224 images; see :class:`AlexNet`.

    Examples
    --------
    >>> from cnnlib.profile import profile
    >>> costs = profile(alexnet_single_tower, (3, 224, 224))
    >>> [layer.output_shape[1] for layer in costs if layer.kind == "Conv2d"]
    [64, 192, 384, 256, 256]
    """
    return AlexNet(num_classes, two_groups=False)
