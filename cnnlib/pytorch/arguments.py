"""What every function of this room asks of its tensors, and how it says no.

Each refusal names the function, the argument, what it is, and the cure.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor

from cnnlib.shapes import ShapeError

IntPair = int | tuple[int, int]
MaybeTensor = TypeVar("MaybeTensor", Tensor, Tensor | None)


def require_float(function: str, mixed: bool = False, **tensors: Tensor | None) -> None:
    """Refuse anything but float tensors of one dtype; ``mixed`` lets the dtypes differ.

    So does ``torch.autocast``, which converts them.
    """
    first: tuple[str, torch.dtype] | None = None
    for name, tensor in tensors.items():
        if tensor is None:
            continue
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"{function}: {name} is a {type(tensor).__name__}, but this room works on tensors\n"
                f"  Make one with torch.as_tensor({name}), or call cnnlib.reference.{function}."
            )
        if not tensor.dtype.is_floating_point:
            raise TypeError(
                f"{function}: {name} has dtype {tensor.dtype}, but must be floating point\n"
                f"  Convert it with {name}.float()."
            )
        if first is None:
            first = name, tensor.dtype
        elif tensor.dtype != first[1] and not mixed and not autocasting(tensor):
            raise TypeError(
                f"{function}: {name} has dtype {tensor.dtype} but {first[0]} has {first[1]}\n"
                f"  Convert it with {name}.to({first[0]}.dtype)."
            )


def autocasting(tensor: Tensor) -> bool:
    """Whether ``torch.autocast`` converts this tensor; it leaves float64 alone."""
    kind = tensor.device.type
    return (
        tensor.dtype != torch.float64
        and torch.amp.is_autocast_available(kind)
        and torch.is_autocast_enabled(kind)
    )


def under_autocast(tensor: MaybeTensor) -> MaybeTensor:
    """The tensor in the type that ``torch.autocast`` asks of products; outside it as it is.

    PyTorch converts the arguments of its own convolutions. Ours follow, so that mixed precision
    works alike with every algorithm.
    """
    if tensor is None or not autocasting(tensor):
        return tensor
    return tensor.to(torch.get_autocast_dtype(tensor.device.type))


def images(function: str, x: Tensor) -> tuple[Tensor, bool]:
    """``x`` as (N, C, H, W), and whether it came as one image (C, H, W)."""
    if x.dim() not in (3, 4):
        raise ShapeError(
            f"{function}: x has {x.dim()} axes, expected (N, C, H, W) or (C, H, W)\n"
            f"  x       {tuple(x.shape)}\n"
            f"  A grey picture (H, W) needs a channel axis: x[None]; a batch of them, x[:, None]."
        )
    if 0 in x.shape[-2:]:
        raise ShapeError(f"{function}: x has no pixels\n  x       {tuple(x.shape)}  (N, C, H, W)")
    return (x[None], True) if x.dim() == 3 else (x, False)


@contextmanager
def refusing(function: str, cure: str, **tensors: Tensor | None) -> Iterator[None]:
    """Say in this course's words what PyTorch refuses: its sentence, the shapes, and the cure.

    PyTorch raises RuntimeError for sizes that do not fit; here that is a ShapeError, a ValueError.
    What has nothing to do with the arguments, such as a full memory, passes through unchanged.
    """
    try:
        yield
    except (torch.OutOfMemoryError, torch.AcceleratorError):
        raise
    except (RuntimeError, IndexError, ValueError, AssertionError) as error:
        shapes = "".join(
            f"\n  {name:<8}{tuple(tensor.shape)}"
            for name, tensor in tensors.items()
            if tensor is not None
        )
        sentence = str(error).partition("\n")[0]
        raise ShapeError(f"{function}: {sentence}{shapes}\n  {cure}") from error
