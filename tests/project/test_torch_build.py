"""PyTorch comes without CUDA unless CUDA was asked for."""

import json
from pathlib import Path

import pytest


class RecordingPip:
    """Answers as pip would, and remembers what it was asked to install."""

    python = "/no/such/python"

    def __init__(self, needs=(), words=(), refuses=None):
        self.needs, self.words, self.refuses = list(needs), words, refuses
        self.asked = []

    def install(self, what, arguments):
        self.asked.append(arguments)
        if self.refuses is not None:
            raise self.refuses

    def run(self, what, arguments, changes=False):
        assert "--dry-run" in arguments
        if self.words:
            return list(self.words), 1
        assert "--no-deps" in arguments, "an index without summaries would send gigabytes"
        torch = {"metadata": {"name": "torch", "requires_dist": self.needs}}
        report = Path(arguments[arguments.index("--report") + 1])
        report.write_text(json.dumps({"install": [torch]}))
        return [], 0


@pytest.fixture
def choose(script, monkeypatch):
    """Install torch 2.13.0 over ``installed``; what pip was asked to install."""
    torch_build = script("torch_build")

    def chosen(pip, installed=None, cuda=False, system="linux"):
        monkeypatch.setattr(torch_build.sys, "platform", system)
        monkeypatch.setattr(torch_build, "installed_version", lambda pip: installed)
        torch_build.install(pip, "2.13.0", cuda)
        return pip.asked

    return chosen


def test_an_index_whose_build_brings_no_cuda_is_used_as_it_is(choose):
    assert choose(RecordingPip(needs=["sympy>=1.13.3", "networkx"])) == [["torch==2.13.0"]]


@pytest.mark.parametrize(
    "need",
    [
        'nvidia-cudnn-cu13==9.20.0.48; platform_system == "Linux"',
        'cuda-toolkit[cublas,cudart]==13.0.3; platform_system == "Linux"',
        'triton==3.7.1; platform_system == "Linux"',
    ],
)
def test_a_build_that_needs_cuda_sends_pip_to_the_index_for_the_cpu(choose, need):
    [arguments] = choose(RecordingPip(needs=["sympy", need]))
    assert "https://download.pytorch.org/whl/cpu" in arguments
    assert "--no-deps" in arguments, "its dependencies come from the ordinary index"


def test_an_index_without_this_torch_sends_pip_to_the_index_for_the_cpu(choose):
    [arguments] = choose(RecordingPip(words=["ERROR: No matching distribution found for torch"]))
    assert "https://download.pytorch.org/whl/cpu" in arguments


def test_no_network_is_not_mistaken_for_an_index_without_torch(choose, script):
    pip = RecordingPip(
        words=["Failed to establish a new connection: [Errno 111] Connection refused"]
    )
    with pytest.raises(script("command_error").CommandError, match="check the network"):
        choose(pip)
    assert pip.asked == []


def test_an_unreachable_index_for_the_cpu_is_said_with_the_way_out(choose, script):
    error = script("command_error").CommandError
    with pytest.raises(error, match="TORCH=cuda make course"):
        choose(RecordingPip(needs=["nvidia-cublas"], refuses=error("no")))


@pytest.mark.parametrize("installed", ["2.13.0", "2.13.0+cpu", "2.13.0+cu130"])
def test_what_is_installed_is_left_alone(choose, installed):
    assert choose(RecordingPip(), installed=installed) == []


def test_cuda_on_request_takes_the_ordinary_build_without_asking(choose):
    assert choose(RecordingPip(), cuda=True) == [["torch==2.13.0"]]
    assert choose(RecordingPip(), installed="2.13.0+cu130", cuda=True) == []
    assert choose(RecordingPip(), installed="2.13.0+cpu", cuda=True) == [
        ["--force-reinstall", "torch==2.13.0"]
    ]


def test_macos_has_one_build_and_is_not_asked(choose):
    pip = RecordingPip(needs=['nvidia-cublas; platform_system == "Linux"'])
    assert choose(pip, system="darwin") == [["torch==2.13.0"]]


def test_another_version_is_replaced(choose):
    assert choose(RecordingPip(), installed="2.12.0") == [["torch==2.13.0"]]


def test_the_installed_version_is_read_from_the_environment_itself(script):
    import sys
    from importlib import metadata

    pip = RecordingPip()
    pip.python = sys.executable
    assert script("torch_build").installed_version(pip) == metadata.version("torch")
