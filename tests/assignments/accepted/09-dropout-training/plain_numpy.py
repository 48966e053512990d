"""Right answers with NumPy's generators, loops and the formulas written out."""

import math

import numpy as np
import torch


def dropout(x, grad_y, p, seed, training=True):
    mask = np.ones(tuple(x.shape))
    if training:
        drawn = np.random.default_rng(seed).random(tuple(x.shape))
        for place in np.ndindex(mask.shape):
            mask[place] = 0.0 if drawn[place] < p else 1 / (1 - p)
    mask = torch.from_numpy(mask).to(x.dtype)
    return mask * x, mask * grad_y


def dropout2d(x, p, seed):
    rng = np.random.default_rng([seed, 7])
    y = torch.zeros_like(x)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            if rng.random() > p:
                y[n, c] = x[n, c] / (1 - p)
    return y


def variance_shift(x, p):
    numbers = x.tolist()
    mean = sum(numbers) / len(numbers)
    test = sum((number - mean) ** 2 for number in numbers) / len(numbers)
    noise = p / (1 - p) * sum(number**2 for number in numbers) / len(numbers)
    return [test + noise, test]


def first_numbers(weight_shape, classes):
    products = 1
    for size in weight_shape[1:]:
        products *= size
    return (2 / products) ** 0.5, -math.log(1 / classes)


def overfit_one_batch(x, labels, seed, lr, steps):
    model = make_model(seed)  # noqa: F821 - a given cell of the notebook
    losses = []
    for _ in range(steps):
        log_probs = model(x).log_softmax(dim=1)
        loss = -log_probs[torch.arange(len(labels)), labels].mean()
        slopes = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for weight, slope in zip(model.parameters(), slopes, strict=True):
                weight -= lr * slope
        losses.append(loss.item())
    return losses


def random_flip_crop(x, labels, padding, seed, training=True):
    if not training:
        return x.clone(), labels.clone()
    rng = np.random.default_rng(seed)
    N, _, H, W = x.shape
    new = torch.zeros_like(x)
    for n in range(N):
        down, right = rng.integers(-padding, padding + 1, 2)
        source = torch.flip(x[n], [2]) if rng.random() < 0.5 else x[n]
        for row in range(H):
            for column in range(W):
                if 0 <= row + down < H and 0 <= column + right < W:
                    new[n, :, row, column] = source[:, row + down, column + right]
    return new, labels.clone()
