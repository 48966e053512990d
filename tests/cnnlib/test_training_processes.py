"""Training as a program: killed in the middle and resumed, and shared between two processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).with_name("training_script.py")
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def arguments(folder, epochs, pause, *more):
    return [str(SCRIPT), str(folder), str(epochs), str(pause), *more]


def run(folder, epochs, *more):
    folder.mkdir(exist_ok=True)
    subprocess.run(
        [sys.executable, *arguments(folder, epochs, 0.0, *more)], env=ENVIRONMENT, check=True
    )
    return torch.load(folder / "final0.pt", weights_only=True)


def assert_same(one, other):
    assert one["history"] == other["history"]
    for name, value in one["model"].items():
        assert torch.equal(value, other["model"][name]), name


@pytest.mark.slow
def test_a_run_killed_in_the_middle_of_an_epoch_ends_with_the_same_weights(tmp_path):
    undisturbed = run(tmp_path / "whole", 3, "random")
    folder = tmp_path / "killed"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, *arguments(folder, 3, 0.05, "random")], env=ENVIRONMENT
    )
    path, deadline = folder / "run.pt", time.monotonic() + 120
    steps = 0
    # 180 samples in batches of 20 are 9 steps an epoch: wait for the middle of the second.
    while steps < 12:
        assert time.monotonic() < deadline, "the run never got into its second epoch"
        assert process.poll() is None, "the run ended before it could be killed"
        if path.exists():
            steps = torch.load(path, weights_only=True)["step"]
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    killed_at = torch.load(path, weights_only=True)["step"]
    assert killed_at % 9 != 0, "not between epochs"
    assert not (folder / "final0.pt").exists()
    assert_same(run(folder, 3, "random"), undisturbed)


@pytest.mark.slow
def test_two_processes_train_the_same_network_as_one(tmp_path):
    alone = run(tmp_path / "one", 2)
    together = tmp_path / "two"
    together.mkdir()
    subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
            *arguments(together, 2, 0.0),
        ],
        env=ENVIRONMENT, check=True, timeout=270,
    )  # fmt: skip
    first, second = (torch.load(together / f"final{rank}.pt", weights_only=True) for rank in (0, 1))
    assert_same(first, second)
    for name, value in alone["model"].items():
        if name.startswith("watcher"):
            continue  # statistics of a process's own share; equal at the end, see above
        torch.testing.assert_close(first["model"][name], value, atol=2e-5, rtol=1e-4)
    for column, values in alone["history"].items():
        assert first["history"][column] == pytest.approx(values, rel=1e-3), column
