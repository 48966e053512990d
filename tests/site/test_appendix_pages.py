"""Pages to look things up in: the index is in the contents, the cheat sheet fits one page."""

import re

import pytest
from bs4 import BeautifulSoup


def test_the_index_is_in_the_contents_and_lists_terms_and_functions(site):
    page = BeautifulSoup((site / "book/glossary.html").read_text("utf8"), "html.parser")
    links = page.select(".bd-sidebar-primary a[href$='genindex.html']")
    assert [link.get_text(strip=True) for link in links] == ["Index"]
    index = (site / "genindex.html").read_text("utf8")
    assert 'href="book/glossary.html#term-receptive-field"' in index
    assert "#cnnlib.reference.conv2d" in index


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
def test_the_cheat_sheet_prints_on_one_page_in_black(visit, dark):
    page = visit(dark=dark).open("book/cheat-sheet.html")
    page.evaluate("document.fonts.ready")
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 1
    page.emulate_media(media="print")
    colours = page.evaluate(
        """() => [...new Set([...document.querySelectorAll('#cheat-sheet :is(p, td, th, pre span)')]
            .map(e => getComputedStyle(e).color + ' on ' + getComputedStyle(e).backgroundColor))]"""
    )
    assert colours == ["rgb(0, 0, 0) on rgba(0, 0, 0, 0)"]
