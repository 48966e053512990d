import numpy as np
import pytest
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.reference import pad, pad_backward
from cnnlib.shapes import ShapeError
from tests.cnnlib.oracles import assert_agrees_with_torch, assert_refused_by_torch

MODES = ("constant", "reflect", "replicate", "circular")


@st.composite
def paddings(draw, mode):
    """A shape and sides that the mode allows: positive, negative and mixed."""
    padded_axes = draw(st.integers(1, 3))
    sizes, sides = [], []
    for _ in range(padded_axes):
        before, after = draw(st.integers(-3, 4)), draw(st.integers(-3, 4))
        cut = max(0, -before) + max(0, -after)
        need = cut + (max(before, after, 1) if mode == "circular" else 1)
        if mode == "reflect":
            need = max(need, before + 1, after + 1)
        sizes.append(need + draw(st.integers(0, 3)))
        sides.append((before, after))
    leading = draw(st.lists(st.integers(1, 3), min_size=1, max_size=2))
    flat = [number for side in reversed(sides) for number in side]
    return (*leading, *sizes), flat


@pytest.mark.parametrize("mode", MODES)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_every_mode_agrees_with_torch(mode, data, seed):
    shape, sides = data.draw(paddings(mode))
    rng = np.random.default_rng(seed)
    arguments = {"value": 1.5} if mode == "constant" and seed % 2 else {}
    x = rng.standard_normal(shape)
    assert_agrees_with_torch(pad, pad_backward, F.pad, [x], rng, pad=sides, mode=mode, **arguments)


@pytest.mark.parametrize("mode", MODES)
def test_the_most_that_a_mode_allows(mode, rng):
    x = rng.standard_normal((2, 3, 4, 5)).astype(np.float32)
    sides = {"reflect": (4, 4, 3, 3), "circular": (5, 5, 4, 4)}.get(mode, (9, 0, 0, 9))
    assert_agrees_with_torch(pad, pad_backward, F.pad, [x], rng, pad=sides, mode=mode)


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_batch_stays_empty(mode, rng):
    x = rng.standard_normal((0, 3, 4, 5))
    assert_agrees_with_torch(pad, pad_backward, F.pad, [x], rng, pad=(1, 2, 0, 1), mode=mode)


@pytest.mark.parametrize(
    ("shape", "sides", "value"),
    [((4,), (1, -2), -np.inf), ((1, 2, 3, 2, 2, 1), (1, 2) * 6, np.nan), ((2, 3), (), 1.0)],
)
def test_constant_padding_takes_any_number_of_axes_and_any_value(shape, sides, value, rng):
    x = rng.standard_normal(shape)
    assert_agrees_with_torch(pad, pad_backward, F.pad, [x], rng, pad=sides, value=value)


def test_wrapping_more_than_is_left_after_cutting_is_refused(rng):
    """Torch reads memory here that nothing has been written to."""
    with pytest.raises(ShapeError, match="at most 1 on a side"):
        pad(rng.standard_normal((2, 3)), (2, -2), mode="circular")


REFUSED = {
    "odd": ((2, 3), {"pad": (1,)}, "pad has 1 numbers but needs two for each padded axis"),
    "too many": ((2, 3), {"pad": (1,) * 6}, "of which pad may name at most 2 axes"),
    "unknown mode": ((2, 3), {"pad": (1, 1), "mode": "mirror"}, "but it is 'mirror'"),
    "value": ((2, 3), {"pad": (1, 1), "mode": "reflect", "value": 1.0}, "takes no value"),
    "vector": ((3,), {"pad": (1, 1), "mode": "reflect"}, "use x[None, None]"),
    "no axis": ((2, 3), {"pad": (), "mode": "reflect"}, "pads the last 0 axes"),
    "mirror too wide": ((2, 3), {"pad": (0, 3), "mode": "reflect"}, "fewer than 3 on a side"),
    "wrap too wide": ((2, 3), {"pad": (4, 0), "mode": "circular"}, "at most 3 on a side"),
    "cut too much": ((2, 3), {"pad": (-2, -2)}, "cuts of at most 3 in total"),
    "nothing left": ((2, 3), {"pad": (-2, -1), "mode": "replicate"}, "at least one pixel"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_is_refused_with_the_rule(name, rng):
    shape, arguments, message = REFUSED[name]
    with pytest.raises(ValueError, match=r"^pad: ") as refusal:
        pad(rng.standard_normal(shape), **arguments)
    assert message in str(refusal.value)
    assert_refused_by_torch(F.pad, rng.standard_normal(shape), **arguments)


def test_what_is_no_sequence_of_integers_is_refused(rng):
    x = rng.standard_normal((2, 3))
    with pytest.raises(TypeError, match=r"pad must be \(left, right\) or"):
        pad(x, 1)
    with pytest.raises(TypeError, match=r"pad\[1\] must be an integer, but it is 0.5"):
        pad(x, (1, 0.5))
    with pytest.raises(TypeError, match="x holds int64, but must be floating point"):
        pad(np.ones((2, 3), np.int64), (1, 1))


def test_a_gradient_of_another_shape_is_refused(rng):
    with pytest.raises(ShapeError, match=r"grad_y has shape \(2, 3\) but must have \(2, 5\)"):
        pad_backward(rng.standard_normal((2, 3)), rng.standard_normal((2, 3)), (1, 1))
