"""The demonstration class: its submissions differ, a broken one stops nobody, code stays inside."""

import importlib
import subprocess
import sys

import pytest

from tests.assignments.runner import ROOT

pytestmark = pytest.mark.filterwarnings("ignore:::nbgrader")


@pytest.fixture(scope="module")
def modules():
    sys.path.insert(0, str(ROOT / "scripts"))
    yield importlib.import_module("demo_class"), importlib.import_module("demo_submissions")
    sys.path.remove(str(ROOT / "scripts"))


@pytest.fixture
def demo(modules, tmp_path, monkeypatch):
    """The grading, with the class in ``tmp_path``."""
    demo_class, _ = modules
    monkeypatch.setenv("PATH", f"{sys.prefix}/bin:/usr/bin:/bin")
    monkeypatch.setattr(demo_class, "CLASS", tmp_path / "class")
    monkeypatch.setattr(demo_class, "WORK", tmp_path / "class" / "work")
    return demo_class


def test_the_submissions_differ_and_are_the_same_every_time(modules):
    _, demo_submissions = modules
    texts = [s.text() for s in demo_submissions.submissions()]
    assert len(set(texts)) == len(texts) >= 8
    assert [s.text() for s in demo_submissions.submissions()] == texts


def test_broken_submissions_are_named_with_a_reason_and_stop_nobody(demo, monkeypatch, capsys):
    chosen = [
        s
        for s in demo.submissions()
        if s.about in ("file cut off", "a cell copied", "metadata lost", "forged tags", "half done")
        and s.slug == "02-convolution"
    ]
    monkeypatch.setattr(demo, "submissions", lambda: chosen)
    demo.build()
    results = {r.about: r for r in demo.grade()}
    assert results["half done"].points == 18
    assert results["half done"].person == results["forged tags"].person == ""
    assert results["forged tags"].points == 0
    assert "not" not in results["half done"].outcome
    assert "cut off" in results["file cut off"].person
    assert "twice" in results["a cell copied"].person
    assert "lost" in results["metadata lost"].person
    demo.write_csv(list(results.values()))
    table = demo.table(list(results.values()))
    for submission in chosen:
        assert submission.student in table
        page = demo.CLASS / "feedback" / submission.student / submission.slug
        page = (page / f"{submission.slug}.html").read_text(encoding="utf-8")
        assert '<html lang="en">' in page
        reason = results[submission.about].person.split(":")[0]
        assert reason in page
    capsys.readouterr()
    assert {r.about: r for r in demo.grade()} == results
    assert capsys.readouterr().err == "", "the second run grades nothing again"


def test_a_file_that_build_did_not_write_is_not_run(demo):
    demo.build()
    path = demo.submitted(demo.submissions()[0])
    path.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")
    with pytest.raises(SystemExit, match="is not what `build` wrote"):
        demo.grade()


@pytest.mark.sandbox
def test_the_code_of_a_submission_sees_no_solutions_no_class_and_no_network(demo):
    if not demo.sandbox_works():
        pytest.skip("bubblewrap is missing or may not run here")
    demo.build()
    (demo.CLASS / "gradebook.db").write_text("marks")
    work = demo.WORK / "02-convolution" / "student-01"
    work.mkdir(parents=True)
    first, second = demo.submissions()[0], demo.submissions()[2]
    code = f"""
import pathlib, socket
def seen(path):
    return pathlib.Path(path).exists()
assert seen({str(demo.submitted(first))!r})
for path in [{str(demo.submitted(second))!r}, {str(demo.CLASS / "gradebook.db")!r},
             {str(ROOT / "solutions")!r}, {str(ROOT / "tests")!r}, {str(ROOT / ".git")!r}]:
    assert not seen(path), path
for path in [{str(demo.submitted(first))!r}, {str(ROOT / "cnnlib" / "__init__.py")!r}]:
    try:
        open(path, "a")
    except OSError:
        continue
    raise AssertionError(path + " can be written")
open({str(work / "mine")!r}, "w").write("x")
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
except OSError as error:
    assert "unreachable" in str(error), error
print("inside")
"""
    command = [*demo.sandbox(work, first), sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout == "inside\n", done.stderr
    assert (work / "mine").read_text() == "x"
