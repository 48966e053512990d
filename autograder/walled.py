"""A warm parent behind bubblewrap's walls, and a handle for each jail that it forks.

One :class:`Nursery` per role and list of packages (:mod:`autograder.profile`), in the sandbox that
:mod:`autograder.bubblewrap` describes. For every submission the warm parent forks a process into
namespaces and disks of its own (:mod:`autograder.jail`).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import subprocess
import tempfile
import threading
from typing import IO, Any

from autograder.bubblewrap import command_line
from autograder.limits import Limits
from autograder.profile import Profile, SandboxError

#: The user that runs strangers' code when the engine itself is started by root.
UNPRIVILEGED = 64_321

#: Seconds that importing torch and matplotlib may take on a busy machine.
START_SECONDS = 120


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
