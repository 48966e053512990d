"""What every test shares: fixtures, the order, and how much Hypothesis invents."""

import os
import shutil
import zlib

# One thread each: several test processes with a thread pool each would stand in each other's way.
# The libraries read this when they are first imported.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import hypothesis  # noqa: E402 -- after the lines above, on purpose
import numpy as np  # noqa: E402
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


# Files that take longest, longest first. A file stays in one process, which makes what its tests
# share only once; one that started last would keep the other processes waiting.
LONGEST = (
    "tests/site/test_in_browser.py",
    "tests/assignments/test_nbgrader.py",
    "tests/site/test_more_explorers.py",
    "tests/assignments/test_answers.py",
    "tests/assignments/test_demo_class.py",
    "tests/site/test_questions.py",
    "tests/project/test_setup_environment.py",
    "tests/site/test_runner.py",
    "tests/autograder/test_corpus.py",
    "tests/cnnlib/pytorch/test_implicit_gemm.py",
    "tests/cnnlib/test_plot_figures.py",
)

# A busy machine is slow, and that is no fault of the test.
PATIENT = {
    "deadline": None,
    "suppress_health_check": [
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.function_scoped_fixture,  # ours are the same for every example
    ],
}
# The same examples every time: a failure is of the change at hand, not of luck.
hypothesis.settings.register_profile("default", max_examples=60, derandomize=True, **PATIENT)
# Twenty times as many, and new ones every time; run every week.
hypothesis.settings.register_profile("slow", max_examples=1200, **PATIENT)
hypothesis.settings.register_profile(
    "mutation",  # only whether a test fails; not the smallest example
    max_examples=40,
    derandomize=True,
    database=None,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    **PATIENT,
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_modifyitems(items):
    """Start the longest files first."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))


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
