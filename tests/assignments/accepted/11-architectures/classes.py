"""Right answers as classes with named layers, options in dictionaries, and a traced graph."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import fx, nn


class LeNet(nn.Module):
    def __init__(self, num_classes, in_channels):
        super().__init__()
        self.fc3 = nn.Linear(84, num_classes)  # made in another order than used
        self.fc2 = nn.Linear(120, 84)
        self.c5 = nn.Conv2d(16, 120, 5)  # on maps of 5 x 5 the same as a linear layer
        self.conv2 = nn.Conv2d(6, 16, kernel_size=(5, 5))
        self.conv1 = nn.Conv2d(in_channels, 6, 5, padding="same")

    def forward(self, x):
        x = torch.relu(F.max_pool2d(self.conv1(x), 2, 2))
        x = torch.relu(F.max_pool2d(self.conv2(x), 2, 2))
        x = torch.relu(self.c5(x)).flatten(1)
        return self.fc3(torch.relu(self.fc2(x)))


def lenet(num_classes=10, in_channels=1):
    return LeNet(num_classes, in_channels)


class Plan(nn.Module):
    def __init__(self, cfg, size, hidden, num_classes):
        super().__init__()
        self.cfg, widths = list(cfg), [3, *(c for c in cfg if c != "M")]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths)
        )
        side = size // 2 ** self.cfg.count("M")
        units = [widths[-1] * side**2, hidden, hidden, num_classes]
        self.linear = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(units))
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        layers = iter(self.convolutions)
        for entry in self.cfg:
            x = F.max_pool2d(x, 2) if entry == "M" else F.relu(next(layers)(x))
        x = x.reshape(len(x), -1)
        for layer in self.linear[:-1]:
            x = self.dropout(layer(x).clamp(min=0))
        return self.linear[-1](x)


def vgg(cfg, size=224, hidden=4096, num_classes=1000):
    return Plan(cfg, size, hidden, num_classes)


def vgg_on_meta(cfg):
    with torch.device("meta"):
        network = vgg(cfg)
    return {"parameters": sum(p.numel() for p in network.parameters())}


class Stack(nn.ModuleList):
    def forward(self, x):
        return F.relu(torch.hstack([branch(x) for branch in self]))


def inception(channels, maps):
    one, reduce3, three, reduce5, five, project = maps
    return Stack(
        [
            nn.Conv2d(channels, one, 1),
            nn.Sequential(
                nn.Conv2d(channels, reduce3, 1), nn.ReLU(), nn.Conv2d(reduce3, three, 3, 1, 1)
            ),
            nn.Sequential(
                nn.Conv2d(channels, reduce5, 1), nn.ReLU(), nn.Conv2d(reduce5, five, 5, 1, 2)
            ),
            nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(channels, project, 1)),
        ]
    )


class Residual(nn.Module):
    def __init__(self, channels, maps, stride, option):
        super().__init__()
        self.stride, self.maps = stride, maps
        self.residual = nn.Sequential(
            nn.Conv2d(channels, maps, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(maps),
            nn.ReLU(inplace=True),  # works on what batch norm made, not on x
            nn.Conv2d(maps, maps, 3, padding=1, bias=False),
            nn.BatchNorm2d(maps),
        )
        self.same = stride == 1 and channels == maps
        self.projection = None
        if option == "B" and not self.same:
            self.projection = nn.Sequential(
                nn.Conv2d(channels, maps, 1, stride=stride, bias=False), nn.BatchNorm2d(maps)
            )

    def forward(self, x):
        y = self.residual(x)
        if self.projection is not None:
            y += self.projection(x)
        elif self.same:
            y += x
        else:
            y[:, : x.shape[1]] += x[..., :: self.stride, :: self.stride]
        return y.relu_()


def basic_block(channels, maps, stride=1, option="B"):
    return Residual(channels, maps, stride, option)


class Small(nn.Module):
    def __init__(self, n, num_classes):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16))
        shapes = [(16, 16, 1), (16, 32, 2), (32, 64, 2)]
        self.stages = nn.ModuleList()
        for channels, maps, stride in shapes:
            self.stages.append(Residual(channels, maps, stride, "A"))
            self.stages.extend(Residual(maps, maps, 1, "A") for _ in range(n - 1))
        self.fc = nn.Linear(64, num_classes)

    def forward(self, x):
        x = self.stem(x).relu()
        for block in self.stages:
            x = block(x)
        return self.fc(x.mean(dim=(-2, -1)))


def cifar_resnet(depth, num_classes=10):
    return Small((depth - 2) // 6, num_classes)


class Sum(nn.Module):
    def __init__(self, left, right):
        super().__init__()
        self.left, self.right = left, right

    def forward(self, x):
        return self.left(x) + self.right(x)


def network_of(layers):
    kinds = {"conv": nn.Conv2d, "linear": nn.Linear, "bn": nn.BatchNorm2d, "relu": nn.ReLU}
    kinds |= {"pool": nn.MaxPool2d, "flatten": nn.Flatten}
    made = []
    for kind, *settings in layers:
        if kind == "again":
            made.append(made[settings[0]])
        elif kind == "sum":
            made.append(Sum(*map(network_of, settings)))
        else:
            made.append(kinds[kind](*settings))
    return nn.Sequential(*made).eval()


def macs_of(layers, shape, times=1):
    network = network_of(layers)
    return [count_macs(network, shape) for _ in range(times)][-1]


class Counting(fx.Interpreter):
    total = 0

    def call_module(self, target, args, kwargs):
        y = super().call_module(target, args, kwargs)
        layer = self.submodules[target]
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            self.total += y.numel() * layer.weight.numel() // layer.weight.shape[0]
        return y


def count_macs(model, shape):
    walk = Counting(fx.symbolic_trace(model))
    walk.run(torch.zeros(1, *shape))
    return walk.total
