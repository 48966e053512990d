"""Finished pages that show early on a slow line.

One small style sheet, scripts that wait for the text, figures that come when they are near.
"""

import re
from pathlib import Path

import icon_font
import style_sheets

SHEET = re.compile(
    r'[ \t]*<link (?=[^>]*rel="stylesheet")[^>]*?href="([^"?]*)(?:\?[^"]*)?"[^>]*>\n?'
)
MEDIUM = re.compile(r'\bmedia="([^"]*)"')
PRELOAD = re.compile(r'<link rel="preload" as="script"[^>]*>\n?')
SCRIPT = re.compile(r'<script((?: data-[\w-]+="[^"]*")*) src="')
OPTIONS = re.compile(r'<script src="[^"]*documentation_options\.js[^"]*"></script>')
FIGURE = re.compile(r'(<img alt="[^"]*" src="[^"]*\.png"[^>]*?) />')


def one_sheet(html, bundles):
    """The page with one style sheet in the place of the first of its own."""
    found = list(SHEET.finditer(html))
    sheets = []
    for link in found:
        root, _, name = link.group(1).rpartition("_static/")
        medium = MEDIUM.search(link.group())
        sheets.append((name, medium.group(1) if medium else ""))
    name = bundles.sheet(tuple(sheets))
    first, html = found[0].start(), SHEET.sub("", html)
    link = f'    <link rel="stylesheet" type="text/css" href="{root}_static/{name}" />\n'
    return html[:first] + link + html[first:]


def scripts_that_wait(html, options):
    """The page with scripts that run in their order, but after the text is there.

    The settings of Sphinx's scripts are used by what stands in the page, so they move into it.
    """
    html = OPTIONS.sub(lambda _: f"<script>{options}</script>", html)
    return SCRIPT.sub(r'<script\1 defer src="', html)


def images_in_time(html):
    """The page with figures that come when they are near; the first one comes at once."""
    first = FIGURE.search(html)
    if first is None:
        return html
    later = FIGURE.sub(r'\1 loading="lazy" decoding="async" />', html[first.end() :])
    return html[: first.end()] + later


def lighten(app, exception):
    """Rewrite the finished pages in place."""
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    options = (site / "_static" / "documentation_options.js").read_text("utf8")
    bundles = style_sheets.Bundles(site)
    for page in site.rglob("*.html"):
        html = page.read_text("utf8")
        if "_static" in page.parts or not SHEET.search(html):
            continue  # a template of the theme, or a page that only leads to another
        html = images_in_time(one_sheet(PRELOAD.sub("", html), bundles))
        if page.name != "search.html":  # its scripts are used as soon as they are named
            html = scripts_that_wait(html, options)
        page.write_text(html, "utf8")
    icon_font.use_subset(site / "_static", bundles.all())
    for left_over in [*site.glob("_static/**/*.map"), site / "_static/scripts/fontawesome.js"]:
        left_over.unlink()


def connect(app):
    """Run behind the other changes of the finished pages (500)."""
    app.connect("build-finished", lighten, priority=600)
