"""Right answers with PyTorch's own layers, its autograd and its initialisers."""

import copy

import torch
import torch.nn.functional as F
from torch import nn


def dropout(x, grad_y, p, seed, training=True):
    leaf = x.detach().clone().requires_grad_()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        y = F.dropout(leaf, p, training)
    y.backward(grad_y)
    return y.detach(), leaf.grad


def dropout2d(x, p, seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Dropout2d(p)(x)


def variance_shift(x, p):
    values, masks = torch.meshgrid(
        x, torch.tensor([0.0, 1 / (1 - p)], dtype=x.dtype), indexing="ij"
    )
    chances = torch.tensor([p, 1 - p], dtype=x.dtype).expand(len(x), 2) / len(x)
    y = values * masks
    mean = (chances * y).sum()
    return (chances * (y - mean).square()).sum(), x.var(unbiased=False)


def first_numbers(weight_shape, classes):
    fan_in, _ = nn.init._calculate_fan_in_and_fan_out(torch.empty(weight_shape))
    std = nn.init.calculate_gain("relu") / fan_in**0.5
    return std, F.cross_entropy(torch.zeros(1, classes, dtype=torch.float64), torch.tensor([0]))


def overfit_one_batch(x, labels, seed, lr, steps):
    model = copy.deepcopy(make_model(seed))  # noqa: F821 - a given cell of the notebook
    sgd = torch.optim.SGD(model.parameters(), lr=lr)
    criterion = nn.CrossEntropyLoss()
    losses = []
    while len(losses) < steps:
        loss = criterion(model(x), labels)
        losses.append(float(loss.detach()))
        model.zero_grad()
        loss.backward()
        sgd.step()
    return losses


def random_flip_crop(x, labels, padding, seed, training=True):
    if not training:
        return x, labels
    generator = torch.Generator().manual_seed(seed)
    N, _, H, W = x.shape
    mirror = torch.randint(0, 2, (N, 1, 1, 1), generator=generator).bool()
    x = torch.where(mirror, x.flip(3), x)
    windows = F.pad(x, [padding] * 4).unfold(2, H, 1).unfold(3, W, 1)
    top, left = torch.randint(0, 2 * padding + 1, (2, N), generator=generator)
    return windows[torch.arange(N), :, top, left], labels
