"""How fast is the implicit-GEMM kernel on a GPU? Against cuDNN, on the eleven larger layers.

    python -m tests.benchmarks.bench_gpu                          # everything, Markdown on stdout
    python -m tests.benchmarks.bench_gpu --layers res2,res5 --types bf16

Both sides get images in channels-last order and no bias, cuDNN with ``benchmark = True``, and the
same precision of products, named in each row. Calls alternate in rounds, and a ratio is the median
of the quotients within a round; several processes, median again. "cold" flushes the cache between
calls, "hot" replays a CUDA graph, without launches. Tuning is excluded, its time is printed.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F

from cnnlib.pytorch.geometry import geometry
from cnnlib.pytorch.implicit_gemm import forward, gradient_of_weight, gradient_of_x, implicit_gemm
from cnnlib.pytorch.tuning import OPERATIONS, tune
from tests.benchmarks.workloads import LAYERS, Layer

LARGE = [name for name in LAYERS if not name.startswith(("lenet", "digits"))]
N = 64

# Name: (data, whether products of float32 may be TF32, TFLOP/s of an H200, unit round-off).
TYPES = {
    "bf16": (torch.bfloat16, False, 989.0, 2.0**-8),
    "fp16": (torch.float16, False, 989.0, 2.0**-11),
    "tf32": (torch.float32, True, 494.0, 2.0**-11),
    "fp32": (torch.float32, False, 67.0, 2.0**-24),
}
BYTES_PER_SECOND = 4.8e12  # HBM of an H200

# Ratio of cuDNN's time to ours, geometric mean over the eleven layers.
GOALS = {
    ("bf16", "forward"): 0.75, ("fp16", "forward"): 0.75, ("tf32", "forward"): 0.7,
    ("bf16", "gradient of x"): 0.6, ("bf16", "gradient of weight"): 0.6,
    ("bf16", "conv + bias + relu"): 1.0,
}  # fmt: skip


def work(layer: Layer, element_size: int) -> tuple[float, float]:
    """(FLOPs, bytes that must move at least once) of a forward pass of N images."""
    places = N * layer.places**2
    flops = 2.0 * places * layer.C_out * layer.K
    numbers = N * layer.C_in * layer.size**2 + layer.C_out * layer.K + places * layer.C_out
    return flops, float(numbers * element_size)


def floor_seconds(layer: Layer, kind: str) -> float:
    """The least time that the arithmetic or the memory of an H200 allows."""
    dtype, _, tera, _ = TYPES[kind]
    flops, moved = work(layer, dtype.itemsize)
    return max(flops / (tera * 1e12), moved / BYTES_PER_SECOND)


def alternate(
    pair: dict[str, Callable[[], Any]], timer: Callable[[Callable[[], Any]], float], rounds: int
) -> tuple[dict[str, float], float]:
    """Median time of each contender, and the median over rounds of first / second."""
    times: dict[str, list[float]] = {name: [] for name in pair}
    for turn in range(rounds):
        for name in list(pair) if turn % 2 == 0 else reversed(pair):
            times[name].append(timer(pair[name]))
    first, second = times.values()
    ratio = statistics.median(a / b for a, b in zip(first, second, strict=True))
    return {name: statistics.median(values) for name, values in times.items()}, ratio


@contextmanager
def precision(kind: str) -> Iterator[None]:
    """The same precision for both sides: cuDNN allows TF32 by default, a plain product does not."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = TYPES[kind][1]
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def data(layer: Layer, kind: str, device: str, batch: int = N) -> list[torch.Tensor]:
    """x, weight, bias and grad_y of one layer, images and filters in channels-last order."""
    draw = torch.Generator().manual_seed(0)
    sizes = [
        (batch, layer.C_in, layer.size, layer.size),
        (layer.C_out, layer.C_in // layer.groups, layer.kernel, layer.kernel),
        (layer.C_out,),
        (batch, layer.C_out, layer.places, layer.places),
    ]
    made = []
    for size in sizes:
        tensor = torch.randn(size, generator=draw).to(device, TYPES[kind][0])
        form = torch.channels_last if len(size) == 4 else torch.contiguous_format
        made.append(tensor.contiguous(memory_format=form))
    made[1] /= layer.K**0.5
    return made


def contenders(layer: Layer, tensors: list[torch.Tensor]) -> dict[str, dict[str, Any]]:
    """For each row of the table: cuDNN's call and ours."""
    x, weight, bias, grad_y = tensors
    g = geometry("bench", x, weight, bias, *layer.window)
    window = [[layer.stride] * 2, [layer.padding] * 2, [layer.dilation] * 2]

    def backward(*mask: bool) -> Callable[[], Any]:
        return lambda: torch.ops.aten.convolution_backward(
            grad_y, x, weight, None, *window, False, [0, 0], layer.groups, [*mask, False]
        )

    nchw, filters = x.contiguous(), weight.contiguous()
    return {
        "forward": {
            "cuDNN": lambda: F.conv2d(x, weight, None, *layer.window),
            "ours": lambda: forward(x, weight, None, g),
        },
        "forward from (N, C, H, W)": {
            "cuDNN": lambda: F.conv2d(nchw, filters, None, *layer.window),
            "ours": lambda: forward(nchw, filters, None, g),
        },
        "conv + bias + relu": {
            "cuDNN": lambda: F.conv2d(x, weight, bias, *layer.window).relu_(),
            "ours": lambda: implicit_gemm(x, weight, bias, g, relu=True),
        },
        "gradient of x": {
            "cuDNN": backward(True, False),
            "ours": lambda: gradient_of_x(grad_y, x, weight, g),
        },
        "gradient of weight": {
            "cuDNN": backward(False, True),
            "ours": lambda: gradient_of_weight(grad_y, x, weight, g),
        },
    }


def accuracy(layer: Layer, kind: str, device: str, batch: int = 4) -> dict[str, float]:
    """Largest error against float64, relative to the largest value, of cuDNN and of ours."""
    x, weight, _, _ = data(layer, kind, device, batch)
    g = geometry("bench", x, weight, None, *layer.window)
    truth = F.conv2d(x.double(), weight.double(), None, *layer.window)

    def error(y: torch.Tensor) -> float:
        return ((y.double() - truth).abs().max() / truth.abs().max()).item()

    with precision(kind):
        return {
            "cuDNN": error(F.conv2d(x, weight, None, *layer.window)),
            "ours": error(forward(x, weight, None, g)),
            "same bits twice": float(
                torch.equal(forward(x, weight, None, g), forward(x, weight, None, g))
            ),
        }


def clocks() -> str:
    """Clocks and the reason for a lower one, as the driver says."""
    query = "name,clocks.sm,clocks.mem,temperature.gpu,clocks_event_reasons.active"
    command = ["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "no nvidia-smi on this machine"
    return found.stdout.strip() or "nvidia-smi gave no answer"


def measure(names: list[str], kinds: list[str], rounds: int) -> list[dict[str, Any]]:
    from triton.testing import do_bench, do_bench_cudagraph

    torch.backends.cudnn.benchmark = True
    rows = []
    for kind in kinds:
        for name in names:
            layer = LAYERS[name]
            tensors = data(layer, kind, "cuda")
            x, weight = tensors[:2]
            g = geometry("bench", x, weight, None, *layer.window)
            with precision(kind):
                start = time.perf_counter()
                for operation in OPERATIONS:
                    tune(operation, x, weight, g)
                tuning = time.perf_counter() - start
                for row, pair in contenders(layer, tensors).items():
                    for call in pair.values():
                        call()  # cuDNN chooses its algorithm now
                    cold, ratio = alternate(
                        pair, lambda call: do_bench(call, return_mode="median"), rounds
                    )
                    with torch.cuda.stream(torch.cuda.Stream()):
                        hot, hot_ratio = alternate(pair, do_bench_cudagraph, rounds)
                    spread = do_bench(pair["ours"], quantiles=[0.2, 0.8])
                    rows.append(
                        {
                            "layer": name, "type": kind, "row": row, "ms": cold, "ratio": ratio,
                            "hot ms": hot, "hot ratio": hot_ratio, "spread": spread,
                        }
                    )  # fmt: skip
            rows.append(
                {"layer": name, "type": kind, "row": "accuracy", **accuracy(layer, kind, "cuda")}
            )
            print(f"{kind} {name}: tuned in {tuning:.0f} s; {clocks()}", file=sys.stderr)
    return rows


def combine(runs: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """One row from the same row of several processes: the median of each ratio."""
    combined = []
    for same in zip(*runs, strict=True):
        row = dict(same[0])
        for key in ("ratio", "hot ratio"):
            if key in row:
                row[key] = statistics.median(other[key] for other in same)
        combined.append(row)
    return combined


def markdown(rows: list[dict[str, Any]]) -> str:
    lines = [f"Machine: {clocks()}; torch {torch.__version__}", ""]
    lines += ["| type | row | speed relative to cuDNN | goal | met |", "|---|---|---|---|---|"]
    timed = [row for row in rows if "ratio" in row]
    for kind, name in dict.fromkeys((row["type"], row["row"]) for row in timed):
        ratios = [row["ratio"] for row in timed if (row["type"], row["row"]) == (kind, name)]
        mean = math.exp(statistics.mean(map(math.log, ratios)))
        goal = GOALS.get((kind, name))
        verdict = "" if goal is None else "yes" if mean >= goal else "no"
        lines.append(f"| {kind} | {name} | {mean:.2f} | {goal or ''} | {verdict} |")
    lines += [
        "",
        "| type | layer | row | cuDNN ms | ours ms | cold | hot | TFLOP/s | GB/s | of the floor |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in timed:
        layer = LAYERS[row["layer"]]
        flops, moved = work(layer, TYPES[row["type"]][0].itemsize)
        seconds = row["ms"]["ours"] / 1e3
        lines.append(
            f"| {row['type']} | {row['layer']} | {row['row']} | {row['ms']['cuDNN']:.4f} |"
            f" {row['ms']['ours']:.4f} | {row['ratio']:.2f} | {row['hot ratio']:.2f} |"
            f" {flops / seconds / 1e12:.0f} | {moved / seconds / 1e9:.0f} |"
            f" {floor_seconds(layer, row['type']) / seconds:.2f} |"
        )
    lines += [
        "",
        "| type | layer | error of cuDNN | of ours | same bits twice |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        if row["row"] == "accuracy":
            bits, errors = "yes" if row["same bits twice"] else "NO", (row["cuDNN"], row["ours"])
            lines.append(
                f"| {row['type']} | {row['layer']} | {errors[0]:.1e} | {errors[1]:.1e} | {bits} |"
            )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", default=",".join(LARGE))
    parser.add_argument("--types", default=",".join(TYPES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one process, its rows as JSON")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        print(
            "bench_gpu: no CUDA device on this machine, so there is nothing to measure.\n"
            "The kernel's logic is tested on the CPU: pytest tests/cnnlib/pytorch. For its speed,\n"
            "run this on a machine with an NVIDIA GPU and PyTorch built for CUDA.",
            file=sys.stderr,
        )
        return 2
    names, kinds = arguments.layers.split(","), arguments.types.split(",")
    if arguments.json:
        print(json.dumps(measure(names, kinds, arguments.rounds)))
        return 0
    command = [sys.executable, "-m", "tests.benchmarks.bench_gpu", "--json"]
    command += ["--layers", arguments.layers, "--types", arguments.types]
    command += ["--rounds", str(arguments.rounds)]
    runs = [
        json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        for _ in range(arguments.processes)
    ]
    print(markdown(combine(runs)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
