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


def settled(page):
    """Wait until what the page does after a change of its size or state is done."""
    page.evaluate(
        """async () => {
            for (let frames = 0; frames < 2; frames++) await new Promise(requestAnimationFrame);
            // The theme acts 300 ms after a change, the explorers 200. Timers of a page come in
            // the order of their times, so this one is later, however busy the machine is.
            await new Promise(done => setTimeout(done, 350));
        }"""
    )


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


CHAPTERS = ("book/0", "book/1")
VIEWS = [(1280, "light"), (390, "dark"), (1280, "dark"), (390, "light")]


def look(page, width, mode):
    """Turn the page to another view, and wait until it has followed."""
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=mode)
    page.wait_for_function("m => document.documentElement.dataset.theme === m", arg=mode)
    settled(page)


def inspect(seen):
    """The page fits, breaks no rule of axe-core, asks nobody and complains of nothing."""
    assert sideways(seen.page) == 0
    seen.page.evaluate(AXE)
    assert violations(seen.page) == []
    assert seen.strangers == [], "the page asked somebody else"
    assert seen.complaints == []


@pytest.fixture(scope="module")
def opened(request, long_visit):
    """A page that several tests look at; each turns it to the view that it needs."""
    seen = long_visit(reduced_motion="reduce")
    seen.open(request.param).wait_for_load_state("networkidle")
    seen.parts = list(seen.responses)
    yield seen
    seen.page.context.close()


@pytest.mark.parametrize(
    "opened",
    [
        pytest.param(
            path,
            id=path,
            marks=[] if path in TYPICAL or path.startswith(CHAPTERS) else pytest.mark.slow,
        )
        for path in pages.WRITTEN
    ],
    indirect=True,
)
class TestWrittenPage:
    """What is looked at in one visit, because opening a page takes as long as looking at it."""

    def test_without_its_figures_it_stays_light(self, opened):
        weights = {}
        for response in opened.parts:
            if response.request.resource_type == "image" or not response.ok:
                continue
            body = response.body()
            packed = body if response.url.endswith(ALREADY_COMPRESSED) else gzip.compress(body, 6)
            weights[response.url] = len(packed)
        assert len(weights) > 3, "the page's parts were not counted"
        heaviest = sorted(weights.items(), key=lambda item: -item[1])[:5]
        assert sum(weights.values()) < BUDGET, heaviest

    def test_text_at_twice_its_size_is_not_cut_off(self, opened):
        page = opened.page
        look(page, *VIEWS[0])
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        try:
            cut = page.evaluate(
                """() => [...document.querySelectorAll('article *')].filter(element => {
                    const style = getComputedStyle(element);
                    if (!element.textContent.trim()) return false;
                    if (element.closest('.katex, .visually-hidden, svg')) return false;
                    const hides = value => value === 'hidden' || value === 'clip';
                    return (hides(style.overflowX) && element.scrollWidth > element.clientWidth + 1)
                        || (hides(style.overflowY)
                            && element.scrollHeight > element.clientHeight + 1);
                }).map(element => element.outerHTML.slice(0, 120))"""
            )
            assert cut == []
            assert sideways(page) == 0
        finally:
            page.evaluate("document.documentElement.style.fontSize = ''")

    def test_it_is_accessible_quiet_and_fits_a_desktop_and_a_phone(self, opened, request):
        """Chapters are alike on a desktop, so there only the typical ones are asked every time."""
        path = request.node.callspec.params["opened"]
        for width, mode in VIEWS[path.startswith(CHAPTERS) and path not in TYPICAL : 2]:
            look(opened.page, width, mode)
            inspect(opened)


def views():
    """Every page opened anew in every view; quick for what the search and others generate."""
    for path in pages.ALL:
        for view in VIEWS:
            quick = path in pages.GENERATED and view in VIEWS[:2]
            yield pytest.param(*view, path, marks=[] if quick else pytest.mark.slow)


@pytest.mark.parametrize(("width", "mode", "path"), list(views()))
def test_page_is_accessible_quiet_and_fits(visit, width, mode, path):
    seen = visit(width=width, dark=mode == "dark", reduced_motion="reduce")
    seen.open(path)
    look(seen.page, width, mode)
    inspect(seen)


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


@pytest.mark.parametrize("path", ["book/notation.html", "exercises/05-pooling/05-pooling.html"])
def test_a_wide_formula_begins_within_reach_and_scrolls(visit, path):
    """With a number beside it, and without."""
    page = visit(width=390).open(path)
    places = page.evaluate(
        """() => [...document.querySelectorAll('.bd-content div.math')].map(place => ({
            wide: place.scrollWidth > place.clientWidth,
            hidden: place.getBoundingClientRect().left
                - place.querySelector('.katex').getBoundingClientRect().left,
            inside: getComputedStyle(place.querySelector('.katex-html')).overflowX,
            reachable: place.tabIndex === 0,
        }))"""
    )
    assert sum(place["wide"] for place in places) >= 2
    for place in places:
        assert place["hidden"] <= 0
        assert (
            place["inside"] == "visible"
        )  # a part that scrolls by itself cannot be reached by key
        assert place["reachable"] == place["wide"]


def test_numbers_in_a_table_do_not_break_and_a_wide_table_is_reachable(visit):
    page = visit(width=390).open("exercises/03-padding-stride/03-padding-stride.html")
    broken = "all => all.filter(e => e.offsetHeight > 40).map(e => e.textContent)"
    assert page.locator("article td code").evaluate_all(broken) == []
    tables = page.locator(".pst-scrollable-table-container").evaluate_all(
        "all => all.map(e => [e.scrollWidth > e.clientWidth, e.tabIndex === 0])"
    )
    assert any(wide for wide, _ in tables)
    for wide, reachable in tables:
        assert wide == reachable
    assert sideways(page) == 0


def test_page_reads_without_scripts(visit):
    page = visit(java_script_enabled=False).open("book/index.html")
    fallback = page.locator("cnn-convolution-stepper p")
    assert fallback.is_visible()
    assert page.get_by_role("heading", level=1).is_visible()
