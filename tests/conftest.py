"""Fixtures for every test."""

import os
import shutil
import zlib

# One thread each: several test processes with a thread pool each would stand in each other's way.
# The libraries read this when they are first imported.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np  # noqa: E402 -- after the lines above, on purpose
import pytest  # noqa: E402

# Chromium without a sandbox of its own (tests may run as root) and without calls to its makers.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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


@pytest.fixture(scope="module")
def browser():
    """One Chromium for the tests of a file.

    Playwright keeps an event loop running as long as it is open. So it is closed with the file:
    tests that run notebooks, which have loops of their own, may follow.
    """
    found = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if found is None:
        reason = "no Chromium on this machine (Debian: apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}, and the browser tests must run here", pytrace=False)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()
