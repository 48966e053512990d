"""Right answers that build the result from pieces, or scatter where others gather."""

import numpy as np


def to_nchw_float(x):
    if np.ndim(x) == 4:
        return np.concatenate([to_nchw_float(picture) for picture in x])
    colours = np.dsplit(x, x.shape[2])
    planes = [np.divide(colour[:, :, 0], 255, dtype=np.float32) for colour in colours]
    return np.stack(planes)[np.newaxis]


def rgb_to_gray(x, weights):
    channels_last = np.moveaxis(x, 1, -1)
    return np.expand_dims(channels_last @ np.asarray(weights, dtype=np.float64), 1)


def fc_params(shape, hidden):
    weight = np.broadcast_to(0, (hidden, *shape))  # no memory is used, only counted
    bias = np.zeros(hidden)
    return weight.size + bias.size


def conv_params(c_in, c_out, kernel_size, bias=True, groups=1):
    if not isinstance(kernel_size, tuple):
        return conv_params(c_in, c_out, (kernel_size, kernel_size), bias, groups)
    if groups > 1:
        return groups * conv_params(c_in // groups, c_out // groups, kernel_size, bias)
    one_filter = c_in * kernel_size[0] * kernel_size[1] + (1 if bias else 0)
    return c_out * one_filter


def permute_pixels(x, seed):
    N, C, H, W = x.shape
    target = np.random.RandomState(seed).permutation(H * W)
    mixed = np.zeros((N, C, H * W), dtype=x.dtype)
    mixed[..., target] = x.reshape(N, C, -1)
    return mixed.reshape(x.shape)
