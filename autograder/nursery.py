"""The warm parent: imports once, then forks a fresh jail for every submission.

Started inside bubblewrap by :mod:`autograder.walled` as ``python -I -S nursery.py SETTINGS``. It
reads requests from the engine (spawn, budget, kill), keeps an eye on the processor time and the
memory of each jail from outside, and reports how each one ended. It never reads a byte that a
stranger wrote, and it stays a single thread: a thread pool that was started before a fork would be
broken after it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import socket
import sys
import time
from typing import Any

TICK = 0.05  # seconds between two looks at the jails


class Child:
    """One jail: the process id of its first process, and what it may use."""

    def __init__(self, pid: int, limits: dict[str, int]) -> None:
        self.pid = pid
        self.memory = limits["memory_mib"] * 2**20
        self.cpu_limit = float(limits["total_cpu_seconds"])
        self.cpu = 0.0
        self.why: str | None = None


class Nursery:
    """Forks jails and watches them."""

    def __init__(self, engine: socket.socket, role: str) -> None:
        self._engine = engine
        self._role = importlib.import_module(f"autograder.{role}")
        self._children: dict[int, Child] = {}
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._tick = os.sysconf("SC_CLK_TCK")
        self._own_memory = self._resident("self")

    def run(self) -> None:
        """Serve the engine until it goes away; then everything goes with us."""
        while True:
            timeout = TICK if self._children else None
            if select.select([self._engine], [], [], timeout)[0] and not self._serve():
                return
            if self._children:
                self._watch()
                self._reap()

    def _serve(self) -> bool:
        message, handles, _, _ = socket.recv_fds(self._engine, 65536, 4)
        if not message:
            return False
        request = json.loads(message)
        name = request["id"]
        if request["op"] == "spawn":
            self._spawn(name, request, handles[0])
        elif (child := self._children.get(name)) is not None:
            if request["op"] == "budget":
                self._measure({name: child})
                child.cpu_limit = child.cpu + request["cpu"]
            else:
                self._kill(child, "killed")
        return True

    def _spawn(self, name: int, request: dict[str, Any], channel: int) -> None:
        from autograder import jail

        try:
            pid = jail.run_jailed(
                channel, request["limits"], lambda fd: self._role.main(fd, request["settings"])
            )
        except OSError as error:
            self._tell(id=name, event="exit", status=-1, why=f"fault: {error}")
        else:
            self._children[name] = Child(pid, request["limits"])
            self._tell(id=name, event="spawned")
        finally:
            os.close(channel)

    def _tell(self, **event: Any) -> None:
        self._engine.send(json.dumps(event).encode())

    def _kill(self, child: Child, why: str) -> None:
        child.why = child.why or why
        os.kill(child.pid, 9)  # the first process of a namespace takes all others with it

    def _reap(self) -> None:
        while True:
            try:
                pid, state = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for name, child in list(self._children.items()):
                if child.pid == pid:
                    del self._children[name]
                    status = os.waitstatus_to_exitcode(state)
                    self._tell(id=name, event="exit", status=status, why=child.why)

    def _watch(self) -> None:
        for child, memory in self._measure(self._children):
            if child.cpu > child.cpu_limit:
                self._kill(child, "cpu")
            elif memory > child.memory:
                self._kill(child, "memory")

    def _measure(self, children: dict[int, Child]) -> list[tuple[Child, int]]:
        """Processor seconds and private memory of each jail, all its processes together."""
        parents: dict[int, int] = {}
        seconds: dict[int, float] = {}
        for entry in os.listdir("/proc"):  # noqa: PTH208 -- pathlib is not loaded here
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/stat") as file:  # noqa: PTH123
                        fields = file.read().rsplit(")", 1)[1].split()
                except OSError:
                    continue  # it ended between the listing and the reading
                parents[int(entry)] = int(fields[1])
                seconds[int(entry)] = sum(int(fields[i]) for i in (11, 12, 13, 14)) / self._tick
        result = []
        for child in children.values():
            family = [pid for pid in parents if _descends(pid, child.pid, parents)]
            child.cpu = max(child.cpu, sum(seconds[pid] for pid in family))
            workers = [pid for pid in family if pid != child.pid]
            memory = sum(self._private(pid, len(workers) > 1) for pid in workers)
            result.append((child, memory))
        return result

    def _resident(self, pid: int | str) -> int:
        try:
            with open(f"/proc/{pid}/statm") as file:  # noqa: PTH123
                return int(file.read().split()[1]) * self._page
        except OSError:
            return 0

    def _private(self, pid: int, several: bool) -> int:
        """Memory beyond what came from us; with several processes, their share of it all."""
        if several:
            try:
                with open(f"/proc/{pid}/smaps_rollup") as file:  # noqa: PTH123
                    for line in file:
                        if line.startswith("Pss:"):
                            return int(line.split()[1]) * 1024
            except OSError:
                pass  # an unreadable process is counted by its size
        return max(0, self._resident(pid) - self._own_memory)


def _descends(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    for _ in range(len(parents)):
        if pid == ancestor:
            return True
        if pid not in parents:
            return False
        pid = parents[pid]
    return False


def _become(uid: int) -> None:
    """Leave root behind: the limit on processes does not hold for root."""
    if os.getuid() == 0 and uid:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)


def main(settings: dict[str, Any]) -> None:
    """Set up the interpreter, import what submissions need, tell the engine, and serve."""
    _become(settings["uid"])
    sys.path[:0] = settings["path"]
    sys.dont_write_bytecode = True
    os.makedirs("/tmp/home", exist_ok=True)  # noqa: PTH103 -- pathlib is not loaded here
    started = time.perf_counter()
    for name in settings["preload"]:
        try:
            importlib.import_module(name)
        except ImportError as error:
            print(f"cannot import {name}: {error}", file=sys.stderr)
            raise SystemExit(3) from None
    from autograder import jail

    role = importlib.import_module(f"autograder.{settings['role']}")
    role.prepare(settings)
    engine = socket.socket(fileno=settings["fd"])
    nursery = Nursery(engine, settings["role"])
    jail._libc.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans of a fork come to us
    jail.set_dumpable(False)
    gc.collect()
    gc.freeze()
    engine.send(json.dumps({"event": "ready", "seconds": time.perf_counter() - started}).encode())
    nursery.run()


if __name__ == "__main__":
    sys.path.insert(0, "/engine")
    # As a module of the package, so that a fork finds the same objects under the same name.
    importlib.import_module("autograder.nursery").main(json.loads(sys.argv[1]))
