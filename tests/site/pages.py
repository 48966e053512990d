"""Which pages the site has, read from its table of contents."""

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def files(entry):
    """All names of files in a part of ``_toc.yml``."""
    if isinstance(entry, dict):
        for key, value in entry.items():
            if key in ("root", "file"):
                yield value
            elif isinstance(value, list):
                yield from files(value)
    elif isinstance(entry, list):
        for item in entry:
            yield from files(item)


CONTENTS = list(files(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))))
WRITTEN = [f"{name}.html" for name in CONTENTS]
GENERATED = ["search.html", "genindex.html", "404.html"]
ALL = WRITTEN + GENERATED
