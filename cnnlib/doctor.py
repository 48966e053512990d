"""What the course finds on this machine, in plain words: ``cnnlib.doctor()``.

Room: the door -- Python alone. It has to work where NumPy or PyTorch are missing, or do not load,
because that is when it is asked. Book: chapter 0.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from dataclasses import dataclass
from typing import Any

__all__ = ["Finding", "doctor", "examine"]

OLDEST_PYTHON = (3, 11)
CURE = (
    "install what the course needs: pip install 'cnn-course[course]', or make course in its folder"
)
# Import name: (what people call it, what in the chapters needs it).
PACKAGES = {
    "numpy": ("NumPy", "everything"),
    "torch": ("PyTorch", "training, and the cells that use a device"),
    "lightning_fabric": ("Fabric", "training"),
    "matplotlib": ("Matplotlib", "the figures"),
    "sklearn": ("scikit-learn", "the digits and the photographs"),
}


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes
    ----------
    name : str
        What was looked at.
    text : str
        What was found.
    missing : bool
        Whether a chapter cannot run because of it.
    """

    name: str
    text: str
    missing: bool = False


def doctor() -> None:
    """Print what this machine offers to the course, and what is missing.

    Nothing is changed, downloaded or timed, and a package that does not load is one line of the
    report, not an error.

    Examples
    --------
    >>> import cnnlib
    >>> cnnlib.doctor()  # doctest: +SKIP
    Python        3.11.7
    cnnlib        0.1.0
    NumPy         2.4.6
    PyTorch       2.13.0
    Fabric        2.6.5
    Matplotlib    3.11.0
    scikit-learn  1.9.0
    place         this machine (Linux)
    device        cpu: no GPU that PyTorch can use; the course does not need one
    threads       2, on 2 processors
    Everything that the chapters need is here.
    """
    findings = examine()
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(f"{finding.name:{width}}  {finding.text}")
    missing = [finding.name for finding in findings if finding.missing]
    if missing:
        print(f"Not ready: {', '.join(missing)}. To mend it, {CURE}.")
    else:
        print("Everything that the chapters need is here.")


def examine() -> list[Finding]:
    """Return the lines of the report.

    Returns
    -------
    findings : list of Finding
        In the order in which they are printed.

    Examples
    --------
    >>> [finding.name for finding in examine()][:3]
    ['Python', 'cnnlib', 'NumPy']
    """
    from cnnlib import __version__

    packages = {name: _load(name) for name in PACKAGES}
    torch = packages["torch"] if not isinstance(packages["torch"], str) else None
    return [
        _python(),
        Finding("cnnlib", __version__),
        *(_package(name, found) for name, found in packages.items()),
        Finding("place", _place()),
        Finding("device", _device(torch)),
        Finding("threads", _threads(torch)),
    ]


def _python() -> Finding:
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return Finding("Python", platform.python_version())
    wanted = ".".join(map(str, OLDEST_PYTHON))
    return Finding("Python", f"{platform.python_version()}; needed: {wanted} or newer", True)


def _load(name: str) -> Any:
    """Return the module, or a sentence that says why there is none."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name in (name, None):
            return "not installed"
        return f"installed, but {error.name}, which it needs, is not"
    except Exception as error:  # a broken installation can raise anything
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return f"installed, but does not load: {reason}"


def _package(name: str, found: Any) -> Finding:
    called, needed_for = PACKAGES[name]
    if isinstance(found, str):
        return Finding(called, f"{found}; needed for {needed_for}", True)
    return Finding(called, str(getattr(found, "__version__", "version unknown")).split("+")[0])


def _place() -> str:
    """Say where this Python runs."""
    if sys.platform == "emscripten":
        return "the browser: NumPy works here, PyTorch does not"
    if "google.colab" in sys.modules or os.environ.get("COLAB_RELEASE_TAG"):
        return "Colab: files disappear when the session ends; download your notebooks"
    return f"this machine ({platform.system() or 'unknown system'})"


def _device(torch: Any) -> str:
    """Say which device ``device="auto"`` would take."""
    if torch is None:
        return "cpu: without PyTorch there is nothing else"
    try:
        if torch.cuda.is_available():
            card = torch.cuda.get_device_properties(0)
            return f"cuda: {card.name}, {card.total_memory / 2**30:.0f} GiB"
        if torch.backends.mps.is_available():
            return "mps: the GPU of this Mac"
    except Exception as error:  # a driver that does not fit raises what it likes
        return f"cpu: there may be a GPU, but it does not answer ({type(error).__name__})"
    return "cpu: no GPU that PyTorch can use; the course does not need one"


def _threads(torch: Any) -> str:
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    processors = len(affinity(0)) if affinity else os.cpu_count() or 1
    word = "processor" if processors == 1 else "processors"
    if torch is None:
        return f"{processors} {word}"
    return f"{torch.get_num_threads()}, on {processors} {word}"
