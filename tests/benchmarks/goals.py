"""What the library is meant to reach, and what it did reach."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks.timing import geometric_mean
from tests.benchmarks.workloads import MANY_CHANNELS

WIDE = ("SkylakeX", "Cooperlake", "SapphireRapids", "Zen5")  # kernels that use AVX-512

Run = dict  # of one process: machine, conv, others


@dataclass(frozen=True)
class Goal:
    """One number, and the limit that it should keep: with AVX2 and with AVX-512 kernels."""

    what: str
    limits: tuple[float, float]
    value: Callable[[Run], float]
    at_least: bool = False  # else: at most
    unit: str = ""  # else: a ratio

    def met(self, value: float, wide: bool) -> bool:
        limit = self.limits[wide]
        return value >= limit if self.at_least else value <= limit

    def shortfall(self, value: float, wide: bool) -> float:
        """By which share the limit is missed; negative if it is met."""
        limit = self.limits[wide]
        return 1 - value / limit if self.at_least else value / limit - 1

    def measure(self, runs: list[Run]) -> list[float]:
        """The number of each process; empty if these layers do not tell."""
        values = [self.value(run) for run in runs]
        return [value for value in values if value == value]


def is_wide(run: Run) -> bool:
    return kernels(run) in WIDE


def kernels(run: Run) -> str:
    """The kernels that OpenBLAS used in this run, by the name that it gives them."""
    return run["machine"]["NumPy"].split("kernels ")[1].split(",")[0]


def _conv(way: str, name: str, to: str, which: str = "all") -> Callable[[Run], float]:
    """Geometric mean over layers of one ratio of ``conv2d``."""

    def value(run: Run) -> float:
        rows = [r for r in run["conv"] if r["pass"] == way and name in r[f"to {to}"]]
        if which == "dense":
            rows = [r for r in rows if r["layer"] != "depthwise"]
        if which == "many channels":
            rows = [r for r in rows if r["layer"] in MANY_CHANNELS]
        return geometric_mean(r[f"to {to}"][name] for r in rows)

    return value


def _other(chosen: str, part: str, faster: bool = False) -> Callable[[Run], float]:
    """Geometric mean of times compared with PyTorch's; with ``faster``, of its inverse."""

    def value(run: Run) -> float:
        rows = [r["to torch"][part] for r in run["others"] if chosen in r["name"]]
        mean = geometric_mean(rows)
        return 1 / mean if faster else mean

    return value


def _error(name: str) -> Callable[[Run], float]:
    return lambda run: max(row["error"][name] for row in run["conv"])


def _memory(run: Run) -> float:
    return max(row["extra MiB"]["blocked"] - 2 * row["weights MiB"] for row in run["conv"])


# Each group: what its numbers are, and the goals.
GOALS: dict[str, list[Goal]] = {
    "Time, compared with the bare matrix product": [
        Goal("`blocked`, forward, 14 layers", (1.35, 1.6),
             _conv("forward", "blocked", "GEMM", "dense")),
        Goal("`blocked`, forward, the 8 with 64 channels or more", (1.15, 1.25),
             _conv("forward", "blocked", "GEMM", "many channels")),
        Goal("`blocked`, backward, 14 layers", (1.6, 1.9),
             _conv("backward", "blocked", "GEMM", "dense")),
        Goal("`blocked`, backward, the 8 with 64 channels or more", (1.25, 1.4),
             _conv("backward", "blocked", "GEMM", "many channels")),
    ],
    "Time, compared with PyTorch": [
        Goal("`blocked`, forward, 15 layers", (1.75, 1.25), _conv("forward", "blocked", "torch")),
        Goal("`blocked`, backward, 15 layers", (1.5, 1.25), _conv("backward", "blocked", "torch")),
        Goal("`auto`, forward, 15 layers", (1.45, 1.0), _conv("forward", "auto", "torch")),
        Goal("`auto`, backward, 15 layers", (1.2, 0.95), _conv("backward", "auto", "torch")),
        Goal("a training step of LeNet", (1.1, 1.1), _other("LeNet-5", "step")),
        Goal("a training step of a small network on digits", (1.1, 1.1), _other("digits", "step")),
        Goal("pooling, forward and backward", (1.0, 1.0), _other("/ 2", "both")),
        Goal("batch norm, forward and backward", (1.0, 1.0), _other("batch norm", "both")),
    ],
    "Times faster than PyTorch": [
        Goal("pooling, forward only", (8.0, 8.0), _other("/ 2", "forward", True), at_least=True),
        Goal("batch norm, forward only", (1.8, 1.8), _other("batch norm", "forward", True),
             at_least=True),
    ],
    "Times faster than other ways to write it in NumPy": [
        Goal("`blocked` faster than `strided`, forward", (1.1, 1.25),
             _conv("forward", "strided", "blocked"), at_least=True),
        Goal("`auto` faster than `strided`, forward", (1.3, 1.4),
             _conv("forward", "strided", "auto"), at_least=True),
        Goal("`auto` faster than `strided`, backward", (1.2, 1.2),
             _conv("backward", "strided", "auto"), at_least=True),
        Goal("`blocked` faster than `indexed`, forward", (2.5, 3.0),
             _conv("forward", "indexed", "blocked"), at_least=True),
        Goal("`blocked` faster than `indexed`, backward", (10.0, 12.0),
             _conv("backward", "indexed", "blocked"), at_least=True),
        Goal("`blocked` faster than `einsum`, forward", (30.0, 40.0),
             _conv("forward", "einsum", "blocked"), at_least=True),
    ],
    "Rounding and memory": [
        Goal("largest error of `blocked`, as a share of the largest result", (1e-6, 1e-6),
             _error("blocked")),
        Goal("largest error of `auto`", (4e-6, 4e-6), _error("auto")),
        Goal("memory of `blocked` beyond framed input, result and twice the weights", (2.0, 2.0),
             _memory, unit=" MiB"),
    ],
}  # fmt: skip


def compared_with_torch(way: str) -> Goal:
    """The goal of ``auto``, the default algorithm, over all layers."""
    (goal,) = [
        g for g in GOALS["Time, compared with PyTorch"] if g.what.startswith(f"`auto`, {way}")
    ]
    return goal


def judged(runs: list[Run]) -> list[tuple[str, Goal, list[float], bool]]:
    """Each goal that these runs can tell: group, goal, its numbers, and whether the median met."""
    wide = is_wide(runs[0])
    return [
        (group, goal, values, goal.met(statistics.median(values), wide))
        for group, goals in GOALS.items()
        for goal in goals
        if (values := goal.measure(runs))
    ]
