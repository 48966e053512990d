"""What to say when a learner's function stops with an error.

Room: ``cnnlib.checks`` -- NumPy only. The error's own words are always shown; a sentence is added
only for the errors that those words leave unclear to somebody who meets them for the first time.
"""

from __future__ import annotations

import re
import tempfile
import traceback

SIGNATURE = re.compile(r"takes .*positional argument|missing \d+ required|unexpected keyword arg")
SHAPES = re.compile(r"broadcast|not aligned|mismatch|shapes|size of tensor|sizes? .*must match")
RESHAPE = re.compile(r"cannot reshape|is invalid for input of size")


def hint_for(error: Exception) -> str:
    """Return a sentence on what an error of this kind means; empty if its own text says it."""
    text = str(error)
    if isinstance(error, IndexError):
        return _hint_for_index(text)
    if isinstance(error, TypeError) and SIGNATURE.search(text):
        return "Do the arguments of your function have the names and the order of the task?"
    if isinstance(error, ZeroDivisionError):
        return "Something is divided by zero."
    if isinstance(error, UnboundLocalError):
        return "A name is used before it has a value: is there a path on which it gets none?"
    if isinstance(error, NameError):
        return "Is the name spelled as where it was given its value, and is that cell there?"
    if isinstance(error, ImportError):
        return "Only the packages that the assignment names can be imported."
    if isinstance(error, (ValueError, RuntimeError)) and RESHAPE.search(text):
        return "A reshape keeps the count of numbers: multiply the sizes before and after."
    if isinstance(error, (ValueError, RuntimeError)) and SHAPES.search(text):
        return "Two shapes do not fit together: print both just before they meet."
    return ""


def _hint_for_index(text: str) -> str:
    if text.startswith("too many indices"):
        return "The array has fewer axes than the index: print its shape."
    if text.startswith("tuple index"):
        return "A tuple, perhaps a shape, has fewer entries than the index asks for."
    return "An index runs past the end: how long is that axis, and how far does the index go?"


def line_of(error: Exception) -> str:
    """Find the innermost line that stands in a notebook cell, if the code ran in this process."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.startswith(("<", tempfile.gettempdir())) and frame.line:
            return f"the line is `{frame.line}`, in `{frame.name}`"
    return ""
