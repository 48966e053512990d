"""Whether something that was built is still what its sources would give.

A stamp in ``_build`` holds one hash of the sources and one of the result. Contents are compared,
not dates: a touched file or a branch switched to and fro costs nothing, a lost file is noticed.
"""

import hashlib
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

PASSING = {"__pycache__", ".ipynb_checkpoints"}  # caches that come and go


def files_of(source: Path) -> list[Path]:
    """Files at or below ``source`` in a fixed order, without caches."""
    if source.is_file():
        return [source]
    found = (path for path in source.rglob("*") if path.is_file())
    return sorted(path for path in found if PASSING.isdisjoint(path.relative_to(source).parts))


def content(*sources: Path) -> str:
    """One hash of the names and bytes of all files."""
    digest = hashlib.sha256()
    for source in sources:
        for path in files_of(source):
            digest.update(f"{source.name}/{path.relative_to(source)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def versions() -> str:
    """Python and every installed package: a new version may build something else."""
    found = metadata.distributions(path=[sysconfig.get_path("purelib")])
    return "\n".join([sys.version, *sorted(f"{d.metadata['Name']}=={d.version}" for d in found)])


class Stamp:
    """A note beside the result: from what it was made, and what it was then."""

    def __init__(self, note: Path, sources: list[Path], result: Path, also: str = "") -> None:
        self._note = note
        self._result = result
        self._made_from = hashlib.sha256(
            (content(*sources) + versions() + also).encode()
        ).hexdigest()

    def _expected(self) -> str:
        return f"{self._made_from}\n{content(self._result)}\n"

    def is_current(self) -> bool:
        """Whether the same sources made this very result."""
        return self._note.is_file() and self._note.read_text() == self._expected()

    def write(self) -> None:
        """Say that the result is finished."""
        self._note.parent.mkdir(parents=True, exist_ok=True)
        self._note.write_text(self._expected())
