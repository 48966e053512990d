import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.reference import (
    log_softmax,
    log_softmax_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
    tanh,
    tanh_backward,
)
from cnnlib.shapes import ShapeError
from tests.cnnlib.oracles import assert_agrees_with_torch, assert_refused_by_torch

POINTWISE = {
    "relu": (relu, relu_backward, F.relu),
    "sigmoid": (sigmoid, sigmoid_backward, torch.sigmoid),
    "tanh": (tanh, tanh_backward, torch.tanh),
}
ROWWISE = {
    "softmax": (softmax, softmax_backward, F.softmax),
    "log_softmax": (log_softmax, log_softmax_backward, F.log_softmax),
}
shapes = st.lists(st.integers(0, 4), max_size=4)
seeds = st.integers(0, 2**32 - 1)
SPECIAL = np.array([0.0, -0.0, 1e-300, -750.0, 750.0, 40.0, -40.0, np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("name", POINTWISE)
@given(shape=shapes, seed=seeds, dtype=st.sampled_from([np.float64, np.float32]))
def test_pointwise_functions_agree_with_torch(name, shape, seed, dtype):
    rng = np.random.default_rng(seed)
    x = np.asarray(3 * rng.standard_normal(shape)).astype(dtype)
    assert_agrees_with_torch(*POINTWISE[name], [x], rng)


@pytest.mark.parametrize("name", POINTWISE)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_zeros_infinities_and_nan_as_torch(name, dtype, rng):
    assert_agrees_with_torch(*POINTWISE[name], [SPECIAL.astype(dtype)], rng)


@pytest.mark.parametrize("name", ROWWISE)
@given(data=st.data(), shape=shapes, seed=seeds, dtype=st.sampled_from([np.float64, np.float32]))
def test_softmax_agrees_with_torch(name, data, shape, seed, dtype):
    ndim = max(1, len(shape))
    dim = data.draw(st.none() | st.integers(-ndim, ndim - 1))
    rng = np.random.default_rng(seed)
    x = np.asarray(5 * rng.standard_normal(shape)).astype(dtype)
    assert_agrees_with_torch(*ROWWISE[name], [x], rng, dim=dim)


@pytest.mark.parametrize("name", ROWWISE)
@pytest.mark.parametrize(
    "row",
    [[1e4, 0, -1e4], [-np.inf, 0, 1], [-np.inf] * 3, [np.inf, 0, 1], [np.nan, 0, 1], [700, 700, 0]],
)
def test_extreme_rows_as_torch(name, row, rng):
    x = np.array([row, [1.0, 2.0, 3.0]])
    assert_agrees_with_torch(*ROWWISE[name], [x], rng, dim=1)


@pytest.mark.parametrize("name", ROWWISE)
def test_an_axis_that_is_not_there_is_refused(name, rng):
    x = rng.standard_normal((2, 3))
    for dim in (2, -3):
        with pytest.raises(ValueError, match=rf"{name}: dim is {dim} but x has 2 axes: \(2, 3\)"):
            ROWWISE[name][0](x, dim)
        assert_refused_by_torch(ROWWISE[name][2], x, dim)
    with pytest.raises(TypeError, match=r"dim must be an integer, but it is 1\.0"):
        ROWWISE[name][0](x, 1.0)


@pytest.mark.parametrize("name", [*POINTWISE, *ROWWISE])
def test_integers_and_misshapen_gradients_are_refused(name, rng):
    ours, backward, _ = (POINTWISE | ROWWISE)[name]
    with pytest.raises(TypeError, match=rf"{name}: x holds int64, but must be floating point"):
        ours(np.array([1, 2]))
    with pytest.raises(ShapeError, match=r"grad_y has shape \(3, 2\) but must have \(2, 3\)"):
        backward(rng.standard_normal((3, 2)), rng.standard_normal((2, 3)))
