"""Right answers with loops over single numbers and lists."""

import numpy as np


def total(f, numbers, shape, grad_y):
    value = f(np.array(numbers, dtype=float).reshape(shape))
    return float((np.asarray(value) * np.asarray(grad_y)).sum())


def numerical_grad(f, x, grad_y, step=1e-5):
    numbers = [float(v) for v in x.ravel()]
    slopes = []
    for k, old in enumerate(numbers):
        up = [*numbers[:k], old + step, *numbers[k + 1 :]]
        down = [*numbers[:k], old - step, *numbers[k + 1 :]]
        rise = total(f, up, x.shape, grad_y) - total(f, down, x.shape, grad_y)
        slopes.append(rise / (2 * step))
    return np.array(slopes).reshape(x.shape)


def conv2d_weight_backward(grad_y, x, kernel_size, stride=(1, 1), padding=(0, 0)):
    N, C_out, OH, OW = grad_y.shape
    _, C_in, H, W = x.shape
    grad_weight = np.zeros((C_out, C_in, *kernel_size), dtype=grad_y.dtype)
    for o, c, i, j in np.ndindex(grad_weight.shape):
        terms = 0.0
        for n, p, q in np.ndindex((N, OH, OW)):
            row, column = p * stride[0] + i - padding[0], q * stride[1] + j - padding[1]
            if 0 <= row < H and 0 <= column < W:  # the border holds zeros
                terms += float(grad_y[n, o, p, q]) * float(x[n, c, row, column])
        grad_weight[o, c, i, j] = terms
    grad_bias = [sum(grad_y[:, o].ravel().tolist()) for o in range(C_out)]
    return grad_weight, np.array(grad_bias, dtype=grad_y.dtype)


def conv2d_input_backward(grad_y, weight, x_shape, stride=(1, 1), padding=(0, 0)):
    grad_x = np.zeros(x_shape, dtype=grad_y.dtype)
    _, C_in, H, W = x_shape
    for n, o, p, q in np.ndindex(grad_y.shape):
        for i, j in np.ndindex(weight.shape[2:]):
            row, column = p * stride[0] + i - padding[0], q * stride[1] + j - padding[1]
            if 0 <= row < H and 0 <= column < W:
                for c in range(C_in):
                    grad_x[n, c, row, column] += grad_y[n, o, p, q] * weight[o, c, i, j]
    return grad_x


def as_convolution(grad_y, weight, x_shape, stride=(1, 1), padding=(0, 0)):
    C_out, C_in, KH, KW = weight.shape
    kernel = np.zeros((C_in, C_out, KH, KW))
    for o, c, i, j in np.ndindex(weight.shape):
        kernel[c, o, KH - 1 - i, KW - 1 - j] = weight[o, c, i, j]
    size = [x_shape[a] + weight.shape[a] - 1 for a in (2, 3)]  # what gives H and W places
    signal = np.zeros((*grad_y.shape[:2], *size), dtype=grad_y.dtype)
    for n, o, p, q in np.ndindex(grad_y.shape):
        row, column = KH - 1 - padding[0] + p * stride[0], KW - 1 - padding[1] + q * stride[1]
        signal[n, o, row, column] = grad_y[n, o, p, q]
    return signal, kernel


def max_pool2d_backward(grad_y, x, kernel_size, stride, padding=(0, 0)):
    grad_x = np.zeros(x.shape, dtype=grad_y.dtype)
    H, W = x.shape[2:]
    for n, c, p, q in np.ndindex(grad_y.shape):
        winner = None
        for i, j in np.ndindex(kernel_size):
            row, column = p * stride[0] + i - padding[0], q * stride[1] + j - padding[1]
            inside = 0 <= row < H and 0 <= column < W
            if inside and (winner is None or x[n, c, row, column] > x[(n, c, *winner)]):
                winner = row, column
        grad_x[(n, c, *winner)] += grad_y[n, c, p, q]
    return grad_x


def avg_pool2d_backward(
    grad_y, x_shape, kernel_size, stride, padding=(0, 0), count_include_pad=True
):
    grad_x = np.zeros(x_shape, dtype=grad_y.dtype)
    H, W = x_shape[2:]
    for n, c, p, q in np.ndindex(grad_y.shape):
        pixels = []
        for i, j in np.ndindex(kernel_size):
            row, column = p * stride[0] + i - padding[0], q * stride[1] + j - padding[1]
            if 0 <= row < H and 0 <= column < W:
                pixels.append((row, column))
        count = kernel_size[0] * kernel_size[1] if count_include_pad else len(pixels)
        for row, column in pixels:
            grad_x[n, c, row, column] += grad_y[n, c, p, q] / count
    return grad_x
