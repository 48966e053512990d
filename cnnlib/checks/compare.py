"""One answer against the truth: is it the same, and if not, in what way?

Room: ``cnnlib.checks`` -- NumPy only. Data is plain: a list of numbers, an array and a tensor with
the same numbers are the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnlib.checks.patterns import ATOL, RTOL, pattern

RTOL_SINGLE, ATOL_SINGLE = 1e-4, 1e-5  # float32, and what a GPU does to it


@dataclass(frozen=True)
class Difference:
    """What is wrong with an answer. ``what`` and ``hint`` never contain the right answer."""

    what: str
    hint: str = ""
    detail: str = ""  # where and how much; may show right numbers, so for visible checks only
    stopped: bool = False  # an error ended the call, so there is nothing to compare


def compare(
    result: Any, expected: Any, axes: Sequence[str] = (), *, strict: bool = True
) -> Difference | None:
    """Compare a learner's ``result`` with ``expected``; None means that it is right.

    Parameters
    ----------
    result, expected : numbers, str, None, tuples, lists, dicts, arrays, tensors
    axes : names of the axes of an array, e.g. ``("N", "C", "H", "W")``
    strict : bool
        Whether the kind of number (whole or not) and the dtype count too.
    """
    tensor = hasattr(result, "detach")
    result, expected = plain(result), plain(expected)
    if result is None and expected is not None:
        return Difference("the function gave None", "Does every path end with `return ...`?")
    if isinstance(expected, Mapping):
        return _compare_mapping(result, expected, strict)
    if isinstance(expected, (tuple, list)):
        return _compare_sequence(result, expected, strict)
    if isinstance(expected, np.ndarray):
        return _compare_arrays(result, expected, axes, strict, tensor)
    if isinstance(expected, (bool, int, float, complex, np.generic)):
        return _compare_numbers(result, expected, strict)
    if type(result) is type(expected) and result == expected:
        return None
    if type(result) is type(expected):
        return Difference("the value is not right")
    return Difference(f"{_kind(result)} came back, {_kind(expected)} was asked for")


def plain(value: Any) -> Any:
    """Turn a tensor into an array, leave everything else."""
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value


def _kind(value: Any) -> str:
    name = "array" if isinstance(value, np.ndarray) else type(value).__name__
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _compare_mapping(result: Any, expected: Mapping[Any, Any], strict: bool) -> Difference | None:
    if not isinstance(result, Mapping):
        return Difference(f"{_kind(result)} came back, a dict was asked for")
    if missing := [key for key in expected if key not in result]:
        return Difference("missing in the dict: " + ", ".join(map(repr, missing)))
    for key, value in expected.items():
        if found := compare(result[key], value, strict=strict):
            return Difference(f"{key!r}: {found.what}", found.hint, found.detail)
    return None


def _compare_sequence(result: Any, expected: Sequence[Any], strict: bool) -> Difference | None:
    if isinstance(result, np.ndarray) and result.ndim == 1:
        result = list(result)
    if not isinstance(result, (tuple, list)):
        return Difference(f"{_kind(result)} came back, a tuple of {len(expected)} was asked for")
    if len(result) != len(expected):
        return Difference(f"{len(result)} values came back, {len(expected)} were asked for")
    wrong = _wrong_places(result, expected, strict)
    if not wrong:
        return None
    hint = ""
    if len(result) == 2 and not _wrong_places(tuple(result)[::-1], expected, strict):
        hint = "These are the right two values in the wrong order."
    place, first = wrong[0]
    return Difference(f"value [{place}]: {first.what}", hint or first.hint, first.detail)


def _wrong_places(
    result: Sequence[Any], expected: Sequence[Any], strict: bool
) -> list[tuple[int, Difference]]:
    found = [compare(r, e, strict=strict) for r, e in zip(result, expected, strict=True)]
    return [(place, difference) for place, difference in enumerate(found) if difference]


def _compare_numbers(result: Any, expected: Any, strict: bool) -> Difference | None:
    if isinstance(result, np.ndarray) and result.ndim == 0:
        result = result[()]
    if isinstance(result, np.ndarray):
        return Difference(f"an array of shape {result.shape} came back, one number was asked for")
    if not isinstance(result, (bool, int, float, complex, np.number, np.bool_)):
        return Difference(f"{_kind(result)} came back, a number was asked for")
    if not np.isfinite(result):
        hint = "Is something divided by zero, or is it the mean of nothing, such as an empty slice?"
        return Difference(f"the number is {result}", hint)
    if isinstance(expected, (bool, np.bool_)) or isinstance(result, (bool, np.bool_)):
        same_kind = isinstance(expected, (bool, np.bool_)) == isinstance(result, (bool, np.bool_))
        if strict and not same_kind:
            return Difference(f"{_kind(result)} came back")
        return None if result == expected else Difference("the value is not right")
    whole = isinstance(expected, (int, np.integer))
    if strict and whole and not isinstance(result, (int, np.integer)):
        return Difference(
            f"{_kind(result)} came back, a whole number (int) was asked for",
            "Sizes and counts are whole numbers: // divides and rounds down to an int.",
        )
    rtol, atol = (0.0, 0.0) if whole else _tolerance(expected)
    if np.isclose(result, expected, rtol=rtol, atol=atol):
        return None
    return Difference("the number is not right")


def _tolerance(expected: Any) -> tuple[float, float]:
    single = np.asarray(expected).dtype in (np.float32, np.float16, np.complex64)
    return (RTOL_SINGLE, ATOL_SINGLE) if single else (RTOL, ATOL)


def _compare_arrays(
    result: Any, expected: np.ndarray, axes: Sequence[str], strict: bool, tensor: bool
) -> Difference | None:
    is_array = isinstance(result, (np.ndarray, np.generic))
    try:
        array = np.asarray(result)
    except ValueError:
        return Difference("the rows have different lengths: this is not one array")
    if array.dtype.kind not in "biufc":
        return Difference(f"{_kind(result)} came back, an array of numbers was asked for")
    if bad := int((~np.isfinite(array)).sum()):
        return Difference(
            f"{bad} of {array.size} numbers are NaN or infinite",
            "Did a border of infinity win, or was something divided by zero?"
            if np.isinf(array).any()
            else "Was a part of the result never filled, or is zero divided by zero?",
        )
    if array.shape != expected.shape:
        return _shape_difference(array.shape, expected.shape, axes)
    rtol, atol = _tolerance(expected)
    if expected.dtype.kind in "biu":
        rtol = atol = 0.0
    wrong = ~np.isclose(array, expected, rtol=rtol, atol=atol)
    if wrong.any():
        return _value_difference(array, expected, wrong, axes)
    if expected.dtype.kind in "iu" and array.dtype.kind in "iu":
        return None  # a whole number is a whole number, however many bits it has
    if strict and is_array and array.dtype != expected.dtype:
        name = f"torch.{expected.dtype}" if tensor else f"np.{expected.dtype}"
        convert = f".to({name})" if tensor else f".astype({name})"
        return Difference(
            f"the dtype is {array.dtype}, {expected.dtype} was asked for",
            f"Make the result with dtype={name}, or end with {convert}.",
        )
    return None


def _named(shape: Sequence[int], axes: Sequence[str]) -> str:
    if len(axes) != len(shape):
        return str(tuple(shape))
    return "(" + ", ".join(f"{a}={n}" for a, n in zip(axes, shape, strict=True)) + ")"


def _shape_difference(
    shape: tuple[int, ...], expected: tuple[int, ...], axes: Sequence[str]
) -> Difference:
    names = f" as {tuple(axes)}".replace("'", "") if axes else ""
    what = f"the shape {shape} is not right"
    detail = f"expected the shape {_named(expected, axes)}"
    if len(shape) != len(expected):
        return Difference(
            what, f"The result needs {len(expected)} axes{names}; it has {len(shape)}.", detail
        )
    if sorted(shape) == sorted(expected):
        return Difference(
            what,
            f"The sizes are right, their order is not. Order the axes{names}. "
            "Or is a pair of settings, (vertical, horizontal), used the wrong way round?",
            detail,
        )
    axis = next(i for i, (a, b) in enumerate(zip(shape, expected, strict=True)) if a != b)
    label = axes[axis] if len(axes) == len(shape) else f"axis {axis}"
    size = "long" if shape[axis] > expected[axis] else "short"
    return Difference(what, f"Along {label} the result is too {size}.", detail)


def _value_difference(
    array: np.ndarray, expected: np.ndarray, wrong: np.ndarray, axes: Sequence[str]
) -> Difference:
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    at = f"[{', '.join(map(str, place))}]" if place else "the only place"
    names = [f"axis {i}" for i in range(len(place))]
    if len(axes) == len(place):
        names = list(axes)
        at += " (" + ", ".join(axes) + ")"
    return Difference(
        f"{int(wrong.sum())} of {wrong.size} numbers are wrong, the first at {at}",
        pattern(array, expected, wrong, names),
        f"there it gave {array[place]:.6g}, expected {expected[place]:.6g}",
    )
