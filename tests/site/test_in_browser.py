"""The site as a reader meets it: every page in Chromium, light and dark, wide and narrow."""

import gzip
from pathlib import Path

import axe_playwright_python
import pytest

from tests.site import pages

pytestmark = pytest.mark.browser

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALREADY_COMPRESSED = (".woff2", ".png", ".jpg", ".webp")
BUDGET = 500_000  # bytes of a page without its figures, as they travel


# One token of each kind keeps its colour: a chapter has thousands of alike ones, and axe-core
# would spend most of its time on them.
THIN = """() => {
    const seen = new Set();
    for (const token of document.querySelectorAll('pre span')) {
        if (seen.has(token.className)) token.replaceWith(...token.childNodes);
        seen.add(token.className);
    }
}"""


def violations(page):
    """What axe-core finds wrong, one line for each element."""
    page.evaluate(THIN)
    found = page.evaluate(
        # What KaTeX draws is hidden from speech; its MathML twin is what is checked.
        """rules => axe.run({exclude: ['.katex-html']},
                            {preload: false, runOnly: {type: 'tag', values: rules}})""",
        RULES,
    )
    return [
        f"{rule['impact']} {rule['id']}: {node['target']} {node['html'][:150]}"
        for rule in found["violations"]
        for node in rule["nodes"]
        # axe-core 4.12 does not read MathML, so a header that is a formula looks empty to it.
        if rule["id"] != "empty-table-header"
        or not page.locator(node["target"][0]).locator("math").count()
    ]


def sideways(page):
    """How many pixels the page can be scrolled sideways."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def one_of_each_kind():
    """Pages that stand for the others: of those built alike, the first two."""
    kinds = ("book/api/", "exercises/", "book/0", "book/1", "book/performance")
    seen = dict.fromkeys(kinds, 0)
    for path in pages.ALL:
        kind = next((kind for kind in kinds if path.startswith(kind)), None)
        if kind:
            seen[kind] += 1
        if not kind or seen[kind] <= 2:
            yield path


TYPICAL = set(one_of_each_kind())


def views():
    """Every page, wide and narrow, light and dark; what other views nearly repeat is slow."""
    for path in pages.ALL:
        chapter = path.startswith(("book/0", "book/1"))
        for width, mode in [(1280, "light"), (390, "dark"), (1280, "dark"), (390, "light")]:
            if (width, mode) == (390, "dark"):
                quick = chapter or path in TYPICAL
            else:
                quick = (width, mode) == (1280, "light") and path in TYPICAL
            yield pytest.param(width, mode, path, marks=[] if quick else pytest.mark.slow)


def written():
    """Every written page; one of each kind is quick."""
    for path in pages.WRITTEN:
        yield pytest.param(path, marks=[] if path in TYPICAL else pytest.mark.slow)


@pytest.mark.parametrize(("width", "mode", "path"), list(views()))
def test_page_is_accessible_quiet_and_fits(visit, width, mode, path):
    seen = visit(width=width, dark=mode == "dark", reduced_motion="reduce")
    page = seen.open(path)
    page.wait_for_function("m => document.documentElement.dataset.theme === m", arg=mode)
    assert sideways(page) == 0
    page.evaluate(AXE)
    assert violations(page) == []
    assert seen.strangers == [], "the page asked somebody else"
    assert seen.complaints == []


@pytest.mark.parametrize("path", list(written()))
def test_text_at_twice_its_size_is_not_cut_off(visit, path):
    page = visit().open(path)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    cut = page.evaluate(
        """() => [...document.querySelectorAll('article *')].filter(element => {
            const style = getComputedStyle(element);
            if (!element.textContent.trim()) return false;
            if (element.closest('.katex, .visually-hidden, svg')) return false;
            const hides = value => value === 'hidden' || value === 'clip';
            return (hides(style.overflowX) && element.scrollWidth > element.clientWidth + 1)
                || (hides(style.overflowY) && element.scrollHeight > element.clientHeight + 1);
        }).map(element => element.outerHTML.slice(0, 120))"""
    )
    assert cut == []
    assert sideways(page) == 0


@pytest.mark.parametrize("path", list(written()))
def test_page_without_its_figures_stays_light(visit, path):
    seen = visit()
    seen.open(path).wait_for_load_state("networkidle")
    weights = {}
    for response in seen.responses:
        if response.request.resource_type == "image" or not response.ok:
            continue
        body = response.body()
        packed = body if response.url.endswith(ALREADY_COMPRESSED) else gzip.compress(body, 6)
        weights[response.url] = len(packed)
    assert len(weights) > 3, "the page's parts were not counted"
    assert sum(weights.values()) < BUDGET, sorted(weights.items(), key=lambda item: -item[1])[:5]


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_menu_opens_at_phone_width(visit, by):
    page = visit(width=390).open("book/notation.html")
    button = page.locator("button.primary-toggle")
    entry = page.locator(".bd-sidebar-primary").get_by_role("link", name="Glossary")
    assert not entry.is_visible()
    if by == "pointer":
        button.click()
    else:
        button.focus()
        page.keyboard.press("Enter")
    entry.click()
    page.wait_for_url("**/book/glossary.html")


def test_search_finds_a_word_of_the_book(visit):
    page = visit().open("book/index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("dilation")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=dilation*")
    page.wait_for_selector("#search-results li a")
    hits = page.locator("#search-results li a").evaluate_all("links => links.map(a => a.href)")
    assert any("book/glossary.html" in hit for hit in hits)


def test_first_tab_offers_to_skip_to_the_text(visit):
    page = visit().open("book/notation.html")
    page.keyboard.press("Tab")
    assert "Skip to main content" in page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main-content"


def test_formulas_are_set_in_their_own_type_without_a_network(visit):
    seen = visit()
    page = seen.open("book/notation.html")
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    loaded = page.evaluate(
        "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)"
    )
    assert "KaTeX_Main" in {family.strip('"') for family in loaded}
    assert seen.strangers == []


def test_a_wide_figure_stays_readable_on_a_phone_and_scrolls(visit):
    seen = visit(width=390)
    page = seen.open("book/12-transfer-learning.html")
    figures = page.evaluate(
        """() => [...document.querySelectorAll('.figure-place')].map(place => {
            const picture = place.querySelector('img');
            return {drawn: Number(picture.getAttribute('width')), shown: picture.clientWidth,
                    room: place.clientWidth, reachable: place.tabIndex === 0};
        })"""
    )
    assert max(figure["drawn"] for figure in figures) > 900
    for figure in figures:
        assert figure["shown"] >= 0.5 * figure["drawn"], figure
        assert figure["reachable"] == (figure["shown"] > figure["room"]), figure
    assert sideways(page) == 0


def test_a_wide_formula_begins_within_reach(visit):
    page = visit(width=390).open("book/notation.html")
    places = page.evaluate(
        """() => [...document.querySelectorAll('div.math')].map(place => ({
            wide: place.scrollWidth > place.clientWidth,
            hidden: place.getBoundingClientRect().left
                - place.querySelector('.katex').getBoundingClientRect().left,
        }))"""
    )
    assert sum(place["wide"] for place in places) >= 2
    assert max(place["hidden"] for place in places) <= 0


def test_page_reads_without_scripts(visit):
    page = visit(java_script_enabled=False).open("book/index.html")
    fallback = page.locator("cnn-convolution-stepper p")
    assert fallback.is_visible()
    assert page.get_by_role("heading", level=1).is_visible()
