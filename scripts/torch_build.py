"""Which build of PyTorch to install.

On Linux the ordinary index's build brings several gigabytes of CUDA libraries. So pip is first
asked what it *would* install, which costs a few kilobytes; if CUDA is in that plan, PyTorch comes
from the index of builds for the CPU instead. macOS, and mirrors with a CPU build, take the plan.
"""

from __future__ import annotations

import json
import re
import subprocess
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
    elif cuda or plan_is_free_of_cuda(pip, version):
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


def plan_is_free_of_cuda(pip: Pip, version: str) -> bool:
    """Whether the ordinary index would install torch without CUDA libraries."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "plan.json"
        lines, code = pip.run(
            "Asking which build of PyTorch the index holds",
            ["install", "--dry-run", "--report", str(report), "torch==" + version],
        )
        if code != 0:
            if any(map(UNREACHABLE.search, lines)):
                raise CommandError(
                    "pip could not reach the package index to look for PyTorch; check the network "
                    "(or PIP_INDEX_URL) and run the same command again."
                )
            return False  # the index has no such torch: the CPU index may
        plan = json.loads(report.read_text())
    names = [entry["metadata"]["name"] for entry in plan["install"]]
    return not any(map(CUDA_PACKAGE.match, names))
