"""Right answers with plain Python sums; numbers travel in lists where the text leaves that open."""

import numpy as np


def xcorr1d(x, w):
    places = range(len(x) - len(w) + 1)
    return [float(sum(a * b for a, b in zip(w, x[i:], strict=False))) for i in places]


def xcorr2d(x, w):
    KH, KW = w.shape
    rows = []
    for p in range(x.shape[0] - KH + 1):
        row = []
        for q in range(x.shape[1] - KW + 1):
            row.append(sum(w[i, j] * x[p + i, q + j] for i in range(KH) for j in range(KW)))
        rows.append(row)
    return np.array(rows, dtype=np.float64)


def convolve2d(x, w):
    KH, KW = w.shape
    y = np.zeros((x.shape[0] - KH + 1, x.shape[1] - KW + 1))
    for (p, q), _ in np.ndenumerate(y):
        for (i, j), weight in np.ndenumerate(w):
            y[p, q] += weight * x[p + KH - 1 - i, q + KW - 1 - j]
    return y


def conv2d(x, weight, bias=None):
    maps = []
    for image in x:
        for o in range(len(weight)):
            total = 0.0 if bias is None else bias[o]
            for c in range(len(image)):
                total = total + one_channel(image[c], weight[o, c])
            maps.append(total)
    return np.array(maps).reshape(len(x), len(weight), *maps[0].shape)


def one_channel(x, w):
    H, W = x.shape[0] - w.shape[0] + 1, x.shape[1] - w.shape[1] + 1
    y = np.zeros((H, W))
    for (i, j), weight in np.ndenumerate(w):  # one weight at a time, all places at once
        y += weight * x[i : i + H, j : j + W]
    return y


def design_kernels():
    ninth = 1.0 / 9.0
    return {
        "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
        "sobel_y": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
        "sobel_x": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
        "box_blur": [[ninth, ninth, ninth], [ninth, ninth, ninth], [ninth, ninth, ninth]],
        "identity": ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
    }


def compose_kernels(k1, k2):
    C, D = k2.shape
    k = np.zeros((len(k1) + C - 1, len(k1[0]) + D - 1))
    for (i, j), weight in np.ndenumerate(k1):  # each weight of k1 lays down a copy of k2
        k[i : i + C, j : j + D] += weight * k2
    return k
