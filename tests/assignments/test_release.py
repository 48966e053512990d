"""exercises/ is what solutions/ gives, byte for byte, and nothing of the answers gets out."""

import importlib
import json
import shutil
import sys

import nbformat
import pytest

from tests.assignments.runner import ROOT, SLUGS, cells, notebook, role


@pytest.fixture(scope="module")
def release():
    sys.path.insert(0, str(ROOT / "scripts"))
    yield importlib.import_module("release")
    sys.path.remove(str(ROOT / "scripts"))


@pytest.fixture
def copy(release, tmp_path, monkeypatch):
    """A course of its own in ``tmp_path``, to change and to break."""
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    for name in ("solutions", "exercises"):
        shutil.copytree(ROOT / name, tmp_path / name)
        monkeypatch.setattr(release, name.upper(), tmp_path / name)
    monkeypatch.setattr(release, "ROOT", tmp_path)
    monkeypatch.setattr(release, "KEPT", tmp_path / "class" / "kept")
    return tmp_path


def edit(path, change):
    book = nbformat.read(path, as_version=4)
    change(book)
    nbformat.write(book, path)


def cell(book, grade_id):
    return next(c for c in book.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def test_exercises_equal_a_fresh_generation_and_everything_is_in_order(release):
    before = sorted(p for p in ROOT.glob("*") if p.name not in ("_build", "class"))
    assert release.check() == []
    assert sorted(p for p in ROOT.glob("*") if p.name not in ("_build", "class")) == before


def test_generating_twice_gives_the_same_bytes_and_the_second_time_changes_nothing(copy, release):
    committed = release.files_below(ROOT / "exercises")
    shutil.rmtree(copy / "exercises")
    assert sorted(release.generate()) == sorted(committed)
    assert release.files_below(copy / "exercises") == committed
    assert release.generate() == []
    assert not (copy / "gradebook.db").exists()
    assert not (copy / "class").exists()


def test_a_changed_or_foreign_exercise_is_reported_then_repaired_and_work_in_it_is_kept(
    copy, release, capsys
):
    slug = "02-convolution"
    exercise = copy / "exercises" / slug / f"{slug}.ipynb"
    edit(
        exercise,
        lambda book: cell(book, "xcorr1d").update(source="def xcorr1d(x, w):\n    return 42"),
    )
    foreign = copy / "exercises" / "99-old" / "99-old.ipynb"
    foreign.parent.mkdir()
    foreign.write_text("{}")
    problems = release.check()
    assert problems[0] == f"exercises/{slug}/{slug}.ipynb: not what its source gives"
    assert problems[1] == "exercises/99-old/99-old.ipynb: no source gives this file"
    release.generate()
    assert release.check() == []
    assert not foreign.parent.exists()
    assert "return 42" in (copy / "class" / "kept" / f"{slug}-1.ipynb").read_text()
    assert f"class/kept/{slug}-1.ipynb" in capsys.readouterr().out


def twice(book):
    again = nbformat.from_dict(json.loads(json.dumps(cell(book, "xcorr1d"))))
    again.id = "again"
    book.cells.append(again)


def meta(grade_id, **values):
    return lambda book: cell(book, grade_id).metadata.nbgrader.update(values)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (twice, "the grade id 'xcorr1d' is used 2 times"),
        (meta("xcorr1d-check", points=1), "the cells give 44 points, the metadata says 45"),
        (meta("xcorr1d-check", locked=False), "test cells are locked"),
        (meta("xcorr1d", locked=True), "answer cells are not"),
        (meta("setup", schema_version=2), "schema version 2, not 3"),
        (lambda b: b.metadata.course.pop("packages"), "course metadata needs exactly"),
        (lambda b: b.metadata.course.update(slug="03-other"), "the course metadata names 03-other"),
        (lambda b: b.metadata.course.update(assignment="2"), "is called '2', not A and two digits"),
        (lambda b: b.cells.remove(cell(b, "xcorr1d-hidden")), "'xcorr1d' has no hidden cell"),
        (lambda b: cell(b, "setup").update(execution_count=3), "has outputs; clear them"),
        (lambda b: cell(b, "xcorr1d").update(source="x = 1"), "an answer is a function"),
        (lambda b: cell(b, "flip-and-learning").update(source="Yes."), "has no mark scheme"),
        (lambda b: cell(b, "xcorr1d-hidden").update(source="x = 1"), "hidden tests stand in"),
        (
            lambda b: cell(b, "xcorr1d-check").update(source="### BEGIN SOLUTION"),
            "has solution marks, but is no answer cell",
        ),
        (
            lambda b: b.cells[0].update(source="=== BEGIN MARK SCHEME ==="),
            "has a solution or hidden text, but no nbgrader metadata",
        ),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_would_confuse_the_grading_is_found_in_a_source(copy, release, change, says):
    edit(copy / "solutions" / "02-convolution" / "02-convolution.ipynb", change)
    assert any(says in problem for problem in release.check()), release.check()
    with pytest.raises(release.ReleaseError, match="02-convolution"):
        release.generate()


@pytest.mark.parametrize(
    ("grade_id", "source", "says"),
    [
        ("xcorr1d", "def xcorr1d(x, w):\n    return 1", "is already answered"),
        ("xcorr1d-hidden", "# Hidden tests\nassert True", "shows hidden tests"),
        ("xcorr1d-hidden", "### BEGIN HIDDEN TESTS", "still has 'BEGIN HIDDEN'"),
        ("flip-and-learning", "A full answer.", "is not empty"),
        ("flip-and-learning", "=== BEGIN MARK SCHEME ===", "still has 'MARK SCHEME'"),
    ],
)
def test_an_answer_in_a_release_is_found(copy, release, grade_id, source, says):
    path = copy / "exercises" / "02-convolution" / "02-convolution.ipynb"
    edit(path, lambda book: cell(book, grade_id).update(source=source))
    assert any(says in problem for problem in release.release_problems("02-convolution"))


@pytest.mark.parametrize("slug", SLUGS)
def test_every_line_of_a_solution_and_of_a_hidden_test_is_gone_from_the_release(slug):
    released = "\n".join(c.source for c in notebook("exercises", slug).cells)
    shown = "\n".join(c.source for k, c in cells(slug).items() if k.endswith("-check"))
    looked_at = 0
    for grade_id, source in cells(slug).items():
        hidden = source.source.partition("### BEGIN HIDDEN TESTS")[2]
        solution = source.source.partition("### BEGIN SOLUTION")[2].partition("### END SOLUTION")[0]
        for line in [*hidden.splitlines(), *solution.splitlines()]:
            if len(line.strip()) > 30 and line not in shown:
                looked_at += 1
                assert line not in released, f"{grade_id}: {line}"
    assert looked_at > 50


@pytest.mark.parametrize("slug", SLUGS)
def test_the_sections_that_checks_name_exist_in_the_chapter(slug):
    chapter = nbformat.read(ROOT / "book" / f"{slug}.ipynb", as_version=4)
    lines = [
        line for c in chapter.cells if c.cell_type == "markdown" for line in c.source.splitlines()
    ]
    headings = {line.lstrip("# ").strip() for line in lines if line.startswith("#")}
    for grade_id, test in cells(slug).items():
        if role(test) == "test" and "page=" in test.source:
            named = test.source.partition("page=")[2].partition("\n")[0].split("'")[1::2]
            assert named, grade_id
            assert set(named) <= headings, f"{grade_id} names {named}"


@pytest.mark.parametrize("slug", SLUGS)
def test_every_task_has_a_time_an_example_and_three_folded_hints(slug):
    course = notebook("solutions", slug).metadata.course
    minutes = 0
    for text in (
        c.source for c in notebook("exercises", slug).cells if c.source.startswith("## Task")
    ):
        heading = text.splitlines()[0]
        minutes += int(heading.split(" minutes")[0].split()[-1])
        if "written" not in heading:
            assert "**Example" in text, heading
            assert text.count("<details><summary>Hint") == text.count("</details>") == 3, heading
    assert minutes == course.minutes


@pytest.mark.parametrize("slug", SLUGS)
def test_a_given_cell_imports_only_what_answers_may_use(slug):
    allowed = set(notebook("solutions", slug).metadata.course.packages)
    for grade_id, given in cells(slug).items():
        if role(given) == "given":
            words = [line.split() for line in given.source.splitlines()]
            imported = {w[1].split(".")[0] for w in words if w and w[0] in ("import", "from")}
            assert imported <= allowed | sys.stdlib_module_names, grade_id
