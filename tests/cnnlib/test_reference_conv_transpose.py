import numpy as np
import pytest
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st

from cnnlib.reference import conv2d, conv_transpose2d, conv_transpose2d_backward
from cnnlib.shapes import ShapeError
from tests.cnnlib.oracles import assert_agrees_with_torch, assert_refused_by_torch
from tests.cnnlib.strategies import conv_cases, pairs


def transposed(case, output_padding):
    """The case's weight and window as those of a transposed convolution."""
    padding = (0, 0) if case.padding == "same" else case.padding
    arguments = {
        "stride": case.stride,
        "padding": padding,
        "output_padding": tuple(
            extra % max(s, d)
            for extra, s, d in zip(output_padding, case.stride, case.dilation, strict=True)
        ),
        "groups": case.groups,
        "dilation": case.dilation,
    }
    for size, s, p, k, d, extra in zip(
        (case.H, case.W),
        case.stride,
        padding,
        case.kernel,
        case.dilation,
        arguments["output_padding"],
        strict=True,
    ):
        assume((size - 1) * s - 2 * p + d * (k - 1) + extra + 1 > 0)
    rng = case.rng
    x = rng.standard_normal((case.N, case.C_in, case.H, case.W))
    weight = rng.standard_normal((case.C_in, case.C_out // case.groups, *case.kernel))
    return [x, weight, rng.standard_normal(case.C_out)], arguments


@given(case=conv_cases(), extra=pairs(0, 2), batched=st.booleans(), with_bias=st.booleans())
def test_output_and_gradients_agree_with_torch(case, extra, batched, with_bias):
    (x, weight, bias), arguments = transposed(case, extra)
    arrays = [x if batched else x[0], weight, bias if with_bias else None]
    assert_agrees_with_torch(
        conv_transpose2d,
        conv_transpose2d_backward,
        F.conv_transpose2d,
        arrays,
        case.rng,
        **arguments,
    )


@given(case=conv_cases(), extra=pairs(0, 2))
def test_float32_stays_float32(case, extra):
    arrays, arguments = transposed(case, extra)
    arrays = [a.astype(np.float32) for a in arrays]
    assert_agrees_with_torch(
        conv_transpose2d,
        conv_transpose2d_backward,
        F.conv_transpose2d,
        arrays,
        case.rng,
        **arguments,
    )


@given(case=conv_cases(max_stride=1))
def test_it_is_the_adjoint_of_the_convolution_with_the_same_weight(case):
    padding = (0, 0) if case.padding == "same" else case.padding
    window = {"padding": padding, "dilation": case.dilation, "groups": case.groups}
    x, weight, _ = case.arrays()
    y = conv2d(x, weight, **window)
    v = case.rng.standard_normal(y.shape)
    back = conv_transpose2d(v, weight, **window)
    assert np.vdot(y, v) == pytest.approx(np.vdot(x, back))


def test_an_empty_batch_stays_empty(rng):
    arrays = [rng.standard_normal(s) for s in [(0, 3, 4, 5), (3, 2, 2, 3), (2,)]]
    assert_agrees_with_torch(
        conv_transpose2d, conv_transpose2d_backward, F.conv_transpose2d, arrays, rng, stride=2
    )


REFUSED = {
    "channels": (((1, 3, 4, 5), (4, 2, 3, 3)), {}, "Input channels come first in this weight"),
    "groups": (((1, 3, 4, 5), (3, 2, 3, 3)), {"groups": 2}, "groups must divide them"),
    "too much output_padding": (
        ((1, 3, 4, 5), (3, 2, 3, 3)),
        {"stride": 2, "output_padding": 2},
        "output_padding adds 2 rows but must add fewer than the stride 2 or the dilation 1",
    ),
    "nothing left": (((1, 3, 1, 5), (3, 2, 3, 3)), {"padding": 2}, "y would have -1 rows"),
    "bias": (((1, 3, 4, 5), (3, 2, 3, 3), (3,)), {}, "for each of the 2 output channels"),
    "no stride": (((1, 3, 4, 5), (3, 2, 3, 3)), {"stride": 0}, "stride must be at least 1"),
    "axes": (((1, 3, 4, 5), (3, 2, 3)), {}, "weight must have 4 axes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_is_refused_with_the_rule(name, rng):
    shapes, arguments, message = REFUSED[name]
    arrays = [rng.standard_normal(shape) for shape in shapes]
    with pytest.raises(ValueError, match=r"^conv_transpose2d: ") as refusal:
        conv_transpose2d(*arrays, **arguments)
    assert message in str(refusal.value)
    assert_refused_by_torch(F.conv_transpose2d, *arrays, **arguments)


def test_a_gradient_of_another_shape_is_refused(rng):
    x, weight = rng.standard_normal((1, 3, 4, 5)), rng.standard_normal((3, 2, 3, 3))
    with pytest.raises(ShapeError, match=r"must have \(1, 2, 6, 7\)"):
        conv_transpose2d_backward(rng.standard_normal((1, 2, 7, 6)), x, weight)
