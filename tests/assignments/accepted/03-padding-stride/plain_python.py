"""Right answers with loops, recursion and lists of plain numbers."""

import numpy as np


def out_size(size, kernel_size, stride=1, padding=0, dilation=1):
    if padding:
        return out_size(size + 2 * padding, kernel_size, stride, 0, dilation)
    places, start = 0, 0
    while start + dilation * (kernel_size - 1) < size:
        places += 1
        start += stride
    return places


def same_pad(kernel_size, dilation=1):
    before = after = 0
    for pixel in range(dilation * (kernel_size - 1)):
        if pixel % 2 == 0:
            after += 1
        else:
            before += 1
    return [before, after]


def pad2d(x, padding, mode="constant"):
    left, right, top, bottom = padding
    if left or right:  # one direction at a time, the other by a transpose
        wide = pad2d(x.swapaxes(2, 3), (0, 0, left, right), mode).swapaxes(2, 3)
        return pad2d(wide, (0, 0, top, bottom), mode)
    rows = [x[:, :, i] for i in range(x.shape[2])]
    zero, last = np.zeros_like(rows[0]), len(rows) - 1
    above = {
        "constant": [zero] * top,
        "reflect": [rows[i] for i in range(top, 0, -1)],
        "replicate": [rows[0]] * top,
    }
    below = {
        "constant": [zero] * bottom,
        "reflect": [rows[last - i] for i in range(1, bottom + 1)],
        "replicate": [rows[-1]] * bottom,
    }
    return np.stack([*above[mode], *rows, *below[mode]], axis=2)


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    stride, padding, dilation = (
        [v, v] if np.isscalar(v) else v for v in (stride, padding, dilation)
    )
    N, _, H, W = x.shape
    C_out, _, KH, KW = weight.shape
    OH = out_size(H, KH, stride[0], padding[0], dilation[0])
    OW = out_size(W, KW, stride[1], padding[1], dilation[1])
    y = np.zeros((N, C_out, OH, OW))
    for p in range(OH):
        for q in range(OW):
            for i in range(KH):
                for j in range(KW):
                    row = p * stride[0] + i * dilation[0] - padding[0]
                    column = q * stride[1] + j * dilation[1] - padding[1]
                    if 0 <= row < H and 0 <= column < W:  # a zero of the border adds nothing
                        y[:, :, p, q] += x[:, :, row, column] @ weight[:, :, i, j].T
    return y if bias is None else y + np.asarray(bias)[None, :, None, None]


def coverage(size, kernel_size, stride, padding):
    def reads(pixel, axis):
        starts = range(0, size[axis] + 2 * padding[axis] - kernel_size[axis] + 1, stride[axis])
        return sum(0 <= pixel + padding[axis] - start < kernel_size[axis] for start in starts)

    return [[reads(i, 0) * reads(j, 1) for j in range(size[1])] for i in range(size[0])]
