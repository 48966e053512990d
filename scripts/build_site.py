"""Build the site into ``_build/html``, from nothing, unless nothing that it is made of has changed.

A rebuild on top of an old one hides warnings, so every build starts in an empty folder, and the
finished site replaces the old one only if no page had a warning. Into it go the notebooks that run
in the reader's browser, and an archive of the whole, to be read without a network.
"""

import os
import shutil
import sys
from pathlib import Path

import print_chapters
import steps
from command_error import CommandError
from freshness import Stamp

SOURCES = (
    *("_config.yml", "_toc.yml", "CHANGELOG.md", "book", "cnnlib", "autograder", "exercises"),
    *("scripts/lite_site.py", "scripts/print_chapters.py"),
)
# What the pages say of where they are, and of where their notebooks can be opened.
ADDRESSES = ("SITE_URL", "REPOSITORY_URL", "JUPYTERHUB_URL")
ARCHIVE = "cnn-course-site"  # the student guide links to it


def pack(site: Path) -> None:
    """Put ``cnn-course-site.zip`` into the site: one folder of that name with all other files."""
    folder = site.rename(site.with_name(ARCHIVE))
    packed = shutil.make_archive(str(site.with_suffix(".packed")), "zip", folder.parent, ARCHIVE)
    folder.rename(site)
    Path(packed).rename(site / f"{ARCHIVE}.zip")


def stamp_of(html: Path, with_pdf: bool) -> Stamp:
    """The note of what the site in ``html`` is made from."""
    addresses = (os.environ.get(name, "") for name in ADDRESSES)
    return Stamp(
        steps.BUILD / "site.stamp",
        [steps.ROOT / name for name in SOURCES],
        html,
        also=" ".join([*addresses, "with PDF files" * with_pdf]),
    )


def build() -> bool:
    """Whether the site had to be built; with PDF files of the chapters if ``WITH_PDF`` is set."""
    html, following = steps.BUILD / "html", steps.BUILD / "next"
    with_pdf = bool(os.environ.get("WITH_PDF"))
    stamp = stamp_of(html, with_pdf)
    # Who does not ask for the PDF files may have them all the same.
    if stamp.is_current() or stamp_of(html, with_pdf=True).is_current():
        return False
    if with_pdf:
        print_chapters.find_browser()  # to say at once that there is none
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
    steps.run(
        "lite",
        "Building the notebooks for the browser",
        [sys.executable, "scripts/lite_site.py", str(built)],
    )
    if with_pdf:
        print_chapters.print_chapters(built, print_chapters.chapters(built), built / "pdf")
    pack(built)
    shutil.rmtree(html, ignore_errors=True)
    built.rename(html)
    shutil.rmtree(following)
    stamp.write()
    return True
