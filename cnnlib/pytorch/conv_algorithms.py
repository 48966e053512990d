r"""Three roads to the same sum: over taps, over windows, over frequencies.

Room: ``cnnlib.pytorch``. Each function takes images ``x`` (N, C_in, H, W), filters ``weight``
(C_out, C_in // groups, KH, KW) and a checked :class:`~cnnlib.pytorch.geometry.Geometry`, and
returns ``y`` (N, C_out, OH, OW) without a bias:

.. math:: y_{nopq} = \sum_{cij} w_{ocij}\, x_{n,c,\,Sp+Di,\,Sq+Dj}

They are made of differentiable tensor operations, so autograd writes the backward passes, on any
device. What each costs beside the library's own kernel is the subject of the book's chapter 4.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cnnlib.pytorch.geometry import Geometry
from cnnlib.pytorch.windows import window_view


def direct(x: Tensor, weight: Tensor, g: Geometry) -> Tensor:
    """Sum over taps: each of the KH * KW weights sees one shifted, strided copy of the image.

    KH * KW small matrix products of (C_out, C_in) by (C_in, pixels); no copy of the windows.
    """
    N, G = x.shape[0], g.groups
    taps = torch.unflatten(weight, 0, (G, -1))  # (G, C_out / G, C_in / G, KH, KW)
    shifted = torch.unflatten(
        window_view(g.pad(x), g.kernel_size, g.stride, g.dilation), 1, (G, -1)
    )  # (N, G, C_in / G, OH, OW, KH, KW)
    y = x.new_zeros(N, weight.shape[0], *g.output_size)
    for i in range(g.kernel_size[0]):
        for j in range(g.kernel_size[1]):
            tap = torch.einsum("gok,ngkpq->ngopq", taps[..., i, j], shifted[..., i, j])
            y = y + tap.flatten(1, 2)
    return y


def im2col(x: Tensor, weight: Tensor, g: Geometry) -> Tensor:
    """Copy the windows into columns (unfold), then one matrix product: the GPU's classic.

    The columns take KH * KW / (SH * SW) times the memory of the image; in return the whole
    convolution is one product, the operation that processors do best.
    K. Chellapilla, S. Puri, P. Simard, *High Performance Convolutional Neural Networks for
    Document Processing*, 2006.
    """
    N, G, (OH, OW) = x.shape[0], g.groups, g.output_size
    by_group = torch.unflatten(
        window_view(g.pad(x), g.kernel_size, g.stride, g.dilation), 1, (G, -1)
    )
    columns = by_group.permute(0, 1, 2, 5, 6, 3, 4).reshape(N, G, weight[0].numel(), OH * OW)
    filters = weight.reshape(G, weight.shape[0] // G, -1)
    return (filters @ columns).reshape(N, weight.shape[0], OH, OW)


def fft(x: Tensor, weight: Tensor, g: Geometry) -> Tensor:
    """Multiply spectra: the convolution theorem. Cost does not grow with the window.

    A circular correlation of length L >= H wraps around only *after* the last place where the
    window fits, so no extra zeros are needed; the places that were not asked for are cut away
    (and with a stride most of the work is thrown away too). Dilation puts zeros between taps.
    M. Mathieu, M. Henaff, Y. LeCun, *Fast Training of Convolutional Networks through FFTs*, 2014.
    """
    (KH, KW), (SH, SW), (DH, DW), (OH, OW) = g.kernel_size, g.stride, g.dilation, g.output_size
    padded = g.pad(x)
    # Half precision has no CPU transform, and its spectra would overflow: the sums run in float32.
    wide = torch.promote_types(x.dtype, torch.float32)
    spread = weight.new_zeros(*weight.shape[:2], DH * (KH - 1) + 1, DW * (KW - 1) + 1, dtype=wide)
    spread[..., ::DH, ::DW] = weight.to(wide)
    length = (_smooth(padded.shape[2]), _smooth(padded.shape[3]))
    X = torch.unflatten(torch.fft.rfft2(padded.to(wide), s=length), 1, (g.groups, -1))
    W = torch.unflatten(torch.fft.rfft2(spread, s=length), 0, (g.groups, -1))
    # Conjugating one spectrum turns convolution into cross-correlation: the kernel is not flipped.
    Y = torch.einsum("ngkuv,gokuv->ngouv", X, W.conj()).flatten(1, 2)
    y: Tensor = torch.fft.irfft2(Y, s=length)
    return y[..., : SH * (OH - 1) + 1 : SH, : SW * (OW - 1) + 1 : SW].to(x.dtype)


def _smooth(length: int) -> int:
    """The next number whose prime factors are 2, 3 and 5: lengths that a fast transform likes."""
    while True:
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
        length += 1
