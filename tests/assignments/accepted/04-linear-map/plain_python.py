"""Right answers with loops and lists of plain numbers, one number at a time."""

import numpy as np


def conv_matrix(w, size, stride=1):
    rows, start = [], 0
    while start + len(w) <= size:
        rows.append([0.0] * start + [float(v) for v in w] + [0.0] * (size - start - len(w)))
        start += stride
    return rows


def im2col(x, kernel_size, stride=(1, 1), padding=(0, 0)):
    N, C, H, W = x.shape
    result = []
    for n in range(N):
        rows = []
        for c in range(C):
            for i in range(kernel_size[0]):
                for j in range(kernel_size[1]):
                    row = []
                    for top in range(-padding[0], H + padding[0] - kernel_size[0] + 1, stride[0]):
                        for left in range(
                            -padding[1], W + padding[1] - kernel_size[1] + 1, stride[1]
                        ):
                            inside = 0 <= top + i < H and 0 <= left + j < W
                            row.append(x[n, c, top + i, left + j] if inside else 0)
                    rows.append(row)
        result.append(rows)
    return np.array(result, dtype=x.dtype)


def conv2d_gemm(columns, weight, bias, out_size):
    y = np.zeros((len(columns), len(weight), *out_size), dtype=columns.dtype)
    for n in range(len(columns)):
        for o in range(len(weight)):
            total = np.zeros(columns.shape[2], dtype=columns.dtype)
            for row, number in enumerate(weight[o].ravel()):
                total += number * columns[n, row]
            if bias is not None:
                total += bias[o]
            y[n, o] = total.reshape(out_size)
    return y


def pointwise(x, weight, bias=None):
    N, C_in, H, W = x.shape
    y = np.zeros((N, len(weight), H, W))
    for n in range(N):
        for i in range(H):
            for j in range(W):
                for o in range(len(weight)):
                    total = 0.0 if bias is None else bias[o]
                    for c in range(C_in):
                        total += weight[o][c] * x[n, c, i, j]
                    y[n, o, i, j] = total
    return y


def convolve(x, weight):
    H, W = x.shape[2] - weight.shape[2] + 1, x.shape[3] - weight.shape[3] + 1
    y = np.zeros((len(x), len(weight), H, W))
    for i in range(weight.shape[2]):
        for j in range(weight.shape[3]):
            for o in range(len(weight)):
                for c in range(x.shape[1]):
                    y[:, o] += weight[o, c, i, j] * x[:, c, i : i + H, j : j + W]
    return y


def grouped_conv2d(x, weight, groups):
    inputs = np.split(x, groups, axis=1)
    filters = np.split(weight, groups, axis=0)
    return np.concatenate([convolve(a, b) for a, b in zip(inputs, filters, strict=True)], axis=1)


def conv_cost(c_in, c_out, size, kernel_size, stride=(1, 1), padding=(0, 0), groups=1, batch=1):
    places = 1
    for n, k, s, p in zip(size, kernel_size, stride, padding, strict=True):
        along, start = 0, -p
        while start + k <= n + p:
            along, start = along + 1, start + s
        places *= along
    parameters = macs = 0
    for _ in range(c_out):
        one_filter = (c_in // groups) * kernel_size[0] * kernel_size[1]
        parameters += one_filter + 1
        macs += one_filter * places * batch
    return {"parameters": parameters, "macs": macs, "bytes": 4 * places * c_out * batch}
