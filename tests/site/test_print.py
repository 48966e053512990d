"""Chapters on paper: nothing cut off, answers unfolded, and files that a screen reader can use."""

import importlib
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.site import pages

CHAPTERS = [path for path in pages.WRITTEN if re.match(r"book/\d\d-", path)]
FIRST = "book/02-convolution.html"
WITH_ALL = [FIRST, *(pytest.param(p, marks=pytest.mark.slow) for p in CHAPTERS if p != FIRST)]
PAPER = 650  # pixels between the margins of an A4 page


@pytest.fixture
def print_chapters(monkeypatch):
    monkeypatch.syspath_prepend(str(pages.ROOT / "scripts"))
    return importlib.import_module("print_chapters")


def begin_to_print(page):
    """As the browser does it, but so that the page can still be asked."""
    page.set_viewport_size({"width": PAPER, "height": 950})
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")


@pytest.fixture
def ready(visit):
    """Open a page and wait for its questions and figures."""

    def start(path, **options):
        page = visit(**options).open(path)
        page.wait_for_load_state("networkidle")
        page.wait_for_function(
            "() => [...document.querySelectorAll('course-question')].every(e => e.role)"
        )
        return page

    return start


@pytest.mark.browser
@pytest.mark.parametrize("path", WITH_ALL)
def test_nothing_is_cut_off_on_paper(ready, path):
    page = ready(path, dark=True)
    begin_to_print(page)
    cut = page.evaluate(
        """() => [...document.querySelectorAll('article :is(pre, img, table, .explorer, div.math)')]
            .filter(e => e.checkVisibility())
            .filter(e => e.scrollWidth > e.clientWidth + 1 && e.localName !== 'table'
                      || e.getBoundingClientRect().right > innerWidth + 1)
            .map(e => e.outerHTML.slice(0, 100))"""
    )
    assert cut == []
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    backgrounds = "e => getComputedStyle(e).backgroundColor"
    assert page.locator("body").evaluate(backgrounds) == "rgb(255, 255, 255)"
    folded = "article details:not([class]):not([open])"
    assert page.locator(folded).count() == 0
    controls = page.locator(
        "article :is(input[type=range], select, textarea, button:not(.explorer-grid *))"
    )
    assert [c for c in controls.all() if c.is_visible()] == []


@pytest.mark.browser
@pytest.mark.parametrize("path", WITH_ALL)
def test_answers_stand_behind_the_last_question_and_go_back_afterwards(ready, path):
    page = ready(path)
    before = page.locator("article").evaluate("article => article.innerHTML")
    begin_to_print(page)
    assert page.locator("course-question details").count() == 0
    answers = page.locator(".print-answers details")
    assert answers.count() >= page.locator("course-question").count() >= 2
    for text in page.locator("course-question > p:first-child > strong:first-child").all():
        assert page.locator(".print-answers details > p strong").filter(has_text=text.inner_text())
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    after = page.locator("article").evaluate("article => article.innerHTML")
    drop = re.compile(r' (?:loading|class|tabindex|role|aria-label)="[^"]*"')  # the width changed
    assert drop.sub("", after) == drop.sub("", before)
    assert page.locator(".on-one-page").count() == 0


def names(pdf):
    """The title of the file and the names in its outline."""
    for found in re.finditer(rb"/Title (?:\(((?:[^\\)]|\\.)*)\)|<FEFF([0-9A-F]*)>)", pdf):
        text, digits = found.groups()
        if digits is not None:
            yield bytes.fromhex(digits.decode()).decode("utf-16-be")
        else:
            yield re.sub(rb"\\(.)", rb"\1", text).decode()


@pytest.mark.browser
@pytest.mark.parametrize("path", WITH_ALL)
def test_the_file_is_tagged_and_has_title_language_and_outline(
    browser, site, visit, print_chapters, tmp_path, path
):
    """Of the browser of the tests, its program is what counts; the command starts its own."""
    stem = path.removeprefix("book/").removesuffix(".html")
    target = tmp_path / f"{stem}.pdf"
    with print_chapters.served(site) as address:
        page = browser.new_page()
        print_chapters.print_page(page, f"{address}/{path}", target)
        headings = page.locator("article :is(h1, h2, h3)").evaluate_all(
            "all => all.map(h => [...h.childNodes].filter(n => n.className !== 'headerlink')"
            ".map(n => n.textContent).join('').trim())"
        )
        title = page.title()
        figures = page.locator("article .cell_output img").count()
        page.close()
    pdf = target.read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert re.search(rb"/MarkInfo <<[^>]*/Marked true", pdf)
    assert re.search(rb"/StructTreeRoot \d+ 0 R", pdf)
    assert b"/Lang (en)" in pdf
    assert pdf.count(b"/Alt ") >= figures
    found = [re.sub(r"\s+", " ", name) for name in names(pdf)]
    assert found[0] == title
    assert set(headings) <= set(found)
    assert not [name for name in found if re.fullmatch(r"(.+)\1", name)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"/Title (Two twoTwo two)\n", b"/Title (Two two)       \n"),
        (b"/Title (Two two)\n", b"/Title (Two two)\n"),
        (b"/Title <FEFF201C0041201C0041>\n", b"/Title <FEFF201C0041>        \n"),
        (b"/Title <FEFF00410042>\n", b"/Title <FEFF00410042>\n"),
    ],
)
def test_a_name_that_was_written_twice_stands_once_and_nothing_moves(print_chapters, before, after):
    assert print_chapters.with_names_once(before) == after
    assert len(before) == len(after)


def test_without_a_browser_the_command_says_what_to_install(print_chapters, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(print_chapters.system_packages, "BROWSERS_ON_MAC", ())
    with pytest.raises(Exception, match="printed with Chromium") as raised:
        print_chapters.find_browser()
    assert "install" in str(raised.value)
    assert "make site" in str(raised.value)


# The link


def button():
    return {"type": "javascript", "javascript": "window.print()", "label": "download-pdf-button"}


@pytest.mark.parametrize(
    ("page", "with_pdf", "linked"),
    [
        ("book/02-convolution", "1", "../pdf/02-convolution.pdf"),
        ("book/02-convolution", "", None),
        ("book/notation", "1", None),
        ("exercises/02-convolution/02-convolution", "1", None),
    ],
)
def test_a_chapter_links_to_its_file_only_where_files_are_made(monkeypatch, page, with_pdf, linked):
    monkeypatch.syspath_prepend(str(pages.ROOT / "book/_ext"))
    chapter_pdf = importlib.import_module("chapter_pdf")
    monkeypatch.setenv("WITH_PDF", with_pdf)
    context = {
        "header_buttons": [{"label": "download-buttons", "buttons": [button()]}],
        "pathto": lambda name, resource: f"../{name}",
    }
    chapter_pdf.link(SimpleNamespace(), page, "page.html", context, None)
    [shown] = context["header_buttons"][0]["buttons"]
    if linked is None:
        assert shown == button()
    else:
        assert (shown["type"], shown["url"]) == ("link", linked)
        assert "javascript" not in shown


def files_and_links(site):
    """Names of the chapters' files, and of those that chapters link to."""
    files = {path.stem for path in site.glob("pdf/*.pdf")}
    links = {
        name
        for path in CHAPTERS
        for name in re.findall(r'href="\.\./pdf/([\w-]+)\.pdf"', (site / path).read_text("utf8"))
    }
    return files, links


def test_every_link_to_a_file_has_its_file(site):
    files, links = files_and_links(site)
    assert files == links
    assert len(files) in (0, len(CHAPTERS))


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(900)
def test_the_site_with_files_links_to_all_of_them(browser, tmp_path):
    build = (
        "import sys, os; from pathlib import Path; sys.path.insert(0, 'scripts'); import steps;"
        f"steps.BUILD = Path({str(tmp_path)!r}); steps.LOGS = steps.BUILD / 'logs';"
        "os.environ['WITH_PDF'] = '1'; import build_site; print(build_site.build());"
        "print(build_site.build()); os.environ['WITH_PDF'] = ''; print(build_site.build())"
    )
    done = subprocess.run(
        [sys.executable, "-c", build],
        cwd=pages.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.split() == ["True", "False", "False"]
    files, links = files_and_links(tmp_path / "html")
    assert files == links == {p.removeprefix("book/").removesuffix(".html") for p in CHAPTERS}
