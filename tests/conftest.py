"""Fixtures for every test."""

import os
import zlib

# One thread each: several test processes with a thread pool each would stand in each other's way.
# The libraries read this when they are first imported.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np  # noqa: E402 -- after the lines above, on purpose
import pytest  # noqa: E402


@pytest.fixture
def rng(request):
    """Random numbers that depend on the test's name only: the same in any order, anywhere."""
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))


def pytest_runtest_setup(item):
    """Tests marked ``gpu`` are skipped, visibly, where there is no device for them."""
    if item.get_closest_marker("gpu"):
        torch = pytest.importorskip("torch")
        if not torch.cuda.is_available():
            pytest.skip("no CUDA device")
