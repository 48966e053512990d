"""The pages on speed: what they count is right, and what they claim was measured."""

import json
import re
import statistics

import nbformat
import pytest

from tests.benchmarks.goals import GOALS, is_wide, judged, kernels
from tests.benchmarks.gpu_table import GOALS as GPU_GOALS
from tests.benchmarks.table import folded, markdown, title
from tests.book.conftest import ROOT, Chapter
from tests.book.test_chapters import BEGINNING, CITATION, END, FIRST_CELL, WIDTH

NOTEBOOKS = ("performance-cpu", "performance-gpu")
PAGE = ROOT / "book/benchmarks-cpu.md"
NUMBERS = ROOT / "tests/benchmarks/cpu.json"
COMMAND = "TORCH=cuda make gpu"


@pytest.fixture(params=NOTEBOOKS)
def notebook(request):
    return Chapter(ROOT / f"book/{request.param}.ipynb")


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def numbers():
    return json.loads(NUMBERS.read_text(encoding="utf-8"))


def section(page: str, heading: str) -> str:
    """The text below a heading of the second level."""
    return re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", page, re.M | re.S).group(1)


def test_it_is_executed_described_and_in_the_committed_form(notebook, notebooks):
    assert list(notebooks.check(notebook.path)) == []
    assert notebook.code_cells[0].source == FIRST_CELL


def test_it_opens_with_one_question_and_closes_with_its_sources(notebook):
    assert re.search(r"\*\*The question of this chapter\.\*\* [^?]+\?", notebook.text)
    sections = [heading for marks, heading in notebook.headings if marks == "##"]
    end = [heading for heading in END if heading != "Assignment"]
    assert sections[:2] == BEGINNING
    assert sections[-len(end) :] == end
    opened = re.findall(r"<details><summary>[^<]+</summary>\n\n", notebook.text)
    assert len(opened) == notebook.text.count("\n\n</details>")
    assert notebook.text.count("**Guess first.**") >= 5


def test_every_citation_has_an_entry_and_a_place_in_the_sources(notebook):
    library = (ROOT / "book/references.bib").read_text(encoding="utf-8")
    entries = set(re.findall(r"^@\w+\{([^,\s]+),", library, re.M))
    cited = set(CITATION.findall(notebook.text))
    assert len(cited) >= 6
    assert cited <= entries
    assert cited == set(CITATION.findall(notebook.section("Sources")))


def test_its_code_can_be_read_without_scrolling(notebook):
    lines = notebook.code.splitlines()
    assert [line for line in lines if len(line) > WIDTH and "%pip" not in line] == []


def test_cells_for_the_browser_stand_on_their_own_and_need_numpy_only(notebook, capsys):
    live = notebook.tagged("live")
    assert len(live) >= 3
    for cell in live:
        imported = set(re.findall(r"^(?:from|import) (\w+)", cell.source, re.M))
        assert imported <= {"math", "numpy"}
        exec(compile(cell.source, f"{notebook.slug} (live cell)", "exec"), {})
        shown = "".join(output.text for output in cell.outputs if output.output_type == "stream")
        assert capsys.readouterr().out == shown


def test_only_the_race_on_the_cpu_may_print_other_numbers():
    varying = {name: Chapter(ROOT / f"book/{name}.ipynb") for name in NOTEBOOKS}
    tagged = {name: chapter.tagged("nbval-ignore-output") for name, chapter in varying.items()}
    assert [len(cells) for cells in tagged.values()] == [1, 0]
    assert "race(" in tagged["performance-cpu"][0].source


@pytest.mark.slow
def test_running_it_again_gives_the_same_bytes(notebook, notebooks):
    again = nbformat.reads(notebooks.execute(notebook.path), as_version=4)
    before = nbformat.read(notebook.path, as_version=4)
    for cell in [*again.cells, *before.cells]:
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            cell.outputs = []
    assert nbformat.writes(again) == nbformat.writes(before)


def test_the_chapter_on_gpus_claims_no_measurement_and_says_how_to_make_one():
    chapter = Chapter(ROOT / "book/performance-gpu.ipynb")
    opening = chapter.text.split("##")[0]
    assert "No GPU measurement of this library has been made yet" in opening
    assert COMMAND in opening
    assert "triton" not in re.findall(r"^\s*(?:from|import) (\w+)", chapter.code, re.M)


def test_the_page_is_what_the_measurements_say(page, numbers):
    """Nobody corrects a number by hand: the page is made of the numbers, letter by letter."""
    assert page == markdown(numbers["sets"], numbers["command"])
    assert folded(numbers["command"]) in page


def test_the_page_opens_with_what_it_is_and_in_short(page):
    headings = re.findall(r"^(#+) (.+)$", page, re.M)
    assert [text for _, text in headings[:3]] == [
        "How fast the library is on a CPU",
        "In short",
        "How to read the numbers",
    ]
    assert headings[-1] == ("##", "GPU: not measured yet")


def test_both_sets_of_kernels_have_all_their_tables(page, numbers):
    narrow, wide = numbers["sets"]
    assert [is_wide(runs[0]) for runs in (narrow, wide)] == [False, True]
    assert kernels(narrow[0]) != kernels(wide[0])
    for number, runs in enumerate((narrow, wide)):
        assert len(runs) >= 3  # processes
        part = section(page, title(runs[0], number))
        for heading in ("Goals", "`conv2d`, forward", "`conv2d`, backward"):
            assert f"### {heading}\n" in part
        assert part.count("| res2 |") == 6  # against torch, product and peers, both ways


def test_every_goal_is_on_the_page_and_met_only_if_its_number_says_so(page, numbers):
    for number, runs in enumerate(numbers["sets"]):
        part = section(page, title(runs[0], number))
        verdicts = judged(runs)
        assert len(verdicts) == sum(map(len, GOALS.values()))
        for _, goal, values, met in verdicts:
            (row,) = [line for line in part.splitlines() if line.startswith(f"| {goal.what} |")]
            assert row.endswith("| yes |" if met else "| **no** |")
            limit, value = goal.limits[is_wide(runs[0])], statistics.median(values)
            assert met == (value >= limit if goal.at_least else value <= limit)
        count = sum(met for *_, met in verdicts)
        assert f"Of {len(verdicts)} goals {count} are met" in section(page, "In short")
        assert 0 < count < len(verdicts)  # honest pages have both


def test_the_gpu_has_goals_a_command_and_no_numbers(page):
    part = section(page, "GPU: not measured yet")
    assert COMMAND in part
    for (kind, row), goal in GPU_GOALS.items():
        assert f"| {row} | {kind} | at least {goal:g} | not yet | open |" in part


def test_a_run_of_some_layers_is_not_judged(numbers):
    runs = [dict(run, conv=run["conv"][:3], others=[]) for run in numbers["sets"][0]]
    part = markdown([runs], "python -m tests.benchmarks --layers lenet-c1")
    assert "nothing is judged here" in part
    assert "| what | goal | measured | met |" not in part
    assert "### Goals" not in part
