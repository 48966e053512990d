import numpy as np
import pytest
import torch

from cnnlib.reference import init, optim
from cnnlib.reference.layers import Parameter
from cnnlib.shapes import ShapeError

CHOICES = {
    "SGD": ({"lr": 0.1}, {"lr": 0.1, "momentum": 0.9},
            {"lr": 0.05, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
            {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01}),
    "Adam": ({}, {"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3}, {"weight_decay": 0.1}),
    "AdamW": ({}, {"lr": 0.05, "weight_decay": 0.3}, {"weight_decay": 0.0}),
}  # fmt: skip
CASES = [(name, choice) for name, choices in CHOICES.items() for choice in choices]


@pytest.mark.parametrize(("name", "choice"), CASES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_step_equals_torchs(name, choice, dtype, rng):
    values = [rng.standard_normal(s).astype(dtype) for s in [(3, 2), (4,), (2,)]]
    ours = [Parameter(v.copy()) for v in values]
    theirs = [torch.tensor(v, requires_grad=True) for v in values]
    mine = getattr(optim, name)(ours, **choice)
    other = getattr(torch.optim, name)(theirs, **choice)
    for step in range(6):
        mine.zero_grad(), other.zero_grad()
        for index, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            if index == 2 and step in (0, 3):
                continue  # a parameter without a gradient rests, and keeps its own count
            a.grad = rng.standard_normal(a.value.shape).astype(dtype)
            b.grad = torch.tensor(a.grad)
        mine.step(), other.step()
        for a, b in zip(ours, theirs, strict=True):
            assert a.value.dtype == dtype
            tolerance = 1e-12 if dtype == np.float64 else 2e-6
            np.testing.assert_allclose(a.value, b.detach(), rtol=0, atol=tolerance)


def test_defaults_are_those_of_torch():
    import inspect

    for name in CHOICES:
        ours = inspect.signature(getattr(optim, name)).parameters
        theirs = inspect.signature(getattr(torch.optim, name)).parameters
        for argument, parameter in list(ours.items())[1:]:
            assert parameter.default == theirs[argument].default, (name, argument)


@pytest.mark.parametrize(
    ("name", "choice", "message"),
    [
        ("SGD", {"lr": -1}, "SGD: lr must be at least 0, but it is -1"),
        ("SGD", {"momentum": -0.1}, "SGD: momentum must be at least 0"),
        ("SGD", {"nesterov": True}, "nesterov needs a momentum and no dampening"),
        ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "but they are 0.9 and 0.1"),
        ("Adam", {"betas": (0.9, 1.0)}, r"betas\[1\] must be at least 0 and less than 1"),
        ("AdamW", {"eps": float("nan")}, "AdamW: eps must be at least 0, but it is nan"),
    ],
)
def test_what_torch_refuses_is_refused(name, choice, message):
    with pytest.raises(ValueError, match=message):
        getattr(optim, name)([Parameter(np.ones(1))], **choice)
    with pytest.raises(ValueError, match=r"[Ii]nvalid|Nesterov"):
        getattr(torch.optim, name)([torch.ones(1, requires_grad=True)], **choice)


def test_no_parameters_are_refused():
    with pytest.raises(ValueError, match="SGD: there are no parameters"):
        optim.SGD([])


SHAPE = (60, 40, 3, 3)


@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
@pytest.mark.parametrize("nonlinearity", ["relu", "tanh", "leaky_relu", "linear"])
def test_kaiming_draws_as_torch(mode, nonlinearity, rng):
    theirs = torch.nn.init.kaiming_normal_(torch.empty(SHAPE), 0.2, mode, nonlinearity)
    for draw in (init.kaiming_normal, init.kaiming_uniform):
        ours = draw(SHAPE, rng, 0.2, mode, nonlinearity)
        assert ours.dtype == np.float32
        assert abs(ours.mean()) < 0.02 * ours.std()
        assert ours.std() == pytest.approx(theirs.std().item(), rel=0.03)


def test_xavier_draws_as_torch(rng):
    theirs = torch.nn.init.xavier_normal_(torch.empty(SHAPE), 1.5)
    for draw in (init.xavier_normal, init.xavier_uniform):
        assert draw(SHAPE, rng, 1.5).std() == pytest.approx(theirs.std().item(), rel=0.03)


@pytest.mark.parametrize("draw", [init.kaiming_uniform, init.xavier_uniform])
def test_uniform_weights_fill_their_range(draw, rng):
    ours = np.abs(draw(SHAPE, rng)).ravel()
    assert np.quantile(ours, 0.5) == pytest.approx(ours.max() / 2, rel=0.05)


def test_gains_are_those_of_torch():
    for name in ("linear", "conv2d", "sigmoid", "tanh", "relu"):
        assert init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))
    for slope in (0.01, 0.3):
        assert init.calculate_gain("leaky_relu", slope) == pytest.approx(
            torch.nn.init.calculate_gain("leaky_relu", slope)
        )
    assert init.calculate_gain("leaky_relu") == torch.nn.init.calculate_gain("leaky_relu")


def test_unknown_names_and_vectors_are_refused(rng):
    with pytest.raises(ValueError, match="mode must be 'fan_in' or 'fan_out', but it is 'in'"):
        init.kaiming_uniform(SHAPE, rng, mode="in")
    with pytest.raises(ValueError, match=r"nonlinearity must be one of .* but it is 'step'"):
        init.kaiming_normal(SHAPE, rng, nonlinearity="step")
    for draw in (init.kaiming_normal, init.xavier_normal):
        with pytest.raises(ShapeError, match=r"shape \(3,\) must have at least the axes"):
            draw((3,), rng)
