"""A link from each chapter to its PDF file, where the files are made with the site.

``make pdf`` prints them behind the pages (``scripts/print_chapters.py``) and sets ``WITH_PDF``, so
that no page links to a file that is not there. Elsewhere the theme's button prints the page.
"""

import os
import re

CHAPTER = re.compile(r"book/(\d\d-[\w-]+)")
FOLDER = "pdf"


def link(app, pagename, templatename, context, doctree):
    """Put the file in the place of the button that prints the page."""
    chapter = CHAPTER.fullmatch(pagename)
    if not chapter or not os.environ.get("WITH_PDF"):
        return
    for group in context["header_buttons"]:
        for button in group.get("buttons", []):
            if button["label"] == "download-pdf-button":
                del button["javascript"]
                button |= {
                    "type": "link",
                    "url": f"{context['pathto'](FOLDER, 1)}/{chapter.group(1)}.pdf",
                    "tooltip": "Download this chapter to print it or to read it elsewhere",
                }


def connect(app):
    """Run when the theme has made its buttons."""
    app.connect("html-page-context", link, priority=900)
