"""Right answers with einsum, moments and moved axes."""

import numpy as np

AXES = (0, 2, 3)


def channels(vector):
    return np.asarray(vector)[None, :, None, None]


def bn2d_forward(x, weight, bias, eps=1e-5):
    mean = np.mean(x, axis=AXES)
    var = np.mean(np.square(x - channels(mean)), axis=AXES)
    scale = weight / np.sqrt(var + eps)
    return (x * channels(scale) + channels(bias - mean * scale)).astype(x.dtype, copy=False)


def batch_norm2d(x, running_mean, running_var, weight, bias, training, momentum=0.1, eps=1e-5):
    count = x.size // x.shape[1]
    if training:
        mean, var = x.mean(AXES), x.var(AXES)
        batch = (mean, var * count / (count - 1))
        updated = [
            old + momentum * (new - old)
            for old, new in zip((running_mean, running_var), batch, strict=True)
        ]
    else:
        mean, var = running_mean, running_var
        updated = [1.0 * mean, 1.0 * var]
    scale = weight * (var + eps) ** -0.5
    return (x - channels(mean)) * channels(scale) + channels(bias), *updated


def bn2d_backward(grad_y, x, weight, bias, eps=1e-5):
    N, C, H, W = x.shape
    rows, grad = (np.moveaxis(a, 1, 0).reshape(C, -1) for a in (x, grad_y))
    m = N * H * W
    centred = rows - rows.mean(1, keepdims=True)
    inverse = 1 / np.sqrt((centred**2).mean(1) + eps)
    x_hat = centred * inverse[:, None]
    # The whole Jacobian of one channel: delta - 1/m - x_hat x_hat / m.
    jacobian = np.eye(m) - 1 / m - np.einsum("ci,cj->cij", x_hat, x_hat) / m
    grad_rows = np.einsum("c,ci,cij->cj", weight * inverse, grad, jacobian)
    grad_x = np.moveaxis(grad_rows.reshape(C, N, H, W), 0, 1)
    return grad_x, np.einsum("ci,ci->c", grad, x_hat), grad.sum(1)


def fold_bn(weight, bias, running_mean, running_var, bn_weight, bn_bias, eps=1e-5):
    factor = bn_weight * (running_var + eps) ** -0.5
    shift = bn_bias - factor * running_mean
    if bias is not None:
        shift = shift + factor * bias
    return np.einsum("ocij,o->ocij", weight, factor), shift


def group_norm(x, num_groups, weight, bias, eps=1e-5):
    grouped = np.stack(np.split(x, num_groups, axis=1), axis=1)  # (N, G, C / G, H, W)
    off = grouped - grouped.mean((2, 3, 4), keepdims=True)
    y = off / np.sqrt(np.square(off).mean((2, 3, 4), keepdims=True) + eps)
    return y.reshape(x.shape) * channels(weight) + channels(bias)


def bn_noise_vs_batch(x, batch_size):
    M, C, H, W = x.shape
    of_image = x.mean(axis=(2, 3))
    whole = of_image[: M - M % batch_size].reshape(-1, batch_size, C).mean(axis=1)
    numbers = np.moveaxis(x, 1, -1).reshape(-1, C)
    spread = np.cov(numbers, rowvar=False).reshape(C, C).diagonal()
    return np.var(whole, axis=0, ddof=1), spread / (batch_size * H * W)
