"""Break the maths on purpose, one line at a time, and see that a test notices.

    python tests/cnnlib/mutation.py             # every fault; exit code 1 if one survives
    python tests/cnnlib/mutation.py conv pad    # faults in files with these words in their path

Works on a copy in a temporary folder. The interpreter with torch already imported is forked for
every fault, so that sixty faults take minutes and not an hour.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import NamedTuple

BROKEN = 70
ROOT = Path(__file__).resolve().parents[2]


class Fault(NamedTuple):
    """In ``path`` below cnnlib/, write ``wrong`` for ``right``; ``tests`` must notice."""

    path: str
    right: str
    wrong: str
    tests: str
    only: str = ""  # passed to pytest -k, to look where it should be noticed


CONV, SPECIAL = "test_reference_conv.py", "test_reference_conv_algorithms.py"
POOL, NORM = "test_reference_pool.py", "test_reference_norm.py"
WINDOWS, PAD, LOSS = "test_reference_windows.py", "test_reference_pad.py", "test_reference_loss.py"
TRANSPOSE, LAYERS = "test_reference_conv_transpose.py", "test_reference_layers.py"
ACTIVATION, OPTIM = "test_reference_activation.py", "test_reference_optim.py"
DROPOUT, LINEAR, SHAPES = "test_reference_dropout.py", "test_reference_linear.py", "test_shapes.py"
ALGORITHM = "reference/conv_algorithms/"

# One fault a line, however long, so that the list can be read as a table.
# ruff: noqa: E501
FAULTS = [
    # sizes
    Fault("shapes.py", "// stride + 1", "// stride", SHAPES),
    Fault("shapes.py", "if extent > padded", "if extent >= padded", SHAPES),
    Fault("shapes.py", "total // 2, total - total // 2", "total - total // 2, total // 2", SHAPES),
    Fault("shapes.py", "start -= jump *", "start -= ", SHAPES),
    Fault("shapes.py", "size += jump *", "size += ", SHAPES),
    # convolution
    Fault(ALGORITHM + "loops.py", "* weight[o]\n", "* weight[o][:, ::-1]\n", CONV, "loops"),
    Fault(ALGORITHM + "loops.py", "0 if bias is None else bias[o]", "0", CONV, "loops"),
    Fault(ALGORITHM + "loops.py", "o // g.O_group * g.C_group", "0", CONV, "loops"),
    Fault(ALGORITHM + "im2col.py", "grads = grad_y", "grads = -grad_y", CONV, "im2col"),
    Fault(ALGORITHM + "im2col.py", "g.tap(i, j))] += grad", "g.tap(i, j))] = grad", CONV, "im2col"),
    Fault(ALGORITHM + "shift.py", "W[..., i, j] @ shifted", "W[..., j, i] @ shifted", CONV, "shift"),
    Fault(ALGORITHM + "shift.py", "grad_W[..., i, j] =", "grad_W[..., i, 0] =", CONV, "shift"),
    Fault(ALGORITHM + "blocked.py", "grad_W += left @", "grad_W = left @", CONV, "many_blocks"),
    Fault(ALGORITHM + "blocked.py", "some][:, r : r + rows]", "some][:, :rows]", CONV, "many_blocks"),
    Fault(ALGORITHM + "blocked.py", "images > 1 else min", "images > 0 else min", SPECIAL, "memory"),
    Fault(ALGORITHM + "blocked.py", "view.transpose(0, 1, 4, 5, 2, 3)", "view.transpose(0, 1, 5, 4, 2, 3)", CONV, "blocked"),
    Fault(ALGORITHM + "blocked.py", "(W_T @ grads).reshape(x.shape)", "(-W_T @ grads).reshape(x.shape)", CONV),
    Fault(ALGORITHM + "blocked.py", "grad_W += (columns @", "grad_W = (columns @", CONV, "alone"),
    Fault(ALGORITHM + "mec.py", "g.KW).swapaxes(3, 4)", "g.KW)", CONV, "mec"),
    Fault(ALGORITHM + "rows.py", "out=term if i else out", "out=term if i > 1 else out", CONV, "rows"),
    Fault(ALGORITHM + "rows.py", "grad_run += W_T[i]", "grad_run[...] = W_T[i]", CONV, "rows"),
    Fault(ALGORITHM + "rows.py", "divmod(g.dilation[0] * i, step)", "divmod(i, step)", CONV, "rows"),
    Fault(ALGORITHM + "rows.py", "image[..., dw * j :", "image[..., j :", CONV, "rows"),
    Fault(ALGORITHM + "fft.py", "W.conj().swapaxes", "W.swapaxes", CONV, "fft"),
    Fault(ALGORITHM + "fft.py", "grads.conj()", "grads", CONV, "fft"),
    Fault(ALGORITHM + "fft.py", "_smooth(g.padded[0])", "_smooth(g.H)", CONV, "fft"),
    Fault(ALGORITHM + "winograd.py", "p**k / _value_at(p, rest)", "p**k * _value_at(p, rest)", SPECIAL, "winograd"),
    Fault(ALGORITHM + "winograd.py", "k == m - 1", "k == m - 2", SPECIAL, "winograd"),
    Fault(ALGORITHM + "winograd.py", "+= D[i, j]", "= D[i, j]", SPECIAL, "winograd"),
    Fault(ALGORITHM + "winograd.py", "s - root * c", "s + root * c", SPECIAL, "winograd"),
    Fault(ALGORITHM + "winograd.py", "slice(start + zeros * d - before", "slice(start", SPECIAL, "winograd"),
    Fault(ALGORITHM + "winograd.py", "framed - zeros - count", "framed - count", SPECIAL, "winograd"),
    Fault(ALGORITHM + "single.py", "dw * (KW - 1) + 1 : dw]", "KW]", SPECIAL, "auto"),
    Fault(ALGORITHM + "single.py", "        y += bias\n", "        y -= bias\n", SPECIAL, "auto"),
    Fault(ALGORITHM + "depthwise.py", "r * sh : r * sh + reach", "r : r + reach", SPECIAL, "auto"),
    Fault(ALGORITHM + "depthwise.py", "i * dh * Wp + j * dw", "i * dh * Wp + j", SPECIAL, "auto"),
    Fault(ALGORITHM + "depthwise.py", "view[:size, OH - t : OH - t + 1]", "view[:size, :1]", SPECIAL, "auto"),
    Fault(ALGORITHM + "depthwise.py", "size - length - first", "size - length", SPECIAL, "auto"),
    Fault("reference/conv.py", "np.ones(pixels,", "np.zeros(pixels,", CONV),
    Fault("reference/geometry.py", "return same_padding(kernel[0], dilation[0])", "return same_padding(kernel[0])", CONV),
    Fault("reference/views.py", "i * dilation[0], j * dilation[1]", "i * dilation[1], j * dilation[0]", CONV),
    Fault("reference/conv_transpose.py", "+ extra[axis] - 2", "- 2", TRANSPOSE),
    Fault("reference/conv_transpose.py", "[:, :, :H, :W]", "[:, :, -H:, -W:]", TRANSPOSE),
    # windows and edges
    Fault("reference/windows.py", "view.transpose(0, 1, 4, 5, 2, 3)", "view.transpose(0, 1, 5, 4, 2, 3)", WINDOWS),
    Fault("reference/windows.py", "step, dil))] += taps_of", "step, dil))] = taps_of", WINDOWS),
    Fault("reference/pad.py", "2 * (size - 1) - at", "2 * size - 1 - at", PAD),
    Fault("reference/pad.py", "np.clip(at, 0, size - 1)", "np.clip(at, 0, size)", PAD),
    Fault("reference/pad.py", "start + (at - start) %", "(at - start) %", PAD),
    Fault("reference/pad.py", "collected[target] += row", "collected[target] = row", PAD),
    Fault("reference/pad.py", "pairs[::-1]", "pairs", PAD),
    # pooling
    Fault("reference/pool/largest.py", "vacant ^= wins", "vacant |= wins", POOL, "max"),
    Fault("reference/pool/largest.py", "(value > y)", "(value >= y)", POOL, "max"),
    Fault("reference/pool/largest.py", "| np.isnan(value)", "", POOL, "max"),
    Fault("reference/pool/largest.py", "images, p.frame, -np.inf), p)\n        return", "images, p.frame, 0.0), p)\n        return", POOL, "max"),
    Fault("reference/pool/sizes.py", "            count -= 1", "            count -= 0", POOL),
    Fault("reference/pool/average.py", "if not count_include_pad:", "if count_include_pad:", POOL),
    Fault("reference/pool/average.py", "p.size[axis] + p.padding[axis])", "p.size[axis] + 9)", POOL),
    Fault("reference/pool/average.py", "-(-(p + 1) * size // places)", "(p + 1) * size // places", POOL),
    # normalisation
    Fault("reference/norm/standardise.py", "(-scale * inv", "(scale * inv", NORM),
    Fault("reference/norm/standardise.py", "rest -= c\n", "pass\n", NORM),
    Fault("reference/norm/standardise.py", "x - mean[:, None]", "x", NORM),
    Fault("reference/norm/batch.py", "variance * (count / (count - 1))", "variance", NORM, "batch"),
    Fault("reference/norm/batch.py", "momentum * (mean - running_mean)", "(1 - momentum) * (mean - running_mean)", NORM, "batch"),
    Fault("reference/norm/instance.py", "mean.reshape(N, C).mean(axis=0)", "mean.reshape(N, C)[0]", NORM, "instance"),
    Fault("reference/norm/group.py", "grad_y * _per_channel(weight, x)", "grad_y", NORM, "group"),
    Fault("reference/norm/layer.py", "grad_y if weight is None else grad_y * weight", "grad_y", NORM, "layer"),
    # activations, loss, dropout, linear
    Fault("reference/activation.py", "~(x <= 0)", "~(x < 0)", ACTIVATION, "relu or zeros"),
    Fault("reference/activation.py", "grad_y * y * (1 - y)", "grad_y * y", ACTIVATION),
    Fault("reference/activation.py", "np.tanh(x) ** 2", "np.tanh(x)", ACTIVATION),
    Fault("reference/softmax.py", "x - x.max(axis=axis, keepdims=True)", "x.copy()", ACTIVATION),
    Fault("reference/softmax.py", "x.ndim in (0, 1, 3)", "x.ndim in (0, 1)", ACTIVATION),
    Fault("reference/loss.py", "grad = np.exp(s.log_probs) * share - s.shares", "grad = np.exp(s.log_probs) - s.shares", LOSS),
    Fault("reference/loss.py", "divisor = own_weight.sum()", "divisor = dtype(counted.sum())", LOSS),
    Fault("reference/loss.py", "shares * w,", "shares,", LOSS),
    Fault("reference/dropout.py", "x.dtype.type(1 - p)", "x.dtype.type(1)", DROPOUT),
    Fault("reference/dropout.py", "rng.random(shape) >= p", "rng.random(shape) >= 1 - p", DROPOUT),
    Fault("reference/linear.py", "grads.T @ rows", "-grads.T @ rows", LINEAR),
    # optimisers and layers
    Fault("reference/optim.py", "(1 - self.dampening) * grad", "grad", OPTIM),
    Fault("reference/optim.py", "grad + self.momentum * velocity if", "velocity if", OPTIM),
    Fault("reference/optim.py", "1 - keep_v**t", "1 - keep_v", OPTIM),
    Fault("reference/optim.py", "value *= 1 - self.lr * self.weight_decay", "value *= 1 - self.weight_decay", OPTIM),
    Fault("reference/layers/base.py", "reversed(self.layers)", "self.layers", LAYERS, "learning_alone"),
    Fault("reference/layers/base.py", "self.grad + grad", "grad", LAYERS, "torch_nn"),
    Fault("reference/init.py", "3**0.5 *", "2**0.5 *", OPTIM),
]  # fmt: skip


def survives(fault: Fault, copy: Path) -> bool:
    """Whether the tests pass with the fault in place."""
    source = copy / "cnnlib" / fault.path
    text = source.read_text()
    if text.count(fault.right) != 1:
        raise SystemExit(
            f"{fault.path}: {fault.right!r} is there {text.count(fault.right)} times, not once; "
            f"the fault no longer fits the source"
        )
    source.write_text(text.replace(fault.right, fault.wrong))
    try:
        child = os.fork()
        if child == 0:
            try:
                os._exit(_run_tests(copy, fault))
            finally:
                traceback.print_exc()
                os._exit(BROKEN)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code not in (0, 1):  # 1: tests ran and some failed; all else proves nothing
            raise SystemExit(f"{fault}: pytest ended with {code}, not with failed tests")
        return code == 0
    finally:
        source.write_text(text)


def _run_tests(copy: Path, fault: Fault) -> int:
    """In the child: run pytest on the copy, silently."""
    import pytest

    os.chdir(copy)
    sys.path.insert(0, str(copy))
    os.environ["HYPOTHESIS_PROFILE"] = "mutation"
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    only = ["-k", fault.only] if fault.only else []
    test = f"tests/cnnlib/{fault.tests}"
    quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is there already
    plugins = ["-p", "no:cacheprovider", "-p", "no:xdist"]
    return int(pytest.main(["-x", "-q", *quiet, *plugins, *only, test]))


def main(words: list[str]) -> int:
    """Try each fault; name those that no test notices."""
    os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    sys.dont_write_bytecode = True  # two faults within a second would share a cached file
    import hypothesis  # noqa: F401 -- imported once, before the forks
    import pytest  # noqa: F401
    import torch

    torch.set_num_threads(1)
    chosen = [f for f in FAULTS if not words or any(word in f.path for word in words)]
    survivors, began = [], time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        ignored = shutil.ignore_patterns("__pycache__")
        for part in ("cnnlib", "tests/cnnlib"):
            shutil.copytree(ROOT / part, copy / part, ignore=ignored)
        shutil.copy(ROOT / "tests/conftest.py", copy / "tests/conftest.py")
        shutil.copy(ROOT / "pyproject.toml", copy / "pyproject.toml")
        for number, fault in enumerate(chosen, 1):
            if survives(fault, copy):
                survivors.append(fault)
                print(f"SURVIVED {fault.path}: {fault.right!r} -> {fault.wrong!r}", flush=True)
            print(f"\r{number}/{len(chosen)}", end="", file=sys.stderr, flush=True)
    seconds = time.monotonic() - began
    print(f"\n{len(chosen) - len(survivors)} of {len(chosen)} faults caught in {seconds:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
