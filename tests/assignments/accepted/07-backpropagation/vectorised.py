"""Right answers with whole arrays: windows as views, matrices, one slice for each tap."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def taps(places, kernel_size, stride):
    """For each tap (i, j): rows and columns that it meets at all places."""
    for i, j in np.ndindex(*kernel_size):
        rows = slice(i, i + stride[0] * (places[0] - 1) + 1, stride[0])
        columns = slice(j, j + stride[1] * (places[1] - 1) + 1, stride[1])
        yield i, j, (..., rows, columns)


def framed(shape, padding, dtype):
    """Zeros of the padded size, and the view of them that is the picture."""
    (PH, PW), (H, W) = padding, shape[2:]
    big = np.zeros((*shape[:2], H + 2 * PH, W + 2 * PW), dtype=dtype)
    return big, big[:, :, PH : PH + H, PW : PW + W]


def numerical_grad(f, x, grad_y, step=1e-5):
    x = np.asarray(x, dtype=np.float64)
    nudges = step * np.eye(x.size).reshape(-1, *x.shape)
    slopes = [np.vdot(grad_y, f(x + v)) - np.vdot(grad_y, f(x - v)) for v in nudges]
    return np.reshape(slopes, x.shape) / (2 * step)


def conv2d_weight_backward(grad_y, x, kernel_size, stride=(1, 1), padding=(0, 0)):
    (PH, PW), (OH, OW) = padding, grad_y.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (PH, PH), (PW, PW)))
    windows = sliding_window_view(x, kernel_size, axis=(2, 3))
    windows = windows[:, :, :: stride[0], :: stride[1]][:, :, :OH, :OW]
    grad_weight = np.tensordot(grad_y, windows, axes=((0, 2, 3), (0, 2, 3)))
    return grad_weight, grad_y.sum(axis=(0, 2, 3))


def conv2d_input_backward(grad_y, weight, x_shape, stride=(1, 1), padding=(0, 0)):
    big, picture = framed(x_shape, padding, grad_y.dtype)
    for i, j, at in taps(grad_y.shape[2:], weight.shape[2:], stride):
        big[at] += np.einsum("nopq,oc->ncpq", grad_y, weight[:, :, i, j])
    return picture


def as_convolution(grad_y, weight, x_shape, stride=(1, 1), padding=(0, 0)):
    signal = grad_y
    for axis in (2, 3):
        k, s, p = weight.shape[axis], stride[axis - 2], padding[axis - 2]
        between = np.repeat(np.arange(1, signal.shape[axis]), s - 1)
        signal = np.insert(signal, between, 0, axis=axis)
        sides = [(0, 0)] * 4
        sides[axis] = (k - 1 - p, k - 1 - p + (x_shape[axis] + 2 * p - k) % s)
        signal = np.pad(signal, sides)
    return signal, np.flip(weight, (2, 3)).transpose(1, 0, 2, 3)


def max_pool2d_backward(grad_y, x, kernel_size, stride, padding=(0, 0)):
    padded, inside = framed(x.shape, padding, np.float64)
    padded[...] = -np.inf
    inside[...] = x
    places = grad_y.shape[2:]
    largest = np.max([padded[at] for _, _, at in taps(places, kernel_size, stride)], axis=0)
    big, picture = framed(x.shape, padding, grad_y.dtype)
    open_ = np.ones(grad_y.shape, dtype=bool)
    for _, _, at in taps(places, kernel_size, stride):
        wins = open_ & (padded[at] == largest)
        open_ &= ~wins
        big[at] += np.where(wins, grad_y, 0)
    return picture


def avg_pool2d_backward(
    grad_y, x_shape, kernel_size, stride, padding=(0, 0), count_include_pad=True
):
    places = grad_y.shape[2:]
    real, inside = framed((1, 1, *x_shape[2:]), padding, grad_y.dtype)
    inside[...] = 1
    count = sum(real[at] for _, _, at in taps(places, kernel_size, stride))
    share = grad_y / (np.prod(kernel_size) if count_include_pad else count)
    big, picture = framed(x_shape, padding, grad_y.dtype)
    for _, _, at in taps(places, kernel_size, stride):
        big[at] += share
    return picture.astype(grad_y.dtype)
