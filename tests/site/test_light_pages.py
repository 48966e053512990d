"""Pages show early: one style sheet that has lost nothing, scripts that wait."""

import gzip
import re

import pytest
from fontTools.ttLib import TTFont

from tests.site import pages

LANDING = "book/index.html"


@pytest.fixture
def style_sheets(monkeypatch):
    monkeypatch.syspath_prepend(str(pages.ROOT / "book/_ext"))
    import style_sheets

    return style_sheets


@pytest.mark.parametrize(
    ("css", "expected"),
    [
        (".used{color:red}", ".used{color:red}"),
        (".lost{color:red}", ""),
        (".used.lost{color:red}", ""),
        ("a .lost,.used>b:hover{color:red}", ".used>b:hover{color:red}"),
        ("#here #gone{color:red}", ""),
        (".used:not(.lost){color:red}", ".used:not(.lost){color:red}"),
        (":is(.lost,p){color:red}", ":is(.lost,p){color:red}"),
        ("p{margin:.5em;color:#abc}", "p{margin:.5em;color:#abc}"),
        (".bs-tooltip-auto .tooltip-arrow{top:0}", ".bs-tooltip-auto .tooltip-arrow{top:0}"),
        ("@media print{.lost{color:red}}", ""),
        ("@media print{.lost{top:0}.used{top:0}}", "@media print{.used{top:0}}"),
        ('@charset "UTF-8";@font-face{src:url(x)}', "@font-face{src:url(x)}"),
        ("@keyframes turn{to{top:0}}", "@keyframes turn{to{top:0}}"),
    ],
)
def test_only_rules_for_names_that_nobody_uses_are_left_out(style_sheets, css, expected):
    kept = style_sheets.without_unused(css, {"used", "here"})
    assert kept.replace(" ", "") == expected.replace(" ", "")


def test_a_broken_style_sheet_is_not_cut_silently(style_sheets):
    with pytest.raises(ValueError, match="line 2"):
        style_sheets.without_unused("p{top:0}\n}", set())


@pytest.fixture(scope="module")
def texts(site):
    """Every page as text; to parse them all would take a minute."""
    return {path: (site / path).read_text("utf8") for path in pages.ALL}


def test_pages_wait_for_one_style_sheet_and_for_no_script(texts):
    for path, html in texts.items():
        assert html.count('rel="stylesheet"') == 1, path
        assert not re.search('<link[^>]*as="script"', html), path
        assert "thebe" not in html.partition("<body")[0], path
        waited_for = [
            tag
            for tag in re.findall(r"<script [^>]*src=[^>]*>", html)
            if not re.search(r'\bdefer\b|\basync\b|type="module"', tag)
        ]
        if path != "search.html":
            assert waited_for == [], path


def test_the_style_sheet_is_a_third_of_what_it_was_made_from(site):
    for sheet in site.glob("_static/course-????????.css"):
        css = sheet.read_text("utf8")
        parts = [site / "_static" / name for name in css.partition("*/")[0][3:].split()]
        whole = sum(len(gzip.compress(part.read_bytes())) for part in parts)
        assert len(parts) > 8
        assert len(gzip.compress(css.encode())) < min(0.4 * whole, 40_000)


def test_all_figures_but_the_first_come_when_they_are_near(texts):
    count = 0
    for path, html in texts.items():
        images = re.findall(r'<img [^>]*\.png"[^>]*>', html)
        count += len(images)
        assert all('loading="lazy"' in image for image in images[1:]), path
        assert not any("loading=" in image for image in images[:1]), path
    assert count > 50


def test_the_icon_font_has_every_icon_of_the_pages(site, texts):
    icons = TTFont(site / "_static/icons.woff").getBestCmap()
    sheet = re.search(r'href="\.\./(_static/course-\w+\.css)"', texts[LANDING]).group(1)
    css = (site / sheet).read_text("utf8")
    drawn = re.findall(r"([^{}]*)\{content:\s*\"([^\"])\"", css)
    codes = {name: ord(icon) for rule, icon in drawn for name in re.findall(r"fa-[\w-]+", rule)}
    named = set()
    for html in texts.values():
        named.update(re.findall(r'class="[^"]*\bfa(?:s|-solid) (?:fa-lg )?(fa-[\w-]+)', html))
    assert len(named) > 8
    assert sorted(icon for icon in named if codes[icon] not in icons) == []
    assert (site / "_static/icons.woff").stat().st_size < 5000


# How elements look, before and after the page's sheet is exchanged for those that went into it; the
# first line of the sheet names them. Of elements with the same ancestors' names one is enough.
LOOKS = """names => {
    const seen = new Set();
    const own = e => e.localName + '.' + e.className;
    const name = e => e === document.body ? '' : name(e.parentElement) + '>' + own(e);
    return [...document.querySelectorAll('body *')].filter(e => {
        if (e.closest('.katex, pre, svg, script') || seen.has(name(e))) return false;
        return seen.add(name(e));
    }).map(e => [e.outerHTML.slice(0, 80), [null, '::before', '::after'].flatMap(part => {
        const style = getComputedStyle(e, part);
        return names.map(name => `${part} ${name}: ${style.getPropertyValue(name)}`);
    })]);
}"""
PROPERTIES = [
    *("display", "position", "visibility", "opacity", "width", "height", "top", "left", "content"),
    *("color", "background-color", "font-size", "font-weight", "font-family", "line-height"),
    *("margin-top", "margin-left", "padding-top", "padding-left", "border-top-width", "overflow-x"),
    *("border-top-color", "border-radius", "text-align", "text-decoration-line", "z-index"),
    *("flex", "grid-template-columns", "transform", "list-style-type", "box-shadow"),
]
EXCHANGE = """async () => {
    const joined = document.querySelector('link[rel=stylesheet]');
    const text = await (await fetch(joined.href)).text();
    const links = text.split('*/')[0].slice(3).trim().split(' ').map(name => {
        const link = document.createElement('link');
        link.rel = 'stylesheet';
        link.href = new URL(name, joined.href);
        if (name === 'print.css') link.media = 'print';
        return link;
    });
    const loaded = Promise.all(links.map(link => new Promise(done => { link.onload = done; })));
    joined.replaceWith(...links);
    await loaded;
    return links.length;
}"""


@pytest.mark.browser
@pytest.mark.parametrize(
    "path",
    [
        LANDING,
        *(pytest.param(p, marks=pytest.mark.slow) for p in pages.ALL if p != LANDING),
    ],
)
@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_the_joined_style_sheet_looks_like_its_parts(visit, path, width):
    page = visit(width=width, reduced_motion="reduce").open(path)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)  # explorers and the theme finish what they add
    before = page.evaluate(LOOKS, PROPERTIES)
    assert page.evaluate(EXCHANGE) > 8
    page.evaluate("document.body.offsetHeight, document.fonts.ready")
    page.wait_for_timeout(300)
    after = page.evaluate(LOOKS, PROPERTIES)
    assert len(before) > 50
    for (element, one), (_, other) in zip(before, after, strict=True):
        assert one == other, element
