"""Build the site into ``_build/html``, from nothing, unless nothing that it is made of has changed.

A rebuild on top of an old one hides warnings, so every build starts in an empty folder, and the
finished site replaces the old one only if no page had a warning.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from importlib import metadata
from pathlib import Path

import steps
from command_error import CommandError

HTML = steps.BUILD / "html"
STAMP = steps.BUILD / "html.inputs"
NEXT = steps.BUILD / "next"
SOURCES = ("_config.yml", "_toc.yml", "CHANGELOG.md", "book", "cnnlib", "autograder", "exercises")
PASSING = {"__pycache__", ".ipynb_checkpoints"}


def files_of(folder: Path) -> list[Path]:
    """Files below ``folder`` in a fixed order, without the caches that come and go."""
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and PASSING.isdisjoint(path.parts)
    )


def inputs() -> str:
    """One hash of everything the site is made of: sources, its address, versions of packages."""
    digest = hashlib.sha256((sys.version + os.environ.get("SITE_URL", "")).encode())
    for name in SOURCES:
        source = steps.ROOT / name
        for path in files_of(source) if source.is_dir() else [source] * source.exists():
            digest.update(f"{path.relative_to(steps.ROOT)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    installed = sorted(f"{d.metadata['Name']}=={d.version}" for d in metadata.distributions())
    digest.update("\n".join(installed).encode())
    return digest.hexdigest()


def outputs() -> str:
    """Names and sizes of the built files: a site that lost a page is built again."""
    listing = "".join(f"{p.relative_to(HTML)} {p.stat().st_size}\n" for p in files_of(HTML))
    return hashlib.sha256(listing.encode()).hexdigest()


def build() -> bool:
    """Whether the site had to be built."""
    key = inputs()
    if STAMP.is_file() and STAMP.read_text() == f"{key}\n{outputs()}\n":
        return False
    shutil.rmtree(NEXT, ignore_errors=True)
    steps.run(
        "site",
        "Building the site",
        [
            *(steps.tool("jupyter-book"), "build", "."),
            *("-W", "-n", "--keep-going"),
            *("--path-output", str(NEXT)),
        ],
    )
    built = NEXT / "_build" / "html"
    if not (built / "index.html").is_file():
        raise CommandError("The site was built without a front page; see _build/logs/site.log.")
    STAMP.unlink(missing_ok=True)
    shutil.rmtree(HTML, ignore_errors=True)
    built.rename(HTML)
    shutil.rmtree(NEXT)
    STAMP.write_text(f"{key}\n{outputs()}\n")
    return True
