"""The unpacked archive, opened as files: no server, no network."""

import importlib
import zipfile

import pytest

from tests.site import pages


@pytest.fixture
def classic_scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(pages.ROOT / "book/_ext"))
    return importlib.import_module("classic_scripts")


@pytest.fixture(scope="module")
def unpacked(site, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(site / "cnn-course-site.zip") as archive:
        archive.extractall(
            folder, [name for name in archive.namelist() if "/lite/" not in name]
        )  # the notebooks for the browser are large, and need a server
    return folder / "cnn-course-site"


@pytest.fixture
def page(browser, unpacked):
    """A page of a reader without a network; ``complaints`` are errors of scripts."""
    context = browser.new_context(reduced_motion="reduce", offline=True)
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


@pytest.mark.browser
def test_every_explorer_works_from_a_file(page, unpacked):
    page.goto((unpacked / "book/explorers.html").as_uri())
    page.wait_for_function(
        "() => [...document.querySelectorAll('article *')].every("
        "e => !e.localName.startsWith('cnn-') || e.querySelector('.explorer'))"
    )
    assert page.locator(".explorer").count() == 11
    before = page.locator("cnn-convolution-stepper [role=status]").inner_text()
    page.locator("cnn-convolution-stepper").get_by_role("button", name="Next place").click()
    after = page.locator("cnn-convolution-stepper [role=status]").inner_text()
    assert after != before
    page.wait_for_function("location.search.includes('conv-')")  # the address follows
    page.reload()
    page.wait_for_selector("cnn-convolution-stepper .explorer")
    assert page.locator("cnn-convolution-stepper [role=status]").inner_text() == after
    assert page.complaints == []


@pytest.mark.browser
def test_questions_formulas_and_links_work_from_a_file(page, unpacked):
    page.goto((unpacked / "index.html").as_uri())
    page.wait_for_url("**/book/index.html")
    page.goto((unpacked / "book/02-convolution.html").as_uri())
    question = page.locator("course-question.question-ready").first
    question.get_by_role("textbox").fill(question.get_attribute("answer"))
    question.get_by_role("button", name="Check").click()
    assert "Right." in question.get_by_role("status").inner_text()
    page.evaluate("document.fonts.ready")
    loaded = page.evaluate(
        "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)"
    )
    assert "KaTeX_Main" in {family.strip('"') for family in loaded}
    page.get_by_role("link", name="Chapter 1", exact=False).first.click()
    page.wait_for_url("**/01-images.html*")
    assert page.complaints == []


@pytest.mark.browser
def test_search_works_from_a_file(page, unpacked):
    page.goto((unpacked / "search.html").as_uri() + "?q=dilation")
    page.wait_for_selector("#search-results li a")
    page.wait_for_timeout(300)
    # Sphinx fetches an excerpt of each page, which a browser refuses here.
    assert set(page.complaints) <= {"Failed to fetch"}


@pytest.mark.browser
def test_a_page_from_a_server_does_not_ask_for_the_script_of_files(visit):
    seen = visit()
    seen.open("book/explorers.html").wait_for_load_state("networkidle")
    assert not [r.url for r in seen.responses if "course-from-a-file" in r.url]


def test_the_archive_says_how_to_open_it(unpacked):
    text = (unpacked / "README.txt").read_text("utf8")
    assert "Open index.html" in text
    assert "python3 -m http.server --directory cnn-course-site" in text


def test_modules_are_taken_apart_and_put_together(classic_scripts):
    source = 'import { a } from "../x/y.js";\nexport const b = a;\nexport function c() {}\n'
    text = classic_scripts.as_function("z/m.js", source)
    assert 'const { a } = modules["x/y.js"];\nconst b = a;\nfunction c() {}' in text
    assert "return { b, c };" in text


@pytest.mark.parametrize(
    "line",
    ['import x from "./y.js";', "export default 1;", "export { a };", "let u = import.meta.url;"],
)
def test_a_module_that_cannot_be_taken_apart_stops_the_build(classic_scripts, line):
    with pytest.raises(ValueError, match=r"m\.js imports or exports in a way"):
        classic_scripts.as_function("m.js", f"{line}\n")
