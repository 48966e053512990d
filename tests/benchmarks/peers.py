"""The ways that other courses compute a convolution in NumPy, written fairly.

``strided`` is the idea of CS231n's fast layer (assignment 2): one strided view of all windows,
copied into a (C k k, N OH OW) matrix, one product, one transpose back; its backward uses the
columns again. ``indexed`` is the idea of numpy-ml and of CS231n's fallback: fancy indices for every
entry of the matrix, and ``np.add.at`` on the way back. ``einsum`` is the two-line version.
Neither course's code is copied, and neither needs a compiler here.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view


def _padded(x, p):
    return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p))) if p else x


def _strided_columns(x, layer):
    k, s, places = layer.kernel, layer.stride, layer.places
    framed = _padded(x, layer.padding)
    sn, sc, sh, sw = framed.strides
    shape = (layer.C_in, k, k, layer.N, places, places)
    view = as_strided(framed, shape, (sc, sh, sw, sn, s * sh, s * sw))
    return framed, np.ascontiguousarray(view).reshape(layer.K, -1)


def strided(x, weight, bias, layer):
    _, columns = _strided_columns(x, layer)
    product = weight.reshape(layer.C_out, -1) @ columns + bias[:, None]
    y = product.reshape(layer.C_out, layer.N, layer.places, layer.places)
    return np.ascontiguousarray(y.transpose(1, 0, 2, 3))


def strided_backward(grad_y, x, weight, layer, columns):
    """With the columns that the forward pass had kept."""
    k, s, p, places = layer.kernel, layer.stride, layer.padding, layer.places
    grads = grad_y.transpose(1, 0, 2, 3).reshape(layer.C_out, -1)
    grad_weight = (grads @ columns.T).reshape(weight.shape)
    grad_columns = (weight.reshape(layer.C_out, -1).T @ grads).reshape(
        layer.C_in, k, k, layer.N, places, places
    )
    grad_framed = np.zeros((layer.C_in, layer.N, layer.size + 2 * p, layer.size + 2 * p), x.dtype)
    for i in range(k):
        for j in range(k):
            rows, columns_ = (slice(t, t + s * (places - 1) + 1, s) for t in (i, j))
            grad_framed[:, :, rows, columns_] += grad_columns[:, i, j]
    inside = slice(p, p + layer.size)
    grad_x = np.ascontiguousarray(grad_framed[:, :, inside, inside].transpose(1, 0, 2, 3))
    return grad_x, grad_weight, grad_y.sum(axis=(0, 2, 3))


def _indices(layer):
    k, s, places = layer.kernel, layer.stride, layer.places
    rows = np.tile(np.repeat(np.arange(k), k), layer.C_in)[:, None]
    columns = np.tile(np.arange(k), k * layer.C_in)[:, None]
    channels = np.repeat(np.arange(layer.C_in), k * k)[:, None]
    down = s * np.repeat(np.arange(places), places)[None]
    right = s * np.tile(np.arange(places), places)[None]
    return channels, rows + down, columns + right


def indexed(x, weight, bias, layer):
    channels, rows, columns = _indices(layer)
    matrix = _padded(x, layer.padding)[:, channels, rows, columns]
    matrix = matrix.transpose(1, 2, 0).reshape(layer.K, -1)
    product = weight.reshape(layer.C_out, -1) @ matrix + bias[:, None]
    y = product.reshape(layer.C_out, layer.places, layer.places, layer.N)
    return y.transpose(3, 0, 1, 2)


def indexed_backward(grad_y, x, weight, layer):
    channels, rows, columns = _indices(layer)
    p = layer.padding
    framed = _padded(x, p)
    matrix = framed[:, channels, rows, columns].transpose(1, 2, 0).reshape(layer.K, -1)
    grads = grad_y.transpose(1, 2, 3, 0).reshape(layer.C_out, -1)
    grad_weight = (grads @ matrix.T).reshape(weight.shape)
    grad_matrix = weight.reshape(layer.C_out, -1).T @ grads
    grad_matrix = grad_matrix.reshape(layer.K, -1, layer.N).transpose(2, 0, 1)
    grad_framed = np.zeros(framed.shape)  # in float64, as numpy-ml's col2im has it
    np.add.at(grad_framed, (slice(None), channels, rows, columns), grad_matrix)
    inside = slice(p, p + layer.size)
    return grad_framed[:, :, inside, inside], grad_weight, grad_y.sum(axis=(0, 2, 3))


def einsum(x, weight, bias, layer):
    s = layer.stride
    view = sliding_window_view(_padded(x, layer.padding), weight.shape[2:], axis=(2, 3))
    return np.einsum("ncpqij,ocij->nopq", view[:, :, ::s, ::s], weight) + bias[:, None, None]
