"""Right answers with as little of torch as possible: gradients by formula, plain loops."""

# ruff: noqa: F821 -- build and checkpoint_of are given by the notebook

import math

import numpy as np
import torch


def train_new_head(checkpoint, x, y, classes, lr, batch_size):
    network = build(checkpoint)
    network.train(False)
    with torch.no_grad():
        features = network.features(x)
    weight, bias = torch.zeros(classes, features.shape[1]), torch.zeros(classes)
    for start in range(0, len(x), batch_size):
        f, labels = features[start : start + batch_size], y[start : start + batch_size]
        wrong = torch.softmax(f @ weight.T + bias, dim=1)
        wrong[range(len(f)), labels] -= 1
        weight -= lr * wrong.T @ f / len(f)
        bias -= lr * wrong.mean(dim=0)
    after = {**checkpoint, "head.weight": weight, "head.bias": bias}
    return after, weight.numel() + bias.numel()


def linear_probe(checkpoint, x_train, y_train, x_test, decay):
    network = build(checkpoint).train(False)
    train = np.vstack([network.features(x[None]).detach().numpy() for x in x_train])
    test = np.vstack([network.features(x[None]).detach().numpy() for x in x_test])
    mean = train.sum(0) / len(train)
    sd = np.sqrt(((train - mean) ** 2).sum(0) / len(train))
    train, test = (train - mean) / (sd + 0.001), (test - mean) / (sd + 0.001)
    Y = np.zeros((len(train), int(max(y_train)) + 1), np.float32)
    for row, label in zip(Y, y_train, strict=True):
        row[int(label)] = 1
    A = train.T.astype(float) @ train
    for i in range(len(A)):
        A[i, i] += decay
    W = np.linalg.solve(A, train.T @ (Y - Y.mean(0)))
    logits = (test @ W + Y.mean(0)).astype(np.float32)
    return {"logits": logits, "train": train, "test": test}


def fine_tune(checkpoint, x, y, lr, factor, decay, steps):
    network = build(checkpoint).eval()
    for _ in range(steps):
        named = dict(network.named_parameters())
        loss = torch.nn.functional.cross_entropy(network(x), y)
        gradients = torch.autograd.grad(loss, list(named.values()))
        with torch.no_grad():
            for (name, p), g in zip(named.items(), gradients, strict=True):
                if name.startswith("head"):
                    rate = lr
                elif name.startswith("block2"):
                    rate = lr * factor
                else:
                    rate = lr * factor * factor
                pull = decay * p if p.ndim > 1 else 0
                p -= rate * (g + pull)
    return checkpoint_of(network)


def compare_starts(run, y, pool, validation, test, methods, rates, shots, seeds):
    result = {}
    for method in methods:
        for k in shots:
            accuracies = []
            for seed in seeds:
                rng = np.random.default_rng(seed)
                train = []
                for label in sorted({int(y[i]) for i in pool}):
                    members = sorted(int(i) for i in pool if y[i] == label)
                    train += rng.choice(members, size=k, replace=False).tolist()
                best_rate, best_score = None, -1.0
                for rate in rates:
                    score = run(method=method, train=train, judge=validation, rate=rate, seed=seed)
                    if score > best_score:
                        best_rate, best_score = rate, score
                accuracies.append(run(method, train, test, best_rate, seed))
            n = len(accuracies)
            mean = sum(accuracies) / n
            spread = math.sqrt(sum((a - mean) ** 2 for a in accuracies) / (n - 1))
            result[(method, k)] = (mean, spread)
    return result


def dense_scores(weight, bias, size, maps):
    H, W = size
    N, _, MH, MW = maps.shape
    y = np.zeros((N, len(bias), MH - H + 1, MW - W + 1), dtype=maps.dtype)
    for n in range(N):
        for p in range(MH - H + 1):
            for q in range(MW - W + 1):
                part = maps[n, :, p : p + H, q : q + W].flatten()
                y[n, :, p, q] = weight @ part + bias
    return y
