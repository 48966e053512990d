"""Random convolutions for the PyTorch room: every argument drawn, only possible ones kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st


@dataclass(frozen=True)
class Convolution:
    """Arguments of one call of ``conv2d``; ``tensors`` makes signed data from ``seed``."""

    x_shape: tuple[int, int, int, int]
    weight_shape: tuple[int, int, int, int]
    has_bias: bool
    arguments: dict[str, Any]
    seed: int

    def tensors(
        self, device: str = "cpu", dtype: torch.dtype = torch.float64
    ) -> list[torch.Tensor | None]:
        draw = torch.Generator().manual_seed(self.seed)
        shapes = [self.x_shape, self.weight_shape, self.weight_shape[:1]]
        made: list[torch.Tensor | None] = [
            torch.randn(shape, generator=draw, dtype=torch.float64).to(device, dtype)
            for shape in shapes
        ]
        return made if self.has_bias else [*made[:2], None]


@st.composite
def convolutions(
    draw: st.DrawFn,
    kernel: tuple[int, int] | None = None,
    max_stride: int = 3,
    max_dilation: int = 3,
    max_groups: int = 3,
) -> Convolution:
    kernel_size = kernel or (draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    stride = (draw(st.integers(1, max_stride)), draw(st.integers(1, max_stride)))
    dilation = (draw(st.integers(1, max_dilation)), draw(st.integers(1, max_dilation)))
    padding: tuple[int, int] | str = (draw(st.integers(0, 3)), draw(st.integers(0, 3)))
    kind = draw(st.sampled_from(["numbers", "numbers", "valid", "same"]))
    if kind == "valid" or (kind == "same" and stride == (1, 1)):
        padding = kind
    borders = (0, 0) if isinstance(padding, str) else padding
    size = [
        draw(st.integers(max(1, d * (k - 1) + 1 - 2 * p), d * (k - 1) + 9))
        for k, d, p in zip(kernel_size, dilation, borders, strict=True)
    ]
    groups = draw(st.integers(1, max_groups))
    C_in, C_out = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    return Convolution(
        (draw(st.integers(1, 3)), C_in, size[0], size[1]),
        (C_out, C_in // groups, *kernel_size),
        draw(st.booleans()),
        {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups},
        draw(st.integers(0, 2**32)),
    )


@st.composite
def transposed_convolutions(draw: st.DrawFn) -> Convolution:
    """``weight_shape`` is (C_in, C_out // groups, KH, KW) here; only outputs with pixels."""
    groups = draw(st.integers(1, 2))
    kernel_size = (draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    size = (draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    dilation = (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    extra = tuple(
        draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)
    )
    reach = [
        (n - 1) * s + d * (k - 1) + 1
        for n, s, d, k in zip(size, stride, dilation, kernel_size, strict=True)
    ]
    padding = tuple(draw(st.integers(0, min(2, (r - 1) // 2))) for r in reach)
    C_in = groups * draw(st.integers(1, 3))
    return Convolution(
        (draw(st.integers(1, 2)), C_in, *size),
        (C_in, draw(st.integers(1, 3)), *kernel_size),
        False,
        {
            "stride": stride,
            "padding": padding,
            "output_padding": extra,
            "groups": groups,
            "dilation": dilation,
        },
        draw(st.integers(0, 2**32)),
    )
