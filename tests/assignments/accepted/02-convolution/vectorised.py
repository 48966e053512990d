"""Right answers without a loop: windows as views, and one sum of products."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def xcorr1d(x, w):
    return sliding_window_view(np.asarray(x, dtype=float), len(w)) @ np.asarray(w, dtype=float)


def xcorr2d(x, w):
    return np.tensordot(sliding_window_view(x.astype(float), w.shape), w.astype(float), 2)


def convolve2d(x, w):
    windows = sliding_window_view(x, w.shape)
    return np.einsum("pqij,ij->pq", windows, np.rot90(w, 2)).astype(np.float64)


def conv2d(x, weight, bias=None):
    windows = sliding_window_view(x, weight.shape[2:], axis=(2, 3))
    y = np.tensordot(windows, weight, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
    return y if bias is None else y + np.reshape(bias, (1, -1, 1, 1))


def design_kernels():
    delta = np.pad([[1.0]], 1)
    smooth, slope = np.array([1, 2, 1]), np.array([-1, 0, 1])
    cross = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    return {
        "identity": delta,
        "box_blur": np.ones((3, 3)) / 9,
        "sobel_x": np.outer(smooth, slope),
        "sobel_y": np.outer(slope, smooth),
        "sharpen": delta + 4 * delta - cross,
    }


def compose_kernels(k1, k2):
    size = (k1.shape[0] + k2.shape[0] - 1, k1.shape[1] + k2.shape[1] - 1)
    return np.fft.irfft2(np.fft.rfft2(k1, size) * np.fft.rfft2(k2, size), size)
