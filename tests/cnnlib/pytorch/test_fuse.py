"""A folded convolution answers as the convolution and its batch norm did."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cnnlib.pytorch import fold_batch_norm
from cnnlib.shapes import ShapeError


def trained(conv: nn.Conv2d, **options: bool) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """A batch norm none of whose numbers is 0 or 1, behind ``conv``."""
    torch.manual_seed(0)
    bn = nn.BatchNorm2d(conv.out_channels, eps=0.01, **options)
    for number in (*bn.parameters(), *bn.buffers()):
        if number.is_floating_point():
            nn.init.uniform_(number, 0.5, 2.0)
    return conv.double(), bn.double().eval()


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize(
    "conv",
    [
        lambda: nn.Conv2d(3, 8, 3, padding=1, bias=False),
        lambda: nn.Conv2d(4, 6, (3, 2), stride=2, padding=1, dilation=2, groups=2),
        lambda: nn.Conv2d(3, 3, 3, padding="same", padding_mode="reflect"),
    ],
)
def test_folded_layer_gives_the_same_answers(conv, affine, relu, device):
    layer, bn = (module.to(device) for module in trained(conv(), affine=affine))
    x = torch.randn(2, layer.in_channels, 9, 8, dtype=torch.float64, device=device)
    expected = bn(layer(x))
    expected = expected.relu() if relu else expected
    folded = fold_batch_norm(layer, bn, relu=relu)
    torch.testing.assert_close(folded(x), expected, rtol=1e-12, atol=1e-12)


def test_original_layers_are_not_modified_and_share_nothing_with_the_folded_one():
    conv, bn = trained(nn.Conv2d(2, 3, 3))
    before = [number.clone() for number in (*conv.state_dict().values(), *bn.state_dict().values())]
    folded = fold_batch_norm(conv, bn)
    with torch.no_grad():
        folded.weight.zero_()
        folded.bias.zero_()
    after = [*conv.state_dict().values(), *bn.state_dict().values()]
    assert all(map(torch.equal, before, after))


def test_half_precision_weights_stay_half_precision():
    conv, bn = trained(nn.Conv2d(2, 3, 3))
    assert fold_batch_norm(conv.half(), bn.half()).weight.dtype == torch.float16


@pytest.mark.parametrize(
    ("conv", "bn", "error", "words"),
    [
        (nn.Conv2d(3, 8, 3), nn.BatchNorm2d(3).eval(), ShapeError, "8 filters but bn has 3"),
        (nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), ValueError, r"training mode(.|\n)*\.eval"),
        (
            nn.Conv2d(3, 8, 3),
            nn.BatchNorm2d(8, track_running_stats=False).eval(),
            ValueError,
            "no running statistics",
        ),
        (nn.ReLU(), nn.BatchNorm2d(8).eval(), TypeError, "got ReLU and BatchNorm2d"),
    ],
)
def test_what_cannot_be_folded_is_explained(conv, bn, error, words):
    with pytest.raises(error, match=words):
        fold_batch_norm(conv, bn)
