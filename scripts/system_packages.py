"""Programs that pip cannot install: the grading sandbox and the browser of the site's tests.

Root on Debian or Ubuntu gets them installed; anyone else gets the line to paste. Neither is needed
to build the site or the exercises, so a missing program never stops a command.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSERS_ON_MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def has_bubblewrap() -> bool:
    return shutil.which("bwrap") is not None


def find_browser() -> str | None:
    """The path of a Chromium or of its sister, if there is one."""
    return next(filter(None, map(shutil.which, (*BROWSERS, *BROWSERS_ON_MAC))), None)


def has_browser() -> bool:
    return find_browser() is not None


def ensure(extra: str, may_install: bool) -> None:
    """Install what is missing if allowed, or say in a sentence what will not work without it."""
    missing = []
    if not has_bubblewrap():
        if sys.platform == "darwin":
            say(
                "bubblewrap, the sandbox for students' code, exists for Linux only: grade on Linux."
            )
        else:
            missing.append(("bubblewrap", "students' code cannot be shut in while it is graded"))
    if extra == "dev" and not has_browser():
        missing.append(("chromium", "the tests that open the site in a browser are skipped"))
    if not missing or (may_install and install([package for package, _ in missing])):
        return
    for package, without_it in missing:
        say(f"{package} is not installed, so {without_it}; {how_to_install([package])}.")


def how_to_install(packages: list) -> str:
    """The line to paste on this system."""
    names = " ".join(packages)
    if sys.platform == "darwin":
        return f"run `brew install {names}`"
    if shutil.which("apt-get"):
        return f"run `sudo apt-get install {names}`"
    if shutil.which("dnf"):
        return f"run `sudo dnf install {names}`"
    return f"install {names} with your system's package manager"


def install(packages: list) -> bool:
    """Whether apt-get installed ``packages``; it is asked only where it cannot say no."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return False
    say("Installing {} with apt-get ...".format(" and ".join(packages)))
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages],
    ):
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode != 0:
            say("\n".join(done.stdout.decode(errors="replace").splitlines()[-5:]))
            return False
    return True
