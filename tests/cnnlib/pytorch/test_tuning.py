"""Tuning tries tiles that fit, and keeps the fastest one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch

from cnnlib.pytorch import tiles as tiles_of
from cnnlib.pytorch.geometry import geometry
from cnnlib.pytorch.tiles import Tile
from cnnlib.pytorch.tuning import OPERATIONS, candidates, tune
from tests.benchmarks.workloads import LAYERS
from tests.cnnlib.pytorch.conftest import skip_unless_kernels_run_on

pytest.importorskip(
    "triton", reason="Triton is not installed here; `pip install triton` on Linux x86-64"
)

TILES = [Tile(16, 16, 16), Tile(32, 16, 16), Tile(16, 32, 16)]


@pytest.fixture(autouse=True)
def where_kernels_run(request: pytest.FixtureRequest) -> None:
    if "device" in request.fixturenames:
        skip_unless_kernels_run_on(request.getfixturevalue("device"))


@pytest.fixture(autouse=True)
def nothing_tuned() -> Iterator[None]:
    yield
    tiles_of.TUNED.clear()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_fastest_tile_is_kept_for_the_layer(operation, device):
    x = torch.randn(1, 3, 6, 5, device=device)
    weight = torch.randn(4, 3, 3, 3, device=device)
    g = geometry("tune", x, weight, None, 1, 1, 1, 1)
    seconds = iter([3.0, 1.0, 2.0])
    results = []

    def measure(run: Callable[[], torch.Tensor]) -> float:
        results.append(run())
        return next(seconds)

    assert tune(operation, x, weight, g, measure, TILES) == TILES[1]
    key = tiles_of.tuning_key(operation, x, weight, g)
    assert dict(tiles_of.TUNED) == {key: TILES[1]}
    for result in results[1:]:  # every tile computes the same
        torch.testing.assert_close(result, results[0])


def test_tiles_that_do_not_fit_into_the_gpu_are_passed_over(device):
    from triton.runtime.errors import OutOfResources

    x, weight = torch.randn(1, 3, 6, 5, device=device), torch.randn(4, 3, 3, 3, device=device)
    g = geometry("tune", x, weight, None, 1, 1, 1, 1)

    def only_the_last(run: Callable[[], torch.Tensor]) -> float:
        if tiles_of.TUNED[tiles_of.tuning_key("forward", x, weight, g)] != TILES[2]:
            raise OutOfResources(300_000, 232_448, "shared memory")
        return 1.0

    assert tune("forward", x, weight, g, only_the_last, TILES) == TILES[2]
    with pytest.raises(ValueError, match="none of the tiles fits"):
        tune("forward", x, weight, g, only_the_last, TILES[:2])
    assert not tiles_of.TUNED


def test_unknown_operation_is_refused():
    with pytest.raises(ValueError, match="operation must be one of"):
        tune("backward", torch.ones(1), torch.ones(1), None)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("layer", ["res2", "stem7x7s2", "groups4", "depthwise", "point1x1"])
def test_candidates_differ_and_fit_the_product_and_the_gpu(layer, operation, dtype):
    layer = LAYERS[layer]
    sizes = (64, layer.C_in, layer.size, layer.size), (layer.C_out, layer.C_in // layer.groups)
    x = torch.empty(sizes[0], device="meta", dtype=dtype)
    weight = torch.empty(*sizes[1], layer.kernel, layer.kernel, device="meta", dtype=dtype)
    g = geometry("tune", x, weight, None, *layer.window)
    tiles = candidates(operation, x, weight, g)
    assert len(set(tiles)) == len(tiles) >= 6
    rows, columns, terms = tiles_of.product_sizes(operation, x, weight, g)
    for tile in tiles:
        for side, size in ((tile.m, rows), (tile.n, columns), (tile.k, terms)):
            assert side >= 16
            assert side & (side - 1) == 0
            assert side < 2 * max(16, size)
        assert tile.stages * (tile.m + tile.n) * tile.k * dtype.itemsize <= tiles_of.H200.shared
        assert tile.splits == 1 or tile.splits * tile.k * 4 <= terms


def test_the_first_candidates_leave_no_processor_idle():
    """A long sum with a small result is split; a product of many tiles is not."""
    x, weight = torch.empty(64, 64, 56, 56, device="meta"), torch.empty(64, 64, 3, 3, device="meta")
    g = geometry("tune", x, weight, None, 1, 1, 1, 1)
    first = candidates("gradient of weight", x, weight, g)[0]
    tiles = -(-64 // first.m) * -(-576 // first.n)
    assert tiles_of.H200.processors // 2 < tiles * first.splits <= 4 * tiles_of.H200.processors
    assert candidates("forward", x, weight, g)[0].splits == 1
