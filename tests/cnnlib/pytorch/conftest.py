"""Where the tests of this room run: always on the CPU, and on a GPU where there is one."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator

import pytest
import torch

if not torch.cuda.is_available():
    # Triton reads this when it is first imported, so no test can set it in time.
    os.environ.setdefault("TRITON_INTERPRET", "1")
# Kernels are compiled or interpreted as the variable says when they are defined: define them now,
# before a test removes it for a moment. Without Triton their tests skip and say so.
with contextlib.suppress(ModuleNotFoundError):
    importlib.import_module("cnnlib.pytorch.triton_kernels")


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> str:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    return str(request.param)


def skip_unless_kernels_run_on(device: str) -> None:
    """Kernels are interpreted on the CPU, or compiled for the GPU: never both in one process."""
    if device == "cpu" and os.environ.get("TRITON_INTERPRET") != "1":
        pytest.skip("Triton's kernels are compiled for the GPU here")


@pytest.fixture(autouse=True)
def full_precision() -> Iterator[None]:
    """TF32 keeps 10 bits of the mantissa: a comparison against it proves nothing."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before
