"""The appendices: every correction is there once and is shown; the cheat sheet counts right."""

import re
import tomllib

import nbformat
import pytest

from tests.book.conftest import CHAPTERS, ROOT, Chapter

MYTHS = ROOT / "book/myths.ipynb"
WORDS = {31, 32, 50}  # history: sources instead of code
MORE = {"activations", "five-poolings", "inception-window", "flops"}
WIDTH = 79
TABLES = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8")).get("corrections", {})
    for path in (ROOT / "tests/book/topics").glob("*.toml")
}


def entries() -> dict:
    """Target -> (slug of the chapter above it, its text, the code cells below it)."""
    found, slug, cells = {}, None, []
    for cell in nbformat.read(MYTHS, as_version=4).cells:
        if cell.cell_type == "code":
            cells.append(cell)
        elif target := re.match(r"\(myth-([a-z0-9-]+)\)=\n", cell.source):
            cells = []
            found[target.group(1)] = (slug, cell.source, cells)
        elif link := re.search(r"\]\((\d\d-[a-z-]+)\.ipynb\)", cell.source):
            slug, cells = link.group(1), []
    return found


ENTRIES = entries()


@pytest.fixture(scope="module")
def myths():
    return Chapter(MYTHS)


def test_all_corrections_are_there_once(myths):
    targets = re.findall(r"^\(myth-([a-z0-9-]+)\)=$", myths.text, re.M)
    assert len(targets) == len(set(targets)) == len(ENTRIES)
    assert {int(t) for t in targets if t.isdigit()} == set(range(1, 53))
    assert {t for t in targets if not t.isdigit()} == MORE
    listed = re.findall(r"\{ref\}`(\d+) <myth-(\d+)>`", myths.cells[0].source)
    assert listed == [(str(n), str(n)) for n in range(1, 53)]


@pytest.mark.parametrize("target", ENTRIES)
def test_an_entry_says_what_is_said_and_what_is_true_and_shows_it(target):
    slug, text, cells = ENTRIES[target]
    title = rf"{target}\. \S.*" if target.isdigit() else r"\S.*"
    entry = rf"\(myth-{target}\)=\n### {title}\n\n\*\*Often said\.\*\* .+\n\n\*\*True\.\*\* .+"
    assert re.fullmatch(entry, text, re.S)
    assert slug in {path.stem for path in CHAPTERS}
    if target.isdigit() and int(target) in WORDS:
        assert cells == []
        assert "{cite:t}`" in text
        return
    (cell,) = cells
    assert re.search(r"^assert |testing\.assert_", cell.source, re.M)
    (output,) = cell.outputs
    (line,) = output.text.splitlines()
    assert 0 < len(line) <= WIDTH


@pytest.mark.parametrize("target", [t for t in ENTRIES if t not in {"50"}])
def test_it_stands_under_a_chapter_that_teaches_it(target):
    slug, _, _ = ENTRIES[target]
    assert target in TABLES[slug]


def test_it_is_executed_and_in_the_committed_form(notebooks):
    assert list(notebooks.check(MYTHS)) == []


def test_its_code_can_be_read_without_scrolling(myths):
    lines = myths.code.splitlines()
    assert [line for line in lines if len(line) > WIDTH and "%pip" not in line] == []


@pytest.mark.slow
def test_running_it_again_gives_the_same_bytes(notebooks):
    assert notebooks.execute(MYTHS) == MYTHS.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["myths.ipynb"])
def test_every_citation_has_an_entry(page):
    library = (ROOT / "book/references.bib").read_text(encoding="utf-8")
    known = set(re.findall(r"^@\w+\{([^,\s]+),", library, re.M))
    text = (ROOT / "book" / page).read_text(encoding="utf-8")
    cited = {key for keys in re.findall(r"\{cite:\w+\}`([^`]+)`", text) for key in keys.split(",")}
    assert cited
    assert cited <= known
