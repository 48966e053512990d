"""In what way are the numbers wrong? What is easy to see is said in one sentence.

Room: ``cnnlib.checks`` -- NumPy only. A sentence is only said if it is true and could not just as
well be chance: where all right numbers are equal, any wrong ones could be "off by the same amount".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations

import numpy as np

RTOL, ATOL = 1e-7, 1e-9
NEARLY = 1e-5  # of the largest number: more is a mistake, less is lost digits or a small term
FEW = 3  # fewer numbers than this have a common factor too easily


def pattern(
    array: np.ndarray, expected: np.ndarray, wrong: np.ndarray, names: Sequence[str]
) -> str:
    """Return a hint, or nothing if no pattern is seen.

    Parameters
    ----------
    array, expected : arrays of one shape, without NaN or infinity
    wrong : bool array, where they differ
    names : of the axes
    """
    if array.dtype.kind != "c":
        array, expected = array.astype(np.float64), expected.astype(np.float64)
    for found in (_simple, _order):
        for hint in found(array, expected, names):
            return hint
    return _one_index(wrong, names)


def _simple(array: np.ndarray, expected: np.ndarray, names: Sequence[str]) -> Iterator[str]:
    """All numbers are wrong in one way: zero, sign, lost digits, a constant, a factor."""
    if not array.any():
        yield "Every number is zero: is what was computed really stored in the result?"
    if np.allclose(array, -expected, RTOL, ATOL):
        yield "Every number has the wrong sign."
    largest = np.abs(expected).max(initial=0.0)
    if np.abs(array - expected).max(initial=0.0) < NEARLY * largest:
        yield (
            "The numbers are right to five digits or more: was something computed in float32, "
            "or is a small term (eps, a step) not what it should be?"
        )
    if array.size < FEW or np.ptp(expected) < NEARLY * largest:
        return
    shift = array - expected
    if np.allclose(shift, shift.flat[0], RTOL, ATOL):
        yield (
            "Every number is off by the same amount: is something added that should not be, "
            "or is something missing?"
        )
    factors = array[expected != 0] / expected[expected != 0]
    zeros_stay = np.allclose(array[expected == 0], 0.0, RTOL, ATOL)
    if factors.size >= FEW and zeros_stay and np.allclose(factors, factors[0], 1e-6):
        yield f"Every number is the right one times the same factor, {factors[0]:.4g}."


def _order(array: np.ndarray, expected: np.ndarray, names: Sequence[str]) -> Iterator[str]:
    """The right numbers stand in other places."""
    for count in range(1, array.ndim + 1):
        for turned in combinations(range(array.ndim), count):
            if np.allclose(np.flip(array, turned), expected, RTOL, ATOL):
                along = " and ".join(names[i] for i in turned)
                yield f"The right numbers come in reverse order along {along}."
    for order in permutations(range(array.ndim)):
        moved = array.transpose(order)
        if moved.shape == expected.shape and np.allclose(moved, expected, RTOL, ATOL):
            yield "The right numbers are there, but two axes are swapped."


def _one_index(wrong: np.ndarray, names: Sequence[str]) -> str:
    """All wrong numbers stand at one index of an axis, and most of what stands there is wrong."""
    best, hint = 0.5, ""
    for axis in range(wrong.ndim):
        indices = np.unique(np.argwhere(wrong)[:, axis])
        if len(indices) != 1 or wrong.shape[axis] == 1:
            continue
        index = int(indices[0])
        share = wrong.take(index, axis).mean()
        if share > best:
            where = {0: " (the first)", wrong.shape[axis] - 1: " (the last)"}
            best, hint = share, f"Only {names[axis]} index {index}{where.get(index, '')} is wrong."
    return hint
