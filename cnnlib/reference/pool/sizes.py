"""The sizes of one pooling, checked once."""

from __future__ import annotations

from dataclasses import dataclass

from cnnlib.reference.arguments import Array, Pair, describe, require_window_fits
from cnnlib.reference.views import Sides, tap
from cnnlib.shapes import ShapeError, as_pair, conv_output_size


@dataclass(frozen=True)
class Pooling:
    """Where the windows stand; ``frame`` includes what ceil_mode hangs over the far edges."""

    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    places: tuple[int, int]

    @property
    def frame(self) -> Sides:
        """((top, bottom), (left, right)) so that every window lies inside."""
        rows, columns = (self._side(axis) for axis in (0, 1))
        return rows, columns

    def _side(self, axis: int) -> tuple[int, int]:
        reach = (self.places[axis] - 1) * self.stride[axis]
        reach += self.dilation[axis] * (self.kernel[axis] - 1) + 1
        return self.padding[axis], max(0, reach - self.size[axis] - self.padding[axis])

    @property
    def inside(self) -> tuple[slice, slice]:
        """Where the image lies inside its frame."""
        (top, left), (H, W) = self.padding, self.size
        return slice(top, top + H), slice(left, left + W)

    def tap(self, i: int, j: int) -> tuple[slice, slice]:
        """Rows and columns of the framed image that tap (i, j) meets at all places."""
        return tap(i, j, self.places, self.stride, self.dilation)


def pooling(
    function: str,
    x: Array,
    kernel_size: Pair,
    stride: Pair | None,
    padding: Pair,
    dilation: Pair,
    ceil_mode: bool,
) -> Pooling:
    """Check the arguments of a pooling of a batch, and return its sizes."""
    kernel = as_pair(kernel_size, f"{function}: kernel_size", 1)
    step = kernel if stride is None else as_pair(stride, f"{function}: stride", 1)
    pad = as_pair(padding, f"{function}: padding", 0)
    dil = as_pair(dilation, f"{function}: dilation", 1)
    if not x.shape[1]:
        raise ShapeError(f"{function}: x has no channels\n{describe(x=(x, '(N, C, H, W)'))}")
    places = []
    for axis, name in enumerate(("rows", "columns")):
        extent = dil[axis] * (kernel[axis] - 1) + 1
        if pad[axis] > kernel[axis] // 2:
            raise ShapeError(
                f"{function}: padding adds {pad[axis]} {name} on each side but the window has "
                f"{kernel[axis]}\n"
                f"  Use at most half of kernel_size, {kernel[axis] // 2}, "
                f"or a window could lie outside the image."
            )
        size = x.shape[2 + axis]
        overhang = step[axis] - 1 if ceil_mode else 0
        if extent <= size + 2 * pad[axis] + overhang:
            count = conv_output_size(
                size, kernel[axis], step[axis], (pad[axis], pad[axis] + overhang), dil[axis]
            )
            if ceil_mode and (count - 1) * step[axis] >= size + pad[axis]:
                count -= 1  # the last window must start on the image or on its near padding
            places.append(count)
        else:
            require_window_fits(
                function,
                kernel,
                dil,
                (x.shape[2] + 2 * pad[0], x.shape[3] + 2 * pad[1]),
                f"x {x.shape} (N, C, H, W), kernel_size {kernel}, padding {pad}",
            )
    return Pooling((x.shape[2], x.shape[3]), kernel, step, pad, dil, (places[0], places[1]))
