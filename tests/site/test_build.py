"""The site as files: it builds without a warning, its links lead somewhere, its heads are right."""

import os
from collections import Counter
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup
from matplotlib.image import imread

from tests.site import pages

HOME = "http://site.test/"


@pytest.fixture(scope="session")
def soups(site):
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(path.read_text("utf8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
        if "_static" not in path.parts and path.relative_to(site).parts[0] != "lite"
    }


def broken_links(site, soups):
    """Every address inside the site whose file or fragment does not exist."""
    targets = {
        name: {tag["id"] for tag in soup.find_all(id=True)}
        | {tag["name"] for tag in soup.find_all("a", attrs={"name": True})}
        for name, soup in soups.items()
    }
    broken = []
    for name, soup in soups.items():
        # A missing page may be asked for at any depth, so its addresses start at the site's root.
        base = HOME if name == "404.html" else urljoin(HOME, name)
        for tag in soup.find_all(True):
            for attribute in ("href", "src", "data-src"):
                address = tag.get(attribute)
                if not address or urlsplit(urljoin(base, address)).netloc != "site.test":
                    continue
                if urlsplit(address).scheme in ("data", "mailto", "javascript"):
                    continue
                url, fragment = urldefrag(urljoin(base, address))
                path = unquote(urlsplit(url).path).lstrip("/") or "index.html"
                if address.startswith("#"):
                    path = name
                if not (site / path).is_file():
                    broken.append(f"{name}: {address} (no such file)")
                elif fragment and path in targets and unquote(fragment) not in targets[path]:
                    broken.append(f"{name}: {address} (no such place in the page)")
    return broken


def test_every_page_of_the_contents_was_built(site):
    missing = [page for page in pages.ALL if not (site / page).is_file()]
    assert not missing


def test_nothing_but_the_book_was_built(soups):
    strays = set(soups) - set(pages.ALL) - {"index.html"}
    viewed = {name for name in strays if name.startswith("_modules/")}
    assert strays == viewed


def test_links_and_fragments_inside_the_site_lead_somewhere(site, soups):
    assert broken_links(site, soups) == []


@pytest.mark.parametrize("address", ["nowhere.html", "#nowhere", "book/glossary.html#nowhere"])
def test_the_link_checker_finds_a_broken_link(site, soups, address):
    page = BeautifulSoup(f'<a href="{address}">x</a>', "html.parser")
    found = broken_links(site, {**soups, "made-up.html": page})
    assert [line for line in found if line.startswith("made-up.html") and address in line]


def test_no_two_pages_share_a_title(soups):
    titles = Counter(soup.title.get_text() for name, soup in soups.items() if name != "index.html")
    assert [title for title, count in titles.items() if count > 1] == []


def test_every_page_says_its_language(soups):
    speechless = [name for name in pages.ALL if soups[name].html.get("lang") != "en"]
    assert not speechless


def test_every_image_has_words_for_those_who_cannot_see_it(soups):
    wordless = [
        f"{name}: {image.get('src')}"
        for name in pages.WRITTEN
        for image in soups[name].select("article img")
        if not image.get("alt", "").strip() or image["alt"].endswith((".png", ".svg"))
    ]
    assert not wordless


def test_every_head_of_a_table_names_a_column(soups):
    for name, soup in soups.items():
        for head in soup.select(".bd-content thead"):
            assert head.get_text(strip=True) or head.find("img"), name


def test_figures_of_cells_say_how_large_they_are(site, soups):
    """A browser keeps their room, so that the text does not jump when they come."""
    figures = [
        (name, image)
        for name in pages.WRITTEN
        for image in soups[name].select("article .cell_output img")
    ]
    assert len(figures) > 100
    for name, image in figures:
        drawn = imread((site / name).parent / image["src"])
        said = (int(image.get("height", 0)), int(image.get("width", 0)))
        assert said == drawn.shape[:2], f"{name}: {image['src']}"


def test_an_exercise_page_folds_its_checks_and_nothing_else(soups):
    exercises = [name for name in pages.WRITTEN if name.startswith("exercises/")]
    assert exercises
    for name in exercises:
        for cell in soups[name].select("article .cell"):
            code = cell.select_one(".cell_input").get_text()
            folded = cell.select_one("details summary")
            if "check.points(" in code:
                assert "Show the check" in folded.get_text(), name
            elif "raise NotImplementedError" in code:
                assert folded is None, name


def test_formulas_are_html_and_mathml_before_any_script_runs(soups):
    notation = soups["book/notation.html"]
    assert notation.select(".katex-html")
    assert notation.select(".katex-mathml math")
    assert not soups["book/notation.html"].select(".katex-error")


def test_no_formula_failed_to_render(soups):
    failed = [name for name, soup in soups.items() if soup.select(".katex-error")]
    assert not failed


def test_every_written_page_names_an_explorer_that_exists(site, soups):
    loader = (site / "_static/explorers/load.js").read_text("utf8")
    for name in pages.WRITTEN:
        for tag in soups[name].find_all(lambda tag: tag.name.startswith("cnn-")):
            assert f'"{tag.name}"' in loader, f"{name}: <{tag.name}>"
            assert tag.get_text(strip=True), f"{name}: <{tag.name}> says nothing without scripts"


@pytest.mark.skipif(
    bool(os.environ.get("SITE_URL")), reason="SITE_URL is set: the site has an address"
)
def test_a_site_without_an_address_claims_none(site, soups):
    assert not (site / "sitemap.xml").exists()
    assert not any(soup.select('link[rel="canonical"]') for soup in soups.values())
