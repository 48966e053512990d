"""Downloads from platforms: one outcome for each file, and nothing outside of its place."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from autograder import collect
from autograder.intake import Person, RosterError, Taken, read_roster, take_in
from autograder.rebuild import Template
from tests.autograder import course

ROSTER = [
    Person("ada", "Ada", "Lovelace", "ada@example.org", "101"),
    Person("zoe", "Zoë", "Ångström", "zoe@example.org", "102"),
    Person("ann", "Ann", "Lee", "ann@example.org", "103"),
    Person("ann2", "Ann", "Lee", "lee@example.org", "104"),
]


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 1, 10, 0, 0)), data)
    return path


def take(source: Path, tmp_path: Path, roster: list[Person] | None = None) -> dict[str, Taken]:
    taken = take_in(source, "tiny", "tiny", tmp_path / "submitted", roster)
    return {item.file: item for item in taken}


def content(tmp_path: Path) -> dict[str, bytes]:
    root = tmp_path / "submitted"
    files = [path for path in root.rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def test_moodle_names_are_matched_by_name_and_number(tmp_path):
    source = zipped(
        tmp_path / "moodle.zip",
        {
            "Ada Lovelace_999_assignsubmission_file_/tiny.ipynb": b"a",
            "Zoe Angstrom_888_assignsubmission_file_my work.ipynb": b"z",
            "Ann Lee_104_assignsubmission_file_/tiny.ipynb": b"l",
            "Nobody Known_777_assignsubmission_file_/tiny.ipynb": b"n",
            "Ann Lee_555_assignsubmission_file_/tiny.ipynb": b"?",
        },
    )
    taken = take(source, tmp_path, ROSTER)
    assert content(tmp_path) == {
        "ada/tiny/tiny.ipynb": b"a",
        "zoe/tiny/tiny.ipynb": b"z",
        "ann2/tiny/tiny.ipynb": b"l",
    }
    assert "nobody" in taken["Nobody Known_777_assignsubmission_file_/tiny.ipynb"].reason
    assert "several" in taken["Ann Lee_555_assignsubmission_file_/tiny.ipynb"].reason


def test_canvas_names_are_matched_by_number_also_when_late(tmp_path):
    files = {"lovelaceada_101_5001_tiny.ipynb": b"a", "leeann_LATE_103_5002_tiny-1.ipynb": b"b"}
    take(zipped(tmp_path / "canvas.zip", files), tmp_path, ROSTER)
    assert content(tmp_path) == {"ada/tiny/tiny.ipynb": b"a", "ann/tiny/tiny.ipynb": b"b"}


def test_without_a_roster_folders_and_file_names_are_ids(tmp_path):
    files = {"bob/tiny/tiny.ipynb": b"1", "cy/other name.ipynb": b"2", "dora.ipynb": b"3"}
    take(zipped(tmp_path / "plain.zip", files), tmp_path)
    assert {name.split("/")[0] for name in content(tmp_path)} == {"bob", "cy", "dora"}


def test_a_students_own_zip_is_opened_once_and_not_deeper(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("work/tiny.ipynb", b"inner")
        archive.writestr("again.zip", b"PK")
    taken = take(zipped(tmp_path / "outer.zip", {"bob/work.zip": inner.getvalue()}), tmp_path)
    assert content(tmp_path) == {"bob/tiny/tiny.ipynb": b"inner"}
    assert "archive in an archive" in taken["again.zip"].reason


@pytest.mark.parametrize(
    "name",
    ["../evil.ipynb", "/etc/evil.ipynb", "a/../../evil.ipynb", "..\\evil.ipynb", "C:/evil.ipynb"],
)
def test_paths_out_of_the_archive_are_refused(name, tmp_path):
    (item,) = take(zipped(tmp_path / "x.zip", {name: b"x"}), tmp_path).values()
    assert item.outcome == "refused"
    assert content(tmp_path) == {}


@pytest.mark.parametrize("name", ["a[b]", "<script>", "a\nb", "=1+1", "x" * 200, "...", "-rf"])
def test_names_that_cannot_be_ids_are_refused_by_name(name, tmp_path):
    taken = take(zipped(tmp_path / "x.zip", {f"{name}/tiny.ipynb": b"x"}), tmp_path)
    assert [item.outcome for item in taken.values()] == ["refused"]


def test_links_bombs_broken_and_encrypted_entries_are_refused_and_the_rest_is_collected(tmp_path):
    path = tmp_path / "mixed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        link = zipfile.ZipInfo("eve/tiny.ipynb")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("bomb/tiny.ipynb", bytes(15 * 2**20))
        archive.writestr("huge/tiny.ipynb", bytes(21 * 2**20))
        archive.writestr("good/tiny.ipynb", b"fine")
        archive.writestr("good/readme.txt", b"hello")
    data = bytearray(path.read_bytes())
    path.write_bytes(bytes(data))
    taken = take(path, tmp_path)
    assert content(tmp_path) == {"good/tiny/tiny.ipynb": b"fine"}
    reasons = {name.split("/")[0]: item.reason for name, item in taken.items()}
    assert "link" in reasons["eve"]
    assert "bomb" in reasons["bomb"]
    assert "20 MiB" in reasons["huge"]


def test_a_zip_that_is_damaged_in_one_file_still_gives_the_others(tmp_path):
    path = zipped(tmp_path / "x.zip", {"ann/tiny.ipynb": b"A" * 400, "bob/tiny.ipynb": b"B" * 400})
    data = path.read_bytes()
    place = data.index(b"ann/tiny.ipynb") + len("ann/tiny.ipynb")
    path.write_bytes(data[:place] + b"\xff\xff\xff" + data[place + 3 :])
    taken = take(path, tmp_path)
    assert taken["ann/tiny.ipynb"].outcome == "refused"
    assert content(tmp_path) == {"bob/tiny/tiny.ipynb": b"B" * 400}


def test_a_file_that_is_no_zip_is_one_refusal(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(b"Rar!")
    (item,) = take(path, tmp_path).values()
    assert "not a zip" in item.reason


def test_a_second_collection_says_what_is_new(tmp_path):
    take(zipped(tmp_path / "1.zip", {"ann.ipynb": b"1", "bob.ipynb": b"1"}), tmp_path)
    taken = take(zipped(tmp_path / "2.zip", {"ann.ipynb": b"1", "bob.ipynb": b"2"}), tmp_path)
    assert taken["ann.ipynb"].outcome == "same"
    assert taken["bob.ipynb"].outcome == "updated"


def test_a_link_in_a_folder_is_not_followed(tmp_path):
    source = tmp_path / "in"
    (source / "eve").mkdir(parents=True)
    (tmp_path / "secret.ipynb").write_text("secret")
    (source / "eve" / "tiny.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (item,) = take(source, tmp_path).values()
    assert item.outcome == "refused"


def test_a_roster_without_ids_or_with_an_id_twice_is_refused(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("name\nAda\n")
    with pytest.raises(RosterError, match="student_id"):
        read_roster(path)
    path.write_text("student_id\nada\nada\n")
    with pytest.raises(RosterError, match="twice"):
        read_roster(path)
    path.write_text("\ufeffstudent_id,first_name\nada,Ada\n")
    assert read_roster(path) == [Person("ada", "Ada")]


def test_a_renamed_notebook_is_found_by_its_cells(tmp_path, template: Template):
    import nbformat

    folder = tmp_path / "ada" / course.ASSIGNMENT
    folder.mkdir(parents=True)
    nbformat.write(course.submission(), folder / "tiny (1).ipynb")
    (folder / "notes.txt").write_text("x")
    (found,), problems = collect.from_folder(tmp_path, template)
    assert problems == []
    assert found.data
    assert "tiny (1).ipynb" in found.notes[0]


def test_folders_that_are_links_or_have_odd_names_are_named(tmp_path, template: Template):
    (tmp_path / "real" / "tiny").mkdir(parents=True)
    (tmp_path / "eve").symlink_to(tmp_path / "real")
    (tmp_path / "a[b]").mkdir()
    found, problems = collect.from_folder(tmp_path, template)
    assert [f.student for f in found] == ["real"]
    assert "no tiny.ipynb" in found[0].problem
    assert any("link" in p for p in problems)
    assert any("a[b]" in p for p in problems)


def test_ids_have_one_normal_form():
    assert collect.valid_student("Zoe\u0308") == "Zoë"
    assert collect.valid_student("..") is None
