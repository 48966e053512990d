"""Pooling, batch normalisation and a whole training step of LeNet, against torch."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from cnnlib.reference import (
    avg_pool2d,
    avg_pool2d_backward,
    batch_norm,
    batch_norm_backward,
    max_pool2d,
    max_pool2d_backward,
)
from cnnlib.reference.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential
from cnnlib.reference.lenet import lenet, training_step
from cnnlib.reference.optim import SGD
from tests.benchmarks.timing import milliseconds, race, ratio

SHAPE = (4, 64, 56, 56)
POOLS = {
    "max 2x2 / 2": ("max", SHAPE, 2, 2),
    "max 3x3 / 2": ("max", (4, 64, 113, 113), 3, 2),
    "avg 2x2 / 2": ("avg", SHAPE, 2, 2),
    "max 2x2 / 2, LeNet": ("max", (64, 6, 28, 28), 2, 2),
}
KINDS = {
    "max": (max_pool2d, max_pool2d_backward, F.max_pool2d),
    "avg": (avg_pool2d, avg_pool2d_backward, F.avg_pool2d),
}


def gradient(y, x, grad_y):
    """Only the backward pass of a graph that is there already."""
    return torch.autograd.grad(y, x, grad_y, retain_graph=True)


def pools(seconds):
    rng = np.random.default_rng(0)
    for name, (kind, shape, kernel, stride) in POOLS.items():
        ours, backward, theirs = KINDS[kind]
        x = rng.standard_normal(shape).astype(np.float32)
        t = torch.from_numpy(x)
        leaf = t.clone().requires_grad_()
        y = theirs(leaf, kernel, stride)
        grad_y = rng.standard_normal(y.shape).astype(np.float32)
        g = torch.from_numpy(grad_y)
        places = y.shape[-1]
        textbook = {}
        if kernel == stride:
            reduce = np.max if kind == "max" else np.mean
            N, C = shape[:2]
            textbook["textbook"] = lambda x=x, reduce=reduce, N=N, C=C, places=places: reduce(
                x.reshape(N, C, places, 2, places, 2), axis=(3, 5)
            )

        def both(ours=ours, backward=backward, x=x, grad_y=grad_y, window=(kernel, stride)):
            ours(x, *window)
            backward(grad_y, x, *window)

        def torch_both(theirs=theirs, leaf=leaf, g=g, window=(kernel, stride)):
            gradient(theirs(leaf, *window), leaf, g)

        yield (
            name,
            race(
                {
                    "forward": lambda ours=ours, x=x, k=kernel, s=stride: ours(x, k, s),
                    "torch forward": lambda theirs=theirs, t=t, k=kernel, s=stride: theirs(t, k, s),
                    "both": both,
                    "torch both": torch_both,
                    **textbook,
                },
                seconds,
            ),
        )


def norms(seconds):
    rng = np.random.default_rng(0)
    x, grad_y = (rng.standard_normal(SHAPE).astype(np.float32) for _ in range(2))
    C = SHAPE[1]
    mean, var, weight, bias = (rng.random(C).astype(np.float32) for _ in range(4))
    statistics = [torch.from_numpy(a.copy()) for a in (mean, var)]
    t, g = torch.from_numpy(x), torch.from_numpy(grad_y)
    leaves = [torch.from_numpy(a.copy()).requires_grad_() for a in (x, weight, bias)]

    def both():
        batch_norm(x, mean, var, weight, bias, True)
        batch_norm_backward(grad_y, x, mean, var, weight, bias, True)

    def torch_both():
        y = F.batch_norm(leaves[0], *statistics, *leaves[1:], True)
        torch.autograd.grad(y, leaves, g)

    affine = [leaf.detach() for leaf in leaves[1:]]
    yield (
        "batch norm",
        race(
            {
                "forward": lambda: batch_norm(x, mean, var, weight, bias, True),
                "torch forward": lambda: F.batch_norm(t, *statistics, *affine, True),
                "both": both,
                "torch both": torch_both,
            },
            seconds,
        ),
    )


def _torch_twin(network):
    """The same layers in torch, with the same weights."""
    made = []
    for layer in network:
        if isinstance(layer, Conv2d):
            shape = layer.weight.value.shape
            made.append(nn.Conv2d(shape[1], shape[0], shape[2], padding=layer.arguments[1]))
        elif isinstance(layer, Linear):
            made.append(nn.Linear(*layer.weight.value.shape[::-1]))
        else:
            made.append(
                {ReLU: nn.ReLU(), MaxPool2d: nn.MaxPool2d(2), Flatten: nn.Flatten()}[type(layer)]
            )
    twin = nn.Sequential(*made)
    with torch.no_grad():
        for mine, other in zip(network.parameters(), twin.parameters(), strict=True):
            other.copy_(torch.from_numpy(mine.value))
    return twin


def _digits_net(rng):
    return Sequential(
        Conv2d(1, 16, 3, padding=1, rng=rng), ReLU(), MaxPool2d(2),
        Conv2d(16, 32, 3, padding=1, rng=rng), ReLU(), MaxPool2d(2),
        Flatten(), Linear(128, 10, rng=rng),
    )  # fmt: skip


NETWORKS = {
    "LeNet-5, 64 images of 32x32": (lambda rng: lenet(rng=rng), (64, 1, 32, 32)),
    "3x3 16-32, 64 digits of 8x8": (_digits_net, (64, 1, 8, 8)),
}


def training_steps(seconds):
    for name, (make, shape) in NETWORKS.items():
        rng = np.random.default_rng(0)
        network = make(rng)
        twin = _torch_twin(network)
        x, labels = rng.standard_normal(shape).astype(np.float32), rng.integers(0, 10, shape[0])
        mine = SGD(network.parameters(), lr=0.01, momentum=0.9)
        other = torch.optim.SGD(twin.parameters(), lr=0.01, momentum=0.9)
        t, target = torch.from_numpy(x), torch.from_numpy(labels)

        def torch_step(twin=twin, other=other, t=t, target=target):
            loss = F.cross_entropy(twin(t), target)
            other.zero_grad()
            loss.backward()
            other.step()
            return float(loss.detach())

        first, second = training_step(network, mine, x, labels), torch_step()
        if abs(first - second) > 1e-4:
            raise AssertionError(f"{name}: losses differ, {first} and {second}")
        yield (
            name,
            race(
                {
                    "step": lambda n=network, m=mine, x=x, k=labels: training_step(n, m, x, k),
                    "torch step": torch_step,
                },
                seconds,
            ),
        )


def run(seconds, report):
    """Rows of name, milliseconds, and ratios to torch: forward, forward with backward, step."""
    rows = []
    for group in (pools, norms, training_steps):
        for name, times in group(seconds):
            row = {"name": name, "ms": {n: milliseconds(times, n) for n in times}}
            row["to torch"] = {
                n: ratio(times, n, f"torch {n}") for n in times if f"torch {n}" in times
            }
            rows.append(row)
            report(f"{name:<28}" + " ".join(f"{n} {r:.2f}" for n, r in row["to torch"].items()))
    return rows
