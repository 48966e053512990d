"""Processes A and B without walls: for people who check their own work on their own machine.

``autograder check`` uses it where bubblewrap does not exist (macOS, or Linux without it). It keeps
the two processes apart and the time limits, but the code could do whatever its owner could do.
Strangers' code is only run like this when the instructor says so on the command line.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from autograder import packages as packaging
from autograder.limits import Limits
from autograder.profile import ENVIRONMENT, Profile, SandboxError


class _Fence(MetaPathFinder):
    """Stands before all other finders: packages that would not be there while grading are not."""

    def __init__(self, names: list[str], finders: Sequence[Any]) -> None:
        self._names = frozenset(names)
        self._finders = tuple(finders)

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """What the other finders say about a name that may be known."""
        if path is None and name not in self._names and name not in sys.stdlib_module_names:
            return None
        for finder in self._finders:
            spec: ModuleSpec | None = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
        return None


class BareProcess:
    """One unprotected process, with the interface of :class:`autograder.walled.Sandbox`."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket) -> None:
        self.channel = channel
        self._process = process
        self.why: str | None = None

    @property
    def status(self) -> int:
        """The exit status, with 128 added to the number of a signal, as shells do."""
        code = self._process.returncode or 0
        return 128 - code if code < 0 else code

    def budget(self, cpu_seconds: float) -> None:
        """Nobody watches from outside; the limit inside the process has to do."""

    def reason(self, seconds: float = 10.0) -> str | None:
        """Wait for its end."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
        return None

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self.channel.close()


class BareNursery:
    """Starts unprotected processes."""

    def __init__(self, profile: Profile) -> None:
        if os.name != "posix":
            raise SandboxError(
                "checking needs Linux or macOS; on Windows, use the Linux subsystem (WSL)"
            )
        self._profile = profile
        tops = {
            place.split("/")[2].removesuffix(".py")
            for _, place in profile.binds
            if place.count("/") > 1
        }
        self._names = sorted(tops | {"autograder"})

    def spawn(self, limits: Limits, settings: dict[str, Any]) -> BareProcess:
        """Start one process."""
        ours, theirs = socket.socketpair()
        setup = {
            "fd": theirs.fileno(),
            "role": self._profile.role,
            "names": self._names if self._profile.role == "student" else None,
            "packages": self._profile.packages,
            "path": [str(Path(__file__).parents[1]), *map(str, packaging.site_folders())],
            "settings": settings,
            "limits": limits.as_dict(),
        }
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "autograder.bare", json.dumps(setup)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=tempfile.gettempdir(),
                env=_environment(),
            )
        return BareProcess(process, ours)

    def close(self) -> None:
        """Nothing is kept."""


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parents[1])
    kept = {
        name: value
        for name, value in ENVIRONMENT.items()
        if not name.startswith(("HOME", "PATH", "USER", "IPY", "MPLC"))
    }
    return {**os.environ, **kept, "PYTHONPATH": root}


def main(setup: dict[str, Any]) -> None:
    """Entered in the new process."""
    role = importlib.import_module(f"autograder.{setup['role']}")
    role.prepare({"packages": setup["packages"]})
    if setup["names"] is not None:
        sys.meta_path[:] = [_Fence(setup["names"], sys.meta_path)]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        role.main(setup["fd"], setup["settings"])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
