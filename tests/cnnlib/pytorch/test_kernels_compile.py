"""The kernels compile for an H200, on any machine: Triton's compiler needs no GPU."""

import json
import os
import subprocess
import sys

import pytest

from cnnlib.pytorch.tiles import H200

pytest.importorskip(
    "triton", reason="Triton is not installed here; `pip install triton` on Linux x86-64"
)


@pytest.mark.slow
def test_kernels_compile_for_hopper_fit_its_memory_and_use_its_tensor_cores(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.cnnlib.pytorch.compile_kernels", "90"],
        env={**environment, "TRITON_CACHE_DIR": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 15
    for row in rows:
        assert row["shared"] <= H200.shared, row
        assert row["hopper tensor cores"] == (row["type"] in ("bf16", "fp16", "tf32")), row
        assert row["tensor cores"] == (row["type"] == "fp64"), row
        # Channels that are neighbours in memory arrive 16 bytes at a time, past the registers. Not
        # for the weights in TF32: Hopper multiplies it along rows only, so both sides are turned.
        turned = row["kernel"] == "weight_gemm" and row["type"] == "tf32"
        assert row["16-byte copies"] == (row["even"] and not turned), row
