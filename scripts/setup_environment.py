"""Make ``.venv`` ready, or say in one sentence why it cannot be.

    python3 scripts/setup_environment.py course    # what `make course` needs
    python3 scripts/setup_environment.py dev       # what `make test` needs as well

Standard library only, and the syntax of Python 3.8: this file has to explain itself on machines
that cannot run the course. A run that finds everything done takes a fraction of a second. A run
that was killed half-way leaves a note in ``.venv``, and the next run starts that folder afresh.

``TORCH=cuda`` takes the index's ordinary build of PyTorch instead of the small one for the CPU.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pip_progress
import system_packages
import torch_build
from command_error import CommandError

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "ready.json"
UNFINISHED = VENV / "unfinished"  # exists only while pip changes the folder
OLDEST = (3, 11)
EXTRAS = ("course", "dev")  # each contains the ones before it


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def check_python() -> None:
    if sys.version_info[:2] >= OLDEST:
        return
    newer = [f"python3.{minor}" for minor in range(13, 10, -1) if starts(f"python3.{minor}")]
    cure = (
        f"run `make PYTHON={newer[0]} ...`"
        if newer
        else "install a newer one and run `make PYTHON=/path/to/python3 ...`"
    )
    wanted, found = (".".join(map(str, version)) for version in (OLDEST, sys.version_info[:2]))
    raise CommandError(
        f"The course needs Python {wanted} or newer, "
        f"and {sys.executable} is Python {found}; {cure}."
    )


def starts(program: str) -> bool:
    """Whether ``program`` runs; version managers put names on PATH that do not."""
    if shutil.which(program) is None:
        return False
    return subprocess.run([program, "-c", ""], stderr=subprocess.DEVNULL).returncode == 0


def check_tools() -> None:
    missing = [tool for tool in ("git", "make") if shutil.which(tool) is None]
    if missing:
        raise CommandError(
            "{} is not on PATH; {}.".format(
                " and ".join(missing), system_packages.how_to_install(missing)
            )
        )


def fingerprint() -> str:
    """What the installed packages depend on: two files and the interpreter."""
    digest = hashlib.sha256(sys.version.encode())
    for name in ("pyproject.toml", "constraints.txt"):
        path = ROOT / name
        if not path.is_file():
            raise CommandError(f"{path} is missing; restore it with `git checkout -- {name}`.")
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_ready(extra: str, key: str, cuda: bool) -> bool:
    try:
        stamp = json.loads(STAMP.read_text())
        installed = EXTRAS.index(stamp["extra"])
        return (
            stamp["key"] == key
            and installed >= EXTRAS.index(extra)
            and (stamp["cuda"] or not cuda)
            and not UNFINISHED.exists()
            and fault_of_venv() is None
        )
    except (OSError, ValueError, KeyError):
        return False


def fault_of_venv() -> str | None:
    """Why the folder at ``.venv`` cannot be used, in words; None if it can."""
    if not VENV.is_dir() or VENV.is_symlink():
        return "it is not a folder"
    if UNFINISHED.exists():
        return "an earlier run was interrupted while it installed"
    question = "import sys, pip; print(*sys.version_info[:3], sys.prefix != sys.base_prefix)"
    try:
        answer = subprocess.run(
            [PYTHON, "-I", "-c", question], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        return "its Python does not start"
    if answer.returncode != 0:
        return "its Python or its pip does not start"
    *version, isolated = answer.stdout.decode().split()
    if version != [str(part) for part in sys.version_info[:3]]:
        return "it belongs to Python " + ".".join(version)
    if isolated != "True":
        return "it is not a virtual environment"
    return None


def make_venv() -> None:
    """An empty, working ``.venv``; what was there and did not work is removed."""
    if os.path.lexists(VENV):
        fault = fault_of_venv()
        if fault is None:
            return
        say(f"Making .venv afresh, because {fault}.")
        if VENV.is_dir() and not VENV.is_symlink():
            shutil.rmtree(VENV)
        else:
            VENV.unlink()
    try:
        import ensurepip  # noqa: F401  (Debian and Ubuntu keep it in a package of its own)
    except ImportError:
        package = "python{}.{}-venv".format(*sys.version_info[:2])
        if not system_packages.install([package]):
            raise CommandError(
                "This Python cannot make virtual environments, because its ensurepip module is "
                f"missing; {system_packages.how_to_install([package])}."
            ) from None
    say("Making .venv ...")
    VENV.mkdir()
    UNFINISHED.touch()
    made = subprocess.run(
        [sys.executable, "-m", "venv", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if made.returncode != 0:
        say(made.stdout.decode(errors="replace").strip())
        shutil.rmtree(VENV, ignore_errors=True)
        raise CommandError("Python could not make .venv; its own words are above.")
    UNFINISHED.unlink()


def install(extra: str, cuda: bool) -> None:
    """Everything from ``constraints.txt`` that ``extra`` asks for, and the project itself."""
    constraints = ROOT / "constraints.txt"
    pinned = dict(
        line.strip().split("==") for line in constraints.read_text().splitlines() if "==" in line
    )
    pip = pip_progress.Pip(PYTHON, constraints, UNFINISHED)
    if "pip" in pinned:  # an old pip reads whole wheels where a new one reads their summary
        pip.install("pip itself", ["pip==" + pinned["pip"]])
    torch_build.install(pip, pinned["torch"], cuda)
    pip.install(
        "the course and what it uses",
        ["--editable", f"{ROOT}[{extra}]"],
    )


def main(arguments: list) -> int:
    if len(arguments) != 1 or arguments[0] not in EXTRAS:
        say("Usage: setup_environment.py course|dev")
        return 2
    extra = arguments[0]
    cuda = os.environ.get("TORCH", "").lower() == "cuda"
    for stop in (signal.SIGTERM, signal.SIGINT):  # tidy up, also where a shell had them ignored
        signal.signal(stop, signal.default_int_handler)
    try:
        check_python()
        if VENV.is_dir() and os.path.realpath(sys.prefix) == str(VENV):
            # Started with .venv active: work from the Python beneath it, which may remake .venv.
            os.execv(sys._base_executable, [sys._base_executable, __file__, extra])
        check_tools()
        key = fingerprint()
        ready = is_ready(extra, key, cuda)
        system_packages.ensure(extra, may_install=not ready)
        if ready:
            return 0
        started = time.monotonic()
        make_venv()
        install(extra, cuda)
        STAMP.write_text(json.dumps({"key": key, "extra": extra, "cuda": cuda}))
        say(f".venv is ready ({time.monotonic() - started:.0f} s).")
    except CommandError as problem:
        say(f"\n{problem}")
        return 1
    except OSError as problem:
        say(f"\n.venv could not be made: {problem}.")
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted; run the same command again and it starts where it must.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
