"""Which build of PyTorch to install.

On Linux the ordinary index's build brings several gigabytes of CUDA libraries. So pip is first
asked what it *would* install, which the package index answers in a few kilobytes; if that build
needs CUDA, PyTorch comes from the index of builds for the CPU instead. A mirror that holds a build
for the CPU is used as it is, and so is the ordinary index on macOS, where there is no other build.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from command_error import CommandError
from pip_progress import UNREACHABLE, Pip

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CUDA_PACKAGE = re.compile(r"^(nvidia|cuda|triton)", re.IGNORECASE)


def install(pip: Pip, version: str, cuda: bool) -> None:
    """Make torch ``version`` present: for the CPU, or the ordinary build if ``cuda``."""
    installed = installed_version(pip)
    if installed is not None and installed.split("+")[0] == version:
        if not (cuda and installed.endswith("+cpu")):
            return
        pip.install("PyTorch (CUDA build)", ["--force-reinstall", "torch==" + version])
    elif cuda or sys.platform == "darwin" or is_free_of_cuda(pip, version):
        pip.install("PyTorch", ["torch==" + version])
    else:
        install_from_cpu_index(pip, version)


def install_from_cpu_index(pip: Pip, version: str) -> None:
    """The build for the CPU; its few dependencies come later, from the ordinary index."""
    try:
        pip.install(
            "PyTorch for the CPU", ["--no-deps", "--index-url", CPU_INDEX, "torch==" + version]
        )
    except CommandError:
        raise CommandError(
            f"PyTorch {version} for the CPU could not be fetched from {CPU_INDEX}, and the "
            "ordinary index offers only the build with several gigabytes of CUDA libraries; "
            "check the network, or accept that build with `TORCH=cuda make course`."
        ) from None


def installed_version(pip: Pip) -> str | None:
    question = "from importlib.metadata import version; print(version('torch'))"
    answer = subprocess.run(
        [pip.python, "-I", "-c", question], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return answer.stdout.decode().strip() or None


def is_free_of_cuda(pip: Pip, version: str) -> bool:
    """Whether the build that the ordinary index would give needs no CUDA libraries."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "plan.json"
        lines, code = pip.run(
            "Asking which build of PyTorch the index holds",
            ["install", "--dry-run", "--no-deps", "--report", str(report), "torch==" + version],
        )
        if code != 0:
            if any(map(UNREACHABLE.search, lines)):
                raise CommandError(
                    "pip could not reach the package index to look for PyTorch; check the network "
                    "(or PIP_INDEX_URL) and run the same command again."
                )
            return False  # the index has no such torch: the CPU index may
        [torch] = json.loads(report.read_text())["install"]
    return not any(map(CUDA_PACKAGE.match, torch["metadata"].get("requires_dist", [])))
