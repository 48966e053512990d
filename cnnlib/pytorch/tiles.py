"""How the implicit GEMM is cut into tiles: for the product, for the GPU, or as measured.

Room: ``cnnlib.pytorch``. Each program of the kernel computes one tile of the result. Large tiles
read each number less often; small ones keep every processor of the GPU busy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from cnnlib.pytorch.geometry import Geometry


@dataclass(frozen=True)
class Tile:
    """How one matrix product is cut: ``m`` x ``n`` of the result per program, ``k`` terms a step.

    ``splits`` programs share the sum of one tile; ``warps`` and ``stages`` are the compiler's.
    """

    m: int
    n: int
    k: int
    splits: int = 1
    warps: int = 4
    stages: int = 3


@dataclass(frozen=True)
class Chip:
    """What tiles are cut for: the processors, and the shared memory of a program in bytes."""

    processors: int
    shared: int


H200 = Chip(132, 232_448)  # the interpreter on a CPU cuts its tiles as for this one

# What `cnnlib.pytorch.tuning` measured to be fastest: (operation, dtype, shapes, geometry) -> tile.
TUNED: dict[tuple[Any, ...], Tile] = {}


@cache
def chip(device: torch.device) -> Chip:
    """The GPU on which a product is computed."""
    if device.type != "cuda":
        return H200
    found = torch.cuda.get_device_properties(device)
    # Older PyTorch does not say; 99 KiB is what consumer cards have.
    shared = getattr(found, "shared_memory_per_block_optin", 99 * 1024)
    return Chip(found.multi_processor_count, shared)


def tuning_key(operation: str, x: Tensor, weight: Tensor, g: Geometry) -> tuple[Any, ...]:
    """What decides which tile is fastest."""
    return operation, x.dtype, tuple(x.shape), tuple(weight.shape), g


def product_sizes(operation: str, x: Tensor, weight: Tensor, g: Geometry) -> tuple[int, int, int]:
    """Rows and columns of one group's matrix product, and how many terms each sum has."""
    (OH, OW), (KH, KW), (SH, SW) = g.output_size, g.kernel_size, g.stride
    N, _, H, W = x.shape
    C_out, C_group = weight.shape[0] // g.groups, weight.shape[1]
    if operation == "forward":
        return N * OH * OW, C_out, KH * KW * C_group
    if operation == "gradient of x":  # of one phase of the stride
        return N * -(-H // SH) * -(-W // SW), C_group, -(-KH // SH) * -(-KW // SW) * C_out
    return C_out, KH * KW * C_group, N * OH * OW


def tile_for(operation: str, x: Tensor, weight: Tensor, g: Geometry) -> Tile:
    """The tile that was measured to be fastest, or a sensible one."""
    tuned = TUNED.get(tuning_key(operation, x, weight, g))
    if tuned is not None:
        return tuned
    sizes = product_sizes(operation, x, weight, g)
    return default_tile(x.dtype, *sizes, g.groups, chip(x.device))


def default_tile(
    dtype: torch.dtype, rows: int, columns: int, terms: int, groups: int, on: Chip = H200
) -> Tile:
    """A tile no larger than the product, and a sum split in parts if there are few tiles.

    ``rows`` x ``columns`` results for each of ``groups``, each a sum of ``terms`` products.
    """
    bits = torch.finfo(dtype).bits
    m = min(64 if bits == 64 else 128, power_of_two(rows))
    n = min(32 if bits == 64 else 128, power_of_two(columns))
    k = min(64 if bits == 16 else 32, power_of_two(terms))
    programs = -(-rows // m) * -(-columns // n) * groups
    # A part must be worth the start of a program: at least eight steps along the sum.
    splits = max(1, min(on.processors // programs, -(-terms // k) // 8))
    stages = next((s for s in (3, 2) if shared_bytes(dtype, m, n, k, s) <= on.shared), 1)
    return Tile(m, n, k, splits, warps=8 if m * n > 64 * 128 else 4, stages=stages)


def shared_bytes(dtype: torch.dtype, m: int, n: int, k: int, stages: int) -> int:
    """Shared memory of one program: the pieces of both matrices that are under way."""
    return stages * (m + n) * k * dtype.itemsize


def power_of_two(size: int) -> int:
    """The least power of two from ``size`` on; at least 16, as tensor cores multiply no less."""
    return max(16, 1 << (size - 1).bit_length())
