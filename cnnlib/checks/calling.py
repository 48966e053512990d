"""Calling a learner's function so that nothing it does can reach the test.

Room: ``cnnlib.checks`` -- NumPy only. In grading the function lives in another process, where
copies are all it gets; here the same is done by hand, and what it does to them is looked at.
"""

from __future__ import annotations

import io
import random
import secrets
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from typing import Any

import numpy as np

from cnnlib.checks.calls import materialise
from cnnlib.checks.compare import Difference, plain
from cnnlib.checks.stopped import hint_for, line_of


def call_safely(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[Any, Difference | None]:
    """Call ``function`` with copies; return a copy of its result, or what went wrong.

    NotImplementedError passes through: an untouched stub has not been started, which is no mistake.
    """
    given_args, given_kwargs = materialise(args), materialise(dict(kwargs))
    try:
        with _quiet(), _watched_random_numbers() as touched:
            result = materialise(function(*given_args, **given_kwargs))
    except NotImplementedError:
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {error}".rstrip(": ").split("\n")[0]
        return None, Difference(
            f"it stopped with {text}", hint_for(error), line_of(error), stopped=True
        )
    if touched:
        return result, Difference(
            "NumPy's or Python's global random numbers were used or seeded",
            "Take random numbers from a generator of your own, or from one that is passed in.",
        )
    labels = [f"number {place}" for place in range(1, len(args) + 1)] + list(kwargs)
    now = [*given_args, *given_kwargs.values()]
    then = [*materialise(args), *materialise(dict(kwargs)).values()]
    for label, after, original in zip(labels, now, then, strict=True):
        if not _identical(after, original):
            return result, Difference(
                f"the function changed its argument {label}",
                "The caller still needs it: work on a copy, e.g. x = x.copy().",
            )
    return result, None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep warnings away: nbgrader gives a test cell with a word on stderr no points."""
    with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _watched_random_numbers() -> Iterator[list[str]]:
    """Put the global generators where no seed puts them; list those that moved; put them back."""
    numpy_before, python_before = np.random.get_state(), random.getstate()  # noqa: NPY002
    touched: list[str] = []
    np.random.seed(secrets.randbits(32))  # noqa: NPY002 - the global generator is what is watched
    random.seed(secrets.randbits(64))
    numpy_start, python_start = _position(np.random.get_state()), random.getstate()  # noqa: NPY002
    try:
        yield touched
        if _position(np.random.get_state()) != numpy_start:  # noqa: NPY002
            touched.append("numpy")
        if random.getstate() != python_start:
            touched.append("python")
    finally:
        np.random.set_state(numpy_before)  # noqa: NPY002
        random.setstate(python_before)


def _position(state: Any) -> tuple[bytes, int]:
    return state[1].tobytes(), state[2]


def _identical(now: Any, then: Any) -> bool:
    """Same type, same numbers, bit for bit (a NaN equals itself)."""
    now, then = plain(now), plain(then)
    if isinstance(then, np.ndarray):
        return (
            isinstance(now, np.ndarray)
            and now.shape == then.shape
            and now.dtype == then.dtype
            and now.tobytes() == then.tobytes()
        )
    if isinstance(then, (tuple, list)):
        return len(now) == len(then) and all(map(_identical, now, then))
    if isinstance(then, Mapping):
        return list(now) == list(then) and all(_identical(now[k], then[k]) for k in then)
    return bool(now == then)
