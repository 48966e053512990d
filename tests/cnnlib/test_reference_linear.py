import numpy as np
import pytest
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.reference import linear, linear_backward
from cnnlib.shapes import ShapeError
from tests.cnnlib.oracles import assert_agrees_with_torch, assert_refused_by_torch


@given(
    leading=st.lists(st.integers(0, 4), max_size=3),
    D_in=st.integers(1, 5),
    D_out=st.none() | st.integers(1, 5),
    with_bias=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_output_and_gradients_agree_with_torch(leading, D_in, D_out, with_bias, seed):
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((D_in,) if D_out is None else (D_out, D_in))
    bias = rng.standard_normal(D_out) if with_bias and D_out else None
    arrays = [rng.standard_normal((*leading, D_in)), weight, bias]
    assert_agrees_with_torch(linear, linear_backward, F.linear, arrays, rng)


def test_float32_stays_float32(rng):
    arrays = [rng.standard_normal(s).astype(np.float32) for s in [(5, 3), (4, 3), (4,)]]
    assert_agrees_with_torch(linear, linear_backward, F.linear, arrays, rng)


REFUSED = {
    "images": (((2, 3, 2), (4, 6)), "Flatten the images first: x.reshape(len(x), -1)."),
    "transposed": (((2, 3), (3, 4)), "weight.T has them in the right order."),
    "features": (((2, 3), (4, 5)), "x has D_in=3 features but weight expects 5"),
    "bias": (
        ((2, 3), (4, 3), (3,)),
        "bias has shape (3,) but must have one value for each of D_out",
    ),
    "bias of a vector": (((2, 3), (3,), (1,)), "A weight of one axis takes no bias."),
    "weight axes": (((2, 3), (1, 4, 3)), "weight needs the axes (D_out, D_in)"),
    "number": (((), (4, 1)), "x at least (D_in,)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_is_refused_with_the_cure(name, rng):
    shapes, message = REFUSED[name]
    arrays = [np.asarray(rng.standard_normal(shape)) for shape in shapes]
    with pytest.raises(ShapeError, match=r"^linear: ") as refusal:
        linear(*arrays)
    assert message in str(refusal.value)
    assert_refused_by_torch(F.linear, *arrays)


def test_a_gradient_of_another_shape_is_refused(rng):
    with pytest.raises(ShapeError, match=r"grad_y has shape \(4, 2\) but must have \(2, 4\)"):
        linear_backward(
            rng.standard_normal((4, 2)), rng.standard_normal((2, 3)), rng.standard_normal((4, 3))
        )
