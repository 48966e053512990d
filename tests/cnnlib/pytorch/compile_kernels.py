"""Compile the GPU kernels for a GPU that need not be there, and say what came out.

    python -m tests.cnnlib.pytorch.compile_kernels [90]     # compute capability 9.0: an H200

Triton's compiler needs no GPU, so a kernel that a GPU would refuse is found on any machine. One
line of JSON for each kernel and type. Run it without TRITON_INTERPRET.
"""

import json
import sys

import torch
import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from cnnlib.pytorch import triton_kernels as kernels
from cnnlib.pytorch.tiles import default_tile

TYPES = {
    "bf16": (torch.bfloat16, "ieee"), "fp16": (torch.float16, "ieee"),
    "tf32": (torch.float32, "tf32"), "fp32": (torch.float32, "ieee"),
    "fp64": (torch.float64, "ieee"),
}  # fmt: skip
NAMES = {
    torch.bfloat16: "bf16", torch.float16: "fp16", torch.float32: "fp32", torch.float64: "fp64",
}  # fmt: skip
# Sizes and steps of a layer with many channels: multiples of 16, as the launcher would find.
EVEN = {
    "C_in", "C_out", "src_n", "src_h", "src_w", "grad_n", "grad_h", "grad_w", "weight_group",
    "weight_out", "weight_i", "weight_j", "dst_split", "dst_n", "dst_h", "dst_w", "partial_split",
}  # fmt: skip


def compiled(name, kind, capability, even, extra):
    """What ``kernel[grid](...)`` would build for a 3 x 3 layer of 128 channels."""
    dtype, precision = TYPES[kind]
    sizes = (200704, 128, 1152) if name == "gather_gemm" else (128, 1152, 200704)
    tile = default_tile(dtype, *sizes, 1)
    wide = "fp64" if kind == "fp64" else "fp32"
    constants = {
        "TAPS_H": 3, "TAPS_W": 3, "PRECISION": precision, "WIDEN": False, "BAND": 8,
        "ACCUMULATE": getattr(tl, wide.replace("fp", "float")),
        "BLOCK_M": tile.m, "BLOCK_N": tile.n, "BLOCK_K": tile.k, **extra,
    }  # fmt: skip
    if even and name == "gather_gemm":
        constants["weight_in"] = 1
    pointers = dict.fromkeys(("src", "weight", "bias", "dst", "grad"), "*" + NAMES[dtype])
    pointers["partial"] = "*" + wide
    signature, hints = {}, {}
    kernel = getattr(kernels, name)
    for i, argument in enumerate(kernel.arg_names):
        signature[argument] = (
            "constexpr" if argument in constants else pointers.get(argument, "i32")
        )
        if argument in pointers or (even and argument in EVEN):
            hints[(i,)] = [["tt.divisibility", 16]]
    places = {kernel.arg_names.index(argument): value for argument, value in constants.items()}
    source = ASTSource(kernel, signature, {(i,): value for i, value in places.items()}, hints)
    return triton.compile(
        source,
        target=GPUTarget("cuda", capability, 32),
        options={"num_warps": tile.warps, "num_stages": tile.stages},
    )


def main():
    capability = int(sys.argv[1]) if len(sys.argv) > 1 else 90
    for kind in TYPES:
        for name, even, extra in (
            ("gather_gemm", True, {"FLAT": False, "HAS_BIAS": True, "RELU": True}),
            ("gather_gemm", False, {"FLAT": True, "HAS_BIAS": False, "RELU": False}),
            ("weight_gemm", True, {}),
        ):
            binary = compiled(name, kind, capability, even, extra)
            code = binary.asm["ptx"]
            row = {
                "kernel": name, "type": kind, "even": even, "shared": binary.metadata.shared,
                "hopper tensor cores": "wgmma.mma_async" in code,
                "tensor cores": "mma.sync" in code, "16-byte copies": "cp.async.cg" in code,
            }  # fmt: skip
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
