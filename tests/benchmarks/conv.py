"""``conv2d`` against torch, against the bare matrix product, and against other courses' ways."""

import tracemalloc

import numpy as np
import torch

from cnnlib.reference import conv2d, conv2d_backward
from tests.benchmarks import peers
from tests.benchmarks.timing import milliseconds, race, ratio
from tests.benchmarks.workloads import LAYERS, Layer

OURS = ("blocked", "auto")
TOLERANCE = 5e-5  # a wrong contender is not timed but an error


def relative_error(got, exact):
    return max(
        float(np.abs(np.asarray(a, np.float64) - b).max() / np.abs(b).max())
        for a, b in zip(got, exact, strict=True)
    )


def matrix_products(layer: Layer, rng):
    """The products of the same size, operands laid out, outputs there: {pass: {shape: call}}."""
    g, O, K, L, N = (
        layer.groups, layer.C_out // layer.groups, layer.K, layer.places**2, layer.N,
    )  # fmt: skip

    def normal(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    W, columns, grads = normal(g, O, K), normal(g, K, N * L), normal(g, O, N * L)
    columns_n, grads_n = normal(N, g, K, L), normal(N, g, O, L)
    pixels, W_t = columns.swapaxes(1, 2).copy(), W.swapaxes(1, 2).copy()
    y, y_n, y_t = np.empty_like(grads), np.empty_like(grads_n), normal(g, N * L, O)
    dW, dW_n = np.empty_like(W), normal(N, g, O, K)
    dx, dx_n = np.empty_like(columns), np.empty_like(columns_n)
    return {
        "forward": {
            "all": lambda: np.matmul(W, columns, out=y),
            "image": lambda: np.matmul(W, columns_n, out=y_n),
            "pixels": lambda: np.matmul(pixels, W_t, out=y_t),
        },
        "grad_x": {
            "all": lambda: np.matmul(W.swapaxes(1, 2), grads, out=dx),
            "image": lambda: np.matmul(W.swapaxes(1, 2), grads_n, out=dx_n),
        },
        "grad_weight": {
            "all": lambda: np.matmul(grads, columns.swapaxes(1, 2), out=dW),
            "image": lambda: np.matmul(grads_n, columns_n.swapaxes(2, 3), out=dW_n),
        },
    }


def contenders(layer: Layer, backward: bool, arrays, with_peers: bool):
    x, weight, bias, grad_y = arrays
    plain = layer.groups == layer.dilation == 1
    if not backward:
        calls = {
            name: (lambda name=name: (conv2d(x, weight, bias, *layer.window, algorithm=name),))
            for name in OURS
        }
        if with_peers and plain:
            calls["strided"] = lambda: (peers.strided(x, weight, bias, layer),)
            calls["indexed"] = lambda: (peers.indexed(x, weight, bias, layer),)
        return calls
    calls = {
        name: (
            lambda name=name: conv2d_backward(
                grad_y, x, weight, bias, *layer.window, algorithm=name
            )
        )
        for name in OURS
    }
    if with_peers and plain:
        _, columns = peers._strided_columns(x, layer)
        calls["strided"] = lambda: peers.strided_backward(grad_y, x, weight, layer, columns)
        if layer.N * layer.K * layer.places**2 < 3e6:
            calls["indexed"] = lambda: peers.indexed_backward(grad_y, x, weight, layer)
    return calls


def slow_contenders(layer: Layer, backward: bool, arrays, with_peers: bool):
    """Who would take up the time of everybody else: they race against ``blocked`` alone."""
    x, weight, bias, _ = arrays
    if backward or not with_peers or not layer.groups == layer.dilation == 1:
        return {}
    return {"einsum": lambda: (peers.einsum(x, weight, bias, layer),)}


def torch_calls(layer: Layer, backward: bool, arrays):
    tensors = [torch.from_numpy(a) for a in arrays]
    last = [t.contiguous(memory_format=torch.channels_last) if t.ndim == 4 else t for t in tensors]
    s, p, d, groups = layer.window

    def forward(x, weight, bias, _):
        return (torch.nn.functional.conv2d(x, weight, bias, s, p, d, groups),)

    def gradients(x, weight, _, grad_y):
        return torch.ops.aten.convolution_backward(
            grad_y, x, weight, [layer.C_out], [s, s], [p, p], [d, d], False, [0, 0], groups,
            [True] * 3,
        )  # fmt: skip

    call = gradients if backward else forward
    return {"torch": lambda: call(*tensors), "torch channels_last": lambda: call(*last)}


def peak_memory(call):
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def run(names, seconds, with_peers, report):
    """One row for each layer and pass."""
    rows = []
    for backward in (False, True):
        for name in names:
            layer, rng = LAYERS[name], np.random.default_rng(0)
            arrays = layer.arrays(rng, np.float32)
            exact = [torch.from_numpy(a.astype(np.float64)) for a in arrays]
            with torch.inference_mode():
                wide = torch_calls(layer, backward, [a.numpy() for a in exact])["torch"]()
                wide = [a.numpy() for a in wide]
                calls = contenders(layer, backward, arrays, with_peers)
                slow = slow_contenders(layer, backward, arrays, with_peers)
                errors = {n: relative_error(call(), wide) for n, call in {**calls, **slow}.items()}
                wrong = {n: e for n, e in errors.items() if not e < TOLERANCE}
                if wrong:
                    raise AssertionError(f"{name}: wrong results, relative errors {wrong}")
                x, weight, *_ = arrays
                framed = layer.N * layer.C_in * (layer.size + 2 * layer.padding) ** 2 * 4
                results = framed + weight.nbytes if backward else framed
                results += x.nbytes if backward else calls["blocked"]()[0].nbytes
                memory = {n: peak_memory(calls[n]) - results for n in OURS}
                everyone = {**calls, **torch_calls(layer, backward, arrays)}
                products = matrix_products(layer, rng)
                parts = ("grad_x", "grad_weight") if backward else ("forward",)
                for part in parts:
                    for shape, call in products[part].items():
                        everyone[f"{part}/{shape}"] = call
                times = race(everyone, seconds)
                apart = race({"blocked": calls["blocked"], **slow}, seconds / 4, (3, 30))
            best = {
                part: min(
                    products[part], key=lambda s, part=part: milliseconds(times, f"{part}/{s}")
                )
                for part in parts
            }
            times["GEMM"] = [
                sum(column)
                for column in zip(*(times[f"{p}/{s}"] for p, s in best.items()), strict=True)
            ]
            contestants = [n for n in times if "/" not in n]
            row = {
                "layer": name,
                "pass": "backward" if backward else "forward",
                "ms": {n: milliseconds(times, n) for n in contestants},
                "to torch": {n: ratio(times, n, "torch") for n in contestants},
                "to GEMM": {n: ratio(times, n, "GEMM") for n in contestants},
                "to blocked": {n: ratio(times, n, "blocked") for n in contestants},
                "to auto": {n: ratio(times, n, "auto") for n in contestants},
                "error": errors,
                "extra MiB": {n: m / 2**20 for n, m in memory.items()},
                "weights MiB": weight.nbytes / 2**20,
            }
            for name_ in slow:
                row["ms"][name_] = milliseconds(apart, name_)
                row["to blocked"][name_] = ratio(apart, name_, "blocked")
            rows.append(row)
            report(
                f"{row['pass']:<9}{name:<11}"
                + " ".join(f"{n} {row['to torch'][n]:.2f}" for n in OURS)
                + " x torch, "
                + " ".join(f"{n} {row['to GEMM'][n]:.2f}" for n in OURS)
                + " x GEMM"
            )
    return rows
