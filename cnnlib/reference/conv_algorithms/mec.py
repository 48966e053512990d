"""Convolution with half of the copies: lower along the width, and look along the height.

The KH lowered rows that one row of the output needs are neighbours in memory, so an overlapping
*view* of them is its column matrix, and only KW copies are made instead of KH * KW. Good for few
channels. Cho and Brand, *MEC: memory-efficient convolution for deep neural networks*, 2017.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnnlib.reference.arguments import Array
from cnnlib.reference.conv_algorithms import blocked
from cnnlib.reference.geometry import Geometry
from cnnlib.reference.views import surround

backward = blocked.backward  # the gradient writes where the view only reads


def forward(x: Array, weight: Array, bias: Array | None, g: Geometry) -> Array:
    """For each row of the output: filters times a view of the rows that were lowered together."""
    (OH, OW), (sh, sw), (dh, dw) = g.places, g.stride, g.dilation
    framed = surround(x, g.padding).reshape(g.N, g.groups, g.C_group, *g.padded)
    taps = sliding_window_view(framed, dw * (g.KW - 1) + 1, axis=4)[..., ::sw, ::dw]
    lowered = np.ascontiguousarray(taps.transpose(1, 3, 2, 5, 0, 4))  # groups, Hp, C, KW, N, OW
    rows = sliding_window_view(lowered, dh * (g.KH - 1) + 1, axis=1)[:, ::sh, ..., ::dh]
    rows = rows.transpose(0, 1, 6, 2, 3, 4, 5).reshape(g.groups, OH, g.K, g.N * OW)
    W = weight.reshape(g.groups, 1, g.O_group, g.C_group, g.KH, g.KW).swapaxes(3, 4)
    product = (W.reshape(g.groups, 1, g.O_group, g.K) @ rows).reshape(
        g.groups, OH, g.O_group, g.N, OW
    )
    y = np.empty((g.N, g.groups, g.O_group, OH, OW), x.dtype)
    b = x.dtype.type(0) if bias is None else bias.reshape(g.groups, g.O_group, 1, 1)
    np.add(product.transpose(3, 0, 2, 1, 4), b, out=y)  # images first again, in one pass
    return y.reshape(g.N, g.C_out, OH, OW)
