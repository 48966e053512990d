"""Costs and receptive fields against published numbers, and against the network itself."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cnnlib import models
from cnnlib.profile import profile
from cnnlib.shapes import receptive_field

IMAGE = (3, 224, 224)

# Parameters and multiply-adds as in torchvision's table of weights, whose column "GFLOPS" counts
# multiply-adds in units of 1e9.
PUBLISHED_COSTS = [
    (models.alexnet_single_tower, 61_100_840, 0.71),
    (models.vgg11, 132_863_336, 7.61),
    (models.vgg13, 133_047_848, 11.31),
    (models.vgg16, 138_357_544, 15.47),
    (models.vgg19, 143_667_240, 19.63),
    (lambda: models.vgg16(batch_norm=True), 138_365_992, 15.47),
    (lambda: models.googlenet(batch_norm=True, large=3), 6_624_904, 1.5),
    (models.resnet18, 11_689_512, 1.81),
    (models.resnet34, 21_797_672, 3.66),
    (models.resnet50, 25_557_032, 4.09),
    (models.resnet101, 44_549_160, 7.8),
    (models.resnet152, 60_192_808, 11.51),
]


@pytest.mark.parametrize(("build", "parameters", "giga"), PUBLISHED_COSTS)
def test_parameters_and_multiply_adds_equal_the_published_ones(build, parameters, giga):
    result = profile(build, IMAGE)
    assert result.parameters == parameters
    assert round(result.macs / 1e9, 2) == giga
    assert sum(layer.parameters for layer in result) == parameters


def pixels(result):
    """The last layer before global pooling or the classifier."""
    layers = [layer for layer in result if layer.field and "Adaptive" not in layer.kind]
    return layers[-1].field


# Receptive field, effective stride and padding from the table of Araujo, Norris and Sim, Distill
# 2019. Its ResNets jump where the paper's do not differ in size: as with the stride in the 1 x 1
# convolution. TensorFlow pads their first pooling on one side only, so 2 pixels less than here.
PUBLISHED_FIELDS = [
    (models.alexnet, (3, 227, 227), 195, 32, 64),
    (models.vgg16, IMAGE, 212, 32, 90),
    (lambda: models.resnet50(stride_in_1x1=True), IMAGE, 483, 32, 239 + 2),
    (lambda: models.resnet101(stride_in_1x1=True), IMAGE, 1027, 32, 511 + 2),
    (lambda: models.resnet152(stride_in_1x1=True), IMAGE, 1507, 32, 751 + 2),
]


@pytest.mark.parametrize(("build", "size", "field", "stride", "padding"), PUBLISHED_FIELDS)
def test_receptive_fields_equal_the_published_ones(build, size, field, stride, padding):
    result = profile(build, size)
    seen = pixels(result)
    assert seen.size == (field, field)
    assert seen.jump == (stride, stride)
    assert seen.padding == (padding, padding)
    assert not result.misalignments
    assert not result.unknown


def test_stride_in_the_3x3_makes_resnet50_see_less():
    assert pixels(profile(models.resnet50, IMAGE)).size == (427, 427)


def test_single_chain_agrees_with_the_formula_of_shapes():
    layers = [(3, 1, 1, 2), (2, 2, 0, 1), (5, 3, 4, 1), (3, 2, 1, 1)]
    chain = nn.Sequential(
        nn.Conv2d(1, 2, (3, 1), padding=(1, 0), dilation=(2, 1)),
        nn.AvgPool2d((2, 1)),
        nn.Conv2d(2, 2, (5, 1), stride=(3, 1), padding=(4, 0)),
        nn.MaxPool2d((3, 1), stride=(2, 1), padding=(1, 0)),
    )
    field = profile(chain, (1, 64, 5)).field
    assert field.rows == receptive_field(layers)
    assert field.columns == (1, 1, 0)


def seen_by(network, size, row, column):
    """Input rows and columns that change one output pixel, found by the gradient."""
    torch.manual_seed(0)
    for parameter in network.parameters():
        nn.init.uniform_(parameter, 0.1, 1.0)  # positive weights cannot cancel
    x = torch.rand(1, 2, *size, dtype=torch.float64, requires_grad=True)
    network.double()(x)[0, :, row, column].sum().backward()
    hit = x.grad[0].abs().sum(0)
    return hit.sum(1).nonzero().flatten().tolist(), hit.sum(0).nonzero().flatten().tolist()


class Branches(nn.Module):
    """Paths of every kind the profile knows, meeting by addition and by stacking."""

    def __init__(self, kernel: int = 3) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 4, (5, 3), stride=(2, 1), padding=(1, 2))
        self.deep = nn.Conv2d(4, 4, kernel, padding=(kernel - 1) // 2 * 2, dilation=2)
        self.step = nn.Conv2d(4, 4, 3, stride=2, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.stem(F.pad(x, (1, 0, 2, 1))))
        x = x + self.deep(x)[:, :, : x.shape[2], : x.shape[3]]
        wide = torch.cat([self.step(x), F.avg_pool2d(x, 3, 2, 1)], 1)
        return wide + torch.cat([x[:, :, ::2, ::2], x[:, :, ::2, ::2]], 1)


def test_field_is_exactly_what_the_gradient_reaches():
    result = profile(Branches(), (2, 40, 37))
    field = result.field
    rows, columns = seen_by(Branches(), (40, 37), 4, 9)
    top, left = field.rows.start + 4 * field.rows.jump, field.columns.start + 9 * field.columns.jump
    assert (rows[0], rows[-1] + 1) == (top, top + field.size[0])
    assert (columns[0], columns[-1] + 1) == (left, left + field.size[1])
    assert not result.misalignments


def test_paths_that_look_at_different_places_are_reported():
    class Skewed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.even = nn.Conv2d(2, 2, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.even(x) + x[:, :, :-1, :-1]

    result = profile(Skewed(), (2, 6, 6))
    (report,) = result.misalignments
    assert report.layer == "add"
    assert set(report.centres) == {(0.5, 0.5), (0.0, 0.0)}
    assert "misaligned: add: paths meet with centres" in str(result)
    assert result.field.size == (2, 2)


def test_paths_with_different_jumps_are_reported():
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool, self.crop = nn.MaxPool2d(2), nn.Conv2d(1, 1, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.pool(x) + self.crop(x)

    (report,) = profile(Mixed(), (1, 6, 6)).misalignments
    assert set(report.jumps) == {(2, 2), (1, 1)}


def test_each_kind_of_cost_by_hand():
    network = nn.Sequential(
        nn.Conv2d(4, 6, (3, 2), groups=2),  # (N, 6, 6, 7)
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(6, 3, 2, stride=2),  # (N, 3, 12, 14)
        nn.Flatten(),
        nn.Linear(3 * 12 * 14, 5, bias=False),
    )
    result = profile(network, (2, 4, 8, 8), dtype=torch.float16)
    conv, relu, up, flat, linear = result
    assert [layer.output_shape for layer in result][-1] == (2, 5)
    assert conv.macs == 2 * 6 * 6 * 7 * 2 * 3 * 2
    assert conv.parameters == 6 * 2 * 3 * 2 + 6
    assert conv.activation_bytes == 2 * 2 * 6 * 6 * 7
    assert (relu.macs, relu.parameters, relu.activation_bytes) == (0, 0, 0)  # in place
    assert up.macs == 2 * 6 * 6 * 7 * 3 * 2 * 2
    assert flat.activation_bytes == 0  # a view
    assert linear.macs == 2 * 3 * 12 * 14 * 5
    assert result.macs == conv.macs + up.macs + linear.macs
    assert up.field is None
    assert result.unknown == ("2",)


def test_activations_of_vgg16_are_the_15_237_608_numbers_of_its_table():
    """Input, convolutions, poolings and linear layers, each once: ReLU in place."""
    result = profile(models.vgg16, IMAGE)
    counted = [x for x in result if x.kind in ("Conv2d", "MaxPool2d", "Linear")]
    assert sum(x.activation_bytes for x in counted) // 4 + 3 * 224 * 224 == 15_237_608


def test_shared_module_is_paid_once_in_parameters_and_every_time_in_macs():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, padding=1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(self.conv(x))

    result = profile(Twice(), (3, 8, 8))
    assert result.parameters == 84
    assert [layer.parameters for layer in result] == [84, 0]
    assert result.macs == 2 * 81 * 64


def test_functions_cost_what_their_modules_cost():
    class Functional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernel, self.matrix = (
                nn.Parameter(torch.ones(4, 3, 3, 3)),
                nn.Parameter(torch.ones(7, 4)),
            )

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = F.max_pool2d(F.conv2d(x, self.kernel, None, 2, 1), 3, 2)
            return F.linear(x.mean((2, 3)), self.matrix) @ self.matrix

    modules = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False), nn.MaxPool2d(3, 2))
    functional, expected = profile(Functional(), (3, 20, 20)), profile(modules, (3, 20, 20))
    assert functional.macs == expected.macs + 4 * 7 + 7 * 4
    assert functional.parameters == expected.parameters + 28
    assert functional["max_pool2d"].field == expected["1"].field


T, D, HIDDEN = 16, 8, 32  # tokens, features and hidden features of the transformer below


class Patches(nn.Module):
    """A vision transformer in small: patches become tokens, tokens attend to each other."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, D, 4, stride=4)
        self.place = nn.Parameter(torch.zeros(1, T, D))
        self.block = nn.TransformerEncoderLayer(D, 2, HIDDEN, batch_first=True)
        self.head = nn.Linear(D, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2) + self.place
        return self.head(self.block(x).mean(1))


# What one call multiplies, by hand: (layer or network, one input, multiply-adds).
MULTIPLIED = {
    "transposed": (
        lambda: nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1),
        (3, 8, 9), 8 * 9 * 3 * 4 * 3 * 3,
    ),
    "transposed in groups": (lambda: nn.ConvTranspose2d(4, 6, (3, 2), groups=2), (4, 5, 6),
                             5 * 6 * 4 * 3 * 3 * 2),
    "LSTM": (lambda: nn.LSTM(3, 5), (7, 3), 7 * 4 * 5 * (3 + 5)),
    "attention": (lambda: nn.TransformerEncoderLayer(D, 2, HIDDEN), (T, D),
                  T * (4 * D * D + 2 * T * D + 2 * D * HIDDEN)),
    "vision transformer": (
        Patches, (3, 16, 16),
        T * 3 * 16 * D + T * (4 * D * D + 2 * T * D + 2 * D * HIDDEN) + D * 5,
    ),
    "upsampling": (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), (2, 3, 4), 0),
    "pixel shuffle": (lambda: nn.PixelShuffle(2), (8, 3, 4), 0),
    "group norm": (lambda: nn.GroupNorm(2, 4), (4, 3, 5), 0),
    "batch norm": (lambda: nn.BatchNorm2d(4), (4, 3, 5), 0),
}  # fmt: skip


@pytest.mark.parametrize("name", MULTIPLIED)
def test_layers_of_every_kind_cost_what_they_multiply(name):
    build, size, macs = MULTIPLIED[name]
    result, layer = profile(build, size), build().eval()
    assert result.macs == macs
    assert result.parameters == sum(parameter.numel() for parameter in layer.parameters())
    assert not result.unused
    y = layer(torch.zeros((1, *size) if len(size) == 3 else size))
    assert result.layers[-1].output_shape == tuple((y[0] if isinstance(y, tuple) else y).shape)


def test_products_of_any_spelling_are_counted():
    class Spelled(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            gram = torch.einsum("nchw,nkhw->nck", x, x)  # 3 x 3 sums of 20
            mixed = gram @ gram[0, 0]  # 3 sums of 3
            return mixed @ mixed[0]  # 1 sum of 3

    assert profile(Spelled(), (3, 4, 5)).macs == 9 * 20 + 9 + 3


def test_a_layer_alone_is_a_row_like_the_same_layer_in_a_network():
    alone, within = (
        profile(m, (3, 8, 8)) for m in (nn.Conv2d(3, 4, 3), nn.Sequential(nn.Conv2d(3, 4, 3)))
    )
    assert alone.layers == within.layers
    assert str(alone).startswith("Conv2d, input 1 x 3 x 8 x 8")


def test_pieces_of_the_channels_look_where_their_whole_looks():
    class Shuffled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.branch = nn.Conv2d(2, 4, 3), nn.Conv2d(2, 2, 3, padding=1)
            self.shuffle = nn.ChannelShuffle(2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            kept, seen = self.stem(x).chunk(2, dim=1)
            return self.shuffle(torch.cat([kept, F.hardswish(self.branch(seen))], 1)).abs()

    result = profile(Shuffled(), (2, 9, 9))
    assert not result.unknown
    rows, columns = seen_by(Shuffled(), (9, 9), 3, 2)
    assert result.field.size == (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1) == (5, 5)


@pytest.mark.parametrize(
    "layer",
    [nn.ConvTranspose2d(2, 2, 2, stride=2), nn.Upsample(scale_factor=2), nn.PixelShuffle(1),
     nn.Softmax(dim=3), nn.Unflatten(1, (2, 1))],
)  # fmt: skip
def test_where_the_field_is_not_known_the_table_says_so(layer):
    result = profile(nn.Sequential(nn.Conv2d(2, 2, 3), layer, nn.ReLU()), (2, 8, 8))
    assert [row.field is None for row in result] == [False, True, True]
    assert "receptive field unknown after: 1" in str(result)


def test_global_pooling_sees_the_whole_map_and_linear_layers_have_no_place():
    result = profile(models.lenet, (1, 28, 28))
    assert result["c5"].field is None
    pooled = profile(nn.Sequential(nn.Conv2d(1, 1, 3), nn.AdaptiveAvgPool2d(1)), (1, 9, 8))
    assert pooled.field.size == (9, 8)
    uneven = profile(nn.Sequential(nn.AdaptiveAvgPool2d(3)), (1, 8, 8))
    assert uneven.unknown == ("0",)


def test_weights_are_neither_allocated_nor_touched():
    network = models.lenet()
    network.train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    profile(network, (1, 28, 28))
    assert network.training
    assert all(not parameter.is_meta for parameter in network.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    # 100,000 x 100,000 numbers would be 40 gigabytes.
    assert profile(lambda: nn.Linear(10**5, 10**5), (1, 10**5)).parameters == 10**10 + 10**5


def test_heads_that_a_pass_does_not_use_are_named_but_counted():
    result = profile(lambda: models.googlenet(auxiliary=True), IMAGE)
    assert result.parameters == 13_378_280
    assert "auxiliary1.fc1.weight" in result.unused
    assert sum(layer.parameters for layer in result) == 6_998_552


def test_table_shows_every_layer_and_the_totals():
    result = profile(models.lenet, (1, 28, 28))
    lines = str(result).splitlines()
    assert lines[0] == "LeNet, input 1 x 1 x 28 x 28"
    assert re.match(r"c3 +Conv2d +1 x 16 x 10 x 10 +2,416 +240,000 +6,400 +14 +2 +2$", lines[6])
    assert lines[-1].split() == ["total", "61,706", "416,520", "58,408"]
    page = result._repr_html_()
    assert page.count("<tr>") == len(result) + 2
    assert "<td" in page
    assert "416,520" in page
    assert [len(column) for column in result.columns().values()] == [len(result)] * 9


def test_figure_has_a_bar_for_each_layer_that_costs_something():
    figure = profile(models.lenet, (1, 28, 28)).plot()
    assert "parameters: 61,706 in all, most in c5" in figure.alt_text
    with pytest.raises(ValueError, match="nothing to plot"):
        profile(nn.ReLU(), (1, 3, 3)).plot()


def test_a_slice_of_lenet_is_a_network_of_its_layers():
    network = models.lenet()
    front, back = network[:6], network[6:]
    assert type(front) is nn.Sequential
    assert [*dict(front.named_children())] == ["c1", "relu1", "s2", "c3", "relu3", "s4"]
    assert network[0] is front.c1
    x = torch.randn(2, 1, 28, 28)
    assert torch.equal(back(front(x)), network(x))
    assert profile(front, (1, 28, 28)).field.size == (16, 16)


def test_what_cannot_be_profiled_is_explained():
    class Decides(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x if x.sum() > 0 else -x

    with pytest.raises(ValueError, match=r"Decides cannot be traced(.|\n)*decides by the values"):
        profile(Decides(), (1, 4, 4))
    with pytest.raises(ValueError, match=r"an input of \(1, 3, 8, 8\) does not fit LeNet in c1"):
        profile(models.lenet, (3, 8, 8))
    with pytest.raises(TypeError, match=r"expected a torch\.nn\.Module"):
        profile(3, (1, 4, 4))
    with pytest.raises(TypeError, match="the function built a int"):
        profile(lambda: 3, (1, 4, 4))
    with pytest.raises(ValueError, match="input_size must be at least 1"):
        profile(nn.ReLU(), (1, 0, 4))
    with pytest.raises(KeyError, match="no layer is called 'c9'; the first are c1"):
        profile(models.lenet, (1, 28, 28))["c9"]
