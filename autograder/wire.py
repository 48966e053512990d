"""Framed plain data between processes that do not trust each other.

A frame is ``length of everything | length of the header | header (JSON) | bytes of the arrays``.
Only plain data is ever built from it: numbers, text, bytes, tuples, lists, dicts, sets, slices,
arrays and tensors. There is no pickle, no import by name, and nothing that the other side sends is
called. Whatever a frame claims is checked against what is there, and every size has a cap.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

MAX_FRAME = 64 * 2**20
MAX_HEADER = 8 * 2**20
MAX_DEPTH = 32
MAX_NODES = 500_000
MAX_INT_DIGITS = 4000
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
ARRAY_KINDS = "biufc"

#: Shown in the header where the value itself stays with its owner: see :mod:`autograder.proxies`.
Encoder = Callable[[object], "dict[str, Any] | None"]
Decoder = Callable[[dict[str, Any]], object]


class WireError(Exception):
    """The other side sent something that is not a frame of plain data."""


class NotPlainData(TypeError):  # noqa: N818 -- named as the outcome that it becomes
    """A value that cannot be copied to the other process."""


class Packer:
    """Turn one value into a JSON tree and a list of byte blobs."""

    def __init__(self, other: Encoder | None = None) -> None:
        self.blobs: list[bytes] = []
        self._other = other
        self._nodes = 0
        self._bytes = 0

    def pack(self, value: object, depth: int = 0) -> Any:
        """Describe ``value``; JSON's own types stand for themselves, all others are tagged."""
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise NotPlainData("the value is nested too deeply, or has too many parts")
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            self._count(len(value))  # type: ignore[arg-type]
            return value
        if kind is int:
            if abs(value) >= 10**MAX_INT_DIGITS:  # type: ignore[arg-type]
                raise NotPlainData("the number has too many digits")
            return value
        if kind is float:
            if math.isfinite(value):  # type: ignore[arg-type]
                return value
            return {"t": "float", "v": repr(value)}
        if kind in (list, tuple, set, frozenset):
            parts = [self.pack(part, depth + 1) for part in value]  # type: ignore[attr-defined]
            return parts if kind is list else {"t": kind.__name__, "v": parts}
        if kind is dict:
            return {
                "t": "dict",
                "v": [
                    [self.pack(k, depth + 1), self.pack(v, depth + 1)]
                    for k, v in value.items()  # type: ignore[attr-defined]
                ],
            }
        tagged = self._leaf(value, depth)
        if tagged is None and self._other is not None:
            tagged = self._other(value)
        if tagged is None:
            raise NotPlainData(f"a {kind.__module__}.{kind.__qualname__} is not plain data")
        return tagged

    def _count(self, size: int) -> None:
        self._bytes += size
        if self._bytes > MAX_FRAME // 2:
            raise NotPlainData(f"the value is larger than {MAX_FRAME // 2**21} MiB")

    def _blob(self, data: bytes) -> int:
        self._count(len(data))
        self.blobs.append(data)
        return len(self.blobs) - 1

    def _leaf(self, value: object, depth: int) -> dict[str, Any] | None:
        import numpy as np

        if isinstance(value, bytes):
            return {"t": "bytes", "b": self._blob(bytes(value))}
        if type(value) is complex:
            return {"t": "complex", "v": [repr(value.real), repr(value.imag)]}
        if type(value) is range:
            return {"t": "range", "v": [value.start, value.stop, value.step]}
        if type(value) is slice:
            parts = [self.pack(p, depth + 1) for p in (value.start, value.stop, value.step)]
            return {"t": "slice", "v": parts}
        if value is Ellipsis:
            return {"t": "ellipsis"}
        if isinstance(value, np.generic | np.ndarray):
            return self._array(value)
        if isinstance(value, np.dtype) and value.kind in ARRAY_KINDS:
            return {"t": "dtype", "v": value.str}
        if isinstance(value, type) and issubclass(value, np.generic):
            return {"t": "scalartype", "v": value.__name__}
        if type(value) is type and value in (bool, int, float, complex, str):
            return {"t": "builtin", "v": value.__name__}
        if isinstance(value, np.random.Generator):
            state = value.bit_generator.state
            return {"t": "rng", "v": self.pack(state, depth + 1)}
        return _pack_torch(value, self)

    def _array(self, value: Any) -> dict[str, Any]:
        import numpy as np

        # A subclass may lie about itself; the base class reads the memory.
        array = np.ndarray.__array__(value) if isinstance(value, np.ndarray) else np.asarray(value)
        array = np.array(array, order="C", copy=True, subok=False)
        if (
            array.dtype.kind not in ARRAY_KINDS
            or array.dtype.hasobject
            or array.dtype.itemsize > 32
        ):
            raise NotPlainData(f"an array of dtype {array.dtype} is not plain data")
        if array.nbytes > MAX_FRAME // 2:
            raise NotPlainData(f"an array of {array.nbytes / 2**20:.0f} MiB is too large")
        tag = "scalar" if isinstance(value, np.generic) else "array"
        return {
            "t": tag,
            "d": array.dtype.str,
            "s": list(array.shape),
            "b": self._blob(array.tobytes()),
        }


def _pack_torch(value: object, packer: Packer) -> dict[str, Any] | None:
    """Copy a tensor by its numbers; torch is only looked at where it is already in use."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "Tensor"):
        return None
    if isinstance(value, torch.Tensor):
        tensor: Any = value
        plain = tensor.detach().to("cpu")
        name = str(plain.dtype).removeprefix("torch.")
        if name in ("bfloat16", "float16"):
            plain = plain.to(torch.float32)
        array = plain.contiguous().resolve_conj().resolve_neg().numpy()
        content = packer.pack(array)
        return {"t": "tensor", "d": name, "g": bool(tensor.requires_grad), "v": content}
    if isinstance(value, torch.dtype):
        return {"t": "torchdtype", "v": str(value).removeprefix("torch.")}
    if isinstance(value, torch.Size):
        return {"t": "tuple", "v": [int(n) for n in value]}
    return None


class Unpacker:
    """Rebuild a value from a JSON tree and byte blobs that nobody vouches for."""

    def __init__(self, blobs: list[memoryview], other: Decoder | None = None) -> None:
        self._blobs = blobs
        self._other = other

    def unpack(self, tree: object, depth: int = 0) -> Any:
        """Build the value; anything unexpected is a :class:`WireError`."""
        if depth > MAX_DEPTH + 8:
            raise WireError("nested too deeply")
        if tree is None or type(tree) in (bool, int, float, str):
            return tree
        if type(tree) is list:
            return [self.unpack(part, depth + 1) for part in tree]
        if type(tree) is not dict:
            raise WireError("not plain data")
        try:
            return self._tagged(tree, depth)
        except WireError:
            raise
        except Exception as error:
            raise WireError(f"a frame does not hold together: {type(error).__name__}") from error

    def _blob(self, index: object) -> memoryview:
        if type(index) is not int or not 0 <= index < len(self._blobs):
            raise WireError("a frame points at bytes that are not there")
        return self._blobs[index]

    def _tagged(self, tree: dict[str, Any], depth: int) -> object:
        tag, content = tree.get("t"), tree.get("v")
        if tag in ("tuple", "set", "frozenset"):
            parts = [self.unpack(part, depth + 1) for part in _a_list(content)]
            return {"tuple": tuple, "set": set, "frozenset": frozenset}[tag](parts)
        if tag == "dict":
            pairs = [_a_list(pair, 2) for pair in _a_list(content)]
            return {self.unpack(k, depth + 1): self.unpack(v, depth + 1) for k, v in pairs}
        if tag == "float":
            return _NOT_FINITE[str(content)]
        if tag == "complex":
            return complex(*(float(part) for part in _a_list(content, 2)))
        if tag == "bytes":
            return bytes(self._blob(tree.get("b")))
        if tag == "range":
            return range(*(_an_int(part) for part in _a_list(content, 3)))
        if tag == "slice":
            return slice(*(self.unpack(part, depth + 1) for part in _a_list(content, 3)))
        if tag == "ellipsis":
            return Ellipsis
        if tag in ("array", "scalar", "dtype", "scalartype", "builtin", "rng"):
            return self._numpy(tag, tree, depth)
        if tag in ("tensor", "torchdtype"):
            return self._torch(tag, tree, depth)
        if self._other is not None:
            return self._other(tree)
        raise WireError("a frame has an unknown tag")

    def _numpy(self, tag: str, tree: dict[str, Any], depth: int) -> object:
        import numpy as np

        content = tree.get("v")
        if tag == "builtin":
            types = {"bool": bool, "int": int, "float": float, "complex": complex, "str": str}
            return types[content]  # type: ignore[index]
        if tag == "scalartype":
            found = getattr(np, content) if isinstance(content, str) else None
            if not (isinstance(found, type) and issubclass(found, np.generic)):
                raise WireError("not a numpy scalar type")
            return found
        if tag == "dtype":
            return _dtype(content)
        if tag == "rng":
            return _generator(self.unpack(content, depth + 1))
        dtype = _dtype(tree.get("d"))
        shape = tuple(_an_int(size) for size in _a_list(tree.get("s")))
        data = self._blob(tree.get("b"))
        if len(shape) > 64 or any(size < 0 for size in shape):
            raise WireError("an array has an impossible shape")
        if math.prod(shape) * dtype.itemsize != len(data):
            raise WireError("an array's shape does not fit its bytes")
        array = np.frombuffer(bytearray(data), dtype=dtype).reshape(shape)
        if tag == "scalar":
            if shape:
                raise WireError("a scalar has a shape")
            return array[()]
        return array

    def _torch(self, tag: str, tree: dict[str, Any], depth: int) -> object:
        import numpy as np

        torch: Any = sys.modules.get("torch")
        if torch is None:  # nobody makes this process import a library that it does not use
            raise WireError("a tensor for a process that does not use torch")
        name = tree.get("v") if tag == "torchdtype" else tree.get("d")
        dtype = getattr(torch, name) if isinstance(name, str) else None
        if not isinstance(dtype, torch.dtype):
            raise WireError("not a torch dtype")
        if tag == "torchdtype":
            return dtype
        array = self.unpack(tree.get("v"), depth + 1)
        if not isinstance(array, np.ndarray):
            raise WireError("a tensor without numbers")
        tensor = torch.from_numpy(array.astype(array.dtype.newbyteorder("="))).to(dtype)
        if tree.get("g") is True and (dtype.is_floating_point or dtype.is_complex):
            tensor.requires_grad_(True)
        return tensor


def _a_list(value: object, size: int | None = None) -> list[Any]:
    if type(value) is not list or (size is not None and len(value) != size):
        raise WireError("a list of another length was announced")
    return value


def _an_int(value: object) -> int:
    if type(value) is not int or abs(value) > 2**62:
        raise WireError("a whole number was announced")
    return value


def _dtype(text: object) -> Any:
    import numpy as np

    if not isinstance(text, str) or len(text) > 8:
        raise WireError("not a dtype")
    dtype = np.dtype(text)
    if dtype.kind not in ARRAY_KINDS or dtype.hasobject:
        raise WireError("not a dtype of plain data")
    return dtype


def _generator(state: object) -> Any:
    """Rebuild a random generator as a copy: drawing from it does not move the original."""
    import numpy as np

    if not isinstance(state, dict):
        raise WireError("a generator without state")
    kinds = {"PCG64": np.random.PCG64, "PCG64DXSM": np.random.PCG64DXSM}
    kinds |= {"MT19937": np.random.MT19937, "Philox": np.random.Philox, "SFC64": np.random.SFC64}
    bits = kinds[state["bit_generator"]]()
    bits.state = state
    return np.random.Generator(bits)


def encode(message: dict[str, Any], other: Encoder | None = None) -> bytes:
    """Turn a message into the bytes of one frame, without the leading length."""
    packer = Packer(other)
    tree = {key: packer.pack(value) for key, value in message.items()}
    header = json.dumps(
        {"m": tree, "n": [len(blob) for blob in packer.blobs]}, separators=(",", ":")
    ).encode("utf-8", "surrogatepass")
    if len(header) > MAX_HEADER:
        raise NotPlainData("the value has too many parts")
    return b"".join([struct.pack(">I", len(header)), header, *packer.blobs])


def decode(frame: bytes | memoryview, other: Decoder | None = None) -> dict[str, Any]:
    """Rebuild a message from the bytes of one frame; the only error is :class:`WireError`."""
    view = memoryview(frame)
    if len(view) < 4:
        raise WireError("a frame is too short")
    (size,) = struct.unpack(">I", view[:4])
    if size > MAX_HEADER or size > len(view) - 4:
        raise WireError("a frame's header is longer than the frame")
    try:
        header = json.loads(bytes(view[4 : 4 + size]).decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise WireError("a frame's header is not JSON") from error
    if type(header) is not dict or type(header.get("m")) is not dict:
        raise WireError("a frame carries no message")
    blobs, place = [], 4 + size
    for length in _a_list(header.get("n")):
        if type(length) is not int or not 0 <= length <= len(view) - place:
            raise WireError("a frame is shorter than it says")
        blobs.append(view[place : place + length])
        place += length
    unpacker = Unpacker(blobs, other)
    return {key: unpacker.unpack(value) for key, value in header["m"].items()}


class Closed(WireError):  # noqa: N818 -- read as what has happened
    """The other side has gone."""


class Late(WireError):  # noqa: N818 -- likewise
    """The other side did not answer before the deadline."""


def send_frame(channel: socket.socket, frame: bytes, seconds: float | None = None) -> None:
    """Write one frame; a reader that does not read for so long counts as gone."""
    try:
        channel.settimeout(seconds)
        channel.sendall(struct.pack(">I", len(frame)) + frame)
    except OSError as error:
        raise Closed("the other process has gone, or does not listen") from error


def receive_frame(channel: socket.socket, deadline: float | None = None) -> bytes:
    """Read one frame of at most MAX_FRAME bytes, before the clock reaches the deadline."""
    (size,) = struct.unpack(">I", _receive(channel, 4, deadline))
    if size > MAX_FRAME:
        raise WireError(f"a frame of {size} bytes was announced; {MAX_FRAME} are allowed")
    return _receive(channel, size, deadline)


def _receive(channel: socket.socket, size: int, deadline: float | None) -> bytes:
    data = bytearray(size)
    view, place = memoryview(data), 0
    while place < size:
        try:
            channel.settimeout(
                None if deadline is None else max(0.001, deadline - time.monotonic())
            )
            count = channel.recv_into(view[place:])
        except TimeoutError as error:
            raise Late("the other process did not finish its sentence in time") from error
        except OSError as error:
            raise Closed("the other process has gone") from error
        if not count:
            raise Closed("the other process has gone")
        place += count
    return bytes(data)
