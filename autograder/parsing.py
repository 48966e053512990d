"""Parse Python source from several threads.

While CPython 3.11 builds a syntax tree, it counts the depth in one place for all threads, and a
switch between two of them ends in a SystemError (python/cpython issue 106905). So: one at a time.
"""

from __future__ import annotations

import ast
import threading

_one_at_a_time = threading.Lock()


def parse(source: str) -> ast.Module:
    """The syntax tree of ``source``; raises what :func:`ast.parse` raises."""
    with _one_at_a_time:
        return ast.parse(source)
