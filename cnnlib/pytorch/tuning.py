"""Find the fastest tile of the implicit-GEMM kernel for one layer, by trying.

Room: ``cnnlib.pytorch``. How a product should be cut depends on its sizes, its type and the GPU in
ways that no formula tells well. A tuned tile is used from then on, in this process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import torch
from torch import Tensor

from cnnlib.pytorch.geometry import Geometry
from cnnlib.pytorch.implicit_gemm import forward, gradient_of_weight, gradient_of_x, kernels
from cnnlib.pytorch.tiles import (
    TUNED,
    Tile,
    chip,
    power_of_two,
    product_sizes,
    shared_bytes,
    tuning_key,
)

__all__ = ["OPERATIONS", "candidates", "tune"]

OPERATIONS = ("forward", "gradient of x", "gradient of weight")


def candidates(operation: str, x: Tensor, weight: Tensor, g: Geometry) -> list[Tile]:
    """Tiles that fit the product and the GPU, the most promising first.

    The order is a rough guess: a step of a tile costs its products, m x n, and the loads of its
    two edges, and programs run in waves, one on each processor.

    Parameters
    ----------
    operation : {"forward", "gradient of x", "gradient of weight"}
    x : (N, C_in, H, W)
        Its shape, type and device; no value is read.
    weight : (C_out, C_in // groups, KH, KW)
    g : Geometry
        From :func:`cnnlib.pytorch.geometry.geometry`.

    Returns
    -------
    tiles : list of Tile

    Examples
    --------
    >>> from cnnlib.pytorch.geometry import geometry
    >>> x, weight = torch.empty(8, 64, 28, 28), torch.empty(96, 64, 3, 3)
    >>> tiles = candidates("forward", x, weight, geometry("", x, weight, None, 1, 1, 1, 1))
    >>> max(tile.n for tile in tiles)
    128
    """
    on = chip(x.device)
    rows, columns, terms = product_sizes(operation, x, weight, g)
    shortest = min(32 if x.dtype.itemsize == 2 else 16, power_of_two(terms))

    def lengths(size: int, most: int) -> list[int]:
        """Powers of two for one side: not far over the size, and not tiny where it is large."""
        fitting = min(most, power_of_two(size))
        return [fitting >> i for i in range(3) if fitting >> i >= min(fitting, 32)]

    def guess(tile: Tile) -> float:
        tiles = -(-rows // tile.m) * -(-columns // tile.n) * g.groups
        steps = -(-terms // (tile.k * tile.splits))
        waves = -(-tiles * tile.splits // on.processors)
        cost = tile.m * tile.n + 128 * (tile.m + tile.n)
        parts = 0 if tile.splits == 1 else 4 * tile.m * tile.n  # written and read once more
        return float(waves * (steps * (tile.k + 16) * cost + 64 * (cost + parts)))

    found = []
    for m, n in product(lengths(rows, 256), lengths(columns, 256)):
        if m * n > 256 * 128:
            continue  # sums of more than 128 registers a thread
        programs = -(-rows // m) * -(-columns // n) * g.groups
        parts = {1, *(max(1, times * on.processors // programs) for times in (1, 2, 4))}
        steps = [shortest * times for times in (1, 2, 4) if shortest * times <= power_of_two(terms)]
        for k, splits, stages in product(steps, sorted(parts), (3, 4)):
            if splits > 1 and splits * k * 4 > terms:
                continue  # a part must be worth the start of a program
            if shared_bytes(x.dtype, m, n, k, stages) <= on.shared:
                found.append(Tile(m, n, k, splits, 8 if m * n > 64 * 128 else 4, stages))
    return sorted(found, key=guess)


def tune(
    operation: str,
    x: Tensor,
    weight: Tensor,
    g: Geometry,
    measure: Callable[[Callable[[], Tensor]], float] | None = None,
    tiles: Sequence[Tile] | None = None,
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
    tiles : sequence of Tile, optional
        The twelve most promising :func:`candidates` by default: each takes a second or two to
        compile.

    Returns
    -------
    tile : Tile
        The fastest one that fits into the GPU's shared memory.

    Raises
    ------
    ValueError
        If the operation is unknown, or no tile fits.

    Examples
    --------
    On a GPU; the next call of ``conv2d`` with ``algorithm="implicit_gemm"`` takes the tile.

    >>> from cnnlib.pytorch.geometry import geometry
    >>> x = torch.randn(64, 64, 56, 56, device="cuda").half()  # doctest: +SKIP
    >>> weight = torch.randn(64, 64, 3, 3, device="cuda").half()  # doctest: +SKIP
    >>> g = geometry("tune", x, weight, None, 1, 1, 1, 1)  # doctest: +SKIP
    >>> tile = tune("forward", x, weight, g)  # doctest: +SKIP
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
    timer = measure or (
        lambda call: float(testing.do_bench(call, warmup=5, rep=25, return_mode="median"))
    )
    key = tuning_key(operation, x, weight, g)
    times: dict[Tile, float] = {}
    for tile in candidates(operation, x, weight, g)[:12] if tiles is None else tiles:
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
