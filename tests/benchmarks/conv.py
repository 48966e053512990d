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


def ours(layer: Layer, backward: bool, arrays, biased: bool):
    """Our algorithms. Forward the goals are about layers without a bias."""
    x, weight, bias, grad_y = arrays
    b = bias if backward or biased else None

    def forward(name):
        return lambda: (conv2d(x, weight, b, *layer.window, algorithm=name),)

    def gradients(name):
        return lambda: conv2d_backward(grad_y, x, weight, b, *layer.window, algorithm=name)

    call = gradients if backward else forward
    return {name: call(name) for name in OURS}


def other_ways(layer: Layer, backward: bool, arrays):
    """What others do in NumPy: windows only, no groups and no dilation."""
    x, weight, bias, grad_y = arrays
    if not layer.groups == layer.dilation == 1:
        return {}
    if not backward:
        return {
            "strided": lambda: (peers.strided(x, weight, bias, layer),),
            "indexed": lambda: (peers.indexed(x, weight, bias, layer),),
        }
    _, columns = peers._strided_columns(x, layer)
    calls = {"strided": lambda: peers.strided_backward(grad_y, x, weight, layer, columns)}
    if layer.N * layer.K * layer.places**2 < 3e6:
        calls["indexed"] = lambda: peers.indexed_backward(grad_y, x, weight, layer)
    return calls


def slow_ways(layer: Layer, backward: bool, arrays):
    """Who would take up the time of everybody else: they race against ``blocked`` alone."""
    x, weight, bias, _ = arrays
    if backward or not layer.groups == layer.dilation == 1:
        return {}
    return {"einsum": lambda: (peers.einsum(x, weight, bias, layer),)}


def torch_calls(layer: Layer, backward: bool, arrays, biased: bool):
    tensors = [torch.from_numpy(a) for a in arrays]
    last = [t.contiguous(memory_format=torch.channels_last) if t.ndim == 4 else t for t in tensors]
    s, p, d, groups = layer.window

    def forward(x, weight, bias, _):
        return (torch.nn.functional.conv2d(x, weight, bias if biased else None, s, p, d, groups),)

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


def errors_of(calls, layer: Layer, backward: bool, arrays, biased: bool):
    """How far each contender is from torch in float64."""
    wide = torch_calls(layer, backward, [a.astype(np.float64) for a in arrays], biased)["torch"]()
    exact = [a.numpy() for a in wide]
    errors = {name: relative_error(call(), exact) for name, call in calls.items()}
    wrong = {name: error for name, error in errors.items() if not error < TOLERANCE}
    if wrong:
        raise AssertionError(f"{layer}: wrong results, relative errors {wrong}")
    return errors


def extra_memory(calls, layer: Layer, backward: bool, arrays):
    """MiB beyond the framed images and the results."""
    x, weight, *_ = arrays
    framed = layer.N * layer.C_in * (layer.size + 2 * layer.padding) ** 2 * 4
    results = framed + weight.nbytes if backward else framed
    results += x.nbytes if backward else calls["blocked"]()[0].nbytes
    return {name: (peak_memory(call) - results) / 2**20 for name, call in calls.items()}


def with_matrix_products(calls, layer: Layer, backward: bool, rng, seconds):
    """A race in which the best of the bare products takes part, as ``GEMM``."""
    products = matrix_products(layer, rng)
    parts = ("grad_x", "grad_weight") if backward else ("forward",)
    everyone = dict(calls)
    for part in parts:
        for shape, call in products[part].items():
            everyone[f"{part}/{shape}"] = call
    times = race(everyone, seconds)
    best = [
        min((f"{part}/{shape}" for shape in products[part]), key=lambda n: milliseconds(times, n))
        for part in parts
    ]
    products_of_a_round = zip(*(times[name] for name in best), strict=True)
    return {name: times[name] for name in calls} | {"GEMM": [sum(t) for t in products_of_a_round]}


def run(names, seconds, report):
    """One row for each layer and pass."""
    rows = []
    for backward in (False, True):
        for name in names:
            layer, rng = LAYERS[name], np.random.default_rng(0)
            arrays = layer.arrays(rng, np.float32)
            case = (layer, backward, arrays)
            with torch.inference_mode():
                plain, biased = ours(*case, biased=False), ours(*case, biased=True)
                others, slow = other_ways(*case), slow_ways(*case)
                errors = errors_of(plain, *case, biased=False)
                errors_of({**biased, **others, **slow}, *case, biased=True)
                memory = extra_memory(plain, *case)
                rivals = {**plain, **torch_calls(*case, biased=False)}
                times = with_matrix_products(rivals, layer, backward, rng, seconds)
                theirs = {"torch": torch_calls(*case, biased=True)["torch"]}
                peer_times = race({**biased, **theirs, **others}, seconds)
                apart = race({"blocked": biased["blocked"], **slow}, seconds / 4, (3, 30))
            row = {
                "layer": name,
                "pass": "backward" if backward else "forward",
                "ms": {n: milliseconds(times, n) for n in times}
                | {n: milliseconds(peer_times, n) for n in others}
                | {n: milliseconds(apart, n) for n in slow},
                "to torch": {n: ratio(times, n, "torch") for n in times},
                "to GEMM": {n: ratio(times, n, "GEMM") for n in times},
                "to blocked": {n: ratio(peer_times, n, "blocked") for n in others}
                | {n: ratio(apart, n, "blocked") for n in slow},
                "to auto": {n: ratio(peer_times, n, "auto") for n in others},
                "with a bias": {n: ratio(peer_times, n, "torch") for n in OURS},
                "error": errors,
                "extra MiB": memory,
                "weights MiB": arrays[1].nbytes / 2**20,
            }
            rows.append(row)
            report(
                f"{row['pass']:<9}{name:<11}"
                + " ".join(f"{n} {row['to torch'][n]:.2f}" for n in OURS)
                + " x torch, "
                + " ".join(f"{n} {row['to GEMM'][n]:.2f}" for n in OURS)
                + " x GEMM"
            )
    return rows
