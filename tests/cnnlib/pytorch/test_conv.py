"""conv2d against torch.nn.functional: every algorithm, every argument, forward and backward."""

from __future__ import annotations

import warnings

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings

from cnnlib.pytorch.conv import ALGORITHMS, conv2d
from cnnlib.pytorch.winograd import tile_size, transforms
from cnnlib.shapes import ShapeError
from tests.cnnlib.pytorch.conftest import skip_unless_kernels_run_on
from tests.cnnlib.pytorch.geometries import Convolution, convolutions

GENERAL = ["auto", "direct", "im2col", "fft"]
WINOGRAD = ["winograd", "winograd2", "winograd4"]
# Fewer for each algorithm than the profile says: there are seven.
quick = settings(max_examples=max(1, settings.default.max_examples // 2))


def assert_agrees(case: Convolution, algorithm: str, device: str) -> None:
    """Output and the gradients of x, weight and bias equal the library's, in float64."""
    ours, theirs = case.tensors(device), case.tensors(device)
    for tensor in [*ours, *theirs]:
        if tensor is not None:
            tensor.requires_grad_()
    y = conv2d(*ours, **case.arguments, algorithm=algorithm)
    with warnings.catch_warnings():  # PyTorch says that an even window with "same" costs it a copy
        warnings.filterwarnings("ignore", message="Using padding='same' with even kernel lengths")
        oracle = F.conv2d(*theirs, **case.arguments)
    torch.testing.assert_close(y, oracle, rtol=1e-10, atol=1e-10)
    grad_y = torch.randn(y.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y.backward(grad_y.to(device))
    oracle.backward(grad_y.to(device))
    for name, mine, truth in zip(("x", "weight", "bias"), ours, theirs, strict=True):
        if mine is not None:
            torch.testing.assert_close(
                mine.grad,
                truth.grad,
                rtol=1e-10,
                atol=1e-10,
                msg=lambda m, n=name: f"grad_{n}: {m}",
            )


@pytest.mark.parametrize("algorithm", GENERAL)
@given(case=convolutions())
@quick
def test_every_algorithm_agrees_with_torch_forward_and_backward(algorithm, device, case):
    assert_agrees(case, algorithm, device)


@pytest.mark.parametrize("algorithm", WINOGRAD)
@given(case=convolutions(kernel=(3, 3), max_stride=1, max_dilation=1))
@quick
def test_winograd_agrees_with_torch_forward_and_backward(algorithm, device, case):
    assert_agrees(case, algorithm, device)


@pytest.mark.parametrize("algorithm", ["direct", "im2col", "fft", "winograd2", "winograd4"])
def test_gradients_pass_the_numerical_check(algorithm, device):
    draw = torch.Generator().manual_seed(0)
    leaves = [
        torch.randn(shape, dtype=torch.float64, generator=draw).to(device).requires_grad_()
        for shape in [(2, 2, 5, 4), (4, 1, 3, 3), (4,)]
    ]
    assert torch.autograd.gradcheck(
        lambda x, w, b: conv2d(x, w, b, padding=1, groups=2, algorithm=algorithm), leaves
    )


@pytest.mark.parametrize("algorithm", GENERAL + WINOGRAD)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_result_keeps_the_dtype_and_is_near_the_float64_result(algorithm, dtype, device):
    case = Convolution((2, 8, 12, 9), (6, 8, 3, 3), True, {"padding": 1}, seed=3)
    tensors = case.tensors(device, dtype)
    y = conv2d(*tensors, **case.arguments, algorithm=algorithm)
    truth = F.conv2d(*(tensor.double() for tensor in tensors), **case.arguments)
    assert y.dtype == dtype
    error = ((y.double() - truth).abs().max() / truth.abs().max()).item()
    # A sum over taps rounds to the narrow type after each of its nine terms.
    assert error < {torch.float32: 5e-6, torch.bfloat16: 2e-2, torch.float16: 3e-3}[dtype]


@pytest.mark.parametrize("algorithm", GENERAL + WINOGRAD)
def test_one_image_without_a_batch_axis_gives_one_result_without_it(algorithm, device):
    case = Convolution((1, 4, 7, 6), (2, 4, 3, 3), True, {"padding": 1}, seed=4)
    x, weight, bias = case.tensors(device)
    y = conv2d(x[0], weight, bias, padding=1, algorithm=algorithm)
    torch.testing.assert_close(y, F.conv2d(x, weight, bias, padding=1)[0])


@pytest.mark.parametrize("algorithm", GENERAL + WINOGRAD)
def test_an_empty_batch_gives_an_empty_batch(algorithm, device):
    x, weight = torch.zeros(0, 4, 7, 6, device=device), torch.ones(2, 4, 3, 3, device=device)
    assert conv2d(x, weight, algorithm=algorithm).shape == (0, 2, 5, 4)


@pytest.mark.parametrize("algorithm", GENERAL + WINOGRAD)
def test_images_in_channels_last_order_give_the_same_result(algorithm, device):
    case = Convolution((2, 4, 7, 6), (2, 4, 3, 3), False, {}, seed=5)
    x, weight, _ = case.tensors(device)
    y = conv2d(x.to(memory_format=torch.channels_last), weight, algorithm=algorithm)
    torch.testing.assert_close(y, F.conv2d(x, weight))


def test_every_algorithm_is_covered_here():
    assert {*GENERAL, *WINOGRAD} == {*ALGORITHMS} - {"implicit_gemm"}


@pytest.mark.parametrize("m", [2, 4])
def test_winograd_transforms_turn_correlation_into_products(m):
    A, G, B = transforms(m)
    draw = torch.Generator().manual_seed(m)
    w = torch.randn(3, dtype=torch.float64, generator=draw)
    x = torch.randn(m + 2, dtype=torch.float64, generator=draw)
    y = A.T @ ((G @ w) * (B.T @ x))
    torch.testing.assert_close(y, torch.stack([w @ x[i : i + 3] for i in range(m)]))


def test_winograd_takes_large_tiles_unless_a_fifth_of_them_would_be_wasted():
    chosen = {size: tile_size((size, size)) for size in (4, 7, 14, 28, 56)}
    assert chosen == {4: 4, 7: 2, 14: 2, 28: 4, 56: 4}
    assert tile_size((4, 5)) == 2


def test_winograd_in_float32_is_as_accurate_as_the_page_says():
    case = Convolution((2, 128, 28, 28), (32, 128, 3, 3), False, {"padding": 1}, seed=6)
    x, weight, _ = case.tensors(dtype=torch.float32)
    truth = F.conv2d(x.double(), weight.double(), padding=1)

    def error(algorithm: str) -> float:
        y = conv2d(x, weight, padding=1, algorithm=algorithm)
        return ((y - truth).abs().max() / truth.abs().max()).item()

    assert error("winograd2") < 1e-6
    assert error("winograd2") < error("winograd4") < 4e-6


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"x": (2, 5, 5, 3)}, ShapeError, "C_in=5 channels but weight expects 3"),
        ({"x": (2, 5, 5, 3)}, ShapeError, r"x.permute\(0, 3, 1, 2\)"),
        ({"x": (5, 5)}, ShapeError, r"x has 2 axes, expected \(N, C, H, W\) or \(C, H, W\)"),
        ({"weight": (3, 3, 3)}, ShapeError, "weight has 3 axes, expected 4"),
        ({"bias": (3,)}, ShapeError, r"bias needs one number per filter\n.*expected \(4,\)"),
        ({"weight": (4, 3, 3, 6)}, ShapeError, "spans 6 pixels along W, .* image has 5"),
        ({"dilation": 3}, ShapeError, "spans 7 pixels along H"),
        ({"weight": (4, 3, 0, 3)}, ShapeError, "at least one tap"),
        ({"stride": 0}, ValueError, "stride"),
        ({"dilation": (1, 0)}, ValueError, "dilation"),
        ({"padding": -1}, ValueError, "padding"),
        ({"padding": "full"}, ValueError, "padding must be 'same', 'valid', an integer or a pair"),
        ({"padding": "same", "stride": 2}, ValueError, "padding='same' needs stride 1"),
        ({"groups": 2}, ShapeError, "weight expects 6"),
        ({"groups": 3, "weight": (4, 1, 3, 3)}, ShapeError, "C_out=4 filters cannot be shared"),
        ({"groups": 0}, ValueError, "groups"),
        ({"stride": (1, 1, 1)}, ValueError, "stride"),
        ({"stride": 1.5}, TypeError, "stride"),
        ({"algorithm": "magic"}, ValueError, "algorithm must be one of 'auto', 'direct'"),
        ({"algorithm": "winograd", "stride": 2}, ShapeError, "stride 1, dilation 1"),
        ({"algorithm": "winograd", "weight": (4, 3, 5, 5)}, ShapeError, "3 x 3 windows"),
        ({"algorithm": "winograd2", "dilation": 2}, ShapeError, "dilation 1"),
    ],
)
def test_what_cannot_be_computed_is_refused_in_words(arguments, error, words):
    shapes = {"x": (2, 3, 5, 5), "weight": (4, 3, 3, 3), "bias": (4,)}
    tensors = {name: torch.zeros(arguments.get(name, shape)) for name, shape in shapes.items()}
    others = {name: value for name, value in arguments.items() if name not in shapes}
    with pytest.raises(error, match=words):
        conv2d(**tensors, **others)


def test_integers_and_mixed_types_are_refused_with_their_cure():
    image, weight = torch.ones(1, 1, 3, 3, dtype=torch.uint8), torch.ones(1, 1, 2, 2)
    with pytest.raises(TypeError, match=r"x has dtype torch.uint8.*\n.*x.float\(\)"):
        conv2d(image, weight)
    with pytest.raises(TypeError, match=r"weight has dtype torch.float32.*\n.*weight.to"):
        conv2d(image.double(), weight)
    with pytest.raises(TypeError, match=r"x is a ndarray.*\n.*torch.as_tensor\(x\)"):
        conv2d(image.numpy(), weight)


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_mixed_precision_converts_for_every_algorithm_as_for_torch(algorithm, device):
    """Activations are narrow, weights are not; gradients come back in the type of their tensor."""
    if algorithm == "implicit_gemm":
        pytest.importorskip("triton", reason="Triton is not installed here")
        skip_unless_kernels_run_on(device)
    x, weight, _ = Convolution((2, 3, 6, 5), (4, 3, 3, 3), False, {}, 12).tensors(device)
    x, weight = x.bfloat16().requires_grad_(), weight.float().requires_grad_()
    with torch.autocast(device, dtype=torch.bfloat16):
        y = conv2d(x, weight, padding=1, algorithm=algorithm)
        theirs = F.conv2d(x, weight, padding=1)
    assert y.dtype == theirs.dtype == torch.bfloat16
    torch.testing.assert_close(y, theirs, rtol=0.05, atol=0.05)
    y.sum().backward()
    assert (x.grad.dtype, weight.grad.dtype) == (torch.bfloat16, torch.float32)
