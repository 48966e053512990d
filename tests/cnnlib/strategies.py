"""Geometries that nobody chose: sizes, strides and padding for property-based tests."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st


@dataclass(frozen=True)
class ConvCase:
    """One convolution: its sizes, its arguments, and the seed of its numbers."""

    N: int
    C_in: int
    H: int
    W: int
    C_out: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int] | str
    dilation: tuple[int, int]
    groups: int
    seed: int

    @property
    def rng(self):
        return np.random.default_rng(self.seed)

    @property
    def arguments(self):
        return {
            "stride": self.stride,
            "padding": self.padding,
            "dilation": self.dilation,
            "groups": self.groups,
        }

    def arrays(self, dtype=np.float64):
        """Random signed x, weight and bias."""
        rng = self.rng
        shapes = [
            (self.N, self.C_in, self.H, self.W),
            (self.C_out, self.C_in // self.groups, *self.kernel),
            (self.C_out,),
        ]
        return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def pairs(low, high):
    """(height, width), drawn separately so that they differ."""
    return st.tuples(st.integers(low, high), st.integers(low, high))


@st.composite
def conv_cases(draw, max_kernel=4, max_stride=3, max_dilation=3, max_groups=3, max_padding=3):
    """Any convolution that fits: the image is at least as large as its window."""
    groups = draw(st.integers(1, max_groups))
    kernel = draw(pairs(1, max_kernel))
    dilation = draw(pairs(1, max_dilation))
    if draw(st.integers(0, 4)) == 0:
        padding, stride, per_side = "same", (1, 1), (0, 0)
    else:
        padding = draw(pairs(0, max_padding))
        stride, per_side = draw(pairs(1, max_stride)), padding
    size = [
        max(1, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 7))
        for k, d, p in zip(kernel, dilation, per_side, strict=True)
    ]
    return ConvCase(
        N=draw(st.integers(1, 4)),
        C_in=groups * draw(st.integers(1, 3)),
        H=size[0],
        W=size[1],
        C_out=groups * draw(st.integers(1, 3)),
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        seed=draw(st.integers(0, 2**32 - 1)),
    )
