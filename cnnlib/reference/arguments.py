"""What every function of this room asks of its arguments, and how it says no.

Each check names the function, the argument, what it is, and the cure.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cnnlib.shapes import ShapeError

Array = npt.NDArray[Any]
Pair = int | tuple[int, int]
Padding = Pair | str


def describe(**shapes: tuple[Any, str]) -> str:
    """One line for each array: its name, its shape, and the names of its axes."""
    width = max(map(len, shapes))
    return "\n".join(
        f"  {name:<{width}}  {np.shape(value) if isinstance(value, np.ndarray) else value}"
        + (f"  {axes}" if axes else "")
        for name, (value, axes) in shapes.items()
    )


def require_float(function: str, **arrays: Any) -> None:
    """Refuse anything but floating-point arrays of one dtype; ``None`` is an absent array."""
    first: tuple[str, np.dtype[Any]] | None = None
    for name, array in arrays.items():
        if array is None:
            continue
        if not isinstance(array, np.ndarray):
            raise TypeError(
                f"{function}: {name} is a {type(array).__name__}, not a NumPy array\n"
                f"  Use np.asarray({name}, dtype=np.float32)."
            )
        if array.dtype.kind != "f":
            raise TypeError(
                f"{function}: {name} holds {array.dtype}, but must be floating point\n"
                f"{describe(**{name: (array, '')})}\n"
                f"  Use {name}.astype(np.float32)."
            )
        if first is None:
            first = name, array.dtype
        elif array.dtype != first[1]:
            raise TypeError(
                f"{function}: {name} holds {array.dtype} but {first[0]} holds {first[1]}\n"
                f"  Use {name}.astype({first[0]}.dtype), so that nothing is converted unnoticed."
            )


def require_shape(
    function: str, name: str, array: Array, shape: tuple[int, ...], axes: str
) -> None:
    """Refuse an array whose shape is not the one that the other arguments call for."""
    if array.shape != shape:
        raise ShapeError(
            f"{function}: {name} has shape {array.shape} but must have {shape}\n"
            f"{describe(**{name: (array, ''), 'needed': (shape, axes)})}\n"
            f"  {_shape_cure(array.shape, shape)}"
        )


def require_same_shape(function: str, grad_y: Array, x: Array) -> None:
    """Refuse a gradient of another shape than the array whose values it belongs to."""
    require_float(function, grad_y=grad_y, x=x)
    require_shape(function, "grad_y", grad_y, x.shape, "the shape of x")


def _shape_cure(got: tuple[int, ...], needed: tuple[int, ...]) -> str:
    if np.prod(got) == np.prod(needed):
        return "It has the right number of values: transpose or reshape it."
    return "Check that it comes from the same call as the other arguments."


def as_batch(function: str, x: Array, axes: str = "C, H, W", name: str = "x") -> Array:
    """Return an image without a batch axis as a batch of one; a batch as it is."""
    rank = axes.count(",") + 1
    if x.ndim == rank:
        x = x[None]
    if x.ndim != rank + 1:
        raise ShapeError(
            f"{function}: {name} has {x.ndim} axes but must have {rank + 1}, "
            f"or {rank} without a batch\n"
            f"{describe(**{name: (x, f'needed: (N, {axes}) or ({axes})')})}\n"
            f"  For one {'channel' if rank == 3 else 'sample'} use {name}[None]; "
            f"for a stack of them add the missing axis."
        )
    if rank == 3 and 0 in x.shape[2:]:
        raise ShapeError(
            f"{function}: {name} has no pixels\n{describe(**{name: (x, f'(N, {axes})')})}"
        )
    return x


def require_window_fits(
    function: str,
    kernel: tuple[int, int],
    dilation: tuple[int, int],
    room: tuple[int, int],
    sizes: str,
) -> None:
    """Refuse a window that is larger than the padded image; ``sizes`` says what was given."""
    for axis, name in enumerate(("rows", "columns")):
        extent = dilation[axis] * (kernel[axis] - 1) + 1
        if extent > room[axis]:
            raise ShapeError(
                f"{function}: the window covers {extent} {name} "
                f"but the padded image has {room[axis]}\n"
                f"  {sizes}, dilation {dilation}\n"
                f"  Use a smaller kernel or dilation, or more padding."
            )
