"""What the engine's tests share: a source notebook, tight limits, and warm parents."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder import sandbox
from autograder.limits import Limits
from autograder.rebuild import Template, read_source
from autograder.record import Recorder
from tests.autograder import course

TIGHT = Limits(
    cell_cpu_seconds=20,  # time is the one thing that a busy machine has less of
    cell_wall_seconds=120,
    total_cpu_seconds=60,
    memory_mib=600,
    processes=24,
    disk_mib=24,
    file_mib=16,
)


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return course.write_source(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="session")
def template(source: Path) -> Template:
    return read_source(source)


@pytest.fixture(scope="session")
def warm() -> Iterator[None]:
    """Tests that run students' code need bubblewrap; the warm parents are shared and ended here."""
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    yield
    sandbox.close_all()


@pytest.fixture(scope="session")
def empty_book(tmp_path_factory: pytest.TempPathFactory, template: Template, source: Path) -> Path:
    """A gradebook that knows the assignment; making one takes nbgrader seconds, so it is copied."""
    folder = tmp_path_factory.mktemp("book")
    Recorder(f"sqlite:///{folder}/gradebook.db", template, source, folder).close()
    return folder / "gradebook.db"


@pytest.fixture
def limits() -> Limits:
    return TIGHT
