"""The bubblewrap command: which files a sandbox shows, all read-only, and what it cuts off.

It shows the Python installation, the packages of a profile and a few files of the engine; no
network, no home, no course folder.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from autograder import packages as packaging
from autograder.profile import ENVIRONMENT, Profile, SandboxError

_ENGINE_FILES = (
    "__init__",
    "packing",
    "unpacking",
    "wire",
    "shell",
    "student",
    "checker",
    "proxies",
    "jail",
    "nursery",
)


def find_bubblewrap() -> str:
    """Where bubblewrap is; without it there is no sandbox."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise SandboxError(
            "bubblewrap (bwrap) is not installed, so strangers' code cannot be run safely here. "
            "Install it (Debian and Ubuntu: apt install bubblewrap) or grade on a Linux machine."
        )
    return bwrap


def command_line(profile: Profile, settings: dict[str, Any]) -> list[str]:
    """The bubblewrap command for a warm parent."""
    line = [find_bubblewrap(), "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    line += ["--unshare-cgroup-try", "--hostname", "sandbox", "--die-with-parent", "--new-session"]
    line += ["--cap-drop", "ALL"]
    if os.getuid() == 0:
        line += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        line += ["--unshare-user"]
    line += ["--clearenv"]
    for name, value in ENVIRONMENT.items():
        line += ["--setenv", name, value]
    line += ["--ro-bind", "/usr", "/usr"]
    for name in ("lib", "lib64", "lib32", "bin"):
        path = Path("/", name)
        if path.is_symlink():
            line += ["--symlink", str(path.readlink()), f"/{name}"]
        elif path.is_dir():
            line += ["--ro-bind", str(path), f"/{name}"]
    line += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    line += ["--ro-bind-try", "/etc/fonts", "/etc/fonts"]
    line += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chmod", "1777", "/tmp"]
    line += ["--ro-bind", sys.base_prefix, "/python"]
    # A Python made as a shared library looks for it at the place where it was installed, which is
    # not the sandbox's (those of pyenv, of GitHub's machines).
    if any(Path(sys.base_prefix, "lib").glob("libpython*.so*")):
        line += ["--setenv", "LD_LIBRARY_PATH", "/python/lib"]
    for hidden in packaging.folders_to_hide(Path(sys.base_prefix)):
        line += ["--tmpfs", hidden, "--remount-ro", hidden]
    here = Path(__file__).parent
    for place in ("/engine", "/engine/autograder"):
        line += ["--perms", "0755", "--dir", place]
    for name in _ENGINE_FILES:
        line += ["--ro-bind", str(here / f"{name}.py"), f"/engine/autograder/{name}.py"]
    folders = {parent for _, place in profile.binds for parent in Path(place).parents} - {Path("/")}
    for folder in sorted(folders - {Path(place) for _, place in profile.binds}):
        line += ["--perms", "0755", "--dir", str(folder)]
    for path, place in profile.binds:
        line += ["--ro-bind", str(path), place]
    line += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]
    python = Path(os.path.realpath(sys.executable))
    inside = Path("/python") / python.relative_to(os.path.realpath(sys.base_prefix))
    return [
        *line,
        str(inside),
        "-s",
        "-S",
        "-P",
        "/engine/autograder/nursery.py",
        json.dumps(settings),
    ]
