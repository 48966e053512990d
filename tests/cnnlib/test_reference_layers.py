import time

import numpy as np
import pytest
import torch
from torch import nn

from cnnlib.reference import layers, optim
from cnnlib.reference.lenet import lenet, training_step


def twin(layer, torchs):
    """Copy our parameters into torch's layer."""
    theirs = list(torchs.double().parameters())
    ours = layer.parameters()
    assert [p.value.shape for p in ours] == [tuple(p.shape) for p in theirs]
    with torch.no_grad():
        for mine, other in zip(ours, theirs, strict=True):
            other.copy_(torch.tensor(mine.value))
    return torchs


RNG = np.random.default_rng(5)
GIVEN = {"rng": RNG, "dtype": np.float64}
LAYERS = {
    "Conv2d": (
        lambda: layers.Conv2d(4, 6, (3, 2), 2, (1, 0), 1, 2, **GIVEN),
        lambda: nn.Conv2d(4, 6, (3, 2), 2, (1, 0), 1, 2),
    ),
    "Conv2d without bias": (
        lambda: layers.Conv2d(4, 6, 3, padding="same", bias=False, **GIVEN),
        lambda: nn.Conv2d(4, 6, 3, padding="same", bias=False),
    ),
    "ConvTranspose2d": (
        lambda: layers.ConvTranspose2d(4, 6, (3, 2), 2, 1, 1, 2, True, 1, **GIVEN),
        lambda: nn.ConvTranspose2d(4, 6, (3, 2), 2, 1, 1, 2, True, 1),
    ),
    "Linear": (lambda: layers.Linear(6, 3, **GIVEN), lambda: nn.Linear(6, 3)),
    "MaxPool2d": (
        lambda: layers.MaxPool2d(3, 2, 1, 1, True),
        lambda: nn.MaxPool2d(3, 2, 1, 1, ceil_mode=True),
    ),
    "AvgPool2d": (
        lambda: layers.AvgPool2d(3, 2, 1, True, False),
        lambda: nn.AvgPool2d(3, 2, 1, True, False),
    ),
    "AdaptiveAvgPool2d": (
        lambda: layers.AdaptiveAvgPool2d((2, None)),
        lambda: nn.AdaptiveAvgPool2d((2, None)),
    ),
    "BatchNorm2d": (
        lambda: layers.BatchNorm2d(4, 1e-3, 0.3, dtype=np.float64),
        lambda: nn.BatchNorm2d(4, 1e-3, 0.3),
    ),
    "BatchNorm2d without affine": (
        lambda: layers.BatchNorm2d(4, affine=False, dtype=np.float64),
        lambda: nn.BatchNorm2d(4, affine=False),
    ),
    "InstanceNorm2d": (
        lambda: layers.InstanceNorm2d(4, affine=True, dtype=np.float64),
        lambda: nn.InstanceNorm2d(4, affine=True),
    ),
    "GroupNorm": (
        lambda: layers.GroupNorm(2, 4, dtype=np.float64),
        lambda: nn.GroupNorm(2, 4),
    ),
    "LayerNorm": (
        lambda: layers.LayerNorm((4, 5, 6), dtype=np.float64),
        lambda: nn.LayerNorm((4, 5, 6)),
    ),
    "ReLU": (layers.ReLU, nn.ReLU),
    "Sigmoid": (layers.Sigmoid, nn.Sigmoid),
    "Tanh": (layers.Tanh, nn.Tanh),
    "Flatten": (layers.Flatten, nn.Flatten),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_layer_computes_and_learns_as_torch_nn(name, mode, rng):
    layer, torchs = (make() for make in LAYERS[name])
    torchs = twin(layer, torchs)
    for step in range(2):  # gradients add up, running statistics move
        x = rng.standard_normal((3, 4, 5, 6))
        leaf = torch.tensor(x, requires_grad=True)
        if step:
            getattr(layer, mode)(), getattr(torchs, mode)()
        y, expected = layer(x), torchs(leaf)
        np.testing.assert_allclose(y, expected.detach(), atol=1e-12)
        grad_y = rng.standard_normal(y.shape)
        expected.backward(torch.tensor(grad_y))
        np.testing.assert_allclose(layer.backward(grad_y), leaf.grad, atol=1e-11)
    for mine, other in zip(layer.parameters(), torchs.parameters(), strict=True):
        np.testing.assert_allclose(mine.grad, other.grad, atol=1e-11)
    if hasattr(layer, "running_mean"):
        np.testing.assert_allclose(layer.running_mean, torchs.running_mean)
        np.testing.assert_allclose(layer.running_var, torchs.running_var)


def test_learning_alone_leaves_out_only_the_gradient_of_the_input(rng):
    for bias in (True, False):
        net = layers.Sequential(
            layers.Conv2d(2, 3, 3, 2, bias=bias, **GIVEN), layers.ReLU(), layers.Flatten()
        )
        x = rng.standard_normal((4, 2, 7, 8))
        grad_y = rng.standard_normal(net(x).shape)
        net.backward(grad_y)
        whole = [p.grad for p in net.parameters()]
        for p in net.parameters():
            p.grad = None
        net.learn(grad_y)
        for p, expected in zip(net.parameters(), whole, strict=True):
            np.testing.assert_allclose(p.grad, expected, atol=1e-12)
    relu = layers.Sequential(layers.ReLU())
    relu(x)
    assert relu.learn(x) is None


@pytest.mark.parametrize("kind", [layers.Dropout, layers.Dropout2d])
def test_dropout_forgets_in_training_only_and_backward_forgets_the_same(kind, rng):
    layer = kind(0.5, rng=rng)
    x = rng.standard_normal((3, 4, 5, 6))
    y = layer(x)
    grad_y = rng.standard_normal(x.shape)
    np.testing.assert_allclose(layer.backward(grad_y) * x, grad_y * y, atol=1e-12)
    assert (y == 0).any()
    np.testing.assert_array_equal(layer.eval()(x), x)
    np.testing.assert_array_equal(layer.backward(grad_y), grad_y)


def test_train_and_eval_reach_every_layer_inside(rng):
    inner = layers.Sequential(layers.Dropout(rng=rng))
    net = layers.Sequential(layers.BatchNorm2d(1), inner)
    assert all(layer.training for layer in (net, net[0], inner, inner[0]))
    net.eval()
    assert not any(layer.training for layer in (net, net[0], inner, inner[0]))
    net.train()
    assert inner[0].training
    assert [type(layer).__name__ for layer in net] == ["BatchNorm2d", "Sequential"]


def test_backward_before_forward_is_answered_in_words():
    with pytest.raises(RuntimeError, match="MaxPool2d: backward needs the input of a forward call"):
        layers.MaxPool2d(2).backward(np.ones((1, 1, 1, 1)))


def test_first_weights_have_the_spread_of_torch_nn(rng):
    ours = layers.Conv2d(20, 300, 5, rng=rng)
    theirs = nn.Conv2d(20, 300, 5)
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        bound = 1 / np.sqrt(20 * 25)
        assert mine.value.dtype == np.float32
        assert mine.value.shape == tuple(other.shape)
        assert 0.95 * bound < np.abs(mine.value).max() <= bound
        assert mine.value.std() == pytest.approx(other.std().item(), rel=0.1)


def test_lenet_steps_as_the_same_network_in_torch(rng):
    ours = lenet(rng=rng, dtype=np.float64)
    theirs = twin(
        ours,
        nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        ),
    )  # fmt: skip
    mine = optim.SGD(ours.parameters(), lr=0.1, momentum=0.9)
    other = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        x, labels = rng.standard_normal((8, 1, 32, 32)), rng.integers(0, 10, 8)
        loss = training_step(ours, mine, x, labels)
        other.zero_grad()
        expected = nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(labels))
        expected.backward()
        other.step()
        assert loss == pytest.approx(expected.item(), abs=1e-10)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(a.value, b.detach(), atol=1e-10)


def test_lenet_learns_the_digits_in_numpy_alone():
    """At least 98 % of images it has never seen, in under a minute on one core."""
    from sklearn.datasets import load_digits
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(1)
    digits = load_digits()
    x = np.kron(digits.images / 16 - 0.3, np.ones((4, 4))).astype(np.float32)[:, None]
    order = rng.permutation(len(x))
    seen, unseen = order[360:], order[:360]
    network = lenet(rng=rng)
    optimiser = optim.Adam(network.parameters(), lr=2e-3)
    with threadpool_limits(1):
        start = time.process_time()
        for epoch in range(16):
            optimiser.lr = 2e-3 if epoch < 12 else 2e-4
            for batch in np.array_split(rng.permutation(seen), 45):
                moved = np.roll(x[batch], rng.integers(-3, 4, 2), (2, 3))  # new images for free
                training_step(network, optimiser, moved, digits.target[batch])
        assert time.process_time() - start < 60
    right = network.eval()(x[unseen]).argmax(axis=1) == digits.target[unseen]
    assert right.mean() >= 0.98


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (
            lambda rng: layers.Conv2d(5, 8, 3, groups=2, rng=rng),
            "Conv2d: in_channels=5 does not divide",
        ),
        (
            lambda rng: layers.Conv2d(4, 7, 3, groups=2, rng=rng),
            "Conv2d: out_channels=7 does not divide",
        ),
        (lambda rng: layers.Conv2d(4, 0, 3, rng=rng), "Conv2d: out_channels must be at least 1"),
        (
            lambda rng: layers.ConvTranspose2d(5, 8, 3, groups=2, rng=rng),
            "ConvTranspose2d: in_channels=5",
        ),
        (lambda rng: layers.Linear(0, 8, rng=rng), "Linear: in_features must be at least 1"),
    ],
)
def test_channels_that_fit_no_input_are_refused_when_the_layer_is_built(build, words, rng):
    with pytest.raises(ValueError, match=words):
        build(rng)


def test_layer_norm_takes_one_size_as_torch_does(rng):
    x = rng.standard_normal((2, 3, 5))
    layer = layers.LayerNorm(5, dtype=np.float64)
    expected = torch.nn.functional.layer_norm(torch.tensor(x), (5,))
    np.testing.assert_allclose(layer(x), expected, atol=1e-12)
