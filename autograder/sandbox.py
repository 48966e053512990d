"""Bubblewrap around a warm parent, and a handle for each jail that it forks.

One :class:`Nursery` per role and list of packages. Its bubblewrap sees the Python installation,
the packages and three files of the engine, all read-only; no network, no home, no course folder.
For every submission the warm parent forks a process into namespaces and disks of its own
(:mod:`autograder.jail`).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from autograder import packages as packaging
from autograder.limits import Limits

#: The user that runs strangers' code when the engine itself is started by root.
UNPRIVILEGED = 64_321

#: Seconds that importing torch and matplotlib may take on a busy machine.
START_SECONDS = 120

_ENGINE_FILES = ("__init__", "wire", "shell", "student", "checker", "proxies", "jail", "nursery")

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


def find_bubblewrap() -> str:
    """Where bubblewrap is; without it there is no sandbox."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise SandboxError(
            "bubblewrap (bwrap) is not installed, so strangers' code cannot be run safely here. "
            "Install it (Debian and Ubuntu: apt install bubblewrap) or grade on a Linux machine."
        )
    return bwrap


def command_line(profile: Profile, settings: dict[str, Any]) -> list[str]:
    """The bubblewrap command for a warm parent."""
    line = [find_bubblewrap(), "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    line += ["--unshare-cgroup-try", "--hostname", "sandbox", "--die-with-parent", "--new-session"]
    line += ["--cap-drop", "ALL"]
    if os.getuid() == 0:
        line += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        line += ["--unshare-user"]
    line += ["--clearenv"]
    for name, value in ENVIRONMENT.items():
        line += ["--setenv", name, value]
    line += ["--ro-bind", "/usr", "/usr"]
    for name in ("lib", "lib64", "lib32", "bin"):
        path = Path("/", name)
        if path.is_symlink():
            line += ["--symlink", str(path.readlink()), f"/{name}"]
        elif path.is_dir():
            line += ["--ro-bind", str(path), f"/{name}"]
    line += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    line += ["--ro-bind-try", "/etc/fonts", "/etc/fonts"]
    line += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chmod", "1777", "/tmp"]
    line += ["--ro-bind", sys.base_prefix, "/python"]
    for hidden in packaging.folders_to_hide(Path(sys.base_prefix)):
        line += ["--tmpfs", hidden, "--remount-ro", hidden]
    here = Path(__file__).parent
    for place in ("/engine", "/engine/autograder"):
        line += ["--perms", "0755", "--dir", place]
    for name in _ENGINE_FILES:
        line += ["--ro-bind", str(here / f"{name}.py"), f"/engine/autograder/{name}.py"]
    folders = {parent for _, place in profile.binds for parent in Path(place).parents} - {Path("/")}
    for folder in sorted(folders - {Path(place) for _, place in profile.binds}):
        line += ["--perms", "0755", "--dir", str(folder)]
    for path, place in profile.binds:
        line += ["--ro-bind", str(path), place]
    line += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]
    python = Path(os.path.realpath(sys.executable))
    inside = Path("/python") / python.relative_to(os.path.realpath(sys.base_prefix))
    return [
        *line,
        str(inside),
        "-s",
        "-S",
        "-P",
        "/engine/autograder/nursery.py",
        json.dumps(settings),
    ]


class Sandbox:
    """One jailed process: a channel to talk to it, and how it ended."""

    def __init__(self, nursery: Nursery, name: int, channel: socket.socket) -> None:
        self.channel = channel
        self._nursery = nursery
        self._name = name
        self._ended = threading.Event()
        self._status = 0
        self.why: str | None = None

    @property
    def status(self) -> int:
        """The exit status, with 128 added to the number of a signal, as shells do."""
        return self._status

    def budget(self, cpu_seconds: float) -> None:
        """Allow so many processor seconds from now on; then the whole jail is killed."""
        self._nursery.tell(op="budget", id=self._name, cpu=cpu_seconds)

    def ended(self, status: int, why: str | None) -> None:
        """Called with the warm parent's report."""
        self._status, self.why = status, why
        self._ended.set()

    def reason(self, seconds: float = 10.0) -> str | None:
        """Why it ended: cpu, memory, killed, fault: ..., or None for its own doing."""
        self._ended.wait(seconds)
        return self.why

    def close(self) -> None:
        """End it with everything it has started."""
        self._nursery.tell(op="kill", id=self._name)
        self.channel.close()


class Nursery:
    """A warm parent in its sandbox."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._names = itertools.count(1)
        self._sandboxes: dict[int, Sandbox] = {}
        self._lock = threading.Lock()
        self._ready = threading.Event()
        self.problem: str | None = None
        self._engine, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # The kernel kills bubblewrap when the *thread* that started it ends, so one thread stays
        # with it.
        self._thread = threading.Thread(
            target=self._attend, name=f"{profile.role} nursery", daemon=True
        )
        self._thread.start()

    def wait_ready(self) -> None:
        """Wait until everything is imported."""
        if not self._ready.wait(START_SECONDS):
            raise SandboxError("the sandbox did not start in time; is the machine overloaded?")
        if self.problem:
            raise SandboxError(self.problem)

    def _attend(self) -> None:
        with tempfile.TemporaryFile() as errors:
            try:
                process = self._start(errors)
            except Exception as error:
                self._theirs.close()
                self.problem = str(error)
                self._ready.set()
                return
            while event := self._receive():
                self._handle(event)
            status = process.wait()
            errors.seek(0)
            text = errors.read()[-2000:].decode("utf-8", "replace").strip()
        self.problem = f"the sandbox ended ({status}): {text or 'without a word'}"
        self._ready.set()
        for sandbox in list(self._sandboxes.values()):
            sandbox.ended(-1, f"fault: {self.problem}")

    def _start(self, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        settings = {
            "fd": self._theirs.fileno(),
            "uid": UNPRIVILEGED,
            "role": self.profile.role,
            "path": ["/engine", "/course", *self._package_folders()],
            "preload": self.profile.preload,
            "packages": self.profile.packages,
        }
        line = command_line(self.profile, settings)
        process = subprocess.Popen(
            line,
            pass_fds=[self._theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
        )
        self._theirs.close()
        return process

    def _package_folders(self) -> list[str]:
        places = {"/" + place.split("/")[1] for _, place in self.profile.binds}
        return sorted(place for place in places if place.startswith("/packages"))

    def _receive(self) -> dict[str, Any] | None:
        try:
            message = self._engine.recv(65536)
        except OSError:
            return None
        return json.loads(message) if message else None

    def _handle(self, event: dict[str, Any]) -> None:
        if event["event"] == "ready":
            self._ready.set()
        elif event["event"] == "exit":
            sandbox = self._sandboxes.pop(event["id"], None)
            if sandbox is not None:
                sandbox.ended(event["status"], event["why"])

    def tell(self, **request: Any) -> None:
        """Send a request; a parent that has gone reports that by itself."""
        try:
            with self._lock:
                self._engine.send(json.dumps(request).encode())
        except OSError:
            pass

    def spawn(self, limits: Limits, settings: dict[str, Any]) -> Sandbox:
        """Fork a fresh jail."""
        self.wait_ready()
        ours, theirs = socket.socketpair()
        name = next(self._names)
        sandbox = self._sandboxes[name] = Sandbox(self, name, ours)
        request = {"op": "spawn", "id": name, "limits": limits.as_dict(), "settings": settings}
        try:
            with self._lock:
                socket.send_fds(self._engine, [json.dumps(request).encode()], [theirs.fileno()])
        except OSError as error:
            raise SandboxError(self.problem or f"the sandbox has gone: {error}") from error
        finally:
            theirs.close()
        return sandbox

    def close(self) -> None:
        """Hang up; the warm parent ends, and with it every jail."""
        with contextlib.suppress(OSError):
            self._engine.shutdown(socket.SHUT_RDWR)  # close() alone would not wake our reader
        self._thread.join(START_SECONDS)
        self._engine.close()


class Process(Protocol):
    """What the engine needs of a process, with walls or without."""

    channel: socket.socket
    why: str | None

    @property
    def status(self) -> int:
        """The exit status."""

    def budget(self, cpu_seconds: float) -> None:
        """Allow so many processor seconds from now on."""

    def reason(self, seconds: float = 10.0) -> str | None:
        """Why it ended."""

    def close(self) -> None:
        """End it."""


class Source(Protocol):
    """Where processes come from."""

    def spawn(self, limits: Limits, settings: dict[str, Any]) -> Process:
        """Start one."""

    def close(self) -> None:
        """End all."""


_nurseries: dict[tuple[Profile, bool], Source] = {}
_nurseries_lock = threading.Lock()


def nursery_for(profile: Profile, protected: bool = True) -> Source:
    """This process' warm parent for a profile; started once, and again when it has ended."""
    from autograder import bare

    with _nurseries_lock:
        found = _nurseries.get((profile, protected))
        if found is None or (isinstance(found, Nursery) and found.problem):
            found = Nursery(profile) if protected else bare.BareNursery(profile)
            _nurseries[profile, protected] = found
    return found


def close_all() -> None:
    """End all warm parents of this process."""
    with _nurseries_lock:
        for nursery in _nurseries.values():
            nursery.close()
        _nurseries.clear()
