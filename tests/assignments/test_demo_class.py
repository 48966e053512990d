"""The demonstration class: every submission gets the marks it must, and a second run changes none.

The class is graded once for all tests, by the command that `make course` runs.
"""

import hashlib
import importlib
import sys

import nbformat
import pytest
from bs4 import BeautifulSoup

from autograder.outcomes import Outcome
from autograder.sandbox import SandboxError
from tests.assignments.runner import ROOT

A02, A03 = "02-convolution", "03-padding-stride"
# Points from the tests, of 41 and 37. Every kind of mistake costs its own tasks and no other.
MARKS = {
    ("student-01", A02): 41,
    ("student-01", A03): 37,
    ("student-02", A02): 33,
    ("student-02", A03): 34,
    ("student-03", A02): 36.5,
    ("student-03", A03): 33,
    ("student-04", A02): 18,
    ("student-04", A03): 11,
    ("student-05", A02): 0,
    ("student-06", A02): 0,
    ("student-07", A02): 41,
    ("student-08", A02): 0,
    ("student-09", A02): 36,
    ("student-10", A02): 41,
}

pytestmark = pytest.mark.filterwarnings("ignore:::nbgrader")


@pytest.fixture(scope="module")
def demo_class():
    sys.path.insert(0, str(ROOT / "scripts"))
    yield importlib.import_module("demo_class")
    sys.path.remove(str(ROOT / "scripts"))


@pytest.fixture(scope="module")
def demo(demo_class, tmp_path_factory):
    """The commands, with the class in a folder of the test's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_class, "CLASS", tmp_path_factory.mktemp("demo") / "class")
        demo_class.build()
        yield demo_class


@pytest.fixture(scope="module")
def graded(demo):
    """What grading the whole class has found, by student and assignment."""
    if not demo.protected():
        pytest.skip("bubblewrap is missing or may not run here")
    done = demo.grade()
    results = {(r.student, slug): r for slug, s in done.items() for r in s.results}
    return done, results


def page_of(demo, student, slug):
    page = demo.CLASS / "feedback" / student / f"{slug}.html"
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_submissions_differ_and_are_the_same_every_time(demo):
    texts = [s.text() for s in demo.submissions()]
    assert len(set(texts)) == len(texts) >= 8
    assert [s.text() for s in demo.submissions()] == texts


@pytest.mark.sandbox
def test_every_submission_gets_the_marks_that_it_must(demo, graded):
    _, results = graded
    assert {who: result.score for who, result in results.items()} == MARKS
    lines = (demo.CLASS / "grades.csv").read_text(encoding="utf-8").splitlines()
    columns = lines[0].split(",")
    rows = [dict(zip(columns, line.split(","), strict=True)) for line in lines[1:]]
    assert {(r["student_id"], r["assignment"]): float(r["score"]) for r in rows} == MARKS


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("student", "outcome", "reason"),
    [
        ("student-05", Outcome.UNCHANGED, "still the one that was handed out"),
        ("student-06", Outcome.BAD_FILE, "it was not copied completely"),
        ("student-07", Outcome.NEEDS_HUMAN, "'conv2d' is there 2 times; the first is the answer"),
        ("student-08", Outcome.UNCHANGED, "still the one that was handed out"),
        ("student-09", Outcome.NEEDS_HUMAN, "stopped after 2 processor seconds"),
        ("student-10", Outcome.NEEDS_HUMAN, "'conv2d' had lost its id"),
    ],
)
def test_a_broken_submission_is_told_why(demo, graded, student, outcome, reason):
    assert graded[1][student, A02].outcome is outcome
    assert reason in page_of(demo, student, A02).get_text()


@pytest.mark.sandbox
def test_every_lost_point_has_its_reason_on_the_page(demo, graded):
    for (student, slug), result in graded[1].items():
        text = page_of(demo, student, slug).get_text()
        for check in result.checks:
            if check.points < check.max_points:
                assert check.message, (student, slug, check.grade_id)
                assert check.message in text, (student, slug, check.grade_id)


@pytest.mark.sandbox
def test_the_terminal_names_who_needs_a_person_and_for_what(demo, graded):
    done, results = graded
    table, _, person = demo.report(done).partition("These submissions need a person:\n")
    for student, slug in MARKS:
        assert student in table.partition(slug)[2]
    named = {tuple(line.split()[:2]) for line in person.splitlines()}
    assert named == {who for who, result in results.items() if result.needs_person}
    assert "(metadata lost): mark the answer flip-and-learning" in person
    assert "(file cut off): 02-convolution.ipynb ends in the middle" in person


@pytest.mark.sandbox
def test_a_second_run_changes_no_byte(demo, graded, monkeypatch):
    before = contents(demo.CLASS)
    monkeypatch.setattr(
        "autograder.pool.execute", lambda job: pytest.fail(f"{job.student} was run again")
    )
    demo.build()
    demo.grade()
    assert contents(demo.CLASS) == before


@pytest.mark.sandbox
def test_the_code_of_a_submission_finds_no_way_out(demo, graded, tmp_path, monkeypatch):
    spy, other = demo.submissions()[0], demo.submissions()[2]
    secrets = [demo.CLASS, demo.submitted(other)]
    secrets += [ROOT / "solutions", ROOT / "tests", ROOT / ".git"]
    assert all(path.exists() for path in secrets), "there is something to find"
    code = f"""
import pathlib, socket
found = [path for path in {[str(path) for path in secrets]} if pathlib.Path(path).exists()]
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
    found.append("the network")
except OSError as error:
    print(error)
try:
    pathlib.Path("/usr/spy").touch()
    found.append("a place to write")
except OSError:
    pass
print("found:", found)
"""
    notebook = nbformat.reads(spy.text(), as_version=4)
    answer = next(c for c in notebook.cells if "def xcorr1d" in c.source)
    answer.source += code
    monkeypatch.setattr(demo, "CLASS", tmp_path / "class")
    monkeypatch.setattr(demo, "submissions", lambda: [spy])
    demo.submitted(spy).parent.mkdir(parents=True)
    nbformat.write(notebook, demo.submitted(spy))
    (result,) = demo.grade()[spy.slug].results
    cell = next(c for c in result.cells if c.kind == "answer" and "def xcorr1d" in c.source)
    said = "".join(output.get("text", "") for output in cell.outputs)
    assert "found: []" in said
    assert "unreachable" in said
    assert result.score == MARKS[spy.student, spy.slug]


def no_bubblewrap():
    raise SandboxError("bubblewrap is not installed")


def test_without_a_sandbox_only_our_own_files_run(demo_class, tmp_path, monkeypatch, capsys):
    first = demo_class.submissions()[0]
    monkeypatch.setattr(demo_class, "CLASS", tmp_path / "class")
    monkeypatch.setattr(demo_class, "submissions", lambda: [first])
    monkeypatch.setattr(demo_class.sandbox, "find_bubblewrap", no_bubblewrap)
    demo_class.build()
    (result,) = demo_class.grade()[first.slug].results
    assert result.score == MARKS[first.student, first.slug]
    assert "WITHOUT A SANDBOX" in capsys.readouterr().err
    path = demo_class.submitted(first)
    path.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")
    with pytest.raises(demo_class.Problem, match="did not write"):
        demo_class.grade()
