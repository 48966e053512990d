"""Right answers that leave the loops to NumPy."""

import math

import numpy as np


def to_nchw_float(x):
    batch = x.reshape(-1, *x.shape[-3:])
    table = np.linspace(0, 1, 256, dtype=np.float32)  # what each byte becomes
    return table[np.einsum("nhwc->nchw", batch)]


def rgb_to_gray(x, weights):
    return np.tensordot(np.reshape(weights, (1, 3)), x, axes=(1, 1)).swapaxes(0, 1)


def fc_params(shape, hidden):
    return (math.prod(shape) + 1) * hidden


def conv_params(c_in, c_out, kernel_size, bias=True, groups=1):
    sides = np.broadcast_to(kernel_size, 2)
    weight_shape = (c_out, c_in // groups, *sides)
    return np.prod(weight_shape) + bias * c_out


def permute_pixels(x, seed):
    keys = np.random.default_rng(seed).random(x.shape[2] * x.shape[3])
    return np.take(x.reshape(*x.shape[:2], -1), np.argsort(keys), axis=2).reshape(x.shape)
