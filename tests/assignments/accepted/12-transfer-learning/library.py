"""Right answers with more of the library: an overridden train(), a DataLoader, unfold."""

# ruff: noqa: F821 -- build and checkpoint_of are given by the notebook

import statistics

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Frozen(nn.Module):
    """A backbone that no call of train() wakes up."""

    def __init__(self, network):
        super().__init__()
        self.network = network.requires_grad_(False)
        self.train()

    def train(self, mode=True):
        self.training = mode
        self.network.eval()
        return self

    def forward(self, x):
        return self.network.features(x)


def train_new_head(checkpoint, x, y, classes, lr, batch_size):
    old = build(checkpoint)
    backbone = Frozen(old)
    head = nn.Linear(checkpoint["head.weight"].shape[1], classes)
    with torch.no_grad():
        for p in head.parameters():
            p.zero_()
    model = nn.Sequential(backbone, head).train()
    learning = [p for p in model.parameters() if p.requires_grad]
    sgd = torch.optim.SGD(learning, lr=lr, momentum=0.0)
    for images, labels in DataLoader(TensorDataset(x, y), batch_size=batch_size):
        loss = nn.CrossEntropyLoss()(model(images), labels)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    after = {k: v for k, v in checkpoint_of(old).items() if not k.startswith("head")}
    after |= {"head.weight": head.weight.detach(), "head.bias": head.bias.detach()}
    return after, sum(p.nelement() for p in learning)


def linear_probe(checkpoint, x_train, y_train, x_test, decay):
    model = build(checkpoint)
    model.eval()
    with torch.inference_mode():
        table = [
            torch.cat([model.features(part) for part in x.split(5)]).numpy().astype(np.float64)
            for x in (x_train, x_test)
        ]
    mean, sd = table[0].mean(axis=0), table[0].std(axis=0)
    train, test = [(t - mean) / (sd + 1e-3) for t in table]
    K = int(y_train.max()) + 1
    Y = (y_train.numpy()[:, None] == np.arange(K)).astype(float)
    inverse = np.linalg.inv(train.T @ train + decay * np.eye(train.shape[1]))
    logits = test @ (inverse @ train.T @ (Y - Y.mean(axis=0))) + Y.mean(axis=0)
    found = {"train": train, "test": test, "logits": logits}
    return {name: array.astype(np.float32) for name, array in found.items()}


def fine_tune(checkpoint, x, y, lr, factor, decay, steps):
    model = build(checkpoint)
    model.eval()
    depth = {"head": 0, "block2": 1, "block1": 2}
    groups = [
        {
            "params": [p],
            "lr": lr * factor ** depth[name.split(".")[0]],
            "weight_decay": decay if name in DECAYING else 0,
        }
        for name, p in model.named_parameters()
    ]
    sgd = torch.optim.SGD(groups, lr=lr)
    for _ in range(steps):
        model.zero_grad()
        F.nll_loss(F.log_softmax(model(x), dim=1), y).backward()
        sgd.step()
    return checkpoint_of(model)


DECAYING = {"block1.0.weight", "block2.0.weight", "head.weight"}


def compare_starts(run, y, pool, validation, test, methods, rates, shots, seeds):
    table = {}
    for k in shots:
        draws = {}
        for seed in seeds:
            shuffled = np.random.default_rng(seed).permutation(pool)
            by_class = {}
            for i in shuffled:
                by_class.setdefault(int(y[i]), []).append(int(i))
            draws[seed] = np.array([i for them in by_class.values() for i in them[:k]])
        for method in methods:
            found = []
            for seed, train in draws.items():
                best = max(rates, key=lambda r: run(method, train, validation, r, seed))
                found.append(run(method, train, test, best, seed))
            table[method, k] = (statistics.mean(found), statistics.stdev(found))
    return table


def dense_scores(weight, bias, size, maps):
    H, W = size
    N, _, MH, MW = maps.shape
    parts = F.unfold(torch.from_numpy(maps), (H, W))
    y = torch.from_numpy(weight) @ parts + torch.from_numpy(bias)[:, None]
    return y.reshape(N, -1, MH - H + 1, MW - W + 1)
