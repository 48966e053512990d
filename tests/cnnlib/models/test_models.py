"""The networks against their papers: parameters, shapes, structure, and published weights."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from cnnlib import models
from cnnlib.models.lenet import C3_INPUTS


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


# Published: LeCun et al. 1998 ("60,000 trainable parameters"), Caffe's AlexNet and GoogLeNet,
# torchvision's table of weights for the rest, He et al. 2016 table 6 for CIFAR (0.27 M, 0.46 M,
# 0.66 M, 0.85 M and 1.7 M).
COUNTS: list[tuple[Callable[[], nn.Module], int]] = [
    (models.lenet, 61_706),
    (lambda: models.lenet(size=32), 61_706),
    (models.lenet_1998, 60_000),
    (models.alexnet, 60_965_224),
    (models.alexnet_single_tower, 61_100_840),
    (models.vgg11, 132_863_336),
    (models.vgg13, 133_047_848),
    (models.vgg16, 138_357_544),
    (models.vgg19, 143_667_240),
    (lambda: models.vgg11(batch_norm=True), 132_868_840),
    (lambda: models.vgg13(batch_norm=True), 133_053_736),
    (lambda: models.vgg16(batch_norm=True), 138_365_992),
    (lambda: models.vgg19(batch_norm=True), 143_678_248),
    (models.googlenet, 6_998_552),
    (lambda: models.googlenet(auxiliary=True), 13_378_280),
    (lambda: models.googlenet(batch_norm=True, large=3), 6_624_904),
    (models.resnet18, 11_689_512),
    (models.resnet34, 21_797_672),
    (models.resnet50, 25_557_032),
    (models.resnet101, 44_549_160),
    (models.resnet152, 60_192_808),
    (lambda: models.resnet50(stride_in_1x1=True), 25_557_032),
    (lambda: models.cifar_resnet(20), 269_722),
    (lambda: models.cifar_resnet(32), 464_154),
    (lambda: models.cifar_resnet(44), 658_586),
    (lambda: models.cifar_resnet(56), 853_018),
    (lambda: models.cifar_resnet(110), 1_727_962),
    (lambda: models.cifar_resnet(20, option="B"), 269_722 + 16 * 32 + 64 + 32 * 64 + 128),
]


@pytest.mark.parametrize(("build", "count"), COUNTS)
def test_parameter_count_is_the_published_one(build, count):
    with torch.device("meta"):
        assert parameters(build()) == count


@pytest.mark.parametrize(
    ("build", "size"),
    [
        (models.lenet, (1, 28, 28)),
        (lambda: models.lenet(size=32, in_channels=3), (3, 32, 32)),
        (lambda: models.lenet(size=12), (1, 12, 12)),
        (models.lenet_1998, (1, 32, 32)),
        (lambda: models.cifar_resnet(20), (3, 32, 32)),
        (lambda: models.cifar_resnet(20, option="B"), (3, 30, 34)),
    ],
)
def test_small_networks_learn_one_batch(build, size):
    torch.manual_seed(0)
    network = build()
    x, labels = torch.randn(4, *size), torch.tensor([0, 3, 1, 9])
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(20):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(network(x), labels)
        loss.backward()
        assert all(parameter.grad is not None for parameter in network.parameters())
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize(
    ("build", "size"),
    [
        (models.alexnet, 227),
        (models.alexnet_single_tower, 224),
        (lambda: models.vgg11(batch_norm=True), 224),
        (models.googlenet, 224),
        (models.resnet18, 224),
        (models.resnet50, 224),
        (models.resnet50, 97),
    ],
)
def test_large_networks_map_images_to_logits(build, size):
    with torch.device("meta"):
        assert build().eval()(torch.empty(2, 3, size, size)).shape == (2, 1000)


def test_sparse_c3_of_1998_has_1516_parameters_and_sees_what_table_1_says():
    c3 = models.lenet_1998().features.c3
    assert parameters(c3) == 1_516
    assert [len(inputs) for inputs in C3_INPUTS] == [3] * 6 + [4] * 9 + [6]
    assert len(set(C3_INPUTS)) == 16
    x = torch.randn(1, 6, 14, 14, requires_grad=True)
    for number, inputs in enumerate(C3_INPUTS):
        (grad,) = torch.autograd.grad(c3(x)[0, number].sum(), x)
        reached = grad[0].abs().sum((1, 2)).nonzero().flatten().tolist()
        assert reached == sorted(inputs)
    # Table I has 10 crosses in each of its six rows.
    assert [sum(row in inputs for inputs in C3_INPUTS) for row in range(6)] == [10] * 6


def test_subsampling_of_1998_adds_four_pixels_and_is_trained():
    s2 = models.lenet_1998().features.s2
    assert parameters(s2) == 12
    with torch.no_grad():
        s2.coefficient.fill_(3.0)
        s2.bias.fill_(0.5)
    x = torch.arange(6 * 4.0).reshape(1, 6, 2, 2)
    assert torch.equal(s2(x).flatten(), 3 * x.sum((2, 3)).flatten() + 0.5)


def test_squashing_of_1998_keeps_plus_and_minus_one():
    squash = models.lenet_1998().features.squash1
    assert squash(torch.tensor([1.0, -1.0])).tolist() == pytest.approx([1.0, -1.0], abs=1e-4)


def test_output_of_1998_is_minus_the_squared_distance_to_a_fixed_code_of_signs():
    network = models.lenet_1998().eval()
    code = network.output.code
    assert set(code.unique().tolist()) == {-1.0, 1.0}
    assert torch.equal(code, models.lenet_1998().output.code)
    x = torch.randn(2, 1, 32, 32)
    features = network.features(x)
    expected = -torch.cdist(features, code).square()
    torch.testing.assert_close(network(x), expected, rtol=1e-4, atol=1e-4)


def test_two_groups_of_alexnet_do_not_see_each_other():
    conv2 = models.alexnet().features.conv2
    x = torch.randn(1, 96, 7, 7, requires_grad=True)
    (grad,) = torch.autograd.grad(conv2(x)[0, :128].sum(), x)
    assert grad[0, :48].abs().sum() > 0
    assert grad[0, 48:].abs().sum() == 0


def test_response_norm_of_alexnet_is_the_papers_formula():
    norm = models.alexnet().features.norm1
    x = torch.randn(1, 9, 2, 2)
    squares = x.square()
    for channel in (0, 4, 8):
        window = squares[:, max(0, channel - 2) : channel + 3].sum(1)
        expected = x[:, channel] / (2 + 1e-4 * window) ** 0.75
        torch.testing.assert_close(norm(x)[:, channel], expected)


def test_inception_stacks_four_branches_each_of_which_looks_as_far_as_its_window():
    block = models.Inception(8, (2, 3, 4, 5, 6, 7)).eval()
    x = torch.randn(1, 8, 11, 11, requires_grad=True)
    assert block(x).shape == (1, 2 + 4 + 6 + 7, 11, 11)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.fill_(0.1)
    reaches = []
    for channel in (0, 2, 6):
        (grad,) = torch.autograd.grad(block(x.abs())[0, channel, 5, 5], x)
        reaches.append(int((grad[0].abs().sum((0, 1)) > 0).sum()))
    assert reaches == [1, 3, 5]


def test_auxiliary_heads_answer_while_training_only():
    network = models.googlenet(num_classes=7, auxiliary=True)
    x = torch.randn(2, 3, 64, 64)
    outputs = network.train()(x)
    assert [output.shape for output in outputs] == [(2, 7)] * 3
    assert network.eval()(x).shape == (2, 7)


@pytest.mark.parametrize("kind", [models.BasicBlock, models.Bottleneck])
def test_residual_block_whose_residual_is_zero_passes_its_input_through_a_relu(kind):
    block = kind(4 * kind.expansion, 4).eval()
    last = block.bn2 if kind is models.BasicBlock else block.bn3
    nn.init.zeros_(last.weight)
    x = torch.randn(2, 4 * kind.expansion, 5, 6)
    before = x.clone()
    assert torch.equal(block(x), x.relu())
    assert torch.equal(x, before)


def test_option_a_takes_every_second_pixel_and_adds_maps_of_zeros():
    block = models.BasicBlock(3, 5, stride=2, option="A")
    assert parameters(block.shortcut) == 0
    x = torch.randn(1, 3, 6, 8)
    y = block.shortcut(x)
    assert torch.equal(y[:, :3], x[:, :, ::2, ::2])
    assert y.shape == (1, 5, 3, 4)
    assert not y[:, 3:].any()


@pytest.mark.parametrize(("early", "strides"), [(True, (2, 1)), (False, (1, 2))])
def test_stride_stands_where_it_is_asked_to(early, strides):
    block = models.resnet50(stride_in_1x1=early).conv3_x[0]
    assert (block.conv1.stride[0], block.conv2.stride[0]) == strides


# --- published weights -------------------------------------------------------------------------
# Names and shapes as in torchvision's files, written down from its documentation of the layers.


def torchvision_resnet(depth: int) -> dict[str, tuple[int, ...]]:
    blocks = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}[depth]
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 7, 7)}

    def bn(name: str, channels: int) -> None:
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{part}"] = (channels,)
        shapes[f"{name}.num_batches_tracked"] = ()

    bn("bn1", 64)
    channels = 64
    for stage, count in enumerate(blocks):
        maps = 64 * 2**stage
        out = maps * (4 if depth == 50 else 1)
        for index in range(count):
            at = f"layer{stage + 1}.{index}"
            windows = (1, 3, 1) if depth == 50 else (3, 3)
            sizes = [channels, maps, maps, out] if depth == 50 else [channels, maps, out]
            for number, window in enumerate(windows):
                shapes[f"{at}.conv{number + 1}.weight"] = (
                    sizes[number + 1], sizes[number], window, window,
                )  # fmt: skip
                bn(f"{at}.bn{number + 1}", sizes[number + 1])
            if index == 0 and (channels != out or stage > 0):
                shapes[f"{at}.downsample.0.weight"] = (out, channels, 1, 1)
                bn(f"{at}.downsample.1", out)
            channels = out
    shapes["fc.weight"], shapes["fc.bias"] = (1000, channels), (1000,)
    return shapes


def torchvision_plain(features: dict[int, tuple[int, ...]], classifier: dict[int, tuple[int, int]]):
    shapes: dict[str, tuple[int, ...]] = {}
    for place, layers in (("features", features), ("classifier", classifier)):
        for index, shape in layers.items():
            shapes[f"{place}.{index}.weight"] = shape
            shapes[f"{place}.{index}.bias"] = shape[:1]
    return shapes


ALEXNET = torchvision_plain(
    {0: (64, 3, 11, 11), 3: (192, 64, 5, 5), 6: (384, 192, 3, 3), 8: (256, 384, 3, 3),
     10: (256, 256, 3, 3)},
    {1: (4096, 9216), 4: (4096, 4096), 6: (1000, 4096)},
)  # fmt: skip
VGG11 = torchvision_plain(
    {0: (64, 3, 3, 3), 3: (128, 64, 3, 3), 6: (256, 128, 3, 3), 8: (256, 256, 3, 3),
     11: (512, 256, 3, 3), 13: (512, 512, 3, 3), 16: (512, 512, 3, 3), 18: (512, 512, 3, 3)},
    {0: (4096, 25088), 3: (4096, 4096), 6: (1000, 4096)},
)  # fmt: skip


def torchvision_googlenet() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}

    def block(name: str, maps: int, channels: int, window: int) -> None:
        shapes[f"{name}.conv.weight"] = (maps, channels, window, window)
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.bn.{part}"] = (maps,)
        shapes[f"{name}.bn.num_batches_tracked"] = ()

    block("conv1", 64, 3, 7)
    block("conv2", 64, 64, 1)
    block("conv3", 192, 64, 3)
    for name, channels, (one, r3, three, r5, five, pooled) in (
        ("3a", 192, (64, 96, 128, 16, 32, 32)), ("3b", 256, (128, 128, 192, 32, 96, 64)),
        ("4a", 480, (192, 96, 208, 16, 48, 64)), ("4b", 512, (160, 112, 224, 24, 64, 64)),
        ("4c", 512, (128, 128, 256, 24, 64, 64)), ("4d", 512, (112, 144, 288, 32, 64, 64)),
        ("4e", 528, (256, 160, 320, 32, 128, 128)), ("5a", 832, (256, 160, 320, 32, 128, 128)),
        ("5b", 832, (384, 192, 384, 48, 128, 128)),
    ):  # fmt: skip
        block(f"inception{name}.branch1", one, channels, 1)
        block(f"inception{name}.branch2.0", r3, channels, 1)
        block(f"inception{name}.branch2.1", three, r3, 3)
        block(f"inception{name}.branch3.0", r5, channels, 1)
        block(f"inception{name}.branch3.1", five, r5, 3)
        block(f"inception{name}.branch4.1", pooled, channels, 1)
    for name, channels in (("aux1", 512), ("aux2", 528)):
        block(f"{name}.conv", 128, channels, 1)
        shapes[f"{name}.fc1.weight"], shapes[f"{name}.fc1.bias"] = (1024, 2048), (1024,)
        shapes[f"{name}.fc2.weight"], shapes[f"{name}.fc2.bias"] = (1000, 1024), (1000,)
    shapes["fc.weight"], shapes["fc.bias"] = (1000, 1024), (1000,)
    return shapes


def weights(shapes: dict[str, tuple[int, ...]], fill: bool = True) -> dict[str, Tensor]:
    if not fill:
        return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    draw = torch.Generator().manual_seed(0)
    return {
        name: torch.rand(shape, generator=draw) if shape else torch.tensor(1)
        for name, shape in shapes.items()
    }


def test_resnet_takes_torchvisions_weights_to_the_right_places():
    published = weights(torchvision_resnet(18))
    network = models.resnet18()
    models.load_torchvision(network, published)
    assert torch.equal(network.conv4_x[1].conv2.weight, published["layer3.1.conv2.weight"])
    assert torch.equal(
        network.conv3_x[0].shortcut[0].weight, published["layer2.0.downsample.0.weight"]
    )
    assert torch.equal(network.conv5_x[0].bn1.running_var, published["layer4.0.bn1.running_var"])


@pytest.mark.parametrize(
    ("build", "shapes"),
    [
        (models.resnet50, torchvision_resnet(50)),
        (models.alexnet_single_tower, ALEXNET),
        (models.vgg11, VGG11),
        (
            lambda: models.googlenet(auxiliary=True, batch_norm=True, large=3),
            torchvision_googlenet(),
        ),
        (lambda: models.googlenet(batch_norm=True, large=3), torchvision_googlenet()),
    ],
)
def test_every_published_tensor_has_its_place(build, shapes):
    with torch.device("meta"):
        models.load_torchvision(build(), weights(shapes, fill=False))


def test_alexnets_layers_are_mapped_by_their_order():
    published = weights({k: v for k, v in ALEXNET.items() if "features" in k})
    network = models.alexnet_single_tower()
    names = {"conv1": 0, "conv2": 3, "conv3": 6, "conv4": 8, "conv5": 10}
    full = {**weights(ALEXNET), **published}
    models.load_torchvision(network, full)
    for name, index in names.items():
        layer = network.features.get_submodule(name)
        assert torch.equal(layer.weight, full[f"features.{index}.weight"])


def test_weights_that_do_not_fit_are_named():
    with torch.device("meta"):
        with pytest.raises(ValueError, match=r"does not fit ResNet(.|\n)*left over: conv2_x.0.bn3"):
            models.load_torchvision(models.resnet18(), weights(torchvision_resnet(50), False))
        with pytest.raises(ValueError, match=r"shape of fc.bias: file \(1000,\), model \(10,\)"):
            models.load_torchvision(models.resnet18(10), weights(torchvision_resnet(18), False))
        with pytest.raises(TypeError, match="no weights for LeNet"):
            models.load_torchvision(models.lenet(), {"x": torch.zeros(1)})


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: models.VGG(12), "depth must be one of"),
        (lambda: models.ResNet(20), "depth must be one of"),
        (lambda: models.cifar_resnet(21), "depth must be 6 n \\+ 2"),
        (lambda: models.cifar_resnet(20, option="C"), "option must be 'A'"),
        (lambda: models.lenet(size=10), "at least 12 pixels"),
    ],
)
def test_impossible_networks_are_refused_in_words(build, words):
    with pytest.raises(ValueError, match=words):
        build()
