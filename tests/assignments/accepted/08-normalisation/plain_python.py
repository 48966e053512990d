"""Right answers with loops over channels, images and groups."""

import numpy as np


def mean_and_variance(values):
    values = [float(v) for v in np.ravel(values)]
    mean = sum(values) / len(values)
    return mean, sum((v - mean) ** 2 for v in values) / len(values)


def bn2d_forward(x, weight, bias, eps=1e-5):
    y = np.zeros_like(x)
    for c in range(x.shape[1]):
        mean, var = mean_and_variance(x[:, c])
        for n in range(x.shape[0]):
            for h in range(x.shape[2]):
                for w in range(x.shape[3]):
                    x_hat = (x[n, c, h, w] - mean) / (var + eps) ** 0.5
                    y[n, c, h, w] = weight[c] * x_hat + bias[c]
    return y


def batch_norm2d(x, running_mean, running_var, weight, bias, training, momentum=0.1, eps=1e-5):
    y, means, variances = np.zeros(x.shape), [], []
    count = x.shape[0] * x.shape[2] * x.shape[3]
    for c in range(x.shape[1]):
        mean, var = running_mean[c], running_var[c]
        if training:
            mean, var = mean_and_variance(x[:, c])
            unbiased = var * count / (count - 1)
            means.append((1 - momentum) * running_mean[c] + momentum * mean)
            variances.append((1 - momentum) * running_var[c] + momentum * unbiased)
        else:
            means.append(mean)
            variances.append(var)
        y[:, c] = weight[c] * (x[:, c] - mean) / np.sqrt(var + eps) + bias[c]
    return y, np.array(means), np.array(variances)


def bn2d_backward(grad_y, x, weight, bias, eps=1e-5):
    grad_x = np.zeros(x.shape)
    grad_weight, grad_bias = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for c in range(x.shape[1]):  # step by step, backwards through the forward
        values, g = x[:, c].ravel(), grad_y[:, c].ravel()
        m = len(values)
        mean, var = mean_and_variance(values)
        s = (var + eps) ** 0.5
        x_hat = (values - mean) / s
        grad_bias[c], grad_weight[c] = g.sum(), (g * x_hat).sum()
        grad_x_hat = weight[c] * g
        grad_var = (grad_x_hat * (values - mean)).sum() * -0.5 * (var + eps) ** -1.5
        grad_mean = -grad_x_hat.sum() / s
        grad_values = grad_x_hat / s + grad_var * 2 * (values - mean) / m + grad_mean / m
        grad_x[:, c] = grad_values.reshape(x[:, c].shape)
    return grad_x, grad_weight, grad_bias


def fold_bn(weight, bias, running_mean, running_var, bn_weight, bn_bias, eps=1e-5):
    new_weight, new_bias = np.zeros(weight.shape), np.zeros(len(weight))
    for o in range(len(weight)):
        a = bn_weight[o] / (running_var[o] + eps) ** 0.5
        new_weight[o] = a * weight[o]
        b = 0.0 if bias is None else bias[o]
        new_bias[o] = a * b + bn_bias[o] - a * running_mean[o]
    return new_weight, new_bias


def group_norm(x, num_groups, weight, bias, eps=1e-5):
    y = np.zeros(x.shape)
    size = x.shape[1] // num_groups
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            first = c // size * size
            mean, var = mean_and_variance(x[n, first : first + size])
            y[n, c] = weight[c] * (x[n, c] - mean) / (var + eps) ** 0.5 + bias[c]
    return y


def bn_noise_vs_batch(x, batch_size):
    M, C, H, W = x.shape
    measured, predicted = [], []
    for c in range(C):
        means = []
        for k in range(M // batch_size):
            means.append(x[k * batch_size : (k + 1) * batch_size, c].mean())
        _, spread = mean_and_variance(means)
        measured.append(spread * len(means) / (len(means) - 1))
        _, sigma2 = mean_and_variance(x[:, c])
        sigma2 *= M * H * W / (M * H * W - 1)
        predicted.append(sigma2 / batch_size / H / W)
    return np.array(measured), np.array(predicted)
