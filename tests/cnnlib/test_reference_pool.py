import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.reference import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_backward,
    avg_pool2d,
    avg_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from cnnlib.shapes import ShapeError
from tests.cnnlib.oracles import assert_agrees_with_torch, assert_refused_by_torch
from tests.cnnlib.strategies import pairs

OVERHANGING = [
    ((2, 3, 6, 8), 3, 2, 1),
    ((2, 3, 5, 6), 3, 3, 0),
    ((1, 2, 5, 7), (2, 3), (3, 4), (1, 0)),
]
seeds = st.integers(0, 2**32 - 1)


@st.composite
def pool_cases(draw, max_dilation=1):
    """(shape, arguments) of a pooling where every window touches the image."""
    kernel, dilation = draw(pairs(1, 4)), draw(pairs(1, max_dilation))
    extent = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    size = [e + draw(st.integers(0, 7)) for e in extent]
    arguments = {
        "kernel_size": kernel,
        "stride": draw(st.none() | pairs(1, 4)),
        "padding": padding,
        "ceil_mode": draw(st.booleans()),
    }
    if max_dilation > 1:
        arguments["dilation"] = dilation
    leading = draw(st.lists(st.integers(1, 3), min_size=1, max_size=2))
    return (*leading, *size), arguments


VALUES = {
    "different": lambda rng, shape: rng.permutation(np.prod(shape)).reshape(shape) - 7.0,
    "tied": lambda rng, shape: rng.integers(-1, 2, shape).astype(float),
    "with NaN": lambda rng, shape: rng.choice([np.nan, 1.0, 2.0, -np.inf], shape),
    "infinite": lambda rng, shape: rng.choice([-np.inf, -np.inf, np.inf, 0.0], shape),
}


@pytest.mark.parametrize("values", VALUES)
@given(case=pool_cases(max_dilation=3), seed=seeds)
def test_max_pool_and_its_winners_agree_with_torch(values, case, seed):
    shape, arguments = case
    rng = np.random.default_rng(seed)
    x = VALUES[values](rng, shape)
    assert_agrees_with_torch(max_pool2d, max_pool2d_backward, F.max_pool2d, [x], rng, **arguments)
    y, indices = max_pool2d(x, **arguments, return_indices=True)
    oracle, where = F.max_pool2d(torch.tensor(x), **arguments, return_indices=True)
    np.testing.assert_array_equal(y, oracle)
    np.testing.assert_array_equal(indices, where)


@given(
    case=pool_cases(),
    seed=seeds,
    count_include_pad=st.booleans(),
    divisor_override=st.none() | st.sampled_from([1, 3, -2]),
)
def test_avg_pool_agrees_with_torch(case, seed, count_include_pad, divisor_override):
    shape, arguments = case
    rng = np.random.default_rng(seed)
    assert_agrees_with_torch(
        avg_pool2d,
        avg_pool2d_backward,
        F.avg_pool2d,
        [rng.standard_normal(shape)],
        rng,
        **arguments,
        count_include_pad=count_include_pad,
        divisor_override=divisor_override,
    )


@pytest.mark.parametrize(("shape", "kernel_size", "stride", "padding"), OVERHANGING)
@pytest.mark.parametrize("count_include_pad", [True, False])
def test_what_ceil_mode_hangs_over_does_not_count_in_the_mean(
    shape, kernel_size, stride, padding, count_include_pad, rng
):
    assert_agrees_with_torch(
        avg_pool2d,
        avg_pool2d_backward,
        F.avg_pool2d,
        [rng.standard_normal(shape)],
        rng,
        kernel_size=kernel_size,
        stride=stride,
        padding=padding,
        ceil_mode=True,
        count_include_pad=count_include_pad,
    )


sizes_or_none = st.none() | st.integers(1, 9)


@given(
    shape=st.lists(st.integers(1, 9), min_size=3, max_size=4),
    output_size=st.integers(1, 9) | st.tuples(sizes_or_none, sizes_or_none),
    seed=seeds,
)
def test_adaptive_avg_pool_agrees_with_torch(shape, output_size, seed):
    rng = np.random.default_rng(seed)
    assert_agrees_with_torch(
        adaptive_avg_pool2d,
        adaptive_avg_pool2d_backward,
        F.adaptive_avg_pool2d,
        [rng.standard_normal(shape)],
        rng,
        output_size=output_size,
    )


POOLS = {
    "max": (max_pool2d, max_pool2d_backward, F.max_pool2d, {"kernel_size": 3, "stride": 2}),
    "avg": (avg_pool2d, avg_pool2d_backward, F.avg_pool2d, {"kernel_size": (3, 2), "padding": 1}),
    "adaptive": (
        adaptive_avg_pool2d,
        adaptive_avg_pool2d_backward,
        F.adaptive_avg_pool2d,
        {"output_size": (2, 3)},
    ),
}


@pytest.mark.parametrize("name", POOLS)
def test_float32_stays_float32(name, rng):
    *functions, arguments = POOLS[name]
    x = rng.standard_normal((2, 3, 7, 8)).astype(np.float32)
    assert_agrees_with_torch(*functions, [x], rng, **arguments)


@pytest.mark.parametrize("name", POOLS)
def test_an_empty_batch_stays_empty(name, rng):
    *functions, arguments = POOLS[name]
    assert_agrees_with_torch(*functions, [rng.standard_normal((0, 3, 7, 8))], rng, **arguments)


def test_infinities_stay_in_their_own_windows(rng):
    x = rng.standard_normal((1, 2, 6, 6))
    x[0, 0, 0, 0], x[0, 1, 5, 5], x[0, 1, 0, 5] = np.inf, -np.inf, np.nan
    for *functions, arguments in POOLS.values():
        ours, _, theirs = functions
        np.testing.assert_allclose(ours(x, **arguments), theirs(torch.tensor(x), **arguments))


def test_an_infinite_gradient_reaches_the_winner_and_nobody_else(rng):
    x, grad_y = rng.standard_normal((1, 1, 5, 5)), np.full((1, 1, 2, 2), np.inf)
    grad_x = max_pool2d_backward(grad_y, x, 2)
    assert np.isinf(grad_x).sum() == 4
    assert not np.isnan(grad_x).any()


REFUSED = {
    "padding": (
        {"kernel_size": 3, "padding": 2},
        "padding adds 2 rows on each side but the window has 3",
    ),
    "window": ({"kernel_size": (2, 9)}, "the window covers 9 columns but the padded image has 8"),
    "kernel": ({"kernel_size": 0}, "kernel_size must be at least 1"),
    "stride": ({"kernel_size": 2, "stride": 0}, "stride must be at least 1"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize(
    ("ours", "theirs"), [(max_pool2d, F.max_pool2d), (avg_pool2d, F.avg_pool2d)]
)
def test_what_torch_refuses_is_refused_with_the_rule(name, ours, theirs, rng):
    arguments, message = REFUSED[name]
    x = rng.standard_normal((2, 3, 7, 8))
    with pytest.raises(ValueError, match=rf"^{ours.__name__}: ") as refusal:
        ours(x, **arguments)
    assert message in str(refusal.value)
    assert_refused_by_torch(theirs, x, **arguments)


def test_other_things_that_torch_refuses(rng):
    x = rng.standard_normal((2, 3, 7, 8))
    with pytest.raises(ValueError, match="divisor_override must not be 0"):
        avg_pool2d(x, 2, divisor_override=0)
    assert_refused_by_torch(F.avg_pool2d, x, 2, divisor_override=0)
    for size, error in [
        (-1, ValueError),
        ((1, 2, 3), ValueError),
        (1.5, TypeError),
        (None, TypeError),
    ]:
        with pytest.raises(error, match="adaptive_avg_pool2d: output_size must be"):
            adaptive_avg_pool2d(x, size)
        assert_refused_by_torch(F.adaptive_avg_pool2d, x, size)
    for empty in (np.zeros((2, 0, 4, 4)), np.zeros((2, 3, 0, 4)), np.zeros((0, 4, 4))):
        with pytest.raises(ShapeError, match=r"x has no (channels|pixels)"):
            max_pool2d(empty, 2)
        assert_refused_by_torch(F.max_pool2d, empty, 2)
    with pytest.raises(ShapeError, match="x has no pixels"):
        adaptive_avg_pool2d(np.zeros((2, 3, 0, 4)), 1)
    with pytest.raises(ShapeError, match="x has 2 axes but must have 4, or 3 without a batch"):
        max_pool2d(x[0, 0], 2)
    with pytest.raises(TypeError, match="x holds int64, but must be floating point"):
        avg_pool2d(np.ones((1, 4, 4), np.int64), 2)


@pytest.mark.parametrize("name", POOLS)
def test_a_gradient_of_another_shape_is_refused(name, rng):
    _, backward, _, arguments = POOLS[name]
    x = rng.standard_normal((2, 3, 7, 8))
    with pytest.raises(ShapeError, match=r"grad_y has shape \(2, 3, 1, 1\) but must have"):
        backward(rng.standard_normal((2, 3, 1, 1)), x, **arguments)
