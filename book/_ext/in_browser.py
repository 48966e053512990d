"""Cells that run in the page: cnnlib packed for the browser, and the scripts where they are needed.

A page with a cell that is tagged ``live`` gets ``runner.js`` and one global that says where Python
and cnnlib's wheel are. The wheel is the part of cnnlib that needs no more than NumPy (its figures
need matplotlib); it lies beside the scripts, so only Python and NumPy come from elsewhere, and only
when the reader asks.
"""

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from docutils import nodes
from hatchling.builders.wheel import WheelBuilder
from sphinx.builders.html import StandaloneHTMLBuilder

# A new version: try it with `make test-slow`, then let the weekly workflow try its NumPy.
PYODIDE = "https://cdn.jsdelivr.net/pyodide/v314.0.7/full/"
# Parts of cnnlib that need PyTorch or scikit-learn, which do not run here.
LEFT_OUT = ("pytorch", "models", "training", "profile", "inspection.py", "data")
PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "cnnlib"
description = "The NumPy core of the CNN course's library, for the browser."
dynamic = ["version"]
license = "BSD-3-Clause"
license-files = ["LICENSE"]
requires-python = ">=3.11"
dependencies = ["numpy>=2.0"]

[tool.hatch.version]
path = "cnnlib/__init__.py"

[tool.hatch.build.targets.wheel]
packages = ["cnnlib"]
"""


def pack(root, folder):
    """Build the wheel of the core into ``folder``; return its path."""
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch)
        (project / "pyproject.toml").write_text(PROJECT)
        shutil.copy(root / "LICENSE", project)
        skip = shutil.ignore_patterns("__pycache__", *LEFT_OUT)
        shutil.copytree(root / "cnnlib", project / "cnnlib", ignore=skip)
        folder.mkdir(parents=True, exist_ok=True)
        [wheel] = WheelBuilder(str(project)).build(directory=str(folder), versions=["standard"])
    return Path(wheel)


def prepare(app):
    """Pack cnnlib once for a build of the site."""
    if isinstance(app.builder, StandaloneHTMLBuilder):
        app.course_wheel = pack(Path(app.srcdir), Path(app.outdir) / "_static" / "runner")


def is_live(node):
    """Whether a part of a page is a cell for the browser."""
    return isinstance(node, nodes.container) and "tag_live" in node["classes"]


def add_scripts(app, pagename, templatename, context, doctree):
    """Give a page the scripts of what is on it, and no other page."""
    if doctree is None:
        return
    if next(doctree.findall(is_live), None) is not None:
        wheel = app.course_wheel
        mark = hashlib.sha256(wheel.read_bytes()).hexdigest()[:8]  # a changed wheel is fetched anew
        address = context["pathto"](f"_static/runner/{wheel.name}", 1)
        settings = json.dumps({"pyodide": PYODIDE})[:-1]
        body = (
            f'globalThis.courseRunner = {settings}, "wheel": new URL("{address}?v={mark}", '
            "document.baseURI).href, ...globalThis.courseRunner};"
        )
        app.add_js_file(None, body=body)
        app.add_js_file("runner/runner.js", type="module")
        app.add_css_file("runner/runner.css")
    if any("<course-question" in raw.astext() for raw in doctree.findall(nodes.raw)):
        app.add_js_file("questions/questions.js", type="module")
        app.add_css_file("questions/questions.css")


def connect(app):
    """Register the events."""
    app.connect("builder-inited", prepare)
    app.connect("html-page-context", add_scripts)
