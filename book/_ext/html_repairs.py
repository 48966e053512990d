"""Repairs to the theme's HTML, each for a defect that was seen in a browser or by axe-core."""

import re
from pathlib import Path


def drop_repeated_scripts(app, pagename, templatename, context, doctree):
    """Keep one copy of each script; Sphinx 7 emits some inline ones twice."""
    seen, kept = set(), []
    for script in context.get("script_files", []):
        key = (getattr(script, "filename", script) or "", repr(getattr(script, "attributes", None)))
        if key not in seen:
            seen.add(key)
            kept.append(script)
    context["script_files"] = kept


REPAIRS = [
    # The arrow that unfolds a part of the menu has no name.
    (
        re.compile(
            r'(<a class="[^"]*reference internal" href="[^"]*">([^<]*)</a><details[^>]*>)<summary>'
        ),
        r'\1<summary aria-label="Pages under \2">',
    ),
    # An obsolete role, and not one that a list may hold.
    (re.compile(r'role="doc-biblioentry"'), 'role="listitem"'),
    # A column without a name has no header to announce.
    (re.compile(r'<th class="head[^"]*">(?:\s|<p>\s*</p>)*</th>'), "<td></td>"),
    # A head that names no column at all is an empty bar above the table.
    (re.compile(r"<thead>\s*<tr[^>]*>(?:\s*<td></td>)+\s*</tr>\s*</thead>\n?"), ""),
    # A hidden cell's summary says "Toggle hidden content" but shows other words (WCAG 2.5.3).
    (re.compile(r'<summary aria-label="Toggle hidden content">'), "<summary>"),
    # The logo stands outside every landmark.
    (
        re.compile(r'<div class="sidebar-primary-item">(\s*<a class="navbar-brand logo")'),
        r'<div class="sidebar-primary-item" role="navigation" aria-label="Course home">\1',
    ),
    # 1.5 MB of script that draws icons which the style sheet and its fonts already draw.
    (re.compile(r'<script defer src="[^"]*scripts/fontawesome\.js[^"]*"></script>\n?'), ""),
    (re.compile(r'<link rel="preload" as="script"[^>]*fontawesome\.js[^>]*>\n?'), ""),
    # Cells that would run on somebody else's server, which are switched off.
    (re.compile(r"<script>const THEBE_JS_URL.*?</script>\n?"), ""),
    (re.compile(r"<script[^>]*sphinx-thebe\.js[^>]*></script>\n?"), ""),
    (re.compile(r"<link[^>]*sphinx-thebe\.css[^>]*>\n?"), ""),
    (re.compile(r'<script type="text/x-thebe-config">.*?</script>\n?', re.S), ""),
    (re.compile(r"<script>kernelName = '[^']*'</script>\n?"), ""),
]

# The whole index of the search, for a search while typing that is switched off. It weighs more than
# a chapter, and only the page of results needs it.
SEARCH = re.compile(
    r'<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*"></script>\n?'
)


def repair_pages(app, exception):
    """Rewrite the finished pages in place."""
    if exception or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        before = after = page.read_text(encoding="utf8")
        for pattern, replacement in REPAIRS:
            after = pattern.sub(replacement, after)
        if page.name != "search.html":
            after = SEARCH.sub("", after)
        if after != before:
            page.write_text(after, encoding="utf8")


def connect(app):
    """Register the events."""
    app.connect("html-page-context", drop_repeated_scripts, priority=990)
    app.connect("build-finished", repair_pages)
