"""Padding: what to assume beyond the edge of an image.

Room: ``cnnlib.pytorch``. Twin: ``cnnlib.reference.pad``, which shows how each mode is computed.
Book: chapter 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from cnnlib.pytorch.arguments import refusing, require_float
from cnnlib.shapes import ShapeError, as_integer

__all__ = ["pad"]

MODES = ("constant", "reflect", "replicate", "circular")


def pad(
    x: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """Add pixels around an image, or take some away.

    PyTorch's function, only with its refusals explained.

    Parameters
    ----------
    x : (N, C, H, W), (C, H, W), or any shape for ``mode="constant"``
    pad : sequence of int, pixels
        From the *last* axis backwards, two numbers each: ``(left, right, top, bottom, ...)``.
        A negative number cuts pixels off.
    mode : {"constant", "reflect", "replicate", "circular"}
        Fill with ``value``; mirror without repeating the edge; repeat the edge; start again from
        the other side. The last three pad the last one, two or three axes of tensors with one or
        two axes more.
    value : float, optional
        For ``mode="constant"`` only; 0 by default. Unit of ``x``.

    Returns
    -------
    y : as ``x``, with the padded axes longer or shorter

    Raises
    ------
    ShapeError
        If ``pad`` has an odd length or more pairs than axes, if more is cut off than there is,
        or if ``reflect`` or ``circular`` would need more pixels than there are.
    ValueError
        If the mode is unknown, or takes no ``value``.
    TypeError
        If ``x`` is not a floating-point tensor, or a number of ``pad`` not an integer.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[1.0, 2.0, 3.0]])
    >>> pad(x, (2, 1))
    tensor([[0., 0., 1., 2., 3., 0.]])
    >>> pad(x, (2, 1), mode="reflect")
    tensor([[3., 2., 1., 2., 3., 2.]])
    >>> pad(x, (-1, 1))
    tensor([[2., 3., 0.]])
    """
    require_float("pad", x=x)
    if mode not in MODES:
        raise ValueError(f"pad: mode must be one of {', '.join(map(repr, MODES))}, not {mode!r}")
    if mode != "constant" and value:
        raise ValueError(f"pad: mode={mode!r} takes its values from the image; leave out value")
    amounts = [as_integer(amount, "pad: an amount of pad") for amount in pad]
    if len(amounts) % 2 or len(amounts) > 2 * x.dim():
        raise ShapeError(
            f"pad: pad has {len(amounts)} numbers for {x.dim()} axes\n"
            f"  x       {tuple(x.shape)}\n"
            f"  Give two for each axis, from the last one backwards: (left, right, top, bottom)."
        )
    _require_pixels_left(x, amounts, mode)
    with refusing("pad", "Pad less, or choose another mode.", x=x):
        return F.pad(x, amounts, mode, value if mode == "constant" else None)


def _require_pixels_left(x: Tensor, amounts: list[int], mode: str) -> None:
    """Refuse cuts after which nothing is left to copy: PyTorch would return whatever it finds."""
    for axis, (before, after) in enumerate(zip(amounts[::2], amounts[1::2], strict=True), 1):
        size = x.shape[-axis]
        left = size + min(0, before) + min(0, after)
        if (mode == "circular" and max(before, after) > left) or (
            mode in ("reflect", "replicate") and size + before + after < 1
        ):
            raise ShapeError(
                f"pad: axis {x.dim() - axis} of x has {size} pixels, too few for {before} before"
                f" and {after} after in mode={mode!r}\n"
                f"  x       {tuple(x.shape)}\n"
                f"  Cut or pad less."
            )
