"""How fast is the implicit-GEMM kernel on a GPU? Against cuDNN, on the eleven larger layers.

    python -m tests.benchmarks.bench_gpu --numbers tests/benchmarks/gpu.json   # everything
    python -m tests.benchmarks.bench_gpu --types bf16 --processes 1 --rounds 3 --numbers ...
    python -m tests.benchmarks --page tests/benchmarks/cpu.json \\
        --gpu tests/benchmarks/gpu.json --write book/benchmarks-cpu.md

Both sides get images in channels-last order and no bias, cuDNN with ``benchmark = True``, and the
same precision of products, named in each row. Calls alternate in rounds, and a ratio is the median
of the quotients within a round; several processes, median again. "cold" flushes the cache between
calls, "hot" replays a CUDA graph, without launches. Tuning is excluded, its time is printed.

The numbers of one format replace those of the same format in the file, which is written after each:
a run that is cut short loses one format, and several short runs make up a long one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from cnnlib.pytorch.geometry import geometry
from cnnlib.pytorch.implicit_gemm import forward, gradient_of_weight, gradient_of_x, implicit_gemm
from cnnlib.pytorch.tuning import OPERATIONS, candidates, tune
from tests.benchmarks.gpu_table import LARGE, TYPES, N, combine, section
from tests.benchmarks.workloads import LAYERS, Layer

DTYPES = {
    "bf16": torch.bfloat16, "fp16": torch.float16, "tf32": torch.float32, "fp32": torch.float32,
}  # fmt: skip

Timer = Callable[[Callable[[], Any]], float]


def alternate(
    pair: dict[str, Callable[[], Any]], timer: Timer, rounds: int
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
    torch.backends.cudnn.allow_tf32 = kind == "tf32"
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
        tensor = torch.randn(size, generator=draw).to(device, DTYPES[kind])
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


def gpu() -> dict[str, str]:
    """The machine, as the page names it."""
    import triton

    return {
        "GPU": torch.cuda.get_device_name(),
        "PyTorch": torch.__version__,
        "cuDNN": str(torch.backends.cudnn.version()),
        "Triton": triton.__version__,
    }


def clocks() -> str:
    """Clocks and the reason for a lower one, as the driver says."""
    query = "clocks.sm,clocks.mem,temperature.gpu,clocks_event_reasons.active"
    command = ["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "no nvidia-smi on this machine"
    return found.stdout.strip() or "nvidia-smi gave no answer"


def timers() -> tuple[Timer, Timer]:
    """With a cold cache, launches included; and hot, replayed from a CUDA graph."""
    from triton.testing import do_bench, do_bench_cudagraph

    def hot(call: Callable[[], Any]) -> float:
        with torch.cuda.stream(torch.cuda.Stream()):
            return float(do_bench_cudagraph(call, rep=10, return_mode="median"))

    return lambda call: float(do_bench(call, warmup=10, rep=50, return_mode="median")), hot


def measure(
    names: list[str],
    kind: str,
    rounds: int,
    tiles: int,
    times: tuple[Timer, Timer],
    device: str = "cuda",
    batch: int = N,
) -> list[dict[str, Any]]:
    """The rows of one number format. ``times`` are the two timers; the first one tunes, too."""
    torch.backends.cudnn.benchmark = True
    cold, hot = times
    rows: list[dict[str, Any]] = []
    for name in names:
        layer = LAYERS[name]
        tensors = data(layer, kind, device, batch)
        x, weight = tensors[:2]
        g = geometry("bench", x, weight, None, *layer.window)
        with precision(kind):
            start = time.perf_counter()
            for operation in OPERATIONS:
                tune(operation, x, weight, g, cold, candidates(operation, x, weight, g)[:tiles])
            tuning = time.perf_counter() - start
            for row, pair in contenders(layer, tensors).items():
                for call in pair.values():
                    call()  # cuDNN chooses its algorithm now
                ms, ratio = alternate(pair, cold, rounds)
                hot_ms, hot_ratio = alternate(pair, hot, rounds)
                rows.append(
                    {
                        "layer": name, "type": kind, "row": row, "ms": ms, "ratio": ratio,
                        "hot ms": hot_ms, "hot ratio": hot_ratio,
                    }
                )  # fmt: skip
        errors = accuracy(layer, kind, device, min(batch, 4))
        rows.append({"layer": name, "type": kind, "row": "accuracy", **errors})
        print(f"{kind} {name}: tuned in {tuning:.0f} s; {clocks()}", file=sys.stderr, flush=True)
    return rows


def merged(old: dict[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
    """``new`` measurements, and those of the other formats that the same machine made before."""
    if old is None or old["machine"] != new["machine"]:
        return new
    kinds = {row["type"] for row in new["rows"]}
    kept = [row for row in old["rows"] if row["type"] not in kinds]
    rows = sorted([*kept, *new["rows"]], key=lambda row: list(TYPES).index(row["type"]))
    return {**new, "rows": rows}


def named(what: str, given: str, known: list[str]) -> list[str]:
    """A comma-separated list of names that must be known."""
    names = given.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"bench_gpu: no {what} is called {unknown[0]!r}; there are {', '.join(known)}")
    return names


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--layers", default=",".join(LARGE))
    parser.add_argument("--types", default=",".join(TYPES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--tiles", type=int, default=12, help="how many to try for each operation")
    parser.add_argument("--numbers", type=Path, help="keep the measurements in this file")
    parser.add_argument("--json", action="store_true", help="one process, its rows as JSON")
    arguments = parser.parse_args()
    names = named("layer", arguments.layers, list(LAYERS))
    kinds = named("format", arguments.types, list(TYPES))
    if not torch.cuda.is_available():
        print(
            "bench_gpu: no CUDA device on this machine, so there is nothing to measure.\n"
            "The kernel's logic is tested on the CPU: pytest tests/cnnlib/pytorch. For its speed,\n"
            "run this on a machine with an NVIDIA GPU and PyTorch built for CUDA.",
            file=sys.stderr,
        )
        return 2
    if arguments.json:
        rows = measure(names, kinds[0], arguments.rounds, arguments.tiles, timers())
        print(json.dumps(rows))
        return 0
    words = ["python", "-m", "tests.benchmarks.bench_gpu"]
    for option in ("layers", "types", "rounds", "processes", "tiles"):
        if getattr(arguments, option) != parser.get_default(option):
            words += [f"--{option}", str(getattr(arguments, option))]
    numbers = {"command": " ".join(words), "machine": gpu(), "rows": []}
    for kind in kinds:
        command = [sys.executable, "-m", "tests.benchmarks.bench_gpu", "--json", "--types", kind]
        for option in ("layers", "rounds", "tiles"):
            command += [f"--{option}", str(getattr(arguments, option))]
        runs = [
            json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
            for _ in range(arguments.processes)
        ]
        numbers["rows"] += combine(runs)
        if arguments.numbers:
            old = json.loads(arguments.numbers.read_text()) if arguments.numbers.exists() else None
            arguments.numbers.write_text(json.dumps(merged(old, numbers), indent=1) + "\n")
            print(f"wrote {arguments.numbers}", file=sys.stderr, flush=True)
    print(section(numbers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
