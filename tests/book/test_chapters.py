"""What every chapter promises its reader, however the chapter grows."""

import re
from itertools import pairwise

import nbformat
import pytest

from tests.book.conftest import CHAPTERS, ROOT, Chapter

FIRST_CELL = '''\
# In Colab, for example, the course library is missing: fetch it once.
import importlib.util

if importlib.util.find_spec("cnnlib") is None:
    %pip install --quiet "cnn-course[notebooks] @ git+https://github.com/example/cnn-course.git"'''

BEGINNING = ["What you will be able to do", "What you need"]
END = ["Common mistakes", "Summary", "Check yourself", "Assignment", "Sources"]
CITATION = re.compile(r"\{cite:\w+\}`([^`]+)`")
HINT = re.compile(r"chapter (\d+), ('[^']+'(?: and '[^']+')*)")  # page="chapter 3, 'Padding'"
WIDTH = 79  # characters of code that a page shows without scrolling


def test_there_are_chapters():
    assert {"02-convolution", "03-padding-stride"} <= {path.stem for path in CHAPTERS}


def test_it_is_executed_described_and_in_the_committed_form(chapter, notebooks):
    assert list(notebooks.check(chapter.path)) == []


def test_it_opens_with_one_question_and_closes_with_sources(chapter):
    levels = [len(marks) for marks, _ in chapter.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    sections = [title for marks, title in chapter.headings if marks == "##"]
    has_assignment = (ROOT / "solutions" / chapter.slug).exists()  # chapter 10 has none
    end = [title for title in END if title != "Assignment" or has_assignment]
    assert sections[:2] == BEGINNING
    assert sections[-len(end) :] == end
    opening = chapter.text.split("##")[0]
    assert re.search(r"\*\*The question of this chapter\.\*\* [^?]+\?", opening)
    assert "**Time:**" in chapter.section("What you need")


def test_the_first_code_cell_installs_the_course_where_it_is_missing(chapter):
    first = chapter.code_cells[0]
    assert first.source == FIRST_CELL
    assert "hide-cell" in first.metadata["tags"]
    assert first.outputs == []


def test_it_asks_before_it_answers(chapter):
    assert chapter.text.count("**Guess first.**") >= 5
    opened = re.findall(r"<details><summary>[^<]+</summary>\n\n", chapter.text)
    assert len(opened) == chapter.text.count("<details") == chapter.text.count("\n\n</details>")
    assert len(opened) >= 5


def test_it_compares_its_two_implementations(chapter):
    assert re.search(r"\breference\.\w+\(", chapter.code)
    assert re.search(r"\bpytorch\.\w+\(", chapter.code)
    assert "assert_allclose" in chapter.code
    assert "cuda" in chapter.code


def test_its_assignment_is_named_with_the_points_it_has(chapter):
    solution = ROOT / "solutions" / chapter.slug / f"{chapter.slug}.ipynb"
    if not solution.exists():
        assert not chapter.section("Assignment")
        return
    course = nbformat.read(solution, as_version=4).metadata["course"]
    section = chapter.section("Assignment")
    assert f"**{course['assignment']}," in section
    assert f"({course['points']} points" in section
    assert f"](../exercises/{chapter.slug}/{chapter.slug}.ipynb)" in section
    assert f"jupyter lab exercises/{chapter.slug}/{chapter.slug}.ipynb" in section


def test_the_pages_that_hints_of_an_assignment_name_exist():
    solutions = sorted(ROOT.glob("solutions/*/*.ipynb"))
    named = [
        (number, title)
        for path in solutions
        for number, titles in HINT.findall(path.read_text(encoding="utf-8"))
        for title in re.findall(r"'([^']+)'", titles)
    ]
    assert len(named) >= len(solutions) > 0
    headings = {
        (str(int(path.stem[:2])), title) for path in CHAPTERS for _, title in Chapter(path).headings
    }
    assert set(named) <= headings


def test_every_citation_has_an_entry_and_a_place_in_the_sources(chapter):
    library = (ROOT / "book/references.bib").read_text(encoding="utf-8")
    entries = set(re.findall(r"^@\w+\{([^,\s]+),", library, re.M))
    cited = set(CITATION.findall(chapter.text))
    assert cited
    assert cited <= entries
    assert cited == set(CITATION.findall(chapter.section("Sources")))


def test_code_can_be_read_without_scrolling(chapter):
    long = [line for line in chapter.code.splitlines() if len(line) > WIDTH and "%pip" not in line]
    assert long == []


def test_an_output_that_may_vary_is_a_time_or_a_figure_or_its_claim_is_asserted(chapter):
    """The last digits of a training run depend on the processor; what the text says must not."""
    for cell in chapter.tagged("nbval-ignore-output"):
        assert re.search(r"\bassert|perf_counter|timeit|\Aplot\.", cell.source), cell.source
    assert chapter.tagged("nbval-skip") == []


def test_cells_for_the_browser_stand_on_their_own_and_need_numpy_only(chapter, capsys):
    live = chapter.tagged("live")
    assert live
    for cell in live:
        imported = set(re.findall(r"^(?:from|import) (\w+(?:\.\w+)?)", cell.source, re.M))
        assert imported <= {"numpy", "cnnlib.shapes", "cnnlib.reference"}
        exec(compile(cell.source, f"{chapter.slug} (live cell)", "exec"), {})
        shown = "".join(output.text for output in cell.outputs if output.output_type == "stream")
        assert capsys.readouterr().out == shown


def test_an_explorer_exists_and_says_in_words_what_it_shows(chapter):
    scripts = "".join(p.read_text() for p in (ROOT / "book/_static/explorers").glob("*.js"))
    blocks = re.findall(r"```\{raw\} html\n(.*?)```", chapter.text, re.S)
    for block in blocks:
        name = re.match(r"<(cnn-[a-z0-9-]+)>", block).group(1)
        assert f'define("{name}"' in scripts
        assert len(re.search(r"<p>(.*)</p>", block, re.S).group(1)) > 150
    assert len(blocks) == len(re.findall(r"<cnn-", chapter.text))


@pytest.mark.slow
def test_running_it_again_gives_the_same_bytes(chapter, notebooks):
    again = nbformat.reads(notebooks.execute(chapter.path), as_version=4)
    before = nbformat.read(chapter.path, as_version=4)
    for cell in [*again.cells, *before.cells]:
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            cell.outputs = []
    assert nbformat.writes(again) == nbformat.writes(before)
