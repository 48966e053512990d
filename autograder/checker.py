"""Process B: runs given cells and test cells from the instructor's own notebook.

The source is trusted, the data from process A is not. A name that a test uses and that no given
cell has defined is fetched from A right before the test.
"""

from __future__ import annotations

import ast
import builtins
import math
import numbers
import socket
from typing import Any

from autograder import proxies, wire
from autograder import shell as shells

_shell: shells.Shell


def prepare(settings: dict[str, Any]) -> None:
    """Before the fork: the shell."""
    global _shell
    _shell = shells.make_shell()


def names_used(source: str) -> set[str]:
    """Names that a cell reads, at any depth; IPython's magics are taken out first."""
    try:
        tree = ast.parse(_shell.transform_cell(source))  # type: ignore[no-untyped-call]
    except SyntaxError:
        return set()
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


class Checker:
    """One submission's judge."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._peer = proxies.Peer(self._send_peer, self._receive_peer)
        self._fetched: dict[str, object] = {}
        self._initial = set(_shell.user_ns)

    def serve(self) -> None:
        """Run what the engine asks for until it hangs up."""
        while True:
            try:
                frame = wire.receive_frame(self._channel)
            except wire.Closed:
                return
            if frame[:1] != b"E":
                continue  # a late word from a student's process that was given up
            message = wire.decode(memoryview(frame)[1:])
            reply = self._run(message)
            wire.send_frame(self._channel, b"E" + wire.encode(reply))

    def _send_peer(self, frame: bytes) -> None:
        wire.send_frame(self._channel, b"P" + frame)

    def _receive_peer(self) -> dict[str, Any] | memoryview:
        frame = memoryview(wire.receive_frame(self._channel))
        return wire.decode(frame[1:]) if bytes(frame[:1]) == b"E" else frame[1:]

    def _run(self, message: dict[str, Any]) -> dict[str, Any]:
        source = message["source"]
        self._peer.forget()
        try:
            self._fetch(names_used(source))
        except proxies.StudentGone as gone:
            return {"op": "ran", "error": {"kind": "gone", "text": str(gone)}, "outputs": []}
        except wire.WireError as error:
            return {"op": "ran", "error": {"kind": "wire", "text": str(error)}, "outputs": []}
        except Exception as error:
            return {"op": "ran", "error": self._explain(error), "outputs": []}
        done = shells.run(_shell, message["cell"], source, message["cpu"], message["wall"])
        reply: dict[str, Any] = {"op": "ran", "seconds": done.seconds, "outputs": done.outputs}
        if done.error is not None:
            reply["error"] = self._explain(done.error)
        else:
            reply["value"] = _points(done.value)
        done.value = done.error = None
        return reply

    def _fetch(self, names: set[str]) -> None:
        """Bring names over from A; what a given cell or a test has defined stays as it is."""
        space = _shell.user_ns
        mine = {
            name
            for name in space
            if name not in self._initial and space[name] is not self._fetched.get(name, self)
        }
        wanted = (names | set(self._fetched)) - mine - self._initial - set(dir(builtins))
        if not wanted:
            return
        for name in self._fetched:
            if name not in mine:
                space.pop(name, None)
        self._fetched.clear()
        found = self._peer.ask(op="get", names=sorted(wanted))
        if not isinstance(found, dict):
            raise wire.WireError("names came back in an unknown form")
        for name, value in found.items():
            if name in wanted:
                space[name] = self._fetched[name] = value

    def _explain(self, error: BaseException) -> dict[str, Any]:
        """Sort an exception into the kinds from which the engine makes outcomes."""
        described = shells.describe(error)
        origin = getattr(error, "from_student", None)
        if isinstance(error, proxies.StudentGone):
            kind = "gone"
        elif isinstance(error, proxies.StudentTimeout | shells.TimeLimit):
            kind = "timeout"
        elif isinstance(error, wire.NotPlainData):
            kind = "not-plain"
        elif isinstance(error, wire.WireError):
            kind = "wire"
        elif isinstance(origin, dict):
            kind = "student"
            described.update(origin)
        elif isinstance(error, AssertionError):
            kind = "failed"
        elif isinstance(error, NameError) and error.name is not None:
            kind = "missing"
            described["name"] = error.name
        else:
            kind = "error"
        return {**described, "kind": kind}


def _points(value: object) -> dict[str, Any] | None:
    """The value of a test's last expression, where it is a number."""
    import numpy as np

    if isinstance(value, bool | np.bool_):
        return {"truth": bool(value)}
    if isinstance(value, numbers.Real):
        number = float(value)
        report = getattr(value, "report", None)  # a check that gives a part says why not all
        points: dict[str, Any] = {"number": number if math.isfinite(number) else None}
        return {**points, "report": report} if isinstance(report, str) else points
    return None


def main(channel: int, settings: dict[str, Any]) -> None:
    """Entered in a fresh jail, right after the fork."""
    Checker(socket.socket(fileno=channel)).serve()
