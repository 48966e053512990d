"""The GPU benchmark from end to end, on a CPU: kernels are interpreted, clocks are made up."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from cnnlib.pytorch import tiles as tiles_of
from cnnlib.pytorch.tiles import Tile
from tests.benchmarks import bench_gpu, gpu_table
from tests.benchmarks.workloads import LAYERS, Layer
from tests.cnnlib.pytorch.conftest import skip_unless_kernels_run_on

pytest.importorskip(
    "triton", reason="Triton is not installed here; `pip install triton` on Linux x86-64"
)

SMALL = {
    "few": Layer(64, 4, 6, 6, 3, stride=2, padding=1, groups=2),
    "one": Layer(64, 3, 5, 4, 1),
}


@pytest.fixture(autouse=True)
def nothing_tuned() -> Iterator[None]:
    yield
    tiles_of.TUNED.clear()


@pytest.fixture(scope="module", autouse=True)
def small_layers() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        for name, layer in SMALL.items():
            patch.setitem(LAYERS, name, layer)
        patch.setattr(gpu_table, "LARGE", list(SMALL))
        yield patch


def fake(ratio: float) -> bench_gpu.Timer:
    """A timer that runs the call and says that cuDNN takes ``ratio`` and ours takes 1."""
    turns = itertools.cycle([ratio, 1.0])

    def time(call: Callable[[], Any]) -> float:
        call()
        return next(turns)

    return time


@pytest.fixture(scope="module")
def measured(small_layers):
    """Rows of two formats, as a GPU would give them."""
    skip_unless_kernels_run_on("cpu")
    clocks = fake(0.5), fake(0.8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench_gpu, "OPERATIONS", ())  # tuning has a test of its own
        return {
            kind: bench_gpu.measure(list(SMALL), kind, 1, 1, clocks, device="cpu", batch=1)
            for kind in ("bf16", "fp32")
        }


def numbers(rows, name="NVIDIA H200"):
    return {
        "command": "python -m tests.benchmarks.bench_gpu",
        "machine": {"GPU": name},
        "rows": rows,
    }


def test_every_row_of_every_layer_is_timed_both_ways(measured):
    for kind, rows in measured.items():
        timed = [row for row in rows if "ratio" in row]
        assert [(r["layer"], r["row"]) for r in timed] == [
            (layer, row) for layer in SMALL for row in gpu_table.ROWS
        ]
        assert {row["type"] for row in rows} == {kind}
        assert {(row["ratio"], row["hot ratio"]) for row in timed} == {(0.5, 0.8)}
        errors = [row for row in rows if row["row"] == "accuracy"]
        assert len(errors) == len(SMALL)
        assert all(row["same bits twice"] == 1.0 for row in errors)
        assert all(row["ours"] < (1e-6 if kind == "fp32" else 2e-2) for row in errors)


def test_tuning_runs_for_every_operation_with_the_tiles_it_is_given(monkeypatch):
    skip_unless_kernels_run_on("cpu")
    monkeypatch.setattr(
        bench_gpu, "candidates", lambda *_: [Tile(16, 16, 16), Tile(32, 16, 16), Tile(16, 32, 16)]
    )
    bench_gpu.measure(["one"], "fp32", 1, 2, (fake(1.0), fake(1.0)), device="cpu", batch=1)
    assert {key[0] for key in tiles_of.TUNED} == set(bench_gpu.OPERATIONS)
    assert all(tile in (Tile(16, 16, 16), Tile(32, 16, 16)) for tile in tiles_of.TUNED.values())


def test_page_shows_goals_layers_and_errors(measured):
    section = gpu_table.section(numbers(measured["bf16"] + measured["fp32"]))
    assert section.startswith("## GPU: NVIDIA H200\n")
    assert "| forward | bf16 | at least 0.75 | 0.50 | **no** |" in section
    assert "| forward | fp16 | at least 0.75 | not yet | open |" in section
    assert "| forward | fp32 | none | 0.50 |  |" in section
    assert "### Layer by layer, bf16" in section
    assert section.count("| few | 0.50 | 0.50 | 0.50 | 0.50 | 0.50 |") == 2
    assert section.count("| yes |") == 4  # the same bits twice
    assert "Of 6 goals 0 are met, 4 are missed, 2 are open." in gpu_table.in_short(
        numbers(measured["bf16"])
    )


def test_some_layers_are_shown_but_not_judged(measured):
    rows = [row for row in measured["bf16"] if row["layer"] == "one"]
    section = gpu_table.section(numbers(rows))
    assert "| forward | bf16 | at least 0.75 | 0.50 (some layers) | open |" in section
    assert "0 are met, 0 are missed, 6 are open" in gpu_table.in_short(numbers(rows))


def test_a_met_goal_is_met(measured):
    rows = [{**row, "ratio": 0.75} for row in measured["bf16"] if "ratio" in row]
    assert "| forward | bf16 | at least 0.75 | 0.75 | yes |" in gpu_table.section(numbers(rows))


def test_median_of_processes_is_taken_of_every_number(measured):
    runs = [
        [{"layer": "one", "ratio": ratio, "ms": {"ours": 1 / ratio}}] for ratio in (0.8, 0.9, 0.5)
    ]
    assert gpu_table.combine(runs) == [{"layer": "one", "ratio": 0.8, "ms": {"ours": 1.25}}]


def test_short_runs_on_one_machine_make_up_a_long_one(measured):
    first = bench_gpu.merged(None, numbers(measured["fp32"]))
    both = bench_gpu.merged(first, numbers(measured["bf16"]))
    assert [row["type"] for row in both["rows"]] == ["bf16"] * 12 + ["fp32"] * 12
    again = bench_gpu.merged(both, numbers([{**measured["fp32"][0], "ratio": 9.0}]))
    assert [row["ratio"] for row in again["rows"] if row["type"] == "fp32"] == [9.0]
    other = numbers(measured["bf16"], name="another")
    assert bench_gpu.merged(both, other) == other


def test_command_measures_each_format_in_processes_of_its_own_and_keeps_the_numbers(
    measured, monkeypatch, tmp_path, capsys
):
    started = []

    def run(command, **_):
        started.append(command)
        kind = command[command.index("--types") + 1]
        return SimpleNamespace(stdout=json.dumps(measured[kind]))

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(bench_gpu, "gpu", lambda: {"GPU": "NVIDIA H200"})
    monkeypatch.setattr(subprocess, "run", run)
    kept = tmp_path / "gpu.json"
    words = ["--types", "bf16,fp32", "--processes", "2", "--layers", "few,one"]
    monkeypatch.setattr(sys, "argv", ["bench_gpu", *words, "--numbers", str(kept)])
    assert bench_gpu.main() == 0
    assert [command[command.index("--types") + 1] for command in started] == [
        "bf16", "bf16", "fp32", "fp32",
    ]  # fmt: skip
    written = json.loads(kept.read_text())
    assert written["rows"] == measured["bf16"] + measured["fp32"]
    assert written["command"].endswith("--layers few,one --types bf16,fp32 --processes 2")
    assert "## GPU: NVIDIA H200" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "words"),
    [(["--types", "int8"], "no format is called 'int8'"), (["--layers", "res9"], "no layer is")],
)
def test_unknown_names_are_refused_before_anything_is_measured(option, words, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bench_gpu", *option])
    with pytest.raises(SystemExit, match=words):
        bench_gpu.main()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_benchmark_refuses_without_a_gpu_and_says_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench_gpu"])
    assert bench_gpu.main() == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "no CUDA device" in said.err
    assert "machine with an NVIDIA GPU" in said.err


@pytest.mark.parametrize(
    ("layer", "kind", "microseconds"),
    [
        ("res2", "bf16", 15), ("res4", "tf32", 30), ("res5", "fp32", 221), ("down-s2", "bf16", 8),
        ("stem7x7s2", "bf16", 25), ("vgg1", "tf32", 45), ("point1x1", "bf16", 27),
        ("groups4", "fp32", 55), ("depthwise", "tf32", 21),
    ],
)  # fmt: skip
def test_floors_are_those_of_the_machine(layer, kind, microseconds):
    floor = gpu_table.floor_seconds(LAYERS[layer], kind) * 1e6
    assert floor == pytest.approx(microseconds, rel=0.06)


def test_what_is_compared_computes_the_same(device):
    skip_unless_kernels_run_on(device)
    tensors = bench_gpu.data(SMALL["few"], "fp32", device, batch=2)
    with bench_gpu.precision("fp32"):
        for pair in bench_gpu.contenders(SMALL["few"], tensors).values():
            theirs, ours = pair["cuDNN"](), pair["ours"]()
            if isinstance(theirs, tuple):
                theirs = next(grad for grad in theirs if grad is not None)
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_contenders_run_by_turns_and_a_ratio_is_taken_within_a_round():
    times = iter([4.0, 2.0, 1.0, 5.0, 9.0, 3.0])  # the second round runs the other way round
    medians, ratio = bench_gpu.alternate(
        {"first": int, "second": int}, lambda _: next(times), rounds=3
    )
    assert medians == {"first": 5.0, "second": 2.0}
    assert ratio == 3.0  # of 4 / 2, 5 / 1 and 9 / 3


@pytest.mark.gpu
def test_a_small_layer_is_measured_on_the_gpu():
    rows = bench_gpu.measure(["one"], "fp16", 1, 2, bench_gpu.timers())
    assert all(0.001 < row["ratio"] < 1000 for row in rows if "ratio" in row)
