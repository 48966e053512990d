"""What the sandbox shows of this Python, wherever it was installed."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import pytest

from autograder import bubblewrap
from autograder.profile import Profile


@pytest.mark.parametrize("shared", [True, False])
def test_a_python_made_as_a_shared_library_finds_it_inside(
    shared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for folder in ("bin", "lib"):
        (tmp_path / folder).mkdir()
    (tmp_path / "bin" / "python3").touch()
    if shared:
        (tmp_path / "lib" / "libpython3.99.so.1.0").touch()
    monkeypatch.setattr(bubblewrap, "find_bubblewrap", lambda: "bwrap")
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python3"))
    line = bubblewrap.command_line(Profile("student", (), (), ()), {})
    assert "/python/bin/python3" in line
    told = dict(pairwise(line)).get("LD_LIBRARY_PATH")
    assert told == ("/python/lib" if shared else None)
