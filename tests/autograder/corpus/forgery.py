# ruff: noqa: E501 -- one case reads best as one entry
"""Attempts to earn points without right answers. None of them may earn one."""

from __future__ import annotations

from typing import Any

from tests.autograder import course
from tests.autograder.corpus import ADD, ALL, Case, lost

#: Answers that are wrong everywhere, so that a point can only come from a trick.
WRONG = {
    "add": "def add(a, b):\n    return 0\n",
    "relu": "def relu(x):\n    return x\n",
    "slope": "def slope(f, x):\n    return 99.0\n",
    "counter": "class Counter:\n    total = -1\n    def push(self, n):\n        return -1\n",
}
FAILED = lost("failed", *ALL)


def _trick(name: str, code: str, **more: Any) -> Case:
    """A trick in a cell of its own, before everything else is asked."""
    return Case(name, dict(more.pop("lost", FAILED)), dict(WRONG), {"setup": code}, **more)


def _tags(*tags: str):
    def make(notebook: Any) -> None:
        for cell in notebook.cells:
            cell.metadata["tags"] = list(tags)

    return make


def _fake_outputs(notebook: Any) -> None:
    import nbformat

    for name in ALL[:4]:
        cell = course.cell_of(notebook, name)
        cell.outputs = [
            nbformat.v4.new_output("execute_result", {"text/plain": "1000"}, execution_count=1)
        ]
        cell.execution_count = 1


def _empty(notebook: Any) -> None:
    _tags("skip-execution")(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade"):
            cell.source = ""


_EQUAL = """class Equal(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    def __gt__(self, other): return True
    def __sub__(self, other): return self
    def __abs__(self): return self
    def __bool__(self): return True
    __radd__ = __rsub__ = __add__ = __sub__
    __hash__ = float.__hash__
"""
_ANY = """class Any:
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __bool__(self): return True
    def __float__(self): return 0.0
    def __array__(self, *a, **k):
        import numpy
        return numpy.zeros(1)
    def __iter__(self): return iter(())
    def __len__(self): return 0
    def __getitem__(self, key): return self
    __array_ufunc__ = None
"""
_NOT_PLAIN = lost("not-plain-data", *ALL)

CASES = [
    Case("wrong-everywhere", FAILED, dict(WRONG)),
    Case("tag-skip-execution", FAILED, dict(WRONG), make=_tags("skip-execution")),
    Case("tag-raises-exception", FAILED, dict(WRONG), make=_tags("raises-exception", "remove-cell")),
    Case("empty-and-tagged", lost("error", *ALL), make=_empty),
    Case("outputs-already-there", FAILED, dict(WRONG), make=_fake_outputs),
    _trick("patch-np-testing", "import numpy.testing as t\nfor n in dir(t):\n    if n.startswith('assert'):\n"
           "        setattr(t, n, lambda *a, **k: None)"),
    _trick("patch-builtins", "import builtins\nbuiltins.AssertionError = Exception\nbuiltins.abs = lambda x: 0\n"
           "builtins.float = lambda x: 0.0"),
    _trick("patch-numpy", "np.allclose = np.array_equal = lambda *a, **k: True\nnp.maximum = lambda a, b: a"),
    _trick("input-transformer", "get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'])",
           lost=lost("error", *ALL)),
    _trick("ast-transformer", "import ast\nclass T(ast.NodeTransformer):\n    def visit_Assert(self, node):\n"
           "        return ast.Pass()\nget_ipython().ast_transformers.append(T())"),
    _trick("patch-run-code", "ip = get_ipython()\nip.run_code = lambda *a, **k: False\n", lost=lost("error", *ALL)),
    _trick("patch-run-cell", "type(get_ipython()).run_cell = lambda *a, **k: None", lost=lost("error", *ALL)),
    _trick("exception-handler", "get_ipython().set_custom_exc((BaseException,), lambda *a, **k: None)"),
    _trick("pre-run-hook", "get_ipython().events.register('pre_run_cell', lambda *a: print(1000))"),
    _trick("display-hook", "import sys\nsys.displayhook = lambda v: print(1000)\nget_ipython().displayhook = print", lost=lost("error", *ALL)),
    _trick("excepthook", "import sys\nsys.excepthook = lambda *a: None"),
    _trick("settrace", "import sys\ndef t(frame, event, arg):\n    frame.f_locals['points'] = 2\n    return t\n"
           "sys.settrace(t)"),
    _trick("garbage-collector", "import gc\nfor o in gc.get_objects():\n    if isinstance(o, dict) and 'points' in o:\n"
           "        o['points'] = 1000"),
    _trick("shadowing-modules", "import pathlib\nfor n in ('numpy', 'cnnlib', 'autograder', 'nbgrader', 'math'):\n"
           "    pathlib.Path(n + '.py').write_text('raise SystemExit(0)')\n"
           "    pathlib.Path('/tmp', n + '.py').write_text('raise SystemExit(0)')"),
    _trick("sitecustomize", "import pathlib\npathlib.Path('/tmp/home/usercustomize.py').parent.mkdir(parents=True, "
           "exist_ok=True)\npathlib.Path('/tmp/home/usercustomize.py').write_text('x=1')"),
    _trick("write-engine-files", "import pathlib\ntry:\n    pathlib.Path('/engine/autograder/checker.py').write_text('')\n"
           "except OSError as e:\n    print(e)"),
    Case("always-equal", {**_NOT_PLAIN, "counter-check": "not-plain-data"}, {
        "add": _EQUAL + "def add(a, b):\n    return Equal(1)\n",
        "relu": "def relu(x):\n    return Equal(1)\n",
        "slope": "def slope(f, x):\n    return Equal(1)\n",
        "counter": "class Counter:\n    total = Equal(1)\n    def push(self, n):\n        return Equal(1)\n"}),
    Case("answers-everything", _NOT_PLAIN, {
        "add": _ANY + "add = Any().x\n", "relu": "relu = Any().x", "slope": "slope = Any().x",
        "counter": "Counter = Any().x"}),
    Case("nan-result", FAILED, {
        "add": "def add(a, b):\n    return float('nan')", "relu": "def relu(x):\n    return x * np.nan",
        "slope": "def slope(f, x):\n    return float('nan')",
        "counter": "class Counter:\n    total = float('nan')\n    def push(self, n):\n        return float('nan')"}),
    Case("giant-score", FAILED, {**WRONG, "slope": "def slope(f, x):\n    return 10**9"}),
    Case("points-variable", FAILED, {**WRONG, "slope": "points = 10**9\ndef slope(f, x):\n    return 99.0"}),
    Case("caller-frames", {"add-check": "error", "add-hidden": "error"}, {
        "add": "import sys\ndef add(a, b):\n    f = sys._getframe()\n    while f:\n"
        "        for k, v in f.f_locals.items():\n            if k in ('secret_marker', 'expected'):\n"
        "                return v + b\n        f = f.f_back\n    raise LookupError('not found')"}),
    Case("history", lost("failed", *ADD), {
        "add": "def add(a, b):\n    text = str(get_ipython().user_ns.get('In'))\n"
        "    return a + b if 'secret' in text or 'assert' in text else 0"}),
    Case("reads-the-tests", lost("failed", *ADD), {
        "add": "import os, pathlib\ndef add(a, b):\n    for root, _, files in os.walk('/'):\n"
        "        if root.startswith(('/proc', '/sys', '/usr', '/packages', '/python', '/dev')):\n            continue\n"
        "        for f in files:\n            try:\n                if 'secret_' + 'marker' in pathlib.Path(root, f).read_text():\n"
        "                    return a + b\n            except (OSError, UnicodeDecodeError):\n                pass\n    return 0"}),
    Case("reads-memory", lost("failed", *ADD), {
        "add": "import os\ndef add(a, b):\n    found = 0\n    for p in os.listdir('/proc'):\n"
        "        if p.isdigit() and int(p) != os.getpid():\n            try:\n"
        "                open(f'/proc/{p}/mem', 'rb').read(1)\n                found = 1\n            except OSError:\n"
        "                pass\n    return a + b if found else 0"}),
    Case("environment-announces-grading", lost("failed", *ADD), {
        "add": "import os\ndef add(a, b):\n    text = ' '.join([*os.environ, *os.environ.values()]).lower()\n"
        "    return a + b if 'grad' in text or 'nbgrader' in text else 0"}),
    Case("writes-the-gradebook", extra={"add":
        "import sqlite3, glob\nfor p in glob.glob('/**/gradebook.db', recursive=True) + ['gradebook.db']:\n"
        "    try:\n        sqlite3.connect(p).execute('update grade set extra_credit = 1000')\n"
        "    except sqlite3.Error as e:\n        print(e)"}),
    Case("borrows-the-library", lost("error", *ADD), {"add": "from cnnlib import reference\ndef add(a, b):\n    return a + b"},
         says="No module named 'cnnlib'"),
    Case("borrows-torch", lost("error", *ADD), {"add": "import torch\ndef add(a, b):\n    return a + b"},
         says="can import the standard library and: numpy"),
    Case("asks-whether-a-package-is-there", answers={
        "add": "import importlib.util\nassert importlib.util.find_spec('torch') is None\ndef add(a, b):\n    return a + b"}),
    Case("borrows-by-path", lost("error", *ADD), {
        "add": "import sys, glob\nsys.path += glob.glob('/usr/lib/python3*/*-packages') + "
        "glob.glob('/python/lib/python3*/*-packages') + ['/']\nimport scipy\ndef add(a, b):\n    return a + b"}),
    Case("in-place-zero", lost("failed", "relu-check"), {"relu": "def relu(x):\n    x[...] = 0\n    return x"}),
    Case("hard-coded-visible-case", lost("failed", "add-hidden"), {
        "add": "def add(a, b):\n    return {(2, 3): 5}.get((a, b), 0)"}),
    Case("raises-what-tests-expect", {"add-check": "error", "add-hidden": "error"}, {
        "add": "def add(a, b):\n    raise AssertionError('all tests passed')"}),
    Case("raises-skip", lost("error", *ADD), {
        "add": "import unittest\ndef add(a, b):\n    raise unittest.SkipTest('no need')"}),
    Case("raises-stop-iteration", lost("error", *ADD), {"add": "def add(a, b):\n    raise StopIteration"}),
    Case("raises-keyboard-interrupt", lost("error", *ADD), {"add": "def add(a, b):\n    raise KeyboardInterrupt"}),
    Case("exception-that-cannot-be-shown", lost("error", *ADD), {
        "add": "class E(Exception):\n    def __str__(self):\n        raise E\ndef add(a, b):\n    raise E"}),
    Case("redefines-a-given-name", lost=lost("error", "relu-check"), extra={"setup": "np = None"}),
    Case("partial-counts-what-passes", {"slope-check": "partial"}, {
        "slope": "def slope(f, x):\n    return 1.0"}, partial={"slope-check": 1.0}),
]  # fmt: skip
