"""Is this backward pass right? Ask the forward pass, by moving a little in a random direction.

Works on the functions of ``cnnlib.reference`` and on a learner's own. Book: chapter 7.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["GradientError", "gradcheck"]

Array = npt.NDArray[np.float64]


class GradientError(AssertionError):
    """A backward pass and its forward pass disagree; the message says where and by how much."""


def gradcheck(
    function: Callable[..., Any],
    backward: Callable[..., Any],
    *arguments: Any,
    wrt: Sequence[int] | None = None,
    seed: int = 0,
    step: float = 1e-6,
    tolerance: float = 1e-5,
    **keywords: Any,
) -> float:
    r"""Compare ``backward`` with a central difference of ``function``.

    .. math:: \frac{L(a + \epsilon v) - L(a - \epsilon v)}{2 \epsilon} \approx \sum v\, \nabla_a L,
              \qquad L = \sum g\, f(a)

    for a random direction v and a random upstream gradient g (never all ones: ones hide a swapped
    axis). Two evaluations test all partial derivatives of an argument together.

    Parameters
    ----------
    function : callable
        ``function(*arguments, **keywords)`` returns one array.
    backward : callable
        ``backward(grad_y, *arguments, **keywords)`` returns the gradients of the arguments that are
        checked: one array, or a tuple in their order, with None for an absent one.
    *arguments, **keywords
        What to evaluate at. Arrays to check must be float64: in float32 the rounding is larger than
        the difference.
    wrt : sequence of int, optional
        Which of ``arguments`` the gradients of ``backward`` belong to; by default all that are
        floating-point arrays, or None.
    seed : int
        For the direction and the upstream gradient.
    step : float
        The length of the step, in units of the argument.
    tolerance : float
        Largest error allowed, relative to the size of the gradient.

    Returns
    -------
    error : float
        The largest relative error of any argument.

    Raises
    ------
    GradientError
        If a gradient is wrong, missing or misshapen; it names the argument, what was computed and
        what was measured, and for small arguments the entry that is worst.
    TypeError
        If an array to check is not float64.

    Notes
    -----
    Away from kinks: at a tie of a maximum, or at 0 of a ReLU, no central difference is right.
    Baydin et al., *Automatic differentiation in machine learning: a survey*, 2018, section 2.1.

    Examples
    --------
    >>> def square(x): return x * x
    >>> x = np.array([1.0, -2.0, 3.0])
    >>> gradcheck(square, lambda grad_y, x: 2 * x * grad_y, x) < 1e-8
    True
    >>> gradcheck(square, lambda grad_y, x: x * grad_y, x)
    Traceback (most recent call last):
    ...
    cnnlib.gradcheck.GradientError: the gradient of argument 0 of square is wrong
      along a random direction the loss changes by 1.91632, but the gradient says 0.958158
      everywhere half of what it should be: is a factor of 2 missing?
      worst at [2]: measured 1.20562, computed 0.602808
    """
    name = getattr(function, "__name__", repr(function))
    rng = np.random.default_rng(seed)
    if wrt is None:
        wrt = [i for i, a in enumerate(arguments) if a is None or _is_floating(a)]
    for i in wrt:
        if arguments[i] is not None and arguments[i].dtype != np.float64:
            raise TypeError(
                f"gradcheck: argument {i} of {name} is {arguments[i].dtype}; use float64, "
                f"or rounding hides the difference"
            )

    def evaluate(index: int = -1, value: Any = None) -> Any:
        """Copies, so that a function that modifies its arguments is caught, not confused."""
        copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        if index >= 0:
            copies[index] = value
        return np.asarray(function(*copies, **keywords))

    y = evaluate()
    grad_y = rng.standard_normal(y.shape)
    computed = backward(grad_y.copy(), *(a.copy() if isinstance(a, np.ndarray) else a
                                         for a in arguments), **keywords)  # fmt: skip
    gradients = computed if isinstance(computed, tuple | list) else (computed,)
    if len(gradients) != len(wrt):
        raise GradientError(
            f"the backward pass of {name} returns {len(gradients)} gradient(s) "
            f"for {len(wrt)} array argument(s)"
        )
    worst = 0.0
    for i, gradient in zip(wrt, gradients, strict=True):
        a = arguments[i]
        if a is None:
            if gradient is not None:
                raise GradientError(
                    f"argument {i} of {name} is absent, so its gradient must be None"
                )
            continue
        if gradient is None or np.shape(gradient) != a.shape:
            found = "None" if gradient is None else f"shape {np.shape(gradient)}"
            raise GradientError(
                f"the gradient of argument {i} of {name} has {found}, "
                f"but the argument has shape {a.shape}"
            )

        def slope(v: Array, i: int = i, a: Array = a) -> float:
            difference = evaluate(i, a + step * v) - evaluate(i, a - step * v)
            return float(np.vdot(grad_y, difference)) / (2 * step)

        v = rng.standard_normal(a.shape)
        measured, said = slope(v), float(np.vdot(gradient, v))
        size = max(float(np.linalg.norm(gradient)), abs(measured), 1e-3)
        error = abs(measured - said) / size
        worst = max(worst, error)
        if not error <= tolerance:  # also when NaN
            raise GradientError(
                f"the gradient of argument {i} of {name} is wrong\n"
                f"  along a random direction the loss changes by {measured:.6g}, "
                f"but the gradient says {said:.6g}"
                f"{_hint(measured, said)}{_worst_entry(slope, np.asarray(gradient))}"
            )
    return worst


def _is_floating(a: Any) -> bool:
    return isinstance(a, np.ndarray) and np.issubdtype(a.dtype, np.floating)


def _hint(measured: float, said: float) -> str:
    """Mistakes that a single factor gives away."""
    hints = {
        -1.0: "everywhere the opposite sign",
        0.0: "it is zero along this direction: was it ever written to?",
        2.0: "everywhere twice what it should be: is something counted twice?",
        0.5: "everywhere half of what it should be: is a factor of 2 missing?",
    }
    ratio = said / measured if measured else float("nan")
    for factor, hint in hints.items():
        if abs(ratio - factor) < 1e-4:
            return f"\n  {hint}"
    return ""


def _worst_entry(slope: Callable[[Array], float], gradient: Array) -> str:
    """For a small argument, measure every partial derivative and name the worst."""
    if not 0 < gradient.size <= 200:
        return ""
    measured = np.empty_like(gradient, dtype=np.float64)
    for index in np.ndindex(gradient.shape):
        v = np.zeros_like(measured)
        v[index] = 1
        measured[index] = slope(v)
    off = np.abs(measured - gradient)
    at = np.unravel_index(int(np.argmax(np.where(np.isnan(off), np.inf, off))), gradient.shape)
    where = list(map(int, at))
    return f"\n  worst at {where}: measured {measured[at]:.6g}, computed {gradient[at]:.6g}"
