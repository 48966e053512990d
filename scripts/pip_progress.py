"""pip, quiet: one line of progress, and its last words only when it fails."""

from __future__ import annotations

import collections
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from command_error import CommandError

UNREACHABLE = re.compile(
    r"Temporary failure in name resolution|Name or service not known|getaddrinfo failed"
    r"|Network is unreachable|No route to host|Connection refused|Connection reset"
    r"|NewConnectionError|ConnectTimeout|ReadTimeout|Read timed out|ProxyError|Max retries exceeded"
    r"|Connection to .* timed out"
)
FULL = re.compile(r"No space left on device|Disk quota exceeded")
INTERVAL = 15  # seconds between lines of progress where the terminal cannot overwrite one


class Pip:
    """The pip of one virtual environment, held to one file of versions."""

    def __init__(self, python: Path, constraints: Path, unfinished: Path) -> None:
        self.python = str(python)
        self._command = [
            self.python,
            "-I",
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--no-input",
        ]
        self._constraints = str(constraints)
        self._unfinished = unfinished
        self._environment = dict(
            os.environ,
            PIP_BUILD_CONSTRAINT=self._constraints,  # the build backend is held to the file too
            PIP_USER="0",  # these two are habits of users that make no sense here
            PIP_REQUIRE_VIRTUALENV="0",
        )

    def install(self, what: str, arguments: list) -> None:
        """Install ``arguments``, or raise CommandError; an interruption leaves the note behind."""
        lines, code = self.run(
            f"Installing {what}",
            ["install", "--progress-bar=off", "-c", self._constraints, *arguments],
            changes=True,
        )
        if code == 0:
            return
        print("\n".join(list(lines)[-12:]), file=sys.stderr)
        text = "\n".join(lines)
        if FULL.search(text):
            raise CommandError(f"The disk is full, so pip could not install {what}.")
        if UNREACHABLE.search(text):
            raise CommandError(
                f"pip could not reach the package index to install {what}; check the network "
                "(or PIP_INDEX_URL) and run the same command again."
            )
        raise CommandError(f"pip could not install {what}; its last words are above.")

    def run(self, what: str, arguments: list, changes: bool = False) -> tuple:
        """pip's last lines and its exit code; ``changes`` tells that it may write to ``.venv``."""
        progress = Progress(what)
        lines = collections.deque(maxlen=400)
        if changes:
            self._unfinished.touch()
        process = subprocess.Popen(
            self._command + arguments,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            errors="replace",
        )
        try:
            for line in process.stdout:
                lines.append(line.rstrip())
                progress.see(line)
            code = process.wait()
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise
        finally:
            progress.end()
            process.stdout.close()
            if changes and (process.returncode == 0 or not _began_to_write(lines)):
                self._unfinished.unlink()
        return lines, code


def _began_to_write(lines: object) -> bool:
    """pip downloads everything first; only from this line on does it change the folder."""
    return any(line.startswith("Installing collected packages") for line in lines)


class Progress:
    """One line on stderr: overwritten on a terminal, written now and then elsewhere."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._seen = 0
        self._now = "starting"
        self._live = sys.stderr.isatty()
        self._started = self._written = time.monotonic()
        print(f"{what} ...", end="" if self._live else "\n", file=sys.stderr, flush=True)

    def see(self, line: str) -> None:
        """Take in a line of pip's."""
        word = line.split()
        if line.startswith("Collecting "):
            self._seen += 1
            self._now = word[1]
        elif line.lstrip().startswith("Downloading "):
            self._now = "downloading " + " ".join(word[1:]).rsplit("/", 1)[-1]
        elif line.startswith("Installing collected packages"):
            self._now = f"unpacking {line.count(',') + 1} packages"
        else:
            return
        if self._live or time.monotonic() - self._written > INTERVAL:
            self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        seconds = self._written - self._started
        text = f"{self._what} ... {self._seen} found, {self._now} ({seconds:.0f} s)"
        if self._live:
            print("\r\x1b[K" + text[:100], end="", file=sys.stderr, flush=True)
        else:
            print("  " + text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line, where it can be cleared."""
        if self._live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
