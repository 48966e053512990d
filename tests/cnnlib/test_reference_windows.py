import numpy as np
import pytest
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.reference import fold, fold_backward, unfold, unfold_backward, windows
from cnnlib.shapes import ShapeError
from tests.cnnlib.oracles import assert_agrees_with_torch, assert_refused_by_torch
from tests.cnnlib.strategies import conv_cases


def window_arguments(case):
    padding = (0, 0) if case.padding == "same" else case.padding
    return {
        "kernel_size": case.kernel,
        "dilation": case.dilation,
        "padding": padding,
        "stride": case.stride,
    }


@given(case=conv_cases(), batched=st.booleans())
def test_unfold_agrees_with_torch(case, batched):
    x = case.arrays()[0]
    x = x if batched else x[0]
    assert_agrees_with_torch(
        unfold, unfold_backward, F.unfold, [x], case.rng, **window_arguments(case)
    )


@given(case=conv_cases(), batched=st.booleans())
def test_fold_agrees_with_torch(case, batched):
    x = case.arrays()[0]
    columns = case.rng.standard_normal(unfold(x, **window_arguments(case)).shape)
    assert_agrees_with_torch(
        fold,
        fold_backward,
        F.fold,
        [columns if batched else columns[0]],
        case.rng,
        output_size=(case.H, case.W),
        **window_arguments(case),
    )


@given(case=conv_cases())
def test_fold_is_the_adjoint_of_unfold(case):
    x, arguments = case.arrays()[0], window_arguments(case)
    columns = unfold(x, **arguments)
    v = case.rng.standard_normal(columns.shape)
    assert np.vdot(columns, v) == pytest.approx(np.vdot(x, fold(v, x.shape[2:], **arguments)))


@given(case=conv_cases())
def test_windows_are_the_columns_before_they_are_written_out(case):
    x, arguments = case.arrays()[0], window_arguments(case)
    view = windows(x, **arguments)
    columns = view.transpose(0, 1, 4, 5, 2, 3).reshape(unfold(x, **arguments).shape)
    np.testing.assert_array_equal(columns, unfold(x, **arguments))


def test_windows_without_padding_are_a_read_only_view(rng):
    x = rng.standard_normal((2, 3, 5, 6))
    view = windows(x, (2, 3))
    assert np.shares_memory(view, x)
    with pytest.raises(ValueError, match="read-only"):
        view[...] = 0
    assert windows(x[0], (2, 3)).shape == (3, 4, 4, 2, 3)


def test_an_empty_batch_stays_empty():
    x = np.zeros((0, 3, 5, 6))
    assert unfold(x, 2).shape == (0, 12, 20)
    assert fold(np.zeros((0, 12, 20)), (5, 6), 2).shape == (0, 3, 5, 6)


@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ((2, 13, 20), {"output_size": (5, 6), "kernel_size": 2}, "rows a multiple of 4"),
        ((2, 12, 19), {"output_size": (5, 6), "kernel_size": 2}, "do not fit 4 * 5 places"),
        ((12,), {"output_size": (5, 6), "kernel_size": 2}, "fold: x has 1 axes but must have 3"),
        ((2, 12, 20), {"output_size": (1, 6), "kernel_size": 2}, "covers 2 rows but the padded"),
        ((2, 12, 20), {"output_size": (5, 6), "kernel_size": 0}, "kernel_size must be at least 1"),
    ],
)
def test_columns_that_do_not_fit_are_refused(shape, arguments, message, rng):
    with pytest.raises(ValueError, match=r"^fold: ") as refusal:
        fold(rng.standard_normal(shape), **arguments)
    assert message in str(refusal.value)
    assert_refused_by_torch(F.fold, rng.standard_normal(shape), **arguments)


@pytest.mark.parametrize("function", [windows, unfold])
def test_a_window_larger_than_the_image_is_refused(function, rng):
    with pytest.raises(ShapeError, match="covers 5 columns but the padded image has 4"):
        function(rng.standard_normal((1, 1, 6, 4)), (2, 3), dilation=2)


def test_a_gradient_of_another_shape_is_refused(rng):
    x = rng.standard_normal((2, 3, 5, 6))
    with pytest.raises(ShapeError, match="the columns do not fit"):
        unfold_backward(rng.standard_normal((2, 12, 19)), x, 2)
    with pytest.raises(ShapeError, match=r"grad_y has shape \(2, 3, 6, 5\) but the image is"):
        fold_backward(rng.standard_normal((2, 3, 6, 5)), unfold(x, 2), (5, 6), 2)
