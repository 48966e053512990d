"""Tuning keeps the fastest tile; the GPU benchmark refuses where there is no GPU."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import torch

from cnnlib.pytorch import implicit_gemm as kernel
from cnnlib.pytorch.geometry import geometry
from cnnlib.pytorch.implicit_gemm import Tile
from cnnlib.pytorch.tuning import OPERATIONS, candidates, tune
from tests.benchmarks import bench_gpu
from tests.benchmarks.workloads import LAYERS, Layer

pytest.importorskip(
    "triton", reason="Triton is not installed here; `pip install triton` on Linux x86-64"
)

TILES = [Tile(16, 16, 16), Tile(32, 16, 16), Tile(16, 32, 16)]


@pytest.fixture(autouse=True)
def nothing_tuned() -> Iterator[None]:
    yield
    kernel.TUNED.clear()


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
    key = kernel.tuning_key(operation, x, weight, g)
    assert dict(kernel.TUNED) == {key: TILES[1]}
    for result in results[1:]:  # every tile computes the same
        torch.testing.assert_close(result, results[0])


def test_tiles_that_do_not_fit_into_the_gpu_are_passed_over(device):
    from triton.runtime.errors import OutOfResources

    x, weight = torch.randn(1, 3, 6, 5, device=device), torch.randn(4, 3, 3, 3, device=device)
    g = geometry("tune", x, weight, None, 1, 1, 1, 1)

    def only_the_last(run: Callable[[], torch.Tensor]) -> float:
        if kernel.TUNED[kernel.tuning_key("forward", x, weight, g)] != TILES[2]:
            raise OutOfResources(300_000, 232_448, "shared memory")
        return 1.0

    assert tune("forward", x, weight, g, only_the_last, TILES) == TILES[2]
    with pytest.raises(ValueError, match="none of the tiles fits"):
        tune("forward", x, weight, g, only_the_last, TILES[:2])
    assert not kernel.TUNED


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
    rows, columns, terms = kernel.product_sizes(operation, x, weight, g)
    for tile in tiles:
        for side, size in ((tile.m, rows), (tile.n, columns), (tile.k, terms)):
            assert side >= 16
            assert side & (side - 1) == 0
            assert side < 2 * max(16, size)
        assert tile.stages * (tile.m + tile.n) * tile.k * dtype.itemsize <= kernel.H200.shared
        assert tile.splits == 1 or tile.splits * tile.k * 4 <= terms


def test_the_first_candidates_leave_no_processor_idle():
    """A long sum with a small result is split; a product of many tiles is not."""
    x, weight = torch.empty(64, 64, 56, 56, device="meta"), torch.empty(64, 64, 3, 3, device="meta")
    g = geometry("tune", x, weight, None, 1, 1, 1, 1)
    first = candidates("gradient of weight", x, weight, g)[0]
    tiles = -(-64 // first.m) * -(-576 // first.n)
    assert kernel.H200.processors // 2 < tiles * first.splits <= 4 * kernel.H200.processors
    assert candidates("forward", x, weight, g)[0].splits == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_gpu_benchmark_refuses_without_a_gpu_and_says_what_to_do():
    command = [sys.executable, "-m", "tests.benchmarks.bench_gpu"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "no CUDA device" in done.stderr
    assert "machine with an NVIDIA GPU" in done.stderr


@pytest.mark.parametrize(
    ("layer", "kind", "microseconds"),
    [
        ("res2", "bf16", 15), ("res4", "tf32", 30), ("res5", "fp32", 221), ("down-s2", "bf16", 8),
        ("stem7x7s2", "bf16", 25), ("vgg1", "tf32", 45), ("point1x1", "bf16", 27),
        ("groups4", "fp32", 55), ("depthwise", "tf32", 21),
    ],
)  # fmt: skip
def test_floors_of_the_benchmark_are_those_of_the_machine(layer, kind, microseconds):
    floor = bench_gpu.floor_seconds(LAYERS[layer], kind) * 1e6
    assert floor == pytest.approx(microseconds, rel=0.06)


def test_benchmark_compares_calls_that_compute_the_same(device):
    layer = Layer(64, 4, 6, 6, 3, stride=2, padding=1, groups=2)
    tensors = bench_gpu.data(layer, "fp32", device, batch=2)
    with bench_gpu.precision("fp32"):
        for pair in bench_gpu.contenders(layer, tensors).values():
            theirs, ours = pair["cuDNN"](), pair["ours"]()
            if isinstance(theirs, tuple):
                theirs = next(grad for grad in theirs if grad is not None)
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_benchmark_reports_ratios_and_errors(device):
    times = iter([4.0, 2.0, 1.0, 5.0, 9.0, 3.0])  # the second round runs the other way round
    medians, ratio = bench_gpu.alternate(
        {"first": int, "second": int}, lambda _: next(times), rounds=3
    )
    assert medians == {"first": 5.0, "second": 2.0}
    assert ratio == 3.0  # of 4 / 2, 5 / 1 and 9 / 3
    errors = bench_gpu.accuracy(Layer(64, 4, 6, 6, 3), "fp32", device, batch=1)
    assert errors["ours"] < 1e-6
    assert errors["same bits twice"] == 1.0
    row = {"layer": "res2", "type": "bf16", "row": "forward", "ms": {"cuDNN": 0.02, "ours": 0.025},
           "ratio": 0.8, "hot ratio": 0.7}  # fmt: skip
    table = bench_gpu.markdown(
        bench_gpu.combine([[row], [{**row, "ratio": 0.9}], [{**row, "ratio": 0.5}]])
    )
    assert "| bf16 | forward | 0.80 | 0.75 | yes |" in table
    assert "| bf16 | res2 | forward | 0.0200 | 0.0250 | 0.80 | 0.70 |" in table
