"""Independent judges: torch's own functions and their automatic gradients, on NumPy arrays."""

import warnings

import numpy as np
import torch

TOLERANCE = {np.dtype(np.float64): 1e-10, np.dtype(np.float32): 2e-5}


def torch_forward_backward(function, arrays, grad_y=None, **arguments):
    """``function(*arrays, **arguments)`` in torch, and the gradients of its array arguments.

    ``None`` stands for an absent array. Without ``grad_y`` only the output is computed.
    """
    leaves = [None if a is None else torch.tensor(a, requires_grad=True) for a in arrays]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch advises against even kernels with "same"
        y = function(*leaves, **arguments)
    if grad_y is None:
        return y.detach().numpy()
    y.backward(torch.tensor(grad_y, dtype=y.dtype))
    gradients = [None if leaf is None else leaf.grad.numpy() for leaf in leaves]
    return y.detach().numpy(), gradients


def assert_agrees_with_torch(ours, ours_backward, theirs, arrays, rng, **arguments):
    """Forward and every gradient equal torch's, with a random signed upstream gradient.

    Also promised of every function, so checked on every call: the result keeps the dtype and is
    shaped like torch's, and the arguments are not modified.
    """
    dtype = arrays[0].dtype
    before = [None if a is None else a.copy() for a in arrays]
    y = ours(*arrays, **arguments)
    grad_y = rng.standard_normal(y.shape).astype(dtype)
    upstream = grad_y.copy()
    expected, gradients = torch_forward_backward(theirs, arrays, grad_y, **arguments)
    assert y.shape == expected.shape
    assert y.dtype == dtype
    assert_close(y, expected, "y")
    computed = ours_backward(grad_y, *arrays, **arguments)
    computed = computed if isinstance(computed, tuple) else (computed,)
    assert len(computed) == len(arrays)
    for index, (mine, torchs) in enumerate(zip(computed, gradients, strict=True)):
        if torchs is None:
            assert mine is None
            continue
        assert mine.shape == torchs.shape
        assert mine.dtype == dtype
        assert_close(mine, torchs, f"gradient of array argument {index}")
    np.testing.assert_array_equal(grad_y, upstream, err_msg="grad_y was modified")
    for array, copy in zip(arrays, before, strict=True):
        if array is not None:
            np.testing.assert_array_equal(array, copy, err_msg="an argument was modified")


def assert_close(mine, torchs, what):
    """Equal up to rounding; the tolerance grows with the size of the numbers in float32."""
    tolerance = TOLERANCE[np.dtype(torchs.dtype)]
    scale = max(1.0, float(np.abs(torchs[np.isfinite(torchs)]).max(initial=0)))
    np.testing.assert_allclose(mine, torchs, rtol=0, atol=tolerance * scale, err_msg=what)


def assert_refused_by_torch(function, *arguments, **keywords):
    """Torch refuses this call too, so refusing it is no invention of ours."""
    arguments = [torch.tensor(a) if isinstance(a, np.ndarray) else a for a in arguments]
    try:
        function(*arguments, **keywords)
    except (RuntimeError, TypeError, ValueError, IndexError):
        return
    raise AssertionError("torch accepts this call")
