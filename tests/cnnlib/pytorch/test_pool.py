"""Pooling: both algorithms against torch.nn.functional, forward and backward."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st

from cnnlib.pytorch import adaptive_avg_pool2d, avg_pool2d, max_pool2d
from cnnlib.shapes import ShapeError

pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))


@st.composite
def poolings(draw: st.DrawFn) -> tuple[tuple[int, ...], dict[str, Any], int]:
    kernel = draw(pairs)
    arguments = {
        "kernel_size": kernel,
        "stride": draw(st.none() | pairs),
        "padding": tuple(draw(st.integers(0, k // 2)) for k in kernel),
        "ceil_mode": draw(st.booleans()),
    }
    shape = tuple(draw(st.integers(1, high)) for high in (3, 3, 12, 12))
    return shape, arguments, draw(st.integers(0, 2**32))


def agree(
    ours: Any, theirs: Any, shape: tuple[int, ...], seed: int, device: str, ties: bool
) -> None:
    """Same output, and same gradient for a random upstream gradient."""
    draw = torch.Generator().manual_seed(seed)
    data = torch.randn(shape, generator=draw, dtype=torch.float64)
    data = data.round() if ties else data  # rounded numbers are often equal
    x, z = (data.to(device).requires_grad_() for _ in range(2))
    try:
        oracle = theirs(z)
    except RuntimeError:
        with pytest.raises(ValueError, match="pool2d"):
            ours(x)
        return
    y = ours(x)
    torch.testing.assert_close(y, oracle)
    # Where a dilated window meets only padding, torch writes its gradient outside the image.
    assume(oracle.isfinite().all())
    grad_y = torch.randn(y.shape, generator=draw, dtype=torch.float64).to(device)
    y.backward(grad_y)
    oracle.backward(grad_y)
    torch.testing.assert_close(x.grad, z.grad)


@pytest.mark.parametrize("algorithm", ["auto", "windows"])
@given(case=poolings(), dilation=pairs, ties=st.booleans())
def test_max_pool2d_agrees_with_torch(algorithm, device, case, dilation, ties):
    shape, arguments, seed = case
    arguments = {**arguments, "dilation": dilation}
    agree(
        lambda x: max_pool2d(x, **arguments, algorithm=algorithm),
        lambda x: F.max_pool2d(x, **arguments),
        shape, seed, device, ties,
    )  # fmt: skip


@given(case=poolings(), dilation=pairs)
def test_max_pool2d_finds_the_same_first_places_as_torch(device, case, dilation):
    shape, arguments, seed = case
    arguments = {**arguments, "dilation": dilation, "return_indices": True}
    x = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).round().to(device)
    try:
        expected = F.max_pool2d(x, **arguments)
    except RuntimeError:
        assume(False)
    # Where a dilated window meets only padding, torch's index points outside the image.
    assume(expected[0].isfinite().all())
    for algorithm in ("auto", "windows"):
        found = max_pool2d(x, **arguments, algorithm=algorithm)
        torch.testing.assert_close(tuple(found), tuple(expected))


@pytest.mark.parametrize("algorithm", ["auto", "windows"])
@given(
    case=poolings(),
    count_include_pad=st.booleans(),
    divisor_override=st.none() | st.integers(-3, 9).filter(bool),
)
def test_avg_pool2d_agrees_with_torch(algorithm, device, case, count_include_pad, divisor_override):
    shape, arguments, seed = case
    arguments = {
        **arguments,
        "count_include_pad": count_include_pad,
        "divisor_override": divisor_override,
    }
    agree(
        lambda x: avg_pool2d(x, **arguments, algorithm=algorithm),
        lambda x: F.avg_pool2d(x, **arguments),
        shape, seed, device, False,
    )  # fmt: skip


@given(
    shape=st.tuples(*(st.integers(1, n) for n in (3, 3, 9, 9))),
    size=st.tuples(st.none() | st.integers(1, 5), st.none() | st.integers(1, 5)),
    seed=st.integers(0, 2**32),
)
def test_adaptive_avg_pool2d_agrees_with_torch(device, shape, size, seed):
    agree(
        lambda x: adaptive_avg_pool2d(x, size),
        lambda x: F.adaptive_avg_pool2d(x, size),
        shape, seed, device, False,
    )  # fmt: skip


@pytest.mark.parametrize("algorithm", ["auto", "windows"])
def test_a_window_on_padding_alone_gives_minus_infinity_and_no_gradient(algorithm, device):
    x = torch.ones(1, 1, 1, 3, device=device, requires_grad=True)
    y = max_pool2d(x, (2, 1), padding=(1, 0), dilation=(2, 1), algorithm=algorithm)
    assert torch.equal(y, torch.full((1, 1, 1, 3), -torch.inf, device=device))
    y.backward(torch.ones_like(y))
    assert torch.equal(x.grad, torch.zeros_like(x))


@pytest.mark.parametrize("algorithm", ["auto", "windows"])
def test_nan_and_minus_infinity_win_and_lose_as_in_torch(algorithm, device):
    x = torch.full((1, 1, 4, 4), -torch.inf, device=device)
    x[0, 0, 3, 3] = torch.nan
    y, indices = max_pool2d(x, 2, padding=1, return_indices=True, algorithm=algorithm)
    expected, places = F.max_pool2d(x, 2, padding=1, return_indices=True)
    torch.testing.assert_close(y, expected, equal_nan=True)
    assert torch.equal(indices, places)


@pytest.mark.parametrize("algorithm", ["auto", "windows"])
def test_one_image_without_a_batch_axis(algorithm):
    x = torch.randn(3, 6, 5, generator=torch.Generator().manual_seed(0))
    pooled = max_pool2d(x, 2, algorithm=algorithm)
    assert torch.equal(pooled, F.max_pool2d(x[None], 2)[0])
    averaged = avg_pool2d(x, (2, 3), algorithm=algorithm)
    torch.testing.assert_close(averaged, F.avg_pool2d(x[None], (2, 3))[0])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: max_pool2d(x, 4, padding=3), ShapeError, "max_pool2d: pad should be at most"),
        (lambda x: max_pool2d(x, 9), ShapeError, r"x       \(1, 1, 4, 4\)\n  Use a smaller window"),
        (lambda x: max_pool2d(x, 0), ValueError, "max_pool2d: kernel_size must be at least 1"),
        (lambda x: max_pool2d(x.int(), 2), TypeError, "max_pool2d: x has dtype torch.int32"),
        (lambda x: max_pool2d(x[0, 0], 2), ShapeError, "max_pool2d: x has 2 axes"),
        (lambda x: max_pool2d(x, 2, algorithm="fft"), ValueError, "'auto' or 'windows'"),
        (lambda x: avg_pool2d(x, 2, padding=2), ShapeError, "avg_pool2d: pad should be at most"),
        (lambda x: avg_pool2d(x, 2, divisor_override=0), ValueError, "must not be 0"),
        (lambda x: avg_pool2d(x, 2, algorithm="fft"), ValueError, "'auto' or 'windows'"),
        (lambda x: adaptive_avg_pool2d(x, (1, 2, 3)), ValueError, "a pair .height, width."),
        (lambda x: adaptive_avg_pool2d(x, -1), ValueError, "output_size must be at least 0"),
        (lambda x: adaptive_avg_pool2d(x, None), TypeError, "not None"),
        (lambda x: adaptive_avg_pool2d(x[..., :0], 1), ShapeError, "x has no pixels"),
    ],
)
def test_what_cannot_be_pooled_is_refused_in_words(call, error, words):
    with pytest.raises(error, match=words):
        call(torch.zeros(1, 1, 4, 4))
