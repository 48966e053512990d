"""What process B holds of things that live in process A: functions, classes and objects.

A proxy forwards calls, attributes and items, and gets plain data back. It never stands in for a
number, a truth value or an array: whoever compares a proxy gets an error and not an answer that
the other side chose.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from autograder import wire

#: Exceptions that a test may expect by type. All others arrive as :class:`StudentError`.
ALLOWED = (
    "ArithmeticError", "AssertionError", "AttributeError", "BufferError", "EOFError",
    "FileNotFoundError", "FloatingPointError", "ImportError", "IndexError", "KeyError",
    "LookupError", "MemoryError", "ModuleNotFoundError", "NameError", "NotImplementedError",
    "OSError", "OverflowError", "PermissionError", "RecursionError", "RuntimeError",
    "TypeError", "UnboundLocalError", "UnicodeError", "ValueError", "ZeroDivisionError",
)  # fmt: skip


class StudentError(Exception):
    """The student's code raised something that is not on the list of known exceptions."""


class StudentTimeout(Exception):  # noqa: N818 -- named as the outcome that it becomes
    """The student's code used up its time while a test waited for it."""


class StudentGone(BaseException):
    """The student's process has ended; the engine knows why."""


class Peer:
    """The line to process A."""

    def __init__(
        self, send: Callable[[bytes], None], receive: Callable[[], dict[str, Any] | memoryview]
    ) -> None:
        self._send = send
        self._receive = receive
        self._callbacks: list[Callable[..., object]] = []
        self._asked = 0

    def forget(self) -> None:
        """Drop the functions that an earlier test has lent to A."""
        self._callbacks.clear()

    def ask(self, **request: Any) -> Any:
        """Send one request and serve A's calls back until its answer is there."""
        self._asked += 1
        number = self._asked
        self._send(wire.encode({**request, "n": number}, self.refer))
        while True:
            frame = self._receive()
            if isinstance(frame, dict):
                raise StudentGone(frame.get("why", "gone"))
            message = wire.decode(frame, self.known)
            operation = message.get("op")
            if operation == "callback":
                self._send(self._serve(message))
            elif message.get("n") != number:
                continue  # an answer that nobody has asked for
            elif operation == "return":
                return message.get("value")
            elif operation == "raise":
                raise _rebuild(message)
            else:
                raise wire.WireError("an answer of an unknown kind")

    def _serve(self, message: dict[str, Any]) -> bytes:
        try:
            function = self._callbacks[message["on"]]
            value = function(*message["args"], **message["kwargs"])
            return wire.encode({"op": "return", "value": value}, self.refer)
        except StudentGone:
            raise
        except Exception as error:
            # The name only: the text of a test's error could hold what the test expects.
            return wire.encode(
                {"op": "raise", "text": f"the test's function: {type(error).__name__}"}
            )

    def refer(self, value: object) -> dict[str, Any] | None:
        """Describe a proxy by its handle and lend a function of the test."""
        if isinstance(value, Proxy):
            return {"t": "ref", "v": object.__getattribute__(value, "_handle")}
        if callable(value) and not isinstance(value, type):
            self._callbacks.append(value)
            return {"t": "callback", "v": len(self._callbacks) - 1}
        return None

    def known(self, tree: dict[str, Any]) -> object:
        """Build a proxy for a handle."""
        handle, label = tree.get("v"), tree.get("l")
        if tree.get("t") != "ref" or type(handle) is not int or type(label) is not str:
            raise wire.WireError("a frame has an unknown tag")
        return Proxy(self, handle, label[:100])


def _rebuild(message: dict[str, Any]) -> BaseException:
    """The exception that A reports, as the nearest one from the list."""
    text = str(message.get("text", ""))[:4000]
    name = str(message.get("type", "Exception"))[:100]
    kinds = message.get("kinds")
    kinds = [kind for kind in kinds if isinstance(kind, str)] if isinstance(kinds, list) else []
    error: BaseException
    if "TimeLimit" in kinds[:1]:
        error = StudentTimeout(text)
    else:
        known = next((kind for kind in kinds if kind in ALLOWED), None)
        error = getattr(builtins, known)(text) if known else StudentError(f"{name}: {text}")
    places = message.get("places")
    origin = {
        "type": name,
        "text": text,
        "cell": str(message.get("cell", ""))[:100],
        "places": [str(p)[:300] for p in places[:6]] if isinstance(places, list) else [],
    }
    error.__dict__["from_student"] = origin
    return error


class Proxy:
    """Something that stays in process A."""

    __slots__ = ("_handle", "_label", "_peer")

    def __init__(self, peer: Peer, handle: int, label: str) -> None:
        object.__setattr__(self, "_peer", peer)
        object.__setattr__(self, "_handle", handle)
        object.__setattr__(self, "_label", label)

    def _ask(self, operation: str, **details: Any) -> Any:
        peer: Peer = object.__getattribute__(self, "_peer")
        return peer.ask(op=operation, on=self, **details)

    def __call__(self, *args: object, **kwargs: object) -> Any:  # noqa: D102 -- a call is a call
        return self._ask("call", args=args, kwargs=kwargs)

    def __getattr__(self, name: str) -> Any:
        # numpy and IPython look for special names and would believe what they find there.
        if name.startswith(("__", "_repr_", "_ipython_")):
            if name == "__name__":
                return object.__getattribute__(self, "_label").split(" ", 1)[-1]
            raise AttributeError(name)
        return self._ask("getattr", name=name)

    def __setattr__(self, name: str, value: object) -> None:
        self._ask("setattr", name=name, value=value)

    def __getitem__(self, key: object) -> Any:
        return self._ask("getitem", key=key)

    def __setitem__(self, key: object, value: object) -> None:
        self._ask("setitem", key=key, value=value)

    def __len__(self) -> int:
        size = self._ask("len")
        if type(size) is not int or size < 0:
            raise TypeError("len() of your object is not a whole number")
        return size

    def __iter__(self) -> Iterator[object]:
        return iter(self._ask("list"))

    def __repr__(self) -> str:
        return f"<{object.__getattribute__(self, '_label')} in your notebook>"

    __hash__ = object.__hash__

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        label = object.__getattribute__(self, "_label")
        raise wire.NotPlainData(
            f"the test needs numbers, text, tuples, lists, dicts, arrays or tensors, but "
            f"got {label}"
        )

    def __eq__(self, other: object) -> bool:
        return True if other is self else self._refuse()

    def __ne__(self, other: object) -> bool:
        return False if other is self else self._refuse()

    __bool__ = __int__ = __float__ = __complex__ = __index__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __array__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = __abs__ = _refuse
    __truediv__ = __rtruediv__ = __matmul__ = __rmatmul__ = __pow__ = __rpow__ = _refuse
    __array_ufunc__ = __array_function__ = _refuse
