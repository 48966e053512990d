"""The functions that are PyTorch's own here: every argument arrives, every refusal is in words."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

import cnnlib.pytorch as room
from cnnlib.shapes import ShapeError
from tests.cnnlib.pytorch.geometries import transposed_convolutions


def draw(*shape: int, seed: int = 0, device: str = "cpu") -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(device)


# Every argument differs from its default, so that one that is dropped or swapped is seen.
CALLS: list[tuple[str, list[tuple[int, ...]], dict[str, Any]]] = [
    ("unfold", [(2, 3, 7, 8)],
     {"kernel_size": (2, 3), "dilation": (2, 1), "padding": (1, 2), "stride": (1, 3)}),
    ("fold", [(2, 12, 20)],
     {"output_size": (5, 9), "kernel_size": (2, 3), "dilation": (2, 1), "padding": (1, 0),
      "stride": (1, 2)}),
    ("pad", [(2, 3, 5, 6)], {"pad": (1, -2, 2, 0), "value": 1.5}),
    ("pad", [(2, 3, 5, 6)], {"pad": (1, 2, 3, 0), "mode": "reflect"}),
    ("pad", [(2, 3, 5, 6)], {"pad": (1, 2, 3, -1), "mode": "replicate"}),
    ("pad", [(2, 3, 5, 6)], {"pad": (1, 2, 3, -1), "mode": "circular"}),
    ("relu", [(2, 3)], {}),
    ("sigmoid", [(2, 3)], {}),
    ("tanh", [(2, 3)], {}),
    ("softmax", [(2, 3, 4)], {"dim": 2}),
    ("log_softmax", [(2, 3, 4)], {"dim": -2}),
    ("linear", [(2, 5, 4), (3, 4), (3,)], {}),
    ("layer_norm", [(2, 3, 4), (3, 4), (3, 4)], {"normalized_shape": (3, 4), "eps": 0.1}),
    ("group_norm", [(2, 6, 4), (6,), (6,)], {"num_groups": 3, "eps": 0.1}),
    ("instance_norm", [(2, 6, 4), (6,), (6,)], {"eps": 0.1}),
    ("batch_norm", [(4, 6, 3), (6,), (6,)],
     {"running_mean": None, "running_var": None, "training": True, "eps": 0.1}),
]  # fmt: skip

# Parameters that stand after other arguments are passed by name.
NAMES = {"layer_norm", "group_norm", "instance_norm", "batch_norm"}


@pytest.mark.parametrize(
    ("name", "shapes", "arguments"), CALLS, ids=[f"{c[0]}-{i}" for i, c in enumerate(CALLS)]
)
def test_output_and_gradients_are_torchs(name, shapes, arguments, device):
    results = []
    for function in (getattr(room, name), getattr(F, name, None) or getattr(torch, name)):
        leaves = [draw(*shape, device=device).requires_grad_() for shape in shapes]
        if name in NAMES:
            y = function(leaves[0], **arguments, weight=leaves[1], bias=leaves[2])
        else:
            y = function(*leaves, **arguments)
        y.backward(draw(*y.shape, seed=9, device=device))
        results.append([y.detach(), *(leaf.grad for leaf in leaves)])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["batch_norm", "instance_norm"])
def test_running_statistics_are_updated_in_place_as_torch_does(name, device):
    x, momentum = draw(4, 3, 5, device=device), 0.3
    states = []
    for function in (getattr(room, name), getattr(F, name)):
        mean, var = torch.zeros(3).to(x), torch.ones(3).to(x)
        options = {"training": True} if name == "batch_norm" else {}
        function(x, mean, var, momentum=momentum, **options)
        states.append((mean, var))
    torch.testing.assert_close(*states)
    assert states[0][0].abs().min() > 0


def test_batch_norm_at_test_time_uses_the_running_statistics(device):
    x, mean, var = (
        draw(4, 3, 5, device=device),
        draw(3, device=device),
        draw(3, device=device).exp(),
    )
    y = room.batch_norm(x, mean, var, eps=0.1)
    torch.testing.assert_close(y, (x - mean[:, None]) / (var[:, None] + 0.1).sqrt())


@pytest.mark.parametrize(
    ("shape", "target", "options"),
    [
        ((4, 3), [0, 2, -7, 1], {"ignore_index": -7, "reduction": "sum"}),
        ((4, 3), [0, 2, 2, 1], {"label_smoothing": 0.3}),
        ((4, 3), [0, 2, 2, 1], {"reduction": "none"}),
        ((4, 3), None, {"label_smoothing": 0.1}),
        ((2, 3, 2), [[0, 2], [2, 1]], {}),
        ((3,), 2, {}),
    ],
)
@pytest.mark.parametrize("weighted", [True, False])
def test_cross_entropy_is_torchs_with_every_option(shape, target, options, weighted, device):
    truth = draw(*shape, seed=1).softmax(1) if target is None else torch.tensor(target)
    weight = draw(3, seed=2, device=device).exp() if weighted else None
    results = []
    for function in (room.cross_entropy, F.cross_entropy):
        x = draw(*shape, device=device).requires_grad_()
        loss = function(x, truth.to(device), weight, **options)
        loss.sum().backward()
        results.append([loss.detach(), x.grad])
    torch.testing.assert_close(*results)


def test_softmax_without_an_axis_chooses_as_torch_and_stays_quiet():
    for shape in [(3,), (2, 3), (2, 3, 4), (1, 2, 3, 4)]:
        x = draw(*shape)
        axis = 0 if len(shape) in (1, 3) else 1
        assert torch.equal(room.softmax(x), torch.softmax(x, axis))
        assert torch.equal(room.log_softmax(x), torch.log_softmax(x, axis))


@pytest.mark.parametrize("algorithm", ["auto", "fold"])
@given(case=transposed_convolutions())
def test_conv_transpose2d_agrees_with_torch_forward_and_backward(algorithm, device, case):
    results = []
    for function, options in (
        (room.conv_transpose2d, {"algorithm": algorithm}),
        (F.conv_transpose2d, {}),
    ):
        x, weight, _ = case.tensors(device)
        bias = draw(weight.shape[1] * case.arguments["groups"], device=device)
        leaves = [tensor.requires_grad_() for tensor in (x, weight, bias)]
        y = function(*leaves, **case.arguments, **options)
        y.backward(draw(*y.shape, device=device))
        results.append([y.detach(), *(leaf.grad for leaf in leaves)])
    torch.testing.assert_close(*results, rtol=1e-10, atol=1e-10)


def test_conv_transpose2d_is_the_gradient_of_conv2d(device):
    x, weight = draw(2, 3, 8, 9, device=device).requires_grad_(), draw(4, 3, 3, 2, device=device)
    y = room.conv2d(x, weight, stride=(2, 3), padding=(1, 0))
    grad_y = draw(*y.shape, device=device)
    y.backward(grad_y)
    for algorithm in ("auto", "fold"):
        back = room.conv_transpose2d(
            grad_y,
            weight,
            stride=(2, 3),
            padding=(1, 0),
            output_padding=(1, 1),
            algorithm=algorithm,
        )
        torch.testing.assert_close(back, x.grad)


def test_windows_are_a_view_until_there_is_padding():
    x = draw(2, 3, 6, 7)
    view = room.windows(x, (2, 3), dilation=(2, 1), stride=(1, 2))
    assert view.shape == (2, 3, 4, 3, 2, 3)
    assert view.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    padded = room.windows(x[0], 3, padding=(0, 1))
    columns = room.unfold(x[:1], 3, padding=(0, 1))
    assert torch.equal(padded.permute(0, 3, 4, 1, 2).reshape(1, 27, -1), columns)


def test_dropout_keeps_the_mean_and_forgets_the_asked_share():
    torch.manual_seed(0)
    x = torch.ones(20000, requires_grad=True)
    y = room.dropout(x, 0.25)
    assert sorted(set(y.tolist())) == [0.0, pytest.approx(4 / 3)]
    assert (y == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())  # the mask is remembered, not drawn again


def test_dropout2d_forgets_whole_channels_of_single_images():
    torch.manual_seed(0)
    y = room.dropout2d(torch.ones(50, 40, 2, 3), 0.5)
    assert torch.equal(y, y[..., :1, :1].expand_as(y))
    forgotten = (y[..., 0, 0] == 0).float()
    assert forgotten.mean().item() == pytest.approx(0.5, abs=0.05)
    assert forgotten.std(0).min() > 0  # not the same channels in every image
    assert forgotten.std(1).min() > 0


def test_dropout_does_nothing_at_test_time():
    x = draw(3, 4, 5)
    assert torch.equal(room.dropout(x, 0.5, training=False), x)
    assert torch.equal(room.dropout2d(x, 0.5, training=False), x)


@pytest.mark.parametrize("name", room.__all__)
def test_integers_are_refused_by_every_function(name):
    if name == "fold_batch_norm":
        pytest.skip("takes layers, not tensors")
    images, vectors = torch.ones(1, 4, 4, 4, dtype=torch.int64), torch.ones(4, dtype=torch.int64)
    more: dict[str, tuple[Any, ...]] = {
        "conv2d": (images,), "conv_transpose2d": (images,), "windows": (2,), "unfold": (2,),
        "fold": (4, 2), "pad": ((1, 1),), "max_pool2d": (2,), "avg_pool2d": (2,),
        "adaptive_avg_pool2d": (1,), "batch_norm": (None, None), "layer_norm": ((4,),),
        "group_norm": (2,), "linear": (images[0, 0],), "cross_entropy": (vectors,),
    }  # fmt: skip
    with pytest.raises(TypeError, match=rf"^{name}: x has dtype torch.int64"):
        getattr(room, name)(images, *more.get(name, ()))


X = torch.zeros(2, 4, 5, 5)
K = torch.zeros(4, 3, 2, 2)
ONES = torch.ones(3)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: room.windows(X, 7), ShapeError, "window"),
        (lambda: room.windows(X[0, 0], 2), ShapeError, "windows: x has 2 axes"),
        (lambda: room.unfold(X, 7), ShapeError, "unfold: (.|\n)*Use a smaller kernel_size"),
        (lambda: room.unfold(X, 2, stride=0), ValueError, "unfold: stride must be at least 1"),
        (lambda: room.fold(X[0, :, :, 0], 3, 2), ShapeError, "same window arguments"),
        (lambda: room.fold(X, 3, 2), ShapeError, "fold: x has 4 axes"),
        (lambda: room.pad(X, (1, 1), "mirror"), ValueError, "mode must be one of 'constant'"),
        (lambda: room.pad(X, (1, 1), "reflect", 2.0), ValueError, "leave out value"),
        (lambda: room.pad(X, (1, 1, 1)), ShapeError, r"left, right, top, bottom"),
        (lambda: room.pad(X, (9, 1), "reflect"), ShapeError, "pad: (.|\n)*Pad less"),
        (lambda: room.pad(X[0, 0], (1,) * 4, "reflect"), ShapeError, "pad: (.|\n)*Pad less"),
        (lambda: room.pad(X, (1.5, 1)), TypeError, "pad: an amount of pad must be an integer"),
        (lambda: room.softmax(X, 4), ShapeError, "Name an axis of x"),
        (lambda: room.softmax(X, 1.0), TypeError, "softmax: dim must be an integer"),
        (lambda: room.linear(X, torch.zeros(3, 4)), ShapeError, r"flatten images first"),
        (lambda: room.cross_entropy(X[0, 0], torch.full((5,), 7)), ShapeError, "counted from 0"),
        (lambda: room.cross_entropy(X[0, 0], torch.ones(4).long()), ShapeError, "K classes"),
        (lambda: room.cross_entropy(X[0, 0], X[0, 0].double()), TypeError, "target has dtype"),
        (lambda: room.cross_entropy(X[0, 0], X[0, 0], ignore_index=1), ValueError, "needs classes"),
        (lambda: room.cross_entropy(X, X, reduction="avg"), ValueError, "'mean', 'sum' or 'none'"),
        (lambda: room.cross_entropy(X, X, label_smoothing=2), ValueError, "from 0 to 1"),
        (lambda: room.batch_norm(X, None, None), ValueError, "statistics must be given"),
        (lambda: room.batch_norm(X[:1, :, 0, 0], None, None, training=True), ValueError, "norm"),
        (lambda: room.batch_norm(X, ONES, ONES), ShapeError, "number per channel"),
        (lambda: room.layer_norm(X, (4,)), ShapeError, r"x must end in normalized_shape=\(4,\)"),
        (lambda: room.instance_norm(X[0, 0]), ShapeError, "must have pixels"),
        (lambda: room.instance_norm(X, use_input_stats=False), ValueError, "others must be given"),
        (lambda: room.instance_norm(X[..., :1, :1]), ValueError, "instance_norm"),
        (lambda: room.group_norm(X, 3), ShapeError, "do not divide into num_groups=3"),
        (lambda: room.group_norm(X, 0), ValueError, "num_groups must be at least 1"),
        (lambda: room.dropout(X, 1.5), ValueError, "p must be a probability"),
        (lambda: room.dropout2d(X[0, 0]), ShapeError, "must have channels of pixels"),
        (lambda: room.conv_transpose2d(X, torch.ones(3, 4, 2, 2)), ShapeError, "come first here"),
        (lambda: room.conv_transpose2d(X, K, padding=9), ShapeError, "leaves"),
        (lambda: room.conv_transpose2d(X, K, groups=3), ShapeError, "groups"),
        (lambda: room.conv_transpose2d(X, K, output_padding=2), ShapeError, "output"),
        (lambda: room.conv_transpose2d(X, K, algorithm="fft"), ValueError, "'fold'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_words(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_full_memory_is_not_blamed_on_the_arguments():
    from cnnlib.pytorch.arguments import refusing

    with pytest.raises(torch.OutOfMemoryError), refusing("conv2d", "cure"):
        raise torch.OutOfMemoryError("full")
