"""Chapter, API page and assignment lead to each other."""

import re
from posixpath import dirname, join, normpath
from urllib.parse import urldefrag

import pytest
from bs4 import BeautifulSoup

from tests.site import pages

CHAPTERS = [path for path in pages.WRITTEN if re.match(r"book/\d\d-", path)]
CONTENTS = "book/api/index.html"  # lists the API pages, and documents nothing itself
WITHOUT_ASSIGNMENT = {"book/00-how-to-use.html", "book/10-working-cnn.html"}


@pytest.fixture(scope="module")
def leads_to(site):
    """The pages of the site to which the text of a page leads."""

    def targets(path):
        page = BeautifulSoup((site / path).read_text("utf8"), "html.parser")
        hrefs = [urldefrag(link["href"])[0] for link in page.select("article a[href]")]
        return {normpath(join(dirname(path), href)) for href in hrefs if "://" not in href}

    return targets


def assignment(chapter):
    slug = chapter.removeprefix("book/").removesuffix(".html")
    return f"exercises/{slug}/{slug}.html"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_api_pages_of_a_chapter_lead_back_to_it_and_to_its_assignment(leads_to, chapter):
    found = {path for path in leads_to(chapter) if path.startswith("book/api/")} - {CONTENTS}
    assert len(found) >= 2
    for path in found:
        back = leads_to(path)
        assert chapter in back, path
        assert chapter in WITHOUT_ASSIGNMENT or assignment(chapter) in back, path


@pytest.mark.parametrize("chapter", sorted(set(CHAPTERS) - WITHOUT_ASSIGNMENT))
def test_a_chapter_and_its_assignment_lead_to_each_other(leads_to, chapter):
    assert assignment(chapter) in leads_to(chapter)
    assert chapter in leads_to(assignment(chapter))


def test_the_sentence_about_the_book_is_a_link_and_not_said_twice(site):
    page = BeautifulSoup((site / "book/api/reference.html").read_text("utf8"), "html.parser")
    text = " ".join(page.select_one("article").get_text(" ").split())
    assert text.count("In the book:") >= 8
    assert "Book: chapter" not in text
