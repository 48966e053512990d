"""Algorithms of conv2d with rules of their own: Winograd, the choice of "auto", and memory."""

import tracemalloc
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.reference import conv2d, conv2d_backward
from cnnlib.reference.conv_algorithms import winograd
from tests.cnnlib.oracles import assert_agrees_with_torch, torch_forward_backward
from tests.cnnlib.strategies import conv_cases


@pytest.mark.parametrize(
    ("dtype", "channels"), [(np.float64, 3), (np.float32, 3), (np.float64, 70)]
)
@given(data=st.data())
def test_winograd_agrees_with_torch(dtype, channels, data):
    case = data.draw(
        conv_cases(max_kernel=1, max_stride=1, max_dilation=3, max_groups=1).map(
            lambda c: replace(c, kernel=(3, 3), H=c.H + 6, W=c.W + 6, C_in=channels)
        )
    )
    assert_agrees_with_torch(
        lambda *a, **k: conv2d(*a, **k, algorithm="winograd"),
        lambda *a, **k: conv2d_backward(*a, **k, algorithm="winograd"),
        F.conv2d,
        case.arrays(dtype),
        case.rng,
        **case.arguments,
    )


@pytest.mark.parametrize("m", [2, 4])
def test_winograds_matrices_are_exact(m):
    """In fractions, without rounding: the filtered values are those of the definition."""
    B, G, A = winograd.cook_toom(winograd.POINTS[m], m)
    x, w = [Fraction(k * k - 7, 3) for k in range(m + 2)], [Fraction(2), Fraction(-1), Fraction(5)]

    def times(matrix, vector):
        return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]

    product = [a * b for a, b in zip(times(B, x), times(G, w), strict=True)]
    assert times(A, product) == [sum(w[i] * x[p + i] for i in range(3)) for p in range(m)]


def test_winograd_refuses_other_kernels_and_points_to_auto(rng):
    x, weight = rng.standard_normal((2, 3, 7, 8)), rng.standard_normal((4, 3, 3, 3))
    with pytest.raises(ValueError, match=r"needs a 3x3 kernel[\s\S]*algorithm='auto'"):
        conv2d(x, weight, stride=2, algorithm="winograd")
    with pytest.raises(ValueError, match="groups 3"):
        conv2d(x, weight[:3, :1], groups=3, algorithm="winograd")
    with pytest.raises(ValueError, match="needs a 3x3 kernel"):
        conv2d_backward(
            rng.standard_normal((2, 4, 6, 6)), x, weight[:, :, :2], algorithm="winograd"
        )


AUTO = {
    "winograd": ((4, 64, 16, 20), (65, 64, 3, 3), {"padding": 1}),
    "winograd F(2x2)": ((8, 64, 6, 9), (64, 64, 3, 3), {"padding": 1}),
    "winograd, dilated": (
        (4, 64, 23, 29),
        (64, 64, 3, 3),
        {"padding": (1, 3), "dilation": (2, 3)},
    ),
    "one place": ((3, 4, 3, 5), (6, 2, 3, 4), {"groups": 2, "dilation": 2, "padding": (1, 1)}),
    "fft": ((2, 3, 20, 17), (4, 3, 16, 15), {"padding": (1, 0)}),
    "depthwise": ((2, 20, 9, 11), (20, 1, 3, 2), {"groups": 20, "padding": (2, 1), "dilation": 2}),
    "depthwise, strided": (
        (3, 5, 13, 12),
        (5, 1, 3, 2),
        {"groups": 5, "padding": (1, 3), "stride": (2, 3), "dilation": (1, 2)},
    ),
    "depthwise, large": ((2, 5, 20, 21), (5, 1, 15, 17), {"groups": 5, "stride": 2}),
    "pointwise": ((2, 6, 9, 11), (4, 3, 1, 1), {"groups": 2}),
    "few channels": ((3, 2, 13, 12), (5, 2, 3, 4), {"stride": (1, 2), "dilation": (2, 1)}),
    "rows": (
        (2, 64, 24, 27),
        (4, 32, 3, 2),
        {"groups": 2, "padding": (2, 1), "dilation": (2, 1), "stride": (1, 1)},
    ),
    "small images": ((9, 8, 5, 6), (4, 8, 3, 2), {"padding": 1}),
}


@pytest.mark.parametrize("name", AUTO)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_auto_agrees_with_torch_whatever_it_takes(name, dtype, rng):
    shape, filters, arguments = AUTO[name]
    arrays = [rng.standard_normal(s).astype(dtype) for s in (shape, filters, filters[:1])]
    assert_agrees_with_torch(conv2d, conv2d_backward, F.conv2d, arrays, rng, **arguments)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.parametrize("name", AUTO)
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["image", "gradient"])
def test_one_value_that_is_no_number_spoils_only_the_windows_that_meet_it(name, value, where, rng):
    shape, filters, arguments = AUTO[name]
    x, weight = (rng.standard_normal(s) for s in (shape, filters))
    places = conv2d(x, weight, **arguments).shape
    grad_y = rng.standard_normal(places)
    spoiled = x if where == "image" else grad_y
    spoiled[(1, 0, *(size // 2 for size in spoiled.shape[2:]))] = value
    y, gradients = torch_forward_backward(F.conv2d, [x, weight], grad_y, **arguments)
    ours = conv2d_backward(grad_y, x, weight, **arguments)[:2]
    for mine, torchs in zip((conv2d(x, weight, **arguments), *ours), (y, *gradients), strict=True):
        np.testing.assert_allclose(mine, torchs, rtol=1e-10, atol=1e-10)


def test_memory_stays_near_one_block_whatever_the_batch(rng):
    """2 MiB and twice the weights, beyond the padded input and the results."""
    x = rng.standard_normal((6, 64, 56, 56)).astype(np.float32)
    weight = rng.standard_normal((64, 64, 3, 3)).astype(np.float32)
    padded = 6 * 64 * 58 * 58 * 4
    grad_y = x.copy()  # padding 1 keeps the size
    calls = [
        (lambda: conv2d(x, weight, padding=1, algorithm="blocked"), x.nbytes),
        (
            lambda: conv2d_backward(grad_y, x, weight, padding=1, algorithm="blocked"),
            x.nbytes + weight.nbytes,
        ),
    ]
    for call, results in calls:
        tracemalloc.start()
        call()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak - padded - results < 2 * 2**20 + 2 * weight.nbytes
