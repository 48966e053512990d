import numpy as np
import pytest
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.reference import conv2d, conv2d_backward, conv2d_weight_backward
from cnnlib.shapes import ShapeError
from tests.cnnlib.oracles import assert_agrees_with_torch, assert_refused_by_torch
from tests.cnnlib.strategies import conv_cases

ALGORITHMS = ("auto", "blocked", "im2col", "shift", "loops", "mec", "rows", "fft")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(case=conv_cases(), with_bias=st.booleans())
def test_output_and_gradients_agree_with_torch(algorithm, case, with_bias):
    x, weight, bias = case.arrays()
    assert_agrees_with_torch(
        lambda *a, **k: conv2d(*a, **k, algorithm=algorithm),
        lambda *a, **k: conv2d_backward(*a, **k, algorithm=algorithm),
        F.conv2d,
        [x, weight, bias if with_bias else None],
        case.rng,
        **case.arguments,
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(case=conv_cases())
def test_float32_stays_float32_and_is_as_accurate(algorithm, case):
    assert_agrees_with_torch(
        lambda *a, **k: conv2d(*a, **k, algorithm=algorithm),
        lambda *a, **k: conv2d_backward(*a, **k, algorithm=algorithm),
        F.conv2d,
        case.arrays(np.float32),
        case.rng,
        **case.arguments,
    )


@given(case=conv_cases())
def test_an_image_without_a_batch_is_a_batch_of_one(case):
    x, weight, bias = case.arrays()
    assert_agrees_with_torch(
        conv2d, conv2d_backward, F.conv2d, [x[0], weight, bias], case.rng, **case.arguments
    )


@pytest.mark.parametrize(
    ("shape", "filters", "groups"),
    [
        ((3, 8, 40, 50), 6, 1),
        ((9, 4, 9, 12), 10, 2),
        ((2, 12, 33, 61), 24, 12),
        ((300, 2, 6, 7), 3, 1),
    ],
)
def test_many_blocks_give_what_one_block_gives(shape, filters, groups, rng, monkeypatch):
    """Small scratch memory forces many blocks with remainders in images and in rows."""
    monkeypatch.setattr("cnnlib.reference.conv_algorithms.blocked.SCRATCH", 1500)
    x = rng.standard_normal(shape)
    weight = rng.standard_normal((filters, shape[1] // groups, 3, 2))
    bias = rng.standard_normal(filters)
    assert_agrees_with_torch(
        lambda *a, **k: conv2d(*a, **k, algorithm="blocked"),
        lambda *a, **k: conv2d_backward(*a, **k, algorithm="blocked"),
        F.conv2d,
        [x, weight, bias],
        rng,
        stride=(1, 2),
        padding=(1, 2),
        groups=groups,
    )


@pytest.mark.parametrize("algorithm", [*ALGORITHMS, "winograd"])
def test_results_lie_in_memory_in_the_order_of_their_axes(algorithm, rng):
    """Or the layers that read them would be slow, at a price that no table of conv2d shows."""
    x, weight = rng.standard_normal((3, 4, 9, 8)), rng.standard_normal((6, 4, 3, 3))
    y = conv2d(x, weight, padding=1, algorithm=algorithm)
    grad_x, grad_weight, _ = conv2d_backward(y, x, weight, padding=1, algorithm=algorithm)
    assert all(a.flags.c_contiguous for a in (y, grad_x, grad_weight))
    assert conv2d_weight_backward(y, x, weight, padding=1)[0].flags.c_contiguous


@given(case=conv_cases(), batched=st.booleans(), scratch=st.sampled_from([100, 1 << 18]))
def test_the_weights_gradient_alone_is_that_of_the_whole_backward(case, batched, scratch):
    x, weight, bias = case.arrays()
    x = x if batched else x[0]
    grad_y = case.rng.standard_normal(conv2d(x, weight, bias, **case.arguments).shape)
    _, *expected = conv2d_backward(grad_y, x, weight, bias, **case.arguments)
    with pytest.MonkeyPatch.context() as patch:  # little memory makes many blocks
        patch.setattr("cnnlib.reference.conv_algorithms.blocked.SCRATCH", scratch)
        alone = conv2d_weight_backward(grad_y, x, weight, bias, **case.arguments)
    for mine, whole in zip(alone, expected, strict=True):
        assert mine.shape == whole.shape
        np.testing.assert_allclose(mine, whole, atol=1e-10)
    assert conv2d_weight_backward(grad_y, x, weight, **case.arguments)[1] is None


def test_stride_padding_and_dilation_may_be_one_integer(rng):
    arrays = [rng.standard_normal(s) for s in [(2, 3, 11, 9), (4, 3, 3, 2), (4,)]]
    arguments = {"stride": 2, "padding": 1, "dilation": 2}
    assert_agrees_with_torch(conv2d, conv2d_backward, F.conv2d, arrays, rng, **arguments)


def test_valid_means_no_padding(rng):
    arrays = [rng.standard_normal(s) for s in [(2, 3, 7, 8), (4, 3, 3, 2), (4,)]]
    assert_agrees_with_torch(
        conv2d, conv2d_backward, F.conv2d, arrays, rng, padding="valid", stride=2
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_empty_batch_gives_an_empty_batch_and_zero_gradients(algorithm, rng):
    arrays = [rng.standard_normal(s) for s in [(0, 3, 7, 8), (4, 3, 3, 2), (4,)]]
    assert_agrees_with_torch(
        lambda *a, **k: conv2d(*a, **k, algorithm=algorithm),
        lambda *a, **k: conv2d_backward(*a, **k, algorithm=algorithm),
        F.conv2d,
        arrays,
        rng,
        padding=1,
    )


def test_arrays_in_any_memory_layout(rng):
    x = rng.standard_normal((2, 9, 8, 3)).transpose(0, 3, 1, 2)  # a view of channels-last images
    weight = rng.standard_normal((2, 3, 3, 4)).transpose(3, 1, 0, 2)[:, :, :, ::-1]
    y, oracle = conv2d(x, weight), conv2d(x.copy(), weight.copy())
    np.testing.assert_allclose(y, oracle, atol=1e-12)
    grad_y = rng.standard_normal(y.shape[:1] + y.shape[:0:-1]).transpose(0, 3, 2, 1)
    mine = conv2d_backward(grad_y, x, weight)
    for a, b in zip(
        mine[:2], conv2d_backward(grad_y.copy(), x.copy(), weight.copy())[:2], strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-12)


REFUSED = {
    "channels differ": (
        ((2, 3, 7, 8), (4, 2, 3, 3), None),
        {},
        ShapeError,
        "conv2d: x has C_in=3 channels but weight expects 2\n"
        "  x       (2, 3, 7, 8)  (N, C_in, H, W)\n"
        "  weight  (4, 2, 3, 3)  (C_out, C_in // groups, KH, KW)\n"
        "  Give weight as many input channels as x has.",
    ),
    "channels last": (
        ((2, 7, 8, 3), (4, 3, 3, 3), None),
        {},
        ShapeError,
        "Channels come second: for images (N, H, W, C), use x.transpose(0, 3, 1, 2).",
    ),
    "groups": (
        ((2, 4, 7, 9), (4, 4, 3, 3), None),
        {"groups": 2},
        ShapeError,
        "With groups=2 every filter sees C_in // groups channels.",
    ),
    "filters and groups": (
        ((2, 4, 7, 8), (3, 2, 3, 3), None),
        {"groups": 2},
        ShapeError,
        "C_out must be a multiple of groups",
    ),
    "image without channels": (
        ((7, 8), (4, 3, 3, 3), None),
        {},
        ShapeError,
        "conv2d: x has 2 axes but must have 4, or 3 without a batch\n"
        "  x  (7, 8)  needed: (N, C_in, H, W) or (C_in, H, W)\n"
        "  For one channel use x[None]",
    ),
    "kernel without channels": (
        ((2, 1, 7, 8), (3, 3), None),
        {},
        ShapeError,
        "One 2-D kernel on one channel is kernel[None, None].",
    ),
    "bias": (
        ((2, 3, 7, 8), (4, 3, 3, 3), (4, 1)),
        {},
        ShapeError,
        "bias has shape (4, 1) but must have one value for each of the 4 filters",
    ),
    "window too large": (
        ((2, 3, 7, 8), (4, 3, 3, 3), None),
        {"dilation": 4},
        ShapeError,
        "the window covers 9 rows but the padded image has 7",
    ),
    "same with stride": (
        ((2, 3, 7, 8), (4, 3, 3, 3), None),
        {"padding": "same", "stride": 2},
        ValueError,
        "padding='same' needs stride 1, but stride is (2, 2)",
    ),
    "padding by another name": (
        ((2, 3, 7, 8), (4, 3, 3, 3), None),
        {"padding": "full"},
        ValueError,
        "padding must be 'same', 'valid', an integer or a pair, but it is 'full'",
    ),
    "no stride": (
        ((2, 3, 7, 8), (4, 3, 3, 3), None),
        {"stride": 0},
        ValueError,
        "conv2d: stride must be at least 1, but it is 0",
    ),
    "half a stride": (
        ((2, 3, 7, 8), (4, 3, 3, 3), None),
        {"stride": 1.5},
        TypeError,
        "conv2d: stride must be an integer, but it is 1.5 (float)",
    ),
    "negative padding": (
        ((2, 3, 7, 8), (4, 3, 3, 3), None),
        {"padding": (0, -1)},
        ValueError,
        "conv2d: padding[1] must be at least 0, but it is -1",
    ),
    "no dilation": (
        ((2, 3, 7, 8), (4, 3, 3, 3), None),
        {"dilation": 0},
        ValueError,
        "conv2d: dilation must be at least 1, but it is 0",
    ),
    "no groups": (
        ((2, 3, 7, 8), (4, 3, 3, 3), None),
        {"groups": 0},
        ValueError,
        "conv2d: groups must be at least 1, but it is 0",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_is_refused_with_the_cure(name, rng):
    shapes, arguments, error, message = REFUSED[name]
    arrays = [None if s is None else rng.standard_normal(s) for s in shapes]
    with pytest.raises(error) as refusal:
        conv2d(*arrays, **arguments)
    assert message in str(refusal.value)
    assert_refused_by_torch(F.conv2d, *arrays, **arguments)
    with pytest.raises(error):
        conv2d_backward(rng.standard_normal((2, 4, 5, 6)), *arrays, **arguments)


def test_integers_lists_and_mixed_dtypes_are_refused_with_the_cure(rng):
    x, weight = rng.standard_normal((1, 1, 4, 4)), rng.standard_normal((1, 1, 2, 2))
    with pytest.raises(TypeError, match=r"x holds int64, but must be floating point"):
        conv2d(np.ones((1, 1, 4, 4), np.int64), weight)
    with pytest.raises(TypeError, match=r"x is a list, not a NumPy array\n  Use np.asarray"):
        conv2d(x.tolist(), weight)
    with pytest.raises(TypeError, match=r"weight holds float32 but x holds float64\n  Use weight"):
        conv2d(x, weight.astype(np.float32))
    assert_refused_by_torch(F.conv2d, x, weight.astype(np.float32))


def test_a_gradient_of_another_shape_is_refused(rng):
    x, weight = rng.standard_normal((2, 3, 7, 8)), rng.standard_normal((4, 3, 3, 3))
    with pytest.raises(ShapeError) as refusal:
        conv2d_backward(rng.standard_normal((2, 4, 6, 5)), x, weight)
    assert str(refusal.value).startswith(
        "conv2d_backward: grad_y has shape (2, 4, 6, 5) but must have (2, 4, 5, 6)\n"
    )


def test_an_unknown_algorithm_is_answered_with_the_known_ones(rng):
    x, weight = rng.standard_normal((2, 3, 7, 8)), rng.standard_normal((4, 3, 3, 3))
    with pytest.raises(ValueError, match=r"algorithm must be one of .*'im2col'.* is 'magic'"):
        conv2d(x, weight, algorithm="magic")
