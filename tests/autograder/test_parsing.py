"""The engine parses in one thread at a time, because CPython 3.11 mixes up the depth of two.

The mix-up itself needs a switch between threads at one moment; it was seen once while some hundred
submissions were graded, and never on purpose. So the tests look at what prevents it.
"""

from __future__ import annotations

import ast
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import autograder
from autograder import parsing


def test_one_thread_parses_at_a_time(monkeypatch):
    inside, most, real = [0], [0], ast.parse

    def slow(source: str) -> ast.Module:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        tree = real(source)
        inside[0] -= 1
        return tree

    monkeypatch.setattr(parsing.ast, "parse", slow)
    with ThreadPoolExecutor(4) as pool:
        trees = list(pool.map(parsing.parse, [f"x = {n}" for n in range(12)]))
    assert most == [1]
    assert [tree.body[0].value.value for tree in trees] == list(range(12))


def test_no_part_of_the_engine_parses_on_its_own():
    """Process B has one thread; everything else shares its process with other threads."""
    found = {
        path.name
        for path in Path(autograder.__file__).parent.glob("*.py")
        if re.search(r"\bast\.parse\(", path.read_text())
    }
    assert found == {"parsing.py", "checker.py"}
