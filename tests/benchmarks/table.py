"""The measurements as a page of the book."""

import statistics

from tests.benchmarks import gpu_table
from tests.benchmarks.goals import Goal, Run, compared_with_torch, is_wide, judged, kernels
from tests.benchmarks.timing import geometric_mean
from tests.benchmarks.workloads import LAYERS, Layer

INTRODUCTION = """\
# How fast the library is on a CPU

The NumPy functions of this course are written to be read. This page says what that costs, and
what it does not. Each `conv2d` was timed against PyTorch, against other common ways to write it in
NumPy, and against the floor under all of them: the matrix product alone, with its operands laid
out and nothing to copy. [Where the time goes on a CPU](performance-cpu.ipynb) explains the
algorithms.

A program wrote this page, on one machine. Other processors give other numbers. `make benchmark`
prints yours; this page was made by

```
{command}
```
"""

READING = """\
## How to read the numbers

- **A number without a unit is a ratio of times.** 1.3 in the column of an algorithm means that it
  took 1.3 times as long as what the table compares with. Less is better, except where the words
  "times faster" stand.
- **A ratio is a median of quotients.** In each round every contender runs once, in a new random
  order, and the quotient is taken within the round. Whatever disturbs the machine then disturbs
  both sides alike.{processes}
- **A mean over layers** is a geometric mean.
- **Everything ran on one thread, in float32.** {clock}
- **Forward against PyTorch and the product, the layers have no bias,** as in networks with batch
  normalisation; so the goals were set. PyTorch adds a bias on its way, NumPy in one more pass:
  "In short" says what that costs. Other ways in NumPy are compared with a bias.
- **Freed memory was kept for the next call.** Otherwise much of what is measured is the operating
  system handing out fresh pages. It helps all contenders.
- **Met** compares the median with a goal that was set before. A missed goal stays in the table.

`blocked` and `auto` are algorithms of `conv2d`. `blocked` is the plain sum, in pieces that fit the
cache. `auto`, the default, takes the algorithm that suits the layer. `strided`, `indexed` and
`einsum` are other common ways in NumPy, written for this comparison: one copy of all windows
through a strided view; the same copy through integer indices, with `np.add.at` on the way back, in
float64 as in numpy-ml; and `np.einsum` on a view, which takes so long that it runs against
`blocked` alone. PyTorch was given its usual order in memory, (N, C, H, W); the column "channels
last" is its other order.
"""

KERNELS = """\
NumPy hands its matrix products to OpenBLAS, which carries several sets of kernels and chooses one
when it is loaded. PyTorch brings its own. On this processor OpenBLAS chose its {default}
kernels{narrow}.
With `OPENBLAS_CORETYPE={forced}` in the environment it uses kernels for AVX-512 registers, which
are twice as wide. The NumPy code is the same. Both are shown, each with goals of its own.
"""

SOME_LAYERS = "The goals are about all layers, and this run has only some: nothing is judged here."


def markdown(sets: list[list[Run]], command: str, gpu: dict | None = None) -> str:
    """The page: for each set of kernels, the runs of its processes; then the GPU."""
    first, count = sets[0][0], len(sets[0])
    whole = bool(first["others"])
    parts = [INTRODUCTION.format(command=folded(command)), "## In short\n"]
    parts += [*(_in_short(sets, gpu) if whole else [SOME_LAYERS]), ""]
    processes = (
        f" Tables show the median of {count}\n  processes. In the tables of goals the smallest and"
        " the largest of them follow in brackets."
    )
    clock = (
        "Time is the processor time of that thread,\n  because other programs were running. They"
        " still took their share of the caches."
        if first["machine"]["clock"] == "cpu"
        else "Time is what a clock\n  on the wall shows."
    )
    parts += [READING.format(processes=processes if count > 1 else "", clock=clock)]
    parts += ["### The machine\n", *_machine(sets), "", "### The layers\n", *_layers(first), ""]
    for number, runs in enumerate(sets):
        parts += [f"## {title(runs[0], number)}\n"]
        if number == 0 and len(sets) > 1:
            parts += [_why_two(sets)]
        if whole:
            parts += ["### Goals\n", *_goals(runs), ""]
        for way in ("forward", "backward"):
            parts += [f"### `conv2d`, {way}\n", *_conv_tables(runs, way), ""]
        if whole:
            parts += ["### Other functions, and training steps\n", *_others(runs), ""]
    parts += [gpu_table.section(gpu)]
    return "\n".join(parts).rstrip() + "\n"


def title(run: Run, number: int) -> str:
    """A heading that says which kernels these are, and who chose them."""
    chosen = "chosen by OpenBLAS" if number == 0 else "chosen by hand"
    width = "AVX-512" if is_wide(run) else "AVX2"
    return f"{kernels(run)} kernels ({width}), {chosen}"


def _in_short(sets: list[list[Run]], gpu: dict | None) -> list[str]:
    lines = []
    for number, runs in enumerate(sets):
        verdicts, wide = judged(runs), is_wide(runs[0])
        measured = [(goal, statistics.median(values), met) for _, goal, values, met in verdicts]
        missed = [(goal, value) for goal, value, met in measured if not met]
        far = [(goal, value) for goal, value in missed if goal.shortfall(value, wide) > 0.1]
        forward, backward = (
            statistics.median(compared_with_torch(way).measure(runs))
            for way in ("forward", "backward")
        )
        lines += [
            f"**{title(runs[0], number)}**",
            "",
            f"- `conv2d` as it comes (`auto`) takes {_plain(forward)} times as long as PyTorch"
            f" forward and {_plain(backward)} times backward: the geometric mean of 15 layers.",
            f"- With a bias it takes {_plain(with_a_bias(runs))} times as long forward.",
            f"- Forward it is ahead of PyTorch in {_ahead(runs)}.",
            f"- Of {len(verdicts)} goals {len(verdicts) - len(missed)} are met,"
            f" {len(missed) - len(far)} are missed by a tenth or less, {len(far)} by more"
            + (": " + "; ".join(goal.what for goal, _ in far) if far else "")
            + ".",
            "",
        ]
    return [*lines, gpu_table.in_short(gpu)]


def with_a_bias(runs: list[Run]) -> float:
    """Time of ``auto`` forward compared with PyTorch's, where both add a bias: all layers."""
    return statistics.median(
        geometric_mean(
            row["with a bias"]["auto"] for row in run["conv"] if row["pass"] == "forward"
        )
        for run in runs
    )


def _ahead(runs: list[Run]) -> str:
    """Where the NumPy code takes less time than PyTorch, and where it is furthest behind."""
    rows = [
        list(same)
        for same in zip(*(run["conv"] for run in runs), strict=True)
        if same[0]["pass"] == "forward"
    ]
    ratios = {same[0]["layer"]: _median(same, "to torch", "auto") for same in rows}
    ahead = [f"{name} ({_plain(ratio)})" for name, ratio in ratios.items() if ratio < 1]
    worst = max(ratios, key=ratios.__getitem__)
    return f"{', '.join(ahead) or 'no layer'}; furthest behind in {worst} ({_plain(ratios[worst])})"


def _why_two(sets: list[list[Run]]) -> str:
    default, forced = (kernels(runs[0]) for runs in sets[:2])
    narrow = "" if is_wide(sets[0][0]) else ", which use the 256-bit registers of AVX2"
    return KERNELS.format(default=default, narrow=narrow, forced=forced)


def _machine(sets: list[list[Run]]) -> list[str]:
    machine = dict(sets[0][0]["machine"])
    machine.pop("clock")
    machine["PyTorch"] = machine.pop("torch")
    others = "".join(f"; second part: kernels {kernels(runs[0])}" for runs in sets[1:])
    machine["NumPy"] = machine["NumPy"].replace("(s)", "") + others
    return ["| part | what it is |", "|---|---|"] + [f"| {k} | {v} |" for k, v in machine.items()]


def folded(command: str) -> str:
    """A long command in lines that a page shows whole."""
    return command.replace(" --", " \\\n  --")


def _layers(run: Run) -> list[str]:
    names = dict.fromkeys(row["layer"] for row in run["conv"])
    head = "| layer | images | channels | size | window | million MACs |"
    return [head, "|---" * 6 + "|", *(_layer(name, LAYERS[name]) for name in names)]


def _layer(name: str, layer: Layer) -> str:
    def square(side: int) -> str:
        return f"{side}\u00a0×\u00a0{side}"

    extras = {
        "padding": (layer.padding, 0),
        "stride": (layer.stride, 1),
        "dilation": (layer.dilation, 1),
        "groups": (layer.groups, 1),
    }
    window = [square(layer.kernel)]
    window += [f"{what}\u00a0{value}" for what, (value, usual) in extras.items() if value != usual]
    macs = layer.N * layer.C_out * layer.places**2 * layer.K
    return (
        f"| {name} | {layer.N} | {layer.C_in}\u00a0→\u00a0{layer.C_out} | {square(layer.size)} |"
        f" {', '.join(window)} | {macs / 1e6:.1f} |"
    )


def _goals(runs: list[Run]) -> list[str]:
    wide, lines, group = is_wide(runs[0]), [], None
    for heading, goal, values, met in judged(runs):
        if heading != group:
            lines += [""] * bool(lines) + [f"**{heading}**", ""]
            lines += ["| what | goal | measured | met |", "|---|---|---|---|"]
            group = heading
        ends = [_plain(min(values)), _plain(max(values))]
        spread = f" ({ends[0]} to {ends[1]})" if ends[0] != ends[1] else ""
        measured = _times(goal, statistics.median(values)) + spread
        answer = "yes" if met else "**no**"
        lines.append(f"| {goal.what} | {_limit(goal, wide)} | {measured} | {answer} |")
    return lines


def _limit(goal: Goal, wide: bool) -> str:
    limit = goal.limits[wide]
    number = _plain(limit) if limit < 1e-3 else f"{limit:g}"
    return f"{'at least' if goal.at_least else 'at most'} {number}{goal.unit}"


def _times(goal: Goal, value: float) -> str:
    return _plain(value) + goal.unit


def _plain(value: float) -> str:
    """Two decimals, fewer for large numbers; millionths for errors."""
    if abs(value) < 1e-3:
        return f"{value * 1e6:.2g}\u00a0·\u00a010⁻⁶"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _median(rows: list[dict], *keys: str) -> float:
    """The median over processes of one number of a row."""
    values = []
    for row in rows:
        for key in keys:
            row = row[key]
        values.append(row)
    return statistics.median(values)


def _conv_tables(runs: list[Run], way: str) -> list[str]:
    rows = [
        list(same)
        for same in zip(*(run["conv"] for run in runs), strict=True)
        if same[0]["pass"] == way
    ]
    to_torch = [("channels last", "torch channels_last"), ("`blocked`",) * 2, ("`auto`",) * 2]
    to_product = [("PyTorch", "torch"), ("`blocked`",) * 2, ("`auto`",) * 2]
    peers = [(f"`{name}`",) * 2 for name in ("strided", "indexed", "einsum")]
    peers = [p for p in peers if any(p[1].strip("`") in row[0]["to blocked"] for row in rows)]
    return [
        "**Compared with PyTorch**", "",
        *_one_table(rows, ("PyTorch, ms", "torch"), "to torch", to_torch), "",
        "**Compared with the bare matrix product**", "",
        *_one_table(rows, ("product, ms", "GEMM"), "to GEMM", to_product), "",
        "**Other ways in NumPy, compared with `blocked`**", "",
        *_one_table(rows, ("`blocked`, ms", "blocked"), "to blocked", peers),
    ]  # fmt: skip


def _one_table(rows, unit, quotient, columns) -> list[str]:
    lines = [f"| layer | {unit[0]} | " + " | ".join(head for head, _ in columns) + " |"]
    lines += ["|---" * (len(columns) + 2) + "|"]
    for same in rows:
        names = [name.strip("`") for _, name in columns]
        if not any(name in same[0][quotient] for name in names):
            continue
        cells = [
            f"{_median(same, quotient, name):.2f}" if name in same[0][quotient] else "not run"
            for name in names
        ]
        milliseconds = f"{_median(same, 'ms', unit[1]):.3f}"
        lines.append(f"| {same[0]['layer']} | {milliseconds} | " + " | ".join(cells) + " |")
    return lines


def _others(runs: list[Run]) -> list[str]:
    parts = {"forward": "forward", "both": "forward and backward", "step": "training step"}
    lines = [
        "| function | part | PyTorch, ms | here, ms | times PyTorch |",
        "|---|---|---|---|---|",
    ]
    for same in zip(*(run["others"] for run in runs), strict=True):
        for part in same[0]["to torch"]:
            theirs, ours = _median(same, "ms", f"torch {part}"), _median(same, "ms", part)
            lines.append(
                f"| {same[0]['name']} | {parts[part]} | {theirs:.3f} | {ours:.3f} |"
                f" {_median(same, 'to torch', part):.2f} |"
            )
    return lines
