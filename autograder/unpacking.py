"""Plain data rebuilt from a JSON tree and byte blobs that nobody vouches for.

There is no import by name, and nothing that the other side sends is called. Shapes, kinds and
sizes are checked against what is there.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

from autograder.packing import ARRAY_KINDS, MAX_DEPTH

_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}

#: Makes something of a tag that is not plain data: see :mod:`autograder.proxies`.
Decoder = Callable[[dict[str, Any]], object]


class WireError(Exception):
    """The other side sent something that is not a frame of plain data."""


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
