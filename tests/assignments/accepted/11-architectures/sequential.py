"""Right answers out of small functions and nn.Sequential, with a forward that is replaced."""

from itertools import pairwise

import torch
from torch import nn


def units(*sizes):
    layers = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return layers[:-1]


def conv(before, after, window, stride=1, bias=True):
    return nn.Conv2d(before, after, window, stride, (window - 1) // 2, bias=bias)


def lenet(num_classes=10, in_channels=1):
    network = nn.Sequential(conv(in_channels, 6, 5), nn.MaxPool2d(2), nn.ReLU())
    network.append(nn.Conv2d(6, 16, 5)).append(nn.MaxPool2d(2)).append(nn.ReLU())
    return nn.Sequential(network, nn.Flatten(), *units(400, 120, 84, num_classes))


def vgg(cfg, size=224, hidden=4096, num_classes=1000):
    stages, now = [[]], 3
    for entry in cfg:
        if entry == "M":
            stages[-1].append(nn.MaxPool2d(2, stride=2))
            stages.append([])
        else:
            stages[-1] += [conv(now, entry, 3), nn.ReLU(inplace=True)]
            now = entry
    side = size >> (len(stages) - 1)
    features = nn.Sequential(*(nn.Sequential(*stage) for stage in stages if stage))
    head = nn.Sequential(nn.Flatten(), *units(now * side * side, hidden, hidden, num_classes))
    return nn.Sequential(features, head)


def vgg_on_meta(cfg):
    with torch.device("meta"):
        network = vgg(cfg)
    return {"parameters": sum(p.numel() for p in network.parameters())}


class Several(nn.Module):
    """Branches and what becomes of their outputs."""

    def __init__(self, join, *branches):
        super().__init__()
        self.join, self.branches = join, nn.ModuleList(branches)

    def forward(self, x):
        return self.join([branch(x) for branch in self.branches])


def inception(channels, maps):
    a, b3, b, c5, c, d = maps
    branches = [
        [conv(channels, a, 1)],
        [conv(channels, b3, 1), nn.ReLU(), conv(b3, b, 3)],
        [conv(channels, c5, 1), nn.ReLU(), conv(c5, c, 5)],
        [nn.MaxPool2d(3, stride=1, padding=1), conv(channels, d, 1)],
    ]
    sequences = [nn.Sequential(*layers, nn.ReLU()) for layers in branches]
    return Several(lambda ys: torch.cat(ys, dim=-3), *sequences)


class Widen(nn.Module):
    def __init__(self, new):
        super().__init__()
        self.new = new

    def forward(self, x):
        zeros = x.new_zeros(len(x), self.new, *x.shape[2:])
        return torch.cat([x, zeros], dim=1)


def basic_block(channels, maps, stride=1, option="B"):
    residual = nn.Sequential(
        conv(channels, maps, 3, stride, bias=False), nn.BatchNorm2d(maps), nn.ReLU(),
        conv(maps, maps, 3, bias=False), nn.BatchNorm2d(maps),
    )  # fmt: skip
    if stride == 1 and channels == maps:
        shortcut = nn.Identity()
    elif option == "A":  # a window of one pixel, every stride-th of them
        shortcut = nn.Sequential(nn.MaxPool2d(1, stride), Widen(maps - channels))
    else:
        shortcut = nn.Sequential(conv(channels, maps, 1, stride, bias=False), nn.BatchNorm2d(maps))
    return nn.Sequential(Several(sum, residual, shortcut), nn.ReLU())


def cifar_resnet(depth, num_classes=10):
    n, rest = divmod(depth - 2, 6)
    assert rest == 0
    plan = [16] * n + [32] * n + [64] * n
    blocks = [
        basic_block(before, after, 1 if before == after else 2, option="A")
        for before, after in zip([16, *plan], plan, strict=False)
    ]
    return nn.Sequential(
        conv(3, 16, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU(), *blocks,
        nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(1), nn.Linear(64, num_classes),
    )  # fmt: skip


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


def count_macs(model, shape):
    counted, handles = [], []
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            C_in, KH, KW = layer.weight.shape[1:]

            def hook(layer, inputs, output, each=C_in * KH * KW):
                counted.append(each * output.shape[1] * output.shape[2] * output.shape[3])

            handles.append(layer.register_forward_hook(hook))
        if isinstance(layer, nn.Linear):
            handles.append(
                layer.register_forward_hook(
                    lambda layer, inputs, output: counted.append(layer.weight.numel())
                )
            )
    try:
        model(torch.rand(1, *shape))
    finally:
        for handle in handles:
            handle.remove()
    return int(sum(counted))
