"""The command that asks Lighthouse; a stand-in answers, since the real one comes from npm."""

import gzip
import importlib
import json
import urllib.request

import pytest

from tests.site import pages


@pytest.fixture
def lighthouse(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(pages.ROOT / "scripts"))
    module = importlib.import_module("lighthouse")
    monkeypatch.setattr(module, "REPORT", tmp_path / "CONTRIBUTING.md")
    # What a browser is called on this machine does not matter: the stand-in starts none.
    monkeypatch.setattr(module.print_chapters, "find_browser", lambda: "chromium")
    return module


@pytest.fixture
def npx(lighthouse, tmp_path, monkeypatch):
    """A program in the place of npx that gives the marks of a file, one line for each run."""

    def give(*runs):
        lines = tmp_path / "marks"
        lines.write_text("".join(json.dumps(run) + "\n" for run in runs))
        program = tmp_path / "npx"
        program.write_text(
            "#!/bin/sh\n"
            'for word in "$@"; do case $word in --output-path=*) to=${word#*=};; esac; done\n'
            f"head -n 1 {lines} > $to; tail -n +2 {lines} > {lines}.rest\n"
            f"mv {lines}.rest {lines}; test -s $to\n"
        )
        program.chmod(0o755)
        monkeypatch.setattr(lighthouse.shutil, "which", lambda name: str(program))

    return give


def report(performance, accessibility=1.0):
    scores = {"performance": performance, "accessibility": accessibility}
    return {
        "categories": {
            name: {"score": scores.get(name, 1.0)}
            for name in ("performance", "accessibility", "best-practices", "seo")
        }
    }


def test_speed_is_the_median_and_the_other_marks_the_worst_of_the_runs(
    lighthouse, npx, tmp_path, monkeypatch
):
    monkeypatch.setattr(lighthouse, "PAGES", {"start": "index.html"})
    npx(*[report(0.99)] * 3, report(0.7), report(0.84, 0.98), report(0.9))
    marks = lighthouse.ask_all(tmp_path, runs=3)
    assert [one["performance"] for one in marks.values()] == [99, 84]
    assert [one["accessibility"] for one in marks.values()] == [100, 98]
    assert lighthouse.below_the_bar(marks) == [
        "start, phone: performance is 84, wanted 85",
        "start, phone: accessibility is 98, wanted 100",
    ]


def test_a_run_without_marks_is_no_mark(lighthouse, npx):
    npx()
    with pytest.raises(Exception, match="gave no marks for http://x"):
        lighthouse.marks_of("http://x", [], "chromium")
    npx(report(None))
    with pytest.raises(Exception, match="could not judge performance"):
        lighthouse.marks_of("http://x", [], "chromium")


def test_without_npx_the_command_says_what_to_install(lighthouse, monkeypatch):
    monkeypatch.setattr(lighthouse.shutil, "which", lambda name: None)
    with pytest.raises(Exception, match="no npx on this machine; install Node 20"):
        lighthouse.marks_of("http://x", [], "chromium")


def test_marks_are_written_into_their_place_only(lighthouse):
    marks = {("start", "phone"): dict.fromkeys(lighthouse.CATEGORIES, 97)}
    lighthouse.REPORT.write_text("a\n<!-- written by make lighthouse -->\nold\n<!-- end -->\nb\n")
    lighthouse.write(lighthouse.table(marks))
    lines = lighthouse.REPORT.read_text().splitlines()
    assert (lines[0], lines[-1]) == ("a", "b")
    assert "| start | phone | 97 | 97 | 97 | 97 |" in lines
    assert "old" not in lines
    lighthouse.REPORT.write_text("nothing")
    with pytest.raises(Exception, match="0 places for Lighthouse's marks"):
        lighthouse.write("table")


def test_the_marks_in_contributing_are_at_or_above_their_bars(lighthouse):
    text = (pages.ROOT / "CONTRIBUTING.md").read_text("utf8")
    written = lighthouse.PLACE.search(text).group()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in written.splitlines()[3:-1]]
    marks = {
        (page, form): dict(zip(lighthouse.CATEGORIES, map(int, numbers), strict=True))
        for page, form, *numbers in rows
    }
    assert {page for page, _ in marks} == set(lighthouse.PAGES)
    assert len(marks) == 6
    assert lighthouse.below_the_bar(marks) == []


def test_the_server_compresses_text_and_leaves_pictures(lighthouse, tmp_path):
    (tmp_path / "page.html").write_text("word " * 100)
    (tmp_path / "picture.png").write_bytes(b"PNG")
    with lighthouse.served(tmp_path) as address:
        with urllib.request.urlopen(f"{address}/page.html?v=1") as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert gzip.decompress(answer.read()) == b"word " * 100
        with urllib.request.urlopen(f"{address}/picture.png") as answer:
            assert answer.headers["Content-Encoding"] is None
            assert answer.read() == b"PNG"
