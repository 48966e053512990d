"""Right answers that walk down from a value, with loops and plain Python where it will do."""

import numpy as np
import torch


def interval(index, layers):
    first = last = index
    for kernel_size, stride, padding, dilation in reversed(list(layers)):
        first = first * stride - padding
        last = last * stride - padding + (kernel_size - 1) * dilation
    return first, last


def receptive_field(layers):
    first, last = interval(0, layers)
    return last - first + 1, interval(1, layers)[0] - first


def rf_region(index, layers):
    return list(interval(index, layers))


def rf_by_gradient(layers):
    x = torch.rand(1, np.shape(layers[0][0])[1], 160, 170, requires_grad=True)
    network = torch.nn.Sequential()
    for weight, stride, padding, dilation in layers:
        filters, channels, *size = weight.shape
        convolution = torch.nn.Conv2d(channels, filters, size, stride, padding, dilation)
        torch.nn.init.constant_(convolution.weight, 1 / weight.size)
        network.extend([convolution, torch.nn.Identity()])
    y = network(x)
    y[0, :, y.shape[2] // 2, y.shape[3] // 2].mean().backward()
    seen = (x.grad.abs().amax(dim=(0, 1)) > 0).numpy()
    return tuple(int(np.ptp(np.flatnonzero(seen.any(axis=axis)))) + 1 for axis in (1, 0))


def design(field, budget):
    # Three strides of 2, as far as they are needed; then plain windows of three.
    layers, size, jump = [(3, 1, 1, 1)], 3, 1
    if field > 5:
        layers, size, jump = [(3, 2, 1, 1)] * 3, 15, 8
    while size < field:
        layers.append((3, 1, 1, 1))
        size += 2 * jump
    return layers


def chain_of(kind, stages, place=""):
    if kind == "vgg":
        for convolutions in stages:
            yield from [(3, 1, 1, 1)] * convolutions
            yield (2, 2, 0, 1)
        return
    yield (7, 2, 3, 1)
    yield (3, 2, 1, 1)
    for stage, blocks in enumerate(stages):
        for block in range(blocks):
            step = 2 if stage and not block else 1
            yield (1, step if place == "1x1" else 1, 0, 1)
            yield (3, step if place == "3x3" else 1, 1, 1)
            yield (1, 1, 0, 1)


def rf_table(networks):
    found = {}
    for name, words in networks.items():
        chain = list(chain_of(*words))
        first, last = interval(0, chain)
        found[name] = (last - first + 1, interval(1, chain)[0] - first)
    return found
