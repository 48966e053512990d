"""Take in what a learning platform hands out: folders, zips, Moodle's and Canvas' downloads.

Every file gets one outcome. Nothing is written outside ``submitted/STUDENT/ASSIGNMENT/``, whatever
a name or an archive says: names are matched against the roster, and content is only ever copied as
bytes.
"""

from __future__ import annotations

import csv
import io
import re
import stat
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from autograder import notebooks
from autograder.collect import valid_student
from autograder.record import write_bytes_atomically

MAX_ENTRIES = 20_000
MAX_RATIO = 200  # a notebook shrinks by 3 to 20, an image not at all
MAX_ARCHIVE = 2 * 2**30

# "Ada Lovelace_123_assignsubmission_file_/x.ipynb", with or without a folder
_MOODLE = re.compile(r"^(?P<name>[^/]+?)_(?P<id>\d+)_assignsubmission_file_?/?(?P<file>[^/]+)$")
# "lovelaceada_LATE_123_456_x.ipynb"
_CANVAS = re.compile(r"^(?P<name>[^_/]+)_(?:LATE_)?(?P<id>\d+)_(?P<upload>\d+)_(?P<file>[^/]+)$")


@dataclass(frozen=True)
class Person:
    """One line of the roster."""

    student: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""


@dataclass(frozen=True)
class Taken:
    """What became of one file."""

    file: str
    outcome: str  # collected, updated, same, ignored, refused
    student: str = ""
    reason: str = ""


@dataclass(frozen=True)
class _Found:
    """A file that somebody handed in, before it is known who."""

    name: str
    data: bytes
    when: datetime | None


class RosterError(Exception):
    """The roster cannot be used."""


def read_roster(path: Path) -> list[Person]:
    """A CSV with a column student_id, and first_name, last_name, email, lms_id where known."""
    text = path.read_text(encoding="utf-8-sig")
    reader = csv.DictReader(io.StringIO(text))
    if "student_id" not in (reader.fieldnames or ()):
        raise RosterError(f"{path} needs a column student_id; it has {reader.fieldnames}")
    people, seen = [], set()
    for number, line in enumerate(reader, 2):
        student = valid_student(line["student_id"] or "")
        if student is None:
            raise RosterError(
                f"{path}, line {number}: {line['student_id']!r} cannot be a student's id"
            )
        if student in seen:
            raise RosterError(f"{path}, line {number}: {student} is there twice")
        seen.add(student)
        known = ("first_name", "last_name", "email", "lms_id")
        people.append(Person(student, **{name: (line.get(name) or "").strip() for name in known}))
    return people


def take_in(
    source: Path, assignment: str, notebook: str, target: Path, roster: list[Person] | None
) -> list[Taken]:
    """Copy every notebook of a folder or zip to its place, and say what became of each file."""
    taken: list[Taken] = []
    newest: dict[str, _Found] = {}
    for found in _files(source, taken):
        student, reason = _whose(found.name, roster)
        if student is None:
            taken.append(Taken(found.name, "refused", reason=reason))
            continue
        earlier = newest.get(student)
        if earlier is not None and earlier.when and found.when and earlier.when > found.when:
            taken.append(Taken(found.name, "ignored", student, "a newer file is there"))
            continue
        newest[student] = found
    for student, found in sorted(newest.items()):
        place = target / student / assignment / f"{notebook}.ipynb"
        taken.append(_put(found, student, place, target))
    return taken


def _put(found: _Found, student: str, place: Path, target: Path) -> Taken:
    if not place.resolve().is_relative_to(target.resolve()) or place.parent.is_symlink():
        return Taken(found.name, "refused", student, "the place for it is a link")
    before = place.read_bytes() if place.is_file() and not place.is_symlink() else None
    if before == found.data:
        return Taken(found.name, "same", student)
    write_bytes_atomically(place, found.data, found.when)
    return Taken(found.name, "collected" if before is None else "updated", student)


def _whose(name: str, roster: list[Person] | None) -> tuple[str | None, str]:
    """The student that a file name speaks of."""
    path = PurePosixPath(name)
    for pattern in (_MOODLE, _CANVAS):
        match = pattern.match(name) or pattern.match(path.name)
        if match is not None:
            return _from_platform(match, roster)
    first = path.parts[0] if len(path.parts) > 1 else path.stem
    student = valid_student(first)
    if student is None:
        return None, f"{first!r} cannot be a student's id"
    if roster is not None and student not in {person.student for person in roster}:
        return None, f"{student!r} is not on the roster"
    return student, ""


def _from_platform(match: re.Match[str], roster: list[Person] | None) -> tuple[str | None, str]:
    name, number = match["name"], match["id"]
    if roster is None:
        student = valid_student(f"{name} {number}" if " " in name else f"{name}-{number}")
        return (student, "") if student else (None, f"{name!r} cannot be a student's id")
    by_number = [p for p in roster if p.lms_id == number]
    by_name = [p for p in roster if _folded(name) in _names(p)]
    for fitting in (by_number, by_name):
        if len(fitting) == 1:
            return fitting[0].student, ""
    what = "several people" if len(by_name) > 1 else "nobody"
    return None, f"{what} on the roster is called {name!r} or has the number {number}"


def _names(person: Person) -> set[str]:
    first, last = person.first_name, person.last_name
    return {_folded(first + last), _folded(last + first), _folded(person.student)}


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", plain.lower())


def _files(source: Path, taken: list[Taken]) -> Iterator[_Found]:
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_symlink():
                taken.append(Taken(str(path.relative_to(source)), "refused", reason="it is a link"))
            elif path.is_file() and path.resolve().is_relative_to(source.resolve()):
                yield from _from_folder(path, source, taken)
        return
    if source.stat().st_size > MAX_ARCHIVE:
        taken.append(Taken(source.name, "refused", reason="the archive is larger than 2 GiB"))
        return
    try:
        with zipfile.ZipFile(source) as archive:
            yield from _from_zip(archive, "", taken, nested=False)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        taken.append(Taken(source.name, "refused", reason=f"not a zip that can be read ({error})"))


def _from_folder(path: Path, root: Path, taken: list[Taken]) -> Iterator[_Found]:
    name = path.relative_to(root).as_posix()
    when = datetime.fromtimestamp(path.stat().st_mtime)
    if path.suffix == ".ipynb":
        try:
            yield _Found(name, notebooks.read_bytes(path), when)
        except notebooks.BadFile as problem:
            taken.append(Taken(name, "refused", reason=str(problem)))
    elif path.suffix == ".zip":
        try:
            with zipfile.ZipFile(path) as archive:
                yield from _from_zip(archive, name, taken, nested=True)
        except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
            taken.append(Taken(name, "refused", reason=f"not a zip that can be read ({error})"))
    else:
        taken.append(Taken(name, "ignored", reason="not a notebook"))


def _from_zip(
    archive: zipfile.ZipFile, outer: str, taken: list[Taken], *, nested: bool
) -> Iterator[_Found]:
    """Notebooks in a zip; a student's own zip inside is opened too, but no zip inside of that."""
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        taken.append(Taken(outer or "the archive", "refused", reason=f"{len(entries)} files in it"))
        return
    for entry in entries:
        if entry.is_dir():
            continue
        name = outer or entry.filename
        problem = _problem_with(entry)
        suffix = PurePosixPath(entry.filename).suffix.lower()
        if problem is None and suffix not in (".ipynb", ".zip"):
            taken.append(Taken(entry.filename, "ignored", reason="not a notebook"))
            continue
        if problem is None and suffix == ".zip" and nested:
            problem = "an archive in an archive in an archive"
        data = None
        if problem is None:
            data, problem = _read(archive, entry)
        if data is None:
            taken.append(Taken(entry.filename, "refused", reason=problem or "unreadable"))
        elif suffix == ".zip":
            try:
                with zipfile.ZipFile(io.BytesIO(data)) as inner:
                    yield from _from_zip(inner, entry.filename, taken, nested=True)
            except (zipfile.BadZipFile, NotImplementedError) as error:
                taken.append(Taken(entry.filename, "refused", reason=f"a broken zip ({error})"))
        else:
            yield _Found(name, data, _when(entry))


def _problem_with(entry: zipfile.ZipInfo) -> str | None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return "its path leads out of the archive"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "it is a link"
    if entry.flag_bits & 1:
        return "it is encrypted"
    if entry.file_size > notebooks.MAX_FILE:
        return f"it is larger than {notebooks.MAX_FILE // 2**20} MiB"
    if entry.file_size > MAX_RATIO * max(1, entry.compress_size) and entry.file_size > 2**20:
        return "it is compressed like a bomb"
    return None


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[bytes | None, str]:
    """At most as many bytes as are allowed, whatever the entry says about itself."""
    try:
        with archive.open(entry) as file:
            data = file.read(notebooks.MAX_FILE + 1)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        return None, f"it cannot be unpacked ({error})"
    except Exception as error:  # zlib.error and its relatives have no common base
        return None, f"it cannot be unpacked ({type(error).__name__})"
    if len(data) > notebooks.MAX_FILE:
        return None, "it is larger than it says"
    return data, ""


def _when(entry: zipfile.ZipInfo) -> datetime | None:
    """When the platform says it arrived; 1980 is how zips say that they do not know."""
    try:
        when = datetime(*entry.date_time)
    except ValueError:
        return None
    return when if when.year > 1980 else None
