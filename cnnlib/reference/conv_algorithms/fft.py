"""Convolution as a product of spectra: for kernels of 15 pixels and more.

Sliding and adding up in pixels is multiplying in frequencies, at a price that does not depend on
the kernel's size. The transforms go round in circles; they are as long as the padded image, so no
window of the output ever meets the wrap. Mathieu, Henaff and LeCun, *Fast training of convolutional
networks through FFTs*, 2014.
"""

from __future__ import annotations

import numpy as np

from cnnlib.reference.arguments import Array
from cnnlib.reference.geometry import Geometry
from cnnlib.reference.views import surround


def forward(x: Array, weight: Array, bias: Array | None, g: Geometry) -> Array:
    """y = F^-1 (F x times conj F w): the conjugate, because the kernel is not flipped."""
    size = _lengths(g)
    X, W = _images(surround(x, g.padding), g, size), _filters(weight, g, size)
    Y = _product(X, W.conj().swapaxes(-1, -2))
    every_place = _pixels(Y, g.N, g.C_out, size)
    (OH, OW), (sh, sw) = g.places, g.stride
    y = every_place[..., : sh * (OH - 1) + 1 : sh, : sw * (OW - 1) + 1 : sw].astype(x.dtype)
    return y if bias is None else y + bias[:, None, None]


def backward(grad_y: Array, x: Array, weight: Array, g: Geometry) -> tuple[Array, Array]:
    """The same product, solved for each of its factors: F g times F w, and conj F g times F x."""
    size, (OH, OW), (sh, sw) = _lengths(g), g.places, g.stride
    spread = np.zeros((g.N, g.C_out, sh * (OH - 1) + 1, sw * (OW - 1) + 1), x.dtype)
    spread[..., ::sh, ::sw] = grad_y  # a stride skips places: their gradient is 0
    grads = _images(spread, g, size, g.C_out)
    X, W = _images(surround(x, g.padding), g, size), _filters(weight, g, size)
    grad_framed = _pixels(_product(grads, W), g.N, g.C_in, size)
    grad_x = np.ascontiguousarray(grad_framed[(..., *g.inside)].astype(x.dtype))
    shifts = _product(grads.conj().swapaxes(-1, -2), X)  # (groups, frequencies, O, C)
    taps = np.fft.irfft2(
        shifts.transpose(0, 2, 3, 1).reshape(g.C_out, g.C_group, size[0], -1), size
    )
    (dh, dw), (KH, KW) = g.dilation, g.kernel
    grad_weight = taps[..., : dh * (KH - 1) + 1 : dh, : dw * (KW - 1) + 1 : dw]
    return grad_x, np.ascontiguousarray(grad_weight.astype(x.dtype))


def _lengths(g: Geometry) -> tuple[int, int]:
    return _smooth(g.padded[0]), _smooth(g.padded[1])


def _smooth(length: int) -> int:
    """The next length whose only prime factors are 2, 3 and 5: transforms like those."""
    while True:
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
        length += 1


def _images(x: Array, g: Geometry, size: tuple[int, int], channels: int | None = None) -> Array:
    """Spectra of images: (groups, frequencies, N, C), a matrix for each frequency."""
    spectra = np.fft.rfft2(x, size)
    channels = (channels or g.C_in) // g.groups
    return spectra.reshape(g.N, g.groups, channels, -1).transpose(1, 3, 0, 2)


def _filters(weight: Array, g: Geometry, size: tuple[int, int]) -> Array:
    """Spectra of filters, with zeros between dilated taps: (groups, frequencies, O, C)."""
    (dh, dw), (KH, KW) = g.dilation, g.kernel
    dilated = np.zeros((g.C_out, g.C_group, dh * (KH - 1) + 1, dw * (KW - 1) + 1), weight.dtype)
    dilated[..., ::dh, ::dw] = weight
    spectra = np.fft.rfft2(dilated, size)
    return spectra.reshape(g.groups, g.O_group, g.C_group, -1).transpose(0, 3, 1, 2)


def _product(a: Array, b: Array) -> Array:
    """Matrix product for each frequency; with one inner channel there is nothing to add up."""
    product: Array = a * b if a.shape[-1] == 1 else a @ b
    return product


def _pixels(spectra: Array, N: int, channels: int, size: tuple[int, int]) -> Array:
    """(groups, frequencies, N, C) back to images (N, groups * C, height, width)."""
    ordered = spectra.transpose(2, 0, 3, 1).reshape(N, channels, size[0], -1)
    return np.fft.irfft2(ordered, size)
