"""The site by keyboard alone: every stop can be seen, reached and left."""

import pytest

pytestmark = pytest.mark.browser

CHAPTER = "book/04-linear-map.html"
EXERCISE = "exercises/02-convolution/02-convolution.html"

UNREACHABLE = """() => [...document.querySelectorAll(
        'article :is(pre, div.math, .figure-place, .pst-scrollable-table-container)')]
    .filter(e => e.checkVisibility() && getComputedStyle(e).overflowX !== 'visible')
    .filter(e => (e.scrollWidth > e.clientWidth) !== (e.tabIndex === 0))
    .map(e => e.outerHTML.slice(0, 100))"""


@pytest.mark.parametrize("path", [CHAPTER, EXERCISE])
def test_what_scrolls_after_enlarging_the_text_is_reachable(visit, path):
    page = visit(width=800).open(path)
    page.wait_for_load_state("networkidle")
    stops = "document.querySelectorAll('article :is(pre, div.math)[tabindex=\"0\"]').length"
    before = page.evaluate(stops)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.wait_for_function(f"before => {stops} > before", arg=before, timeout=10_000)
    assert page.evaluate(UNREACHABLE) == []
    enlarged = page.evaluate(stops)
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.wait_for_function(f"enlarged => {stops} < enlarged", arg=enlarged, timeout=10_000)
    assert page.evaluate(UNREACHABLE) == []


# What a stop looks like with and without the focus; it must not look the same.
LOOK = """e => {
    document.getAnimations().forEach(change => change.finish());
    const style = getComputedStyle(e);
    const around = e.parentElement ? getComputedStyle(e.parentElement) : style;
    return [style.outlineStyle !== 'none' && style.outlineWidth, style.boxShadow, style.borderColor,
            style.backgroundColor, style.textDecorationLine, style.color, around.outlineStyle,
            around.boxShadow].join('|');
}"""


@pytest.mark.parametrize(
    "path",
    [EXERCISE, *(pytest.param(p, marks=pytest.mark.slow) for p in (CHAPTER, "book/index.html"))],
)
def test_every_stop_of_the_tab_key_is_seen_and_named(visit, path):
    page = visit(reduced_motion="reduce").open(path)
    page.wait_for_load_state("networkidle")
    seen, bad = 0, []
    for _ in range(600):
        page.keyboard.press("Tab")
        stop = page.evaluate_handle("document.activeElement")
        if page.evaluate("document.activeElement === document.body"):
            break
        look = page.evaluate(
            f"""stop => {{
                const look = {LOOK};
                const focused = look(stop);
                const box = stop.getBoundingClientRect();
                const at = [scrollX, scrollY];
                const name = stop.textContent.trim() || stop.ariaLabel || stop.title || stop.id
                    || stop.labels?.[0]?.innerText || stop.getAttribute('aria-labelledby')
                    || stop.querySelector('img')?.alt || stop.placeholder || '';
                stop.blur();
                const same = look(stop) === focused;
                stop.focus({{preventScroll: true}});
                scrollTo(...at);
                return {{html: stop.outerHTML.slice(0, 140), same, name: name.trim(),
                         inside: box.width > 0 && box.bottom > 0 && box.top < innerHeight
                                 && box.right > 0 && box.left < innerWidth}};
            }}""",
            stop,
        )
        seen += 1
        if look["same"] or not look["inside"] or not look["name"]:
            bad.append(look)
    assert bad == []
    assert 30 < seen < 600, "the tab key goes through the page and leaves it at its end"


def test_the_menus_of_the_page_open_and_close_by_keyboard(visit):
    page = visit().open("book/02-convolution.html")
    button = page.locator(".dropdown-download-buttons > button")
    button.focus()
    page.keyboard.press("Enter")
    entry = page.locator(".dropdown-download-buttons .dropdown-item").first
    entry.wait_for(state="visible")
    page.keyboard.press("ArrowDown")
    assert entry.evaluate("e => e === document.activeElement")
    page.keyboard.press("Escape")
    entry.wait_for(state="hidden")
    assert button.evaluate("e => e === document.activeElement")


def test_the_search_is_closed_by_escape(visit):
    page = visit().open("book/02-convolution.html")
    page.keyboard.press("Control+k")
    box = page.locator("#pst-search-dialog input")
    box.wait_for(state="visible")
    assert box.evaluate("e => e === document.activeElement")
    page.keyboard.press("Escape")
    box.wait_for(state="hidden")
