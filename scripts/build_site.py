"""Build the site into ``_build/html``, from nothing, unless nothing that it is made of has changed.

A rebuild on top of an old one hides warnings, so every build starts in an empty folder, and the
finished site replaces the old one only if no page had a warning.
"""

import os
import shutil

import steps
from command_error import CommandError
from freshness import Stamp

SOURCES = ("_config.yml", "_toc.yml", "CHANGELOG.md", "book", "cnnlib", "autograder", "exercises")


def build() -> bool:
    """Whether the site had to be built."""
    html, following = steps.BUILD / "html", steps.BUILD / "next"
    stamp = Stamp(
        steps.BUILD / "site.stamp",
        [steps.ROOT / name for name in SOURCES],
        html,
        also=os.environ.get("SITE_URL", ""),  # the address that the pages give as their own
    )
    if stamp.is_current():
        return False
    shutil.rmtree(following, ignore_errors=True)
    steps.run(
        "site",
        "Building the site",
        [
            *(steps.tool("jupyter-book"), "build", "."),
            *("-W", "-n", "--keep-going"),
            *("--path-output", str(following)),
        ],
    )
    built = following / "_build" / "html"
    if not (built / "index.html").is_file():
        raise CommandError("The site was built without a front page; see _build/logs/site.log.")
    shutil.rmtree(html, ignore_errors=True)
    built.rename(html)
    shutil.rmtree(following)
    stamp.write()
    return True
