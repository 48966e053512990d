"""Pooling: one number for each window of each channel.

Room: ``cnnlib.pytorch``. Twin: ``cnnlib.reference.pool``. Book: chapter 5.
``algorithm="windows"`` computes on the same view of windows that a convolution multiplies, so that
the kinship can be seen; ``"auto"`` is PyTorch's kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnlib.pytorch.arguments import IntPair, images, refusing, require_float
from cnnlib.pytorch.windows import window_view
from cnnlib.shapes import as_integer, as_pair

__all__ = ["adaptive_avg_pool2d", "avg_pool2d", "max_pool2d"]

CURE = "Use a smaller window, a larger image, or padding of at most half the window."


class _Pooling(NamedTuple):
    """The sizes of one pooling; ``places`` counts a last window that hangs over, if allowed."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    places: tuple[int, int]

    def overhang(self, size: Sequence[int]) -> tuple[int, int]:
        """Rows and columns that the last window needs beyond the padded image."""
        below, right = (
            (self.places[a] - 1) * self.stride[a]
            + self.dilation[a] * (self.kernel[a] - 1) + 1
            - size[a] - 2 * self.padding[a]
            for a in (0, 1)
        )  # fmt: skip
        return max(0, below), max(0, right)

    def misses(self, size: Sequence[int]) -> bool:
        """Whether some window has no tap on the image: possible with dilation only."""
        return max(self.dilation) > 1 and any(
            all(not 0 <= p * s - border + i * d < n for i in range(k))
            for n, k, s, border, d, places in zip(
                size,
                self.kernel,
                self.stride,
                self.padding,
                self.dilation,
                self.places,
                strict=True,
            )
            for p in range(places)
        )

    def windows(self, x: Tensor, fill: float) -> Tensor:
        """(N, C, OH, OW, KH, KW): the windows of ``x`` inside a frame of ``fill``."""
        (rows, columns), (below, right) = self.padding, self.overhang(x.shape[2:])
        framed = F.pad(x, (columns, columns + right, rows, rows + below), value=fill)
        (OH, OW), view = self.places, window_view(framed, self.kernel, self.stride, self.dilation)
        return view[:, :, :OH, :OW]


def max_pool2d(
    x: Tensor,
    kernel_size: IntPair,
    stride: IntPair | None = None,
    padding: IntPair = 0,
    dilation: IntPair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    algorithm: str = "auto",
) -> Tensor | tuple[Tensor, Tensor]:
    r"""Keep the largest value of each window.

    .. math:: y_{ncpq} = \max_{ij} x_{n,c,\,Sp+Di,\,Sq+Dj}

    Parameters
    ----------
    x : (N, C, H, W) or (C, H, W)
        Images, any unit.
    kernel_size, padding, dilation : int or (int, int), pixels
        Padding counts as minus infinity, at most half a window of it on each side.
    stride : int or (int, int), pixels, optional
        ``kernel_size`` by default, so that windows neither overlap nor leave gaps.
    ceil_mode : bool
        Also keep a last window that hangs over the far edge, if it begins inside.
    return_indices : bool
        Also return where each maximum was.
    algorithm : {"auto", "windows"}
        PyTorch's kernel, or the maximum over the last axes of a view of all windows.

    Returns
    -------
    y : (N, C, OH, OW) or (C, OH, OW)
        The gradient goes to the first largest value of each window.
    indices : int64, the shape of ``y``
        Only with ``return_indices``: ``row * W + column`` in ``x``; no pixel's number where a
        dilated window lies on padding alone, and ``y`` is minus infinity.

    Raises
    ------
    ShapeError
        If the window is larger than the padded image, or the padding than half the window.
    TypeError, ValueError
        If a size is not an integer, or too small; if ``x`` is not a floating-point tensor.

    Notes
    -----
    Goodfellow, Bengio and Courville, *Deep Learning*, 2016, section 9.3.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 2.0, 7.0]]])
    >>> max_pool2d(x, 2)
    tensor([[[5., 7.]]])
    >>> max_pool2d(x, 2, return_indices=True, algorithm="windows")[1]
    tensor([[[1, 7]]])
    """
    require_float("max_pool2d", x=x)
    batch, single = images("max_pool2d", x)
    _check_algorithm("max_pool2d", algorithm)
    kernel = as_pair(kernel_size, "max_pool2d: kernel_size", 1)
    arguments = (
        kernel if stride is None else as_pair(stride, "max_pool2d: stride", 1),
        as_pair(padding, "max_pool2d: padding", 0),
        as_pair(dilation, "max_pool2d: dilation", 1),
    )
    with refusing("max_pool2d", CURE, x=x):
        # The library's kernel also decides what is refused, and how many places there are.
        y, indices = F.max_pool2d(batch, kernel, *arguments, ceil_mode, return_indices=True)
    p = _Pooling(kernel, *arguments, (y.shape[2], y.shape[3]))
    # Where a window lies on padding alone, PyTorch's gradient would be written outside the image.
    if algorithm == "windows" or p.misses(batch.shape[2:]):
        y, indices = _largest(batch, p)
    if single:
        y, indices = y[0], indices[0]
    return (y, indices) if return_indices else y


def _largest(x: Tensor, p: _Pooling) -> tuple[Tensor, Tensor]:
    W, KW, (OH, OW) = x.shape[3], p.kernel[1], p.places
    taps = p.windows(x, -torch.inf).flatten(-2)
    # The gradient has one receiver: the first tap on the image that holds the largest value.
    # PyTorch's argmax promises no order among equals, so earlier taps get larger numbers.
    largest = (taps == taps.amax(-1, keepdim=True)) | taps.isnan()
    on_image = p.windows(torch.ones_like(x[:1, :1]), 0.0).flatten(-2) > 0
    order = torch.arange(taps.shape[-1], 0, -1, device=x.device)
    tap = ((largest & on_image) * order).argmax(-1)
    y = taps.gather(-1, tap[..., None])[..., 0]

    def place(axis: int, count: int) -> Tensor:
        return torch.arange(count, device=x.device) * p.stride[axis] - p.padding[axis]

    row = place(0, OH)[:, None] + tap // KW * p.dilation[0]
    column = place(1, OW) + tap % KW * p.dilation[1]
    return y, row * W + column


def avg_pool2d(
    x: Tensor,
    kernel_size: IntPair,
    stride: IntPair | None = None,
    padding: IntPair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    algorithm: str = "auto",
) -> Tensor:
    r"""Average each window.

    .. math:: y_{ncpq} = \frac{1}{|\text{window}|} \sum_{ij} x_{n,c,\,Sp+i,\,Sq+j}

    Parameters
    ----------
    x : (N, C, H, W) or (C, H, W)
        Images, any unit.
    kernel_size, padding : int or (int, int), pixels
        Padding is zeros, at most half a window of it on each side.
    stride : int or (int, int), pixels, optional
        ``kernel_size`` by default.
    ceil_mode : bool
        Also keep a last window that hangs over the far edge, if it begins inside.
    count_include_pad : bool
        Whether the zeros of the padding count in the divisor; what hangs over never does.
    divisor_override : int, optional
        Divide by this number instead.
    algorithm : {"auto", "windows"}
        PyTorch's kernel, or a sum over the last axes of a view of all windows.

    Returns
    -------
    y : (N, C, OH, OW) or (C, OH, OW)

    Raises
    ------
    ShapeError
        If the window is larger than the padded image, or the padding than half the window.
    TypeError, ValueError
        If a size is not an integer, or too small; if ``x`` is not a floating-point tensor.

    Notes
    -----
    LeCun, Bottou, Bengio and Haffner, *Gradient-based learning applied to document recognition*,
    1998, section II.B, with a trained factor and bias; here the plain average.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[[1.0, 5.0, 2.0, 0.0], [3.0, 3.0, 2.0, 8.0]]])
    >>> avg_pool2d(x, 2)
    tensor([[[3., 3.]]])
    >>> avg_pool2d(x, 2, padding=1, count_include_pad=False, algorithm="windows")
    tensor([[[1.0000, 3.5000, 0.0000],
             [3.0000, 2.5000, 8.0000]]])
    """
    require_float("avg_pool2d", x=x)
    batch, single = images("avg_pool2d", x)
    _check_algorithm("avg_pool2d", algorithm)
    kernel = as_pair(kernel_size, "avg_pool2d: kernel_size", 1)
    steps = kernel if stride is None else as_pair(stride, "avg_pool2d: stride", 1)
    border = as_pair(padding, "avg_pool2d: padding", 0)
    if divisor_override is not None and as_integer(divisor_override, "divisor_override") == 0:
        raise ValueError("avg_pool2d: divisor_override must not be 0: nothing can be divided by it")
    options = ceil_mode, count_include_pad, divisor_override
    with refusing("avg_pool2d", CURE, x=x):
        # The library's kernel also decides what is refused, and how many places there are.
        y = F.avg_pool2d(batch, kernel, steps, border, *options)
    if algorithm == "windows":
        p = _Pooling(kernel, steps, border, (1, 1), (y.shape[2], y.shape[3]))
        total = p.windows(batch, 0.0).sum((-2, -1))
        y = total / (divisor_override or _counts(batch, p, count_include_pad))
    return y[0] if single else y


def _counts(x: Tensor, p: _Pooling, count_include_pad: bool) -> Tensor:
    """How many pixels each window averages: a sum over windows of ones."""
    (rows, columns), fill = p.padding, 1.0 if count_include_pad else 0.0
    counted = F.pad(x.new_ones(1, 1, *x.shape[2:]), (columns, columns, rows, rows), value=fill)
    inner = p._replace(padding=(0, 0))
    return inner.windows(counted, 0.0).sum((-2, -1))


def adaptive_avg_pool2d(x: Tensor, output_size: int | Sequence[int | None]) -> Tensor:
    r"""Average so that the result has ``output_size``, whatever the image's size.

    .. math:: \text{window } p \text{ has rows }
              \lfloor pH / OH \rfloor \le h < \lceil (p + 1) H / OH \rceil

    PyTorch's function, only with its refusals explained: the windows differ in size, so no view
    holds them all.

    Parameters
    ----------
    x : (N, C, H, W) or (C, H, W)
        Images, any unit.
    output_size : int or (int or None, int or None), pixels
        ``None`` keeps the size of that axis; 1 is global average pooling.

    Returns
    -------
    y : (N, C, OH, OW) or (C, OH, OW)

    Raises
    ------
    ShapeError
        If ``x`` has other axes or no pixels.
    TypeError, ValueError
        If a size is not an integer, or too small; if ``x`` is not a floating-point tensor.

    Examples
    --------
    >>> import torch
    >>> adaptive_avg_pool2d(torch.arange(6.0).reshape(1, 2, 3), 1)
    tensor([[[2.5000]]])
    """
    require_float("adaptive_avg_pool2d", x=x)
    images("adaptive_avg_pool2d", x)
    sizes = output_size if isinstance(output_size, Sequence) else (output_size, output_size)
    if len(sizes) != 2:
        raise ValueError(
            f"adaptive_avg_pool2d: output_size must be one integer or a pair (height, width),"
            f" but it is {output_size!r}"
        )
    if output_size is None:
        raise TypeError("adaptive_avg_pool2d: output_size must be an integer or a pair, not None")
    rows, columns = (
        size if size is None else as_integer(size, "adaptive_avg_pool2d: output_size", 0)
        for size in sizes
    )
    with refusing("adaptive_avg_pool2d", "Give images with at least one channel.", x=x):
        return F.adaptive_avg_pool2d(x, (rows, columns))


def _check_algorithm(function: str, algorithm: str) -> None:
    if algorithm not in ("auto", "windows"):
        raise ValueError(
            f"{function}: algorithm must be 'auto' or 'windows', but it is {algorithm!r}"
        )
