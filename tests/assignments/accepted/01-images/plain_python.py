"""Right answers with loops and plain Python numbers."""

import random

import numpy as np


def to_nchw_float(x):
    pictures = [x] if len(x.shape) == 3 else list(x)
    H, W, C = pictures[0].shape
    y = np.zeros((len(pictures), C, H, W), dtype=np.float32)
    for n, picture in enumerate(pictures):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    y[n, c, h, w] = int(picture[h, w, c]) / 255
    return y


def rgb_to_gray(x, weights):
    N, _, H, W = x.shape
    y = np.zeros((N, 1, H, W))
    for n in range(N):
        for h in range(H):
            for w in range(W):
                for c, weight in enumerate(weights):
                    y[n, 0, h, w] += float(weight) * float(x[n, c, h, w])
    return y


def fc_params(shape, hidden):
    numbers = 1
    for size in shape:
        numbers *= size
    return sum(numbers + 1 for _ in range(hidden))


def conv_params(c_in, c_out, kernel_size, bias=True, groups=1):
    try:
        KH, KW = kernel_size
    except TypeError:
        KH = KW = kernel_size
    total = 0
    for _group in range(groups):
        for _filter in range(c_out // groups):
            total += c_in // groups * KH * KW
            if bias:
                total += 1
    return total


def permute_pixels(x, seed):
    H, W = x.shape[2:]
    places = [(h, w) for h in range(H) for w in range(W)]
    mixed = places[:]
    random.Random(seed).shuffle(mixed)
    y = np.empty_like(x)
    for (h, w), (p, q) in zip(places, mixed, strict=True):
        y[:, :, h, w] = x[:, :, p, q]
    return y
