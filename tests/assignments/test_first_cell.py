"""The first cell of every assignment: it fetches the library where it is missing, nowhere else."""

import importlib.util
import sys
import types

import pytest

from tests.assignments import runner
from tests.assignments.runner import SLUGS

FIRST_CELL = """\
# Where the course library is missing, in Colab or in the browser, fetch it once.
import importlib.util
import sys

if importlib.util.find_spec("cnnlib") is None:
    if sys.platform == "emscripten":
        %pip install --quiet cnnlib
    elif hasattr(get_ipython(), "kernel"):  # grading brings its own and has no kernel
        %pip install --quiet "cnn-course @ git+https://github.com/example/cnn-course.git\""""


@pytest.mark.parametrize("kind", ["solutions", "exercises"])
@pytest.mark.parametrize("slug", SLUGS)
def test_it_comes_before_all_other_code_and_is_folded_on_the_page(slug, kind):
    first = next(cell for cell in runner.notebook(kind, slug).cells if cell.cell_type == "code")
    assert first.source == FIRST_CELL
    assert first.metadata.tags == ["hide-cell"]
    assert runner.role(first) == "given"


@pytest.mark.parametrize("slug", SLUGS)
def test_the_assignment_says_where_it_can_be_done(slug):
    notebook = runner.notebook("exercises", slug)
    paragraphs = notebook.cells[0].source.split("\n\n")
    [where] = [text for text in paragraphs if text.startswith("**Where to work.**")]
    in_the_browser = notebook.metadata.course["packages"] == ["numpy"]
    assert ("Colab or in the browser" in where) == in_the_browser
    assert ("download the notebook" in where) == in_the_browser


@pytest.fixture
def asked(monkeypatch):
    """What the cell asks pip for, by the place where it runs."""

    def run(*, missing=True, platform="linux", kernel=True):
        lines = []
        shell = types.SimpleNamespace(run_line_magic=lambda name, line: lines.append((name, line)))
        if kernel:
            shell.kernel = object()
        spec = None if missing else types.SimpleNamespace(name="cnnlib")
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
        monkeypatch.setattr(sys, "platform", platform)
        runner.run(FIRST_CELL, {"get_ipython": lambda: shell})
        return lines

    return run


def test_pip_is_asked_only_where_the_library_is_missing(asked):
    assert asked(missing=False) == []
    assert asked(missing=False, platform="emscripten") == []
    [(magic, line)] = asked()
    assert magic == "pip"
    assert line.startswith('install --quiet "cnn-course @ git+https://')
    assert asked(platform="emscripten") == [("pip", "install --quiet cnnlib")]


def test_pip_is_never_asked_while_work_is_graded(asked):
    assert asked(kernel=False) == []  # the engine has none; see test_check.py of the autograder
