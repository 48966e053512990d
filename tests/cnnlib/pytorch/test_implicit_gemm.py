"""The GPU kernel's logic, in Triton's interpreter on a CPU or compiled on a GPU."""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlib.pytorch import implicit_gemm as kernel
from cnnlib.pytorch import tiles as tiles_of
from cnnlib.pytorch.conv import conv2d
from cnnlib.pytorch.geometry import geometry
from cnnlib.pytorch.implicit_gemm import implicit_gemm
from cnnlib.pytorch.tiles import Tile, default_tile
from cnnlib.shapes import ShapeError
from tests.cnnlib.pytorch.conftest import skip_unless_kernels_run_on
from tests.cnnlib.pytorch.geometries import Convolution, convolutions
from tests.cnnlib.pytorch.test_conv import assert_agrees

pytest.importorskip(
    "triton", reason="Triton is not installed here; `pip install triton` on Linux x86-64"
)


@pytest.fixture
def force(monkeypatch: pytest.MonkeyPatch) -> Callable[[Tile], None]:
    return lambda tile: monkeypatch.setattr(tiles_of, "default_tile", lambda *_: tile)


@pytest.fixture(autouse=True)
def where_kernels_run(request: pytest.FixtureRequest) -> None:
    if "device" in request.fixturenames:
        skip_unless_kernels_run_on(request.getfixturevalue("device"))


@pytest.fixture(autouse=True)
def nothing_tuned() -> Iterator[None]:
    assert not tiles_of.TUNED
    yield
    tiles_of.TUNED.clear()


def test_kernels_run_compiled_or_interpreted_but_run():
    assert torch.cuda.is_available() or os.environ["TRITON_INTERPRET"] == "1"


tiles = st.builds(
    Tile,
    m=st.sampled_from([16, 32]),
    n=st.sampled_from([16, 32]),
    k=st.sampled_from([16, 32]),
    splits=st.integers(1, 3),
)


@given(case=convolutions(), tile=tiles)
@settings(max_examples=max(1, settings.default.max_examples // 3))
def test_agrees_with_torch_forward_and_backward_whatever_the_tile(case, tile, device, force):
    force(tile)
    assert_agrees(case, "implicit_gemm", device)


# More channels than a step holds, with a rest: the loop that walks along the taps one by one.
MANY_CHANNELS = [
    Convolution((2, 20, 7, 6), (18, 20, 3, 2), True, {"stride": (2, 1), "padding": (1, 1)}, 0),
    Convolution((1, 34, 9, 8), (40, 17, 2, 3), False, {"dilation": 2, "groups": 2, "stride": 3}, 1),
    Convolution((3, 16, 5, 5), (33, 16, 1, 1), True, {}, 2),
    # Stride and dilation with a common factor: some phases have no tap at all, others several.
    Convolution((1, 17, 9, 11), (4, 17, 3, 3), False, {"stride": (2, 3), "dilation": (2, 3)}, 5),
    Convolution((1, 32, 6, 9), (16, 32, 4, 4), True, {"padding": "same"}, 3),
    Convolution((2, 24, 8, 8), (24, 8, 3, 3), True, {"groups": 3, "padding": 2, "dilation": 2}, 4),
]


@pytest.mark.parametrize("splits", [pytest.param(1, marks=pytest.mark.slow), 4])
@pytest.mark.parametrize("case", MANY_CHANNELS)
def test_agrees_with_torch_when_channels_fill_more_than_a_step(case, splits, device, force):
    force(Tile(16, 16, 16, splits))
    assert_agrees(case, "implicit_gemm", device)


@pytest.mark.parametrize("case", MANY_CHANNELS)
def test_agrees_with_torch_with_the_default_tile(case, device):
    assert_agrees(case, "implicit_gemm", device)


def test_stride_wider_than_the_window_leaves_zero_gradient_where_no_window_stood(device):
    x = torch.ones(1, 1, 7, 7, dtype=torch.float64, device=device, requires_grad=True)
    weight = torch.ones(1, 1, 2, 2, dtype=torch.float64, device=device)
    conv2d(x, weight, stride=3, algorithm="implicit_gemm").sum().backward()
    reached = torch.tensor([1, 1, 0, 1, 1, 0, 0.0], dtype=torch.float64, device=device)
    assert x.grad is not None
    torch.testing.assert_close(x.grad[0, 0], reached[:, None] * reached)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("channels", [3, 32])
def test_error_is_bounded_by_one_rounding_of_inputs_and_result(dtype, channels, device):
    """The sum itself is kept in float32: the bound has no term that grows with narrow roundings."""
    case = Convolution((2, channels, 8, 7), (8, channels, 3, 3), True, {"padding": 1}, seed=5)
    narrow = case.tensors(device, dtype)
    wide = [tensor.double().requires_grad_() for tensor in narrow]
    leaves = [tensor.requires_grad_() for tensor in narrow]
    y = conv2d(*leaves, **case.arguments, algorithm="implicit_gemm")
    truth = F.conv2d(*wide, **case.arguments)
    grad_y = torch.randn(y.shape, generator=torch.Generator().manual_seed(6)).to(device, dtype)
    y.backward(grad_y)
    truth.backward(grad_y.double())
    # The interpreter cuts bfloat16 off where a GPU rounds: one bit less.
    u = {torch.float32: 2.0**-24, torch.bfloat16: 2.0**-7, torch.float16: 2.0**-11}[dtype]
    gradients = zip((leaf.grad for leaf in leaves), (leaf.grad for leaf in wide), strict=True)
    for ours, exact in [(y, truth), *gradients]:
        bound = u * exact.abs() + 2.0**-20 * exact.abs().max()
        assert ours.dtype == dtype
        assert ((ours.double() - exact).abs() <= bound).all()


def test_two_runs_agree_in_every_bit_also_when_the_sum_is_split(device, force):
    force(Tile(16, 16, 16, splits=3))
    case = Convolution((2, 20, 9, 8), (6, 20, 3, 3), True, {"padding": 1}, seed=7)

    def run() -> list[torch.Tensor]:
        leaves = [tensor.requires_grad_() for tensor in case.tensors(device, torch.float32)]
        y = conv2d(*leaves, padding=1, algorithm="implicit_gemm")
        y.square().sum().backward()
        return [y.detach(), *(leaf.grad for leaf in leaves)]

    for first, second in zip(run(), run(), strict=True):
        assert torch.equal(first, second)


@pytest.mark.parametrize("splits", [1, 2])
def test_bias_and_relu_ride_along_forward_and_backward(splits, device, force):
    force(Tile(16, 16, 16, splits))
    case = Convolution((2, 5, 7, 6), (4, 5, 3, 3), True, {"padding": 1}, seed=8)
    ours = [tensor.requires_grad_() for tensor in case.tensors(device)]
    theirs = [tensor.requires_grad_() for tensor in case.tensors(device)]
    g = geometry("conv2d", *ours, 1, 1, 1, 1)
    y, oracle = implicit_gemm(*ours, g, relu=True), F.conv2d(*theirs, padding=1).relu()
    torch.testing.assert_close(y, oracle)
    grad_y = torch.randn(y.shape, dtype=y.dtype, generator=torch.Generator().manual_seed(9))
    y.backward(grad_y.to(device))
    oracle.backward(grad_y.to(device))
    for mine, truth in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad, truth.grad)


def test_nan_is_not_lost_in_the_relu(device):
    x = torch.full((1, 1, 2, 2), float("nan"), device=device)
    weight = torch.ones(1, 1, 1, 1, device=device)
    assert (
        implicit_gemm(x, weight, None, geometry("", x, weight, None, 1, 0, 1, 1), True)
        .isnan()
        .all()
    )


def test_result_lies_in_memory_as_channels_last(device):
    x = torch.randn(2, 8, 6, 5, device=device)
    y = conv2d(x, torch.randn(4, 8, 3, 3, device=device), algorithm="implicit_gemm")
    assert y.is_contiguous(memory_format=torch.channels_last)


def test_gradient_of_an_expanded_scalar_is_read_correctly(device):
    """``y.sum().backward()`` sends a gradient whose steps in memory are all zero."""
    case = Convolution((2, 3, 6, 5), (4, 3, 2, 2), False, {}, seed=10)
    x, weight, _ = case.tensors(device)
    x.requires_grad_()
    conv2d(x, weight, algorithm="implicit_gemm").sum().backward()
    torch.testing.assert_close(x.grad, F.conv_transpose2d(torch.ones(2, 4, 5, 4).to(x), weight))


def test_a_tuned_tile_is_used_for_its_product_and_no_other(device, monkeypatch):
    case = Convolution((1, 4, 6, 6), (4, 4, 3, 3), False, {}, seed=11)
    x, weight, _ = case.tensors(device)
    g = geometry("conv2d", x, weight, None, 1, 0, 1, 1)
    used: list[Tile] = []
    constants = kernel._constants
    monkeypatch.setattr(
        kernel, "_constants", lambda k, d, tile: used.append(tile) or constants(k, d, tile)
    )
    chosen = Tile(16, 32, 16)
    tiles_of.TUNED[tiles_of.tuning_key("forward", x, weight, g)] = chosen
    kernel.forward(x, weight, None, g)
    kernel.forward(x[..., :-1], weight, None, geometry("", x[..., :-1], weight, None, 1, 0, 1, 1))
    assert used[0] is chosen
    assert used[1] is not chosen


@pytest.mark.parametrize(
    ("rows", "columns", "terms", "groups", "tile"),
    [
        (200704, 64, 576, 1, Tile(128, 64, 64, splits=1, warps=4)),  # 64 x 56 x 56 places
        (49, 512, 4608, 1, Tile(64, 128, 64, splits=9, warps=4)),  # one 7 x 7 image: split
        (100, 3, 9, 1, Tile(128, 16, 16, splits=1, warps=4)),
        (100352, 256, 2304, 1, Tile(128, 128, 64, splits=1, warps=8)),
    ],
)
def test_default_tile_fits_the_product_and_splits_what_would_leave_processors_idle(
    rows, columns, terms, groups, tile
):
    assert default_tile(torch.bfloat16, rows, columns, terms, groups) == tile


@pytest.mark.parametrize(("shared", "stages"), [(232_448, 3), (65_536, 2), (49_152, 1)])
def test_default_tile_takes_as_many_stages_as_the_gpu_has_memory_for(shared, stages):
    """An H200, a T4, and one with less."""
    tile = default_tile(torch.float16, 10**5, 256, 2304, 1, tiles_of.Chip(40, shared))
    assert tile == Tile(128, 128, 64, splits=1, warps=8, stages=stages)


def test_tf32_is_used_where_either_way_of_asking_for_it_says_so(monkeypatch):
    """PyTorch has an old and a new setting, and refuses to read the old one if they differ."""
    assert not kernel.multiplied_in_tf32(torch.float32)  # switched off for these tests
    torch.backends.cudnn.allow_tf32 = True
    assert kernel.multiplied_in_tf32(torch.float32)
    assert not kernel.multiplied_in_tf32(torch.bfloat16)
    settings = getattr(torch.backends.cudnn, "conv", None)
    if settings is not None:
        before = settings.fp32_precision
        try:
            settings.fp32_precision = "ieee"
            assert not kernel.multiplied_in_tf32(torch.float32)
        finally:
            settings.fp32_precision = before


def test_views_of_any_layout_in_memory_are_read_correctly(device):
    """Transposed, sliced with steps, flipped weights, expanded batches: no value may be taken
    from a neighbour."""
    case = Convolution((2, 6, 9, 8), (4, 3, 3, 2), True, {"groups": 1}, seed=13)
    x, weight, bias = case.tensors(device)
    inputs = [
        x.transpose(2, 3), x[:, ::2], x[..., 1::2, ::2], x[:1].expand(3, -1, -1, -1),
        x.to(memory_format=torch.channels_last)[:, 1:4], x.permute(1, 0, 2, 3),
    ]  # fmt: skip
    for view in inputs:
        filters = weight[:, :1].expand(-1, view.shape[1], -1, -1).flip(3).transpose(2, 3)
        theirs = [t.detach().clone().requires_grad_() for t in (view, filters, bias[::1])]
        ours = [t.detach().requires_grad_() for t in (view, filters, bias)]
        y = conv2d(*ours, padding=1, algorithm="implicit_gemm")
        oracle = F.conv2d(*theirs, padding=1)
        torch.testing.assert_close(y, oracle)
        grad_y = torch.randn(y.shape[::-1], dtype=y.dtype).permute(3, 2, 1, 0).to(device)
        for mine, truth in zip(
            torch.autograd.grad(y, ours, grad_y),
            torch.autograd.grad(oracle, theirs, grad_y),
            strict=True,
        ):
            torch.testing.assert_close(mine, truth)


def test_second_derivatives_are_refused_and_not_silently_wrong(device):
    x = torch.randn(1, 2, 5, 5, dtype=torch.float64, device=device, requires_grad=True)
    weight = torch.randn(3, 2, 3, 3, dtype=torch.float64, device=device)
    y = conv2d(x, weight, algorithm="implicit_gemm").square().sum()
    (grad_x,) = torch.autograd.grad(y, x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad_x.sum().backward()


def test_missing_triton_is_explained(monkeypatch):
    monkeypatch.delitem(sys.modules, "cnnlib.pytorch.triton_kernels", raising=False)
    monkeypatch.delattr("cnnlib.pytorch.triton_kernels", raising=False)
    for name in [name for name in sys.modules if name.split(".")[0] == "triton"]:
        monkeypatch.delitem(sys.modules, name)
    real_import = builtins.__import__

    def without_triton(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] == "triton":
            raise ModuleNotFoundError("No module named 'triton'", name="triton")
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_triton)
    with pytest.raises(ModuleNotFoundError, match=r"pip install triton(.|\n)*algorithm='im2col'"):
        conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2), algorithm="implicit_gemm")


def test_a_tensor_on_the_cpu_is_refused_outside_the_interpreter(monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    with pytest.raises(ValueError, match=r"runs on a GPU, but x is on the CPU(.|\n)*INTERPRET=1"):
        conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2), algorithm="implicit_gemm")


def test_more_values_than_32_bits_count_are_refused():
    x = torch.empty(2**10, 2**9, 64, 65, device="meta")
    with pytest.raises(ShapeError, match="x has 2181038080 values"):
        conv2d(x, torch.empty(1, 2**9, 1, 1, device="meta"), algorithm="implicit_gemm")
