"""What counts as plain data, and how it becomes a JSON tree and byte blobs.

Numbers, text, bytes, tuples, lists, dicts, sets, slices, arrays and tensors. There is no pickle:
whatever is something else is refused, or stays with its owner (:mod:`autograder.proxies`).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

MAX_FRAME = 64 * 2**20
MAX_DEPTH = 32
MAX_NODES = 500_000
MAX_INT_DIGITS = 4000
ARRAY_KINDS = "biufc"

#: Shown in the header where the value itself stays with its owner: see :mod:`autograder.proxies`.
Encoder = Callable[[object], "dict[str, Any] | None"]


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
