"""Run a step of a longer command: its name and time on stderr, its own words in a log.

What a step prints is shown only when it fails; the whole of it is in ``_build/logs``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from command_error import CommandError

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
LOGS = BUILD / "logs"
TAIL = 40  # lines of a failed step's log to show


def tool(name: str) -> str:
    """A program that pip installed beside the running Python."""
    return str(Path(sys.executable).parent / name)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def capture(name: str, command: list[str]) -> tuple[int, str, float]:
    """Exit code, text and seconds of ``command``, run in the root, tools of .venv first on PATH."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    started = time.monotonic()
    environment = os.environ | {
        "PATH": str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", ""),
        "PYTHONUNBUFFERED": "1",
        "NO_COLOR": "1",
    }
    with log.open("wb") as stream:
        code = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        ).returncode
    return code, log.read_text(errors="replace"), time.monotonic() - started


def worth_showing(text: str) -> list[str]:
    """The end of a failed step's log, after the complaints that came too early to be in it."""
    lines = text.splitlines()
    early = [line for line in lines[:-TAIL] if re.search(r"\b(WARNING|ERROR)\b", line)]
    return early[-TAIL:] + lines[-TAIL:]


def run(name: str, what: str, command: list[str]) -> str:
    """The output of a step that must succeed; if it does not, its last lines and CommandError."""
    say(f"{what} ...")
    code, text, seconds = capture(name, command)
    if code != 0:
        say("\n".join(worth_showing(text)))
        raise CommandError(
            f"{what} failed (exit code {code}); its last lines are above, "
            f"all of them in {(LOGS / f'{name}.log').relative_to(ROOT)}."
        )
    say(f"  done ({seconds:.1f} s)")
    return text
