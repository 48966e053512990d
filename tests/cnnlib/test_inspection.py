"""Saliency, Grad-CAM, activation maximisation and effective receptive fields against the maths."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cnnlib.inspection import (
    activations,
    effective_receptive_field,
    grad_cam,
    maximise_activation,
    saliency,
)
from cnnlib.shapes import receptive_field


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 5),
    )


@pytest.fixture
def x(rng):
    return rng.standard_normal((2, 3, 9, 11)).astype(np.float32)


def test_saliency_is_the_largest_slope_over_the_channels(rng):
    torch.manual_seed(0)
    smooth = nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(3 * 3 * 4, 5)
    ).double()
    x = rng.standard_normal((2, 2, 5, 6))
    heat = saliency(smooth, x, classes=[4, 1])
    assert heat.shape == (2, 5, 6)
    step = 1e-5
    for n, i, j in [(0, 0, 0), (0, 4, 5), (1, 2, 3)]:
        slopes = []
        for c in range(2):
            values = []
            for sign in (1, -1):
                moved = x.copy()
                moved[n, c, i, j] += sign * step
                with torch.no_grad():
                    values.append(float(smooth(torch.tensor(moved))[n, [4, 1][n]]))
            slopes.append(abs(values[0] - values[1]) / (2 * step))
        assert heat[n, i, j] == pytest.approx(max(slopes), rel=1e-4)


def test_without_classes_the_predicted_class_is_asked_about(model, x):
    model.eval()
    predicted = model(torch.from_numpy(x)).argmax(dim=1).numpy()
    np.testing.assert_array_equal(saliency(model, x), saliency(model, x, predicted))
    other = (predicted + 1) % 5
    assert not np.allclose(saliency(model, x), saliency(model, x, other))


def test_grad_cam_is_the_class_activation_map_of_a_network_that_averages(model, x):
    # Zhou et al. 2016: after global average pooling the map is the weighted sum of the channels.
    classes = [3, 0]
    maps = activations(model, x, ["2"])["2"]
    weight = model[6].weight.detach().numpy()[classes]
    plain = np.einsum("nc,nchw->nhw", weight, maps) / maps[0, 0].size
    expected = F.interpolate(
        torch.from_numpy(plain.clip(0))[:, None], (9, 11), mode="bilinear", align_corners=False
    )[:, 0]
    heat = grad_cam(model, x, "2", classes)
    assert heat.max() > 0
    np.testing.assert_allclose(heat, expected, atol=1e-6)


def test_grad_cam_of_a_layer_that_the_next_one_overwrites_is_right(model, x):
    # The ReLU after "1" works in place: asking for "1" must see values before it.
    assert activations(model, x, ["1"])["1"].min() < 0
    heat = grad_cam(model, x, "1", [0, 0])
    model[2] = nn.ReLU(inplace=False)
    np.testing.assert_allclose(heat, grad_cam(model, x, "1", [0, 0]), atol=1e-7)


def test_activations_come_in_the_order_asked_for_and_equal_the_forward_pass(model, x):
    kept = activations(model, x, ["6", "0"])
    assert list(kept) == ["6", "0"]
    model.eval()
    np.testing.assert_allclose(kept["6"], model(torch.from_numpy(x)).detach(), rtol=1e-6)
    np.testing.assert_allclose(kept["0"], model[0](torch.from_numpy(x)).detach(), rtol=1e-6)


def test_the_effective_field_of_summing_kernels_is_their_convolution():
    chain = nn.Sequential(nn.Conv2d(1, 1, 3, bias=False), nn.Conv2d(1, 1, 3, bias=False))
    for layer in chain:
        nn.init.ones_(layer.weight)
    influence = effective_receptive_field(chain, "1", shape=(1, 9, 9), samples=3)
    expected = np.zeros((9, 9))
    expected[2:7, 2:7] = np.outer([1, 2, 3, 2, 1], [1, 2, 3, 2, 1])
    np.testing.assert_allclose(influence, expected, atol=1e-5)


def test_the_effective_field_lies_inside_the_theoretical_one_at_every_place(model):
    torch.manual_seed(1)
    layers = [(5, 2, 2, 1), (3, 1, 0, 2), (2, 2, 0, 1)]
    chain = nn.Sequential(*(nn.Conv2d(2, 2, k, s, p, d) for k, s, p, d in layers))
    field = receptive_field(layers)
    for position in [(0, 0), (2, 1), None]:
        influence = effective_receptive_field(
            chain, "2", shape=(2, 31, 29), position=position, samples=4
        )
        size = chain(torch.zeros(1, 2, 31, 29)).shape[2:]
        place = position or (size[0] // 2, size[1] // 2)
        for axis, index, extent in zip((1, 0), place, (31, 29), strict=True):
            seen = np.flatnonzero(influence.max(axis=axis))
            first = field.start + index * field.jump
            assert seen[0] == max(first, 0)
            assert seen[-1] == min(first + field.size, extent) - 1


def test_a_maximised_picture_excites_its_channel_more_than_pictures_do(model, rng):
    image = maximise_activation(model, "2", 1, shape=(3, 16, 16), steps=40)
    assert image.shape == (3, 16, 16)
    assert image.min() >= 0
    assert image.max() <= 1
    reached = activations(model, image[None], ["2"])["2"][0, 1].mean()
    random = activations(model, rng.random((200, 3, 16, 16)), ["2"])["2"][:, 1].mean(axis=(1, 2))
    assert reached > random.max() + 5 * random.std()
    again = maximise_activation(model, "2", 1, shape=(3, 16, 16), steps=40)
    np.testing.assert_array_equal(image, again)


def test_models_are_left_as_they_were_and_inputs_too(model, x):
    model.train()
    model[3].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    original = x.copy()
    tensor = torch.from_numpy(x)
    with torch.no_grad():  # readers often are inside one
        saliency(model, tensor)
        grad_cam(model, tensor, "0")
    activations(model, x, ["0"])
    effective_receptive_field(model, "0", shape=(3, 9, 9), samples=2)
    maximise_activation(model, "0", 0, shape=(3, 9, 9), steps=2)
    with pytest.raises(ValueError, match="choose one before the picture is flattened"):
        grad_cam(model, x, "6")
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in before.items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.training
    assert not model[3].training
    assert not any(module._forward_hooks for module in model.modules())
    np.testing.assert_array_equal(x, original)


def test_mistakes_are_named(model, x):
    with pytest.raises(KeyError, match="no layer 'conv1'; it has 0, 1, 2"):
        activations(model, x, ["conv1"])
    with pytest.raises(ValueError, match=r"classes has shape \(3,\), but must be \(N,\) with N=2"):
        saliency(model, x, [0, 1, 2])
    with pytest.raises(ValueError, match=r"must give logits \(N, K\)"):
        saliency(model[0], x)
    with pytest.raises(ValueError, match=r"gives \(32, 5\), not \(N, C, h, w\)"):
        effective_receptive_field(model, "6", shape=(3, 9, 9))


def test_places_and_channels_that_a_layer_does_not_have_are_named():
    network = nn.Conv2d(1, 2, 3)
    with pytest.raises(
        IndexError, match=r"position \(3, 1\) lies outside layer '', .* 3 x 3 places"
    ):
        effective_receptive_field(network, "", shape=(1, 5, 5), position=(3, 1))
    with pytest.raises(IndexError, match="has channels 0 to 1, but channel is 2"):
        maximise_activation(network, "", 2, shape=(1, 5, 5))
    with pytest.raises(KeyError, match="it has none, it is one: call it ''"):
        activations(network, np.ones((1, 1, 5, 5)), ["conv"])
