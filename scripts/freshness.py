"""Whether something that was built is still what its sources would give.

A stamp in ``_build`` holds one hash of the sources and one of the result. Contents are compared,
not dates: a touched file or a branch switched to and fro costs nothing, a lost file is noticed.
"""

import hashlib
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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
    """Python and the packages that make the course: a new version may build something else.

    Those are the packages of the extra ``course`` and all that they need. What is installed beside
    them, to test the course, makes nothing, so `make test` after `make course` builds nothing.
    """
    folder = sysconfig.get_path("purelib")
    installed = {
        canonicalize_name(found.metadata["Name"]): found
        for found in metadata.distributions(path=[folder])
    }
    needed, waiting = {}, [Requirement("cnn-course[course]")]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        found = installed.get(name)
        for extra in {"", *requirement.extras} - needed.setdefault(name, set()):
            needed[name].add(extra)
            wanted = map(Requirement, (found.requires or []) if found else [])
            waiting += [w for w in wanted if not w.marker or w.marker.evaluate({"extra": extra})]
    versions = (
        f"{name}=={installed[name].version if name in installed else 'none'}" for name in needed
    )
    return "\n".join([sys.version, *sorted(versions)])


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
