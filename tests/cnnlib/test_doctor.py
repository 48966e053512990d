"""The doctor is asked when something is broken: it answers in words, whatever is broken."""

import importlib
import subprocess
import sys
from types import SimpleNamespace

import pytest

import cnnlib
from cnnlib.doctor import PACKAGES, examine

MODULE = sys.modules["cnnlib.doctor"]  # cnnlib.doctor itself is the function


def lines(findings):
    return {finding.name: finding.text for finding in findings}


def test_it_names_the_versions_that_are_imported(capsys):
    import numpy
    import torch

    cnnlib.doctor()
    printed = capsys.readouterr().out
    assert f"Python        {sys.version.split()[0]}\n" in printed
    assert f"cnnlib        {cnnlib.__version__}\n" in printed
    assert f"NumPy         {numpy.__version__}\n" in printed
    assert f"PyTorch       {torch.__version__.split('+')[0]}\n" in printed
    assert f"threads       {torch.get_num_threads()}, on " in printed
    assert printed.endswith("Everything that the chapters need is here.\n")


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_that_is_missing_is_a_line_and_a_cure(name, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, name, None)  # what import sees when there is none
    called, needed_for = PACKAGES[name]
    cnnlib.doctor()
    printed = capsys.readouterr().out
    assert f"not installed; needed for {needed_for}" in printed
    last = printed.splitlines()[-1]
    assert last.startswith(f"Not ready: {called}.")
    assert "pip install 'cnn-course[course]'" in last
    assert "Traceback" not in printed


def test_a_package_that_does_not_load_says_why_in_one_line(monkeypatch):
    def broken(name):
        raise OSError("libtorch.so: cannot open\nmore lines\nand more")

    monkeypatch.setattr(importlib, "import_module", broken)
    found = lines(examine())
    assert found["PyTorch"].startswith(
        "installed, but does not load: libtorch.so: cannot open; needed for"
    )
    assert found["device"] == "cpu: without PyTorch there is nothing else"


def test_a_package_whose_own_needs_are_missing_names_them(monkeypatch):
    def broken(name):
        raise ModuleNotFoundError("No module named 'sympy'", name="sympy")

    monkeypatch.setattr(importlib, "import_module", broken)
    assert "sympy, which it needs, is not" in lines(examine())["PyTorch"]


def stand_in(cuda=False, mps=False, error=None):
    def available():
        if error:
            raise error
        return cuda

    card = SimpleNamespace(name="Some card", total_memory=16 * 2**30)
    return SimpleNamespace(
        __version__="9.9.9+cu999",
        cuda=SimpleNamespace(is_available=available, get_device_properties=lambda _: card),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps)),
        get_num_threads=lambda: 3,
    )


@pytest.mark.parametrize(
    ("torch", "device"),
    [
        (stand_in(), "cpu: no GPU that PyTorch can use; the course does not need one"),
        (stand_in(cuda=True, mps=True), "cuda: Some card, 16 GiB"),
        (stand_in(mps=True), "mps: the GPU of this Mac"),
        (
            stand_in(error=RuntimeError("driver too old")),
            "cpu: there may be a GPU, but it does not answer (RuntimeError)",
        ),
    ],
    ids=["none", "cuda", "mps", "broken driver"],
)
def test_the_device_is_the_one_that_auto_would_take(torch, device, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", torch)
    found = lines(examine())
    assert found["device"] == device
    assert found["PyTorch"] == "9.9.9"
    assert found["threads"].startswith("3, on ")


def test_it_knows_colab_and_the_browser(monkeypatch):
    assert lines(examine())["place"].startswith("this machine (")
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace())
    assert lines(examine())["place"].startswith("Colab: ")
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert lines(examine())["place"] == "the browser: NumPy works here, PyTorch does not"


def test_an_old_python_is_not_ready(monkeypatch):
    monkeypatch.setattr(MODULE, "OLDEST_PYTHON", (99, 0))
    first = examine()[0]
    assert first.missing
    assert first.text.endswith("; needed: 99.0 or newer")


def test_importing_cnnlib_loads_no_package_and_asking_does_not_need_torch():
    code = (
        "import sys, cnnlib; heavy = {'numpy', 'torch', 'matplotlib'} & set(sys.modules); "
        "assert not heavy, heavy; sys.modules['torch'] = None; cnnlib.doctor()"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "PyTorch       not installed" in run.stdout
    assert run.stderr == ""
