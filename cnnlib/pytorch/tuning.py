"""Find the fastest tile of the implicit-GEMM kernel for one layer, by trying.

Room: ``cnnlib.pytorch``. How a product should be cut depends on its sizes, its type and the GPU in
ways that no formula tells well. A tuned tile is used from then on, in this process.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor

from cnnlib.pytorch.geometry import Geometry
from cnnlib.pytorch.implicit_gemm import (
    TUNED,
    Tile,
    forward,
    gradient_of_weight,
    gradient_of_x,
    kernels,
    tuning_key,
)

__all__ = ["OPERATIONS", "candidates", "tune"]

OPERATIONS = ("forward", "gradient of x", "gradient of weight")


def candidates(operation: str, dtype: torch.dtype) -> list[Tile]:
    """Tiles worth trying. Wider data gets shorter steps: a tile must fit into shared memory."""
    steps = (64, 128) if torch.finfo(dtype).bits == 16 else (32, 64)
    sizes = ((128, 256, 8), (256, 128, 8), (128, 128, 8), (128, 64, 4), (64, 128, 4), (64, 64, 4))
    splits = (1, 4, 16, 64) if operation == "gradient of weight" else (1, 4)
    return [
        Tile(m, n, k, parts, warps, stages)
        for (m, n, warps), k, parts, stages in product(sizes, steps, splits, (3, 4))
    ]


def tune(
    operation: str,
    x: Tensor,
    weight: Tensor,
    g: Geometry,
    measure: Callable[[Callable[[], Tensor]], float] | None = None,
    tiles: list[Tile] | None = None,
) -> Tile:
    """Try ``tiles`` on one layer and keep the fastest for its next calls.

    Parameters
    ----------
    operation : {"forward", "gradient of x", "gradient of weight"}
    x : (N, C_in, H, W), on the GPU, best in ``torch.channels_last``
    weight : (C_out, C_in // groups, KH, KW)
    g : Geometry
        From :func:`cnnlib.pytorch.geometry.geometry`.
    measure : function of a function, optional
        How long a call takes; Triton's ``do_bench`` by default.
    tiles : list of Tile, optional
        :func:`candidates` by default.

    Returns
    -------
    tile : Tile
        The fastest one that fits into the GPU's shared memory.

    Raises
    ------
    ValueError
        If the operation is unknown, or no tile fits.
    """
    if operation not in OPERATIONS:
        raise ValueError(f"tune: operation must be one of {OPERATIONS}, but it is {operation!r}")
    kernels(x.device)
    from triton import testing
    from triton.runtime.errors import OutOfResources

    grad_y = torch.randn_like(forward(x, weight, None, g))
    run: Callable[[], Tensor] = {
        "forward": lambda: forward(x, weight, None, g),
        "gradient of x": lambda: gradient_of_x(grad_y, x, weight, g),
        "gradient of weight": lambda: gradient_of_weight(grad_y, x, weight, g),
    }[operation]
    timer = measure or (lambda call: float(testing.do_bench(call, return_mode="median")))
    key = tuning_key(operation, x, weight, g)
    times: dict[Tile, float] = {}
    for tile in candidates(operation, x.dtype) if tiles is None else tiles:
        TUNED[key] = tile
        try:
            times[tile] = timer(run)
        except OutOfResources:
            continue
    TUNED.pop(key, None)
    if not times:
        raise ValueError(f"tune: none of the tiles fits into this GPU's memory for {operation}")
    TUNED[key] = min(times, key=times.__getitem__)
    return TUNED[key]
