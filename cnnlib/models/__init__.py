"""The networks of the book, one paper a file, each to be read beside its paper's table.

LeNet-5     lenet (as trained today), lenet_1998 (as published)
AlexNet     alexnet (two groups, as published), alexnet_single_tower
VGG         vgg11, vgg13, vgg16, vgg19, each with or without batch norm
GoogLeNet   googlenet
ResNet      resnet18, resnet34, resnet50, resnet101, resnet152, cifar_resnet
Weights     load_torchvision: published weights into these networks

Built under ``with torch.device("meta")`` a network has shapes but no weights: enough for
:func:`cnnlib.profile.profile`.
"""

from cnnlib.models.alexnet import AlexNet, alexnet, alexnet_single_tower
from cnnlib.models.googlenet import GoogLeNet, Inception, googlenet
from cnnlib.models.lenet import LeNet, LeNet1998, lenet, lenet_1998
from cnnlib.models.resnet import (
    BasicBlock,
    Bottleneck,
    CifarResNet,
    ResNet,
    cifar_resnet,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
)
from cnnlib.models.torchvision import load_torchvision
from cnnlib.models.vgg import VGG, vgg11, vgg13, vgg16, vgg19

__all__ = [
    "VGG",
    "AlexNet",
    "BasicBlock",
    "Bottleneck",
    "CifarResNet",
    "GoogLeNet",
    "Inception",
    "LeNet",
    "LeNet1998",
    "ResNet",
    "alexnet",
    "alexnet_single_tower",
    "cifar_resnet",
    "googlenet",
    "lenet",
    "lenet_1998",
    "load_torchvision",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "vgg11",
    "vgg13",
    "vgg16",
    "vgg19",
]
