"""Process A: runs the student's cells, and answers what the tests in process B ask.

Nothing in here is trusted after the first cell has run, because the cell can change all of it.
That is why it only ever sends plain data, and why the other side believes nothing but that data.
"""

from __future__ import annotations

import builtins
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

from autograder import shell as shells
from autograder import wire

MAX_ITEMS = 100_000  # how much of a generator is drawn
MAX_NESTED = 40  # how deep A and B may call each other

_shell: shells.Shell
_packages = ""  # what may be imported besides the standard library


def _no_input(prompt: object = "") -> str:
    raise EOFError("input() was called, but nobody sits at the keyboard while a notebook is graded")


def prepare(settings: dict[str, Any]) -> None:
    """Before the fork: everything that is the same for every submission."""
    global _shell, _packages
    _shell = shells.make_shell()
    _packages = ", ".join(settings["packages"])
    builtins.input = _no_input


class Gone(SystemExit):
    """The engine has closed the channel."""


class Student:
    """One submission's interpreter."""

    def __init__(self, channel: socket.socket, settings: dict[str, Any]) -> None:
        self._channel = channel
        self._objects: dict[int, object] = {}
        self._handles: dict[int, int] = {}
        self._depth = 0
        self._cpu = self._wall = 60.0
        _seed(int(settings["seed"]))
        self._operations: dict[str, Callable[[dict[str, Any]], object]] = {
            "get": self._get,
            "call": self._call,
            "getattr": lambda m: getattr(m["on"], m["name"]),
            "setattr": lambda m: setattr(m["on"], m["name"], m["value"]),
            "getitem": lambda m: m["on"][m["key"]],
            "setitem": lambda m: m["on"].__setitem__(m["key"], m["value"]),
            "len": lambda m: len(m["on"]),
            "list": lambda m: list(_first(m["on"])),
        }

    def serve(self) -> None:
        """Answer until the engine hangs up."""
        while True:
            try:
                tag, message = self._receive()
            except wire.WireError:
                raise Gone from None
            if tag == b"E":
                self._engine(message)
            elif message.get("op") in self._operations:
                self._answer(message)

    # -- what travels ------------------------------------------------------------------------

    def _receive(self) -> tuple[bytes, dict[str, Any]]:
        frame = wire.receive_frame(self._channel)
        return frame[:1], wire.decode(memoryview(frame)[1:], self._known)

    def _send(self, tag: bytes, message: dict[str, Any]) -> None:
        wire.send_frame(self._channel, tag + wire.encode(message, self._refer))

    def _refer(self, value: object) -> dict[str, Any]:
        """A handle for what cannot be copied."""
        if isinstance(value, _Whole):
            value = value.value
        handle = self._handles.get(id(value))
        if handle is None:
            handle = len(self._objects) + 1
            self._objects[handle] = value
            self._handles[id(value)] = handle
        kind = type(value).__name__
        name = getattr(value, "__name__", None)
        label = f"{kind} {name}" if isinstance(name, str) else f"a {kind}"
        return {"t": "ref", "v": handle, "l": label[:100]}

    def _known(self, tree: dict[str, Any]) -> object:
        if tree["t"] == "ref":
            return self._objects[tree["v"]]
        if tree["t"] == "callback":
            return self._callback(tree["v"])
        raise wire.WireError("unknown tag")

    def _callback(self, number: int) -> Callable[..., object]:
        """A function of the test, for example the loss in a numerical gradient."""

        def from_the_test(*args: object, **kwargs: object) -> object:
            if self._depth >= MAX_NESTED:
                raise RecursionError("the test's function and yours call each other too deeply")
            self._send(b"P", {"op": "callback", "on": number, "args": args, "kwargs": kwargs})
            self._depth += 1
            try:
                while True:
                    tag, message = self._receive()
                    if tag != b"P":
                        continue
                    if message["op"] == "return":
                        return message["value"]
                    if message["op"] == "raise":
                        raise RuntimeError(str(message["text"]))
                    self._answer(message)
            finally:
                self._depth -= 1

        return from_the_test

    # -- what is asked -----------------------------------------------------------------------

    def _engine(self, message: dict[str, Any]) -> None:
        if message["op"] == "budget":
            self._cpu, self._wall = float(message["cpu"]), float(message["wall"])
            return
        done = shells.run(
            _shell, message["cell"], message["source"], message["cpu"], message["wall"]
        )
        error = _described(done.error) if done.error is not None else None
        done.value = done.error = None
        reply = {"op": "ran", "outputs": done.outputs, "error": error, "seconds": done.seconds}
        self._send(b"E", reply)

    def _answer(self, message: dict[str, Any]) -> None:
        out, err = shells._Stream("stdout"), shells._Stream("stderr")
        before = sys.stdout, sys.stderr
        try:
            sys.stdout, sys.stderr = out, err  # prints of a called function go nowhere
            if self._depth == 0:
                with shells.time_limit(self._cpu, self._wall):
                    value = self._operations[message["op"]](message)
                    reply = self._packed(message, value)
            else:
                value = self._operations[message["op"]](message)
                reply = self._packed(message, value)
        except Gone:
            raise
        except BaseException as error:
            reply = wire.encode({"op": "raise", "n": message["n"], **_described(error)})
        finally:
            sys.stdout, sys.stderr = before
        wire.send_frame(self._channel, b"P" + reply)

    def _packed(self, message: dict[str, Any], value: object) -> bytes:
        return wire.encode({"op": "return", "n": message["n"], "value": value}, self._refer)

    def _get(self, message: dict[str, Any]) -> dict[str, object]:
        names = _shell.user_ns
        found: dict[str, object] = {}
        for name in message["names"]:
            if name in names:
                try:
                    wire.Packer(self._refer).pack(names[name])
                except Exception:
                    found[name] = _Whole(names[name])
                else:
                    found[name] = names[name]
        return found

    def _call(self, message: dict[str, Any]) -> object:
        return message["on"](*message["args"], **message["kwargs"])


def _described(error: BaseException) -> dict[str, Any]:
    """An exception as plain text; a package that may exist elsewhere is named with the reason."""
    described = shells.describe(error)
    if isinstance(error, ModuleNotFoundError):
        described["text"] += (
            f". While this assignment is graded, code can import the standard library"
            f"{' and: ' + _packages if _packages else ''}."
        )
    return described


class _Whole:
    """A value that is too large or too odd to copy; it travels as a handle."""

    def __init__(self, value: object) -> None:
        self.value = value


def _first(values: Any) -> Iterator[object]:
    for count, value in enumerate(values):
        if count >= MAX_ITEMS:
            return
        yield value


def _seed(seed: int) -> None:
    """Known random states at the start, so that a run can be repeated."""
    import random

    import numpy as np

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 -- what a student's cell may draw from
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)


def main(channel: int, settings: dict[str, Any]) -> None:
    """Entered in a fresh jail, right after the fork."""
    Student(socket.socket(fileno=channel), settings).serve()
