"""The GPU's part of the benchmark page: goals, what they are compared with, and measurements."""

import math
import statistics

from tests.benchmarks.workloads import LAYERS, Layer

LARGE = [name for name in LAYERS if not name.startswith(("lenet", "digits"))]
N = 64

# Name: (bytes of a number, TFLOP/s of an H200).
TYPES = {"bf16": (2, 989.0), "fp16": (2, 989.0), "tf32": (4, 494.0), "fp32": (4, 67.0)}
BYTES_PER_SECOND = 4.8e12  # HBM of an H200

ROWS = (
    "forward", "forward from (N, C, H, W)", "conv + bias + relu", "gradient of x",
    "gradient of weight",
)  # fmt: skip

# Ratio of cuDNN's time to ours, geometric mean over the eleven layers.
GOALS = {
    ("bf16", "forward"): 0.75, ("fp16", "forward"): 0.75, ("tf32", "forward"): 0.7,
    ("bf16", "gradient of x"): 0.6, ("bf16", "gradient of weight"): 0.6,
    ("bf16", "conv + bias + relu"): 1.0,
}  # fmt: skip

NOT_YET = """\
## GPU: not measured yet

The kernel that computes convolutions on a GPU ([how it works](performance-gpu.ipynb)) has never
been timed. Its results are tested on the CPU, in Triton's interpreter, and it is compiled for an
H200, which says nothing about speed. So there are goals here and no numbers. On a machine with an
NVIDIA GPU, this runs the tests that need one and makes the numbers:

```
TORCH=cuda make gpu
```
"""

MEASURED = """\
## GPU: {name}

The kernel that computes convolutions on a GPU ([how it works](performance-gpu.ipynb)) against
cuDNN, NVIDIA's library, on {machine}. `TORCH=cuda make gpu` measures it on yours; here it was

```
{command}
```
"""

PROTOCOL = """\
It measures the speed relative to cuDNN, NVIDIA's library, as a geometric mean over the eleven
larger layers, with batches of 64. Both sides get images in channels-last order and the same number
format. A speed of 1 is as fast as cuDNN; more is better.

| what | format | goal | measured | met |
|---|---|---|---|---|
"""

COLD = """\
### Layer by layer, {kind}

Speed relative to cuDNN with a cold cache, and how long the forward pass took. The floor is the time
that the arithmetic, or the traffic with memory, of an H200 takes at least.
"""


def work(layer: Layer, element_size: int) -> tuple[float, float]:
    """(FLOPs, bytes that must move at least once) of a forward pass of N images."""
    places = N * layer.places**2
    flops = 2.0 * places * layer.C_out * layer.K
    numbers = N * layer.C_in * layer.size**2 + layer.C_out * layer.K + places * layer.C_out
    return flops, float(numbers * element_size)


def floor_seconds(layer: Layer, kind: str) -> float:
    """The least time that the arithmetic or the memory of an H200 allows."""
    size, tera = TYPES[kind]
    flops, moved = work(layer, size)
    return max(flops / (tera * 1e12), moved / BYTES_PER_SECOND)


def combine(runs: list[list[dict]]) -> list[dict]:
    """One row from the same row of several processes: the median of each number."""

    def median(values):
        if isinstance(values[0], dict):
            return {key: median([value[key] for value in values]) for key in values[0]}
        return values[0] if isinstance(values[0], str) else statistics.median(values)

    return [median(list(same)) for same in zip(*runs, strict=True)]


def mean_speed(rows: list[dict], kind: str, what: str) -> tuple[float, bool] | None:
    """Geometric mean of cuDNN's time to ours, and whether all eleven layers are in it."""
    ratios = {
        row["layer"]: row["ratio"] for row in rows if (row["type"], row["row"]) == (kind, what)
    }
    if not ratios:
        return None
    return math.exp(statistics.mean(map(math.log, ratios.values()))), set(ratios) >= set(LARGE)


def in_short(numbers: dict | None) -> str:
    if numbers is None:
        return "**GPU:** not measured yet. The goals are at the end of the page."
    judged = [
        mean[0] >= goal
        for key, goal in GOALS.items()
        if (mean := mean_speed(numbers["rows"], *key)) is not None and mean[1]
    ]
    return (
        f"**GPU:** {numbers['machine']['GPU']}. Of {len(GOALS)} goals {sum(judged)} are met,"
        f" {len(judged) - sum(judged)} are missed, {len(GOALS) - len(judged)} are open."
    )


def section(numbers: dict | None) -> str:
    """The last part of the page; ``numbers`` as `bench_gpu` writes them, None before that."""
    if numbers is None:
        goals = [
            f"| {what} | {kind} | at least {goal:g} | not yet | open |"
            for (kind, what), goal in GOALS.items()
        ]
        return NOT_YET + "\n" + PROTOCOL + "\n".join(goals)
    machine, rows = numbers["machine"], numbers["rows"]
    others = ", ".join(f"{part} {what}" for part, what in machine.items() if part != "GPU")
    head = MEASURED.format(
        name=machine["GPU"], machine=f"one {machine['GPU']} ({others})", command=numbers["command"]
    )
    parts = [head, PROTOCOL + "\n".join(_goals(rows)), ""]
    for kind in dict.fromkeys(row["type"] for row in rows):
        parts += [COLD.format(kind=kind), *_layers(rows, kind), ""]
    return "\n".join([*parts, "### Rounding errors\n", *_errors(rows)])


def _goals(rows: list[dict]) -> list[str]:
    keys = [*GOALS, *((kind, what) for kind in TYPES for what in ROWS if (kind, what) not in GOALS)]
    lines = []
    for kind, what in keys:
        goal, mean = GOALS.get((kind, what)), mean_speed(rows, kind, what)
        if goal is None and mean is None:
            continue
        limit = "none" if goal is None else f"at least {goal:g}"
        measured = "not yet" if mean is None else f"{mean[0]:.2f}"
        verdict = "open" if goal is not None else ""
        if mean is not None and not mean[1]:
            measured += " (some layers)"
        elif mean is not None and goal is not None:
            verdict = "yes" if mean[0] >= goal else "**no**"
        lines.append(f"| {what} | {kind} | {limit} | {measured} | {verdict} |")
    return lines


def _layers(rows: list[dict], kind: str) -> list[str]:
    timed = {(row["layer"], row["row"]): row for row in rows if row["type"] == kind}
    names = list(dict.fromkeys(layer for layer, _ in timed))
    head = "| layer | " + " | ".join(ROWS) + " | cuDNN, ms | ours, ms | floor, ms |"
    lines = [head, "|---" * (len(ROWS) + 4) + "|"]
    for name in names:
        cells = [f"{timed[name, what]['ratio']:.2f}" for what in ROWS]
        ms = timed[name, "forward"]["ms"]
        floor = 1e3 * floor_seconds(LAYERS[name], kind)
        cells += [f"{value:.3f}" for value in (ms["cuDNN"], ms["ours"], floor)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _errors(rows: list[dict]) -> list[str]:
    lines = [
        "Largest error of the forward pass, relative to the largest value, against float64.\n",
        "| format | layer | cuDNN | ours | same bits twice |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        if row["row"] == "accuracy":
            bits = "yes" if row["same bits twice"] else "**no**"
            errors = f"{row['cuDNN']:.1e} | {row['ours']:.1e}"
            lines.append(f"| {row['type']} | {row['layer']} | {errors} | {bits} |")
    return lines
