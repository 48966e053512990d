"""What a process of the engine may see: its role, its packages, its environment."""

from __future__ import annotations

from dataclasses import dataclass

from autograder import packages as packaging

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp/home",
    "USER": "student",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": "/tmp/home/matplotlib",
    "IPYTHONDIR": "/tmp/home/ipython",
    **dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
    ),
}


class SandboxError(Exception):
    """The sandbox cannot be used on this machine; the message says what to do."""


@dataclass(frozen=True)
class Profile:
    """What one warm parent shows: its role, the files, and what it imports before it forks."""

    role: str
    binds: tuple[packaging.Bind, ...]
    packages: tuple[str, ...]
    preload: tuple[str, ...]


def profile_for_answers(packages: tuple[str, ...]) -> Profile:
    """Process A: the assignment's packages and nothing of the course."""
    preload = tuple(name for name in ("numpy", *packages) if "." not in name and name != "cnnlib")
    return Profile("student", packaging.binds_for(packages), packages, _warm(preload))


def profile_for_tests(packages: tuple[str, ...], sources: tuple[str, ...]) -> Profile:
    """Process B: all that is installed, and the course's library."""
    preload = tuple(name for name in ("numpy", *packages) if "." not in name and name != "cnnlib")
    return Profile("checker", packaging.binds_for_tests(sources), packages, _warm(preload))


def _warm(names: tuple[str, ...]) -> tuple[str, ...]:
    """Import the parts of a package that every notebook goes on to import."""
    more = {"matplotlib": ("matplotlib", "matplotlib.pyplot")}
    found: list[str] = []
    for name in dict.fromkeys(names):
        found += more.get(name, (name,))
    return tuple(found)
