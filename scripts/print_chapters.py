"""Print the chapters of the built site as PDF files, with Chromium.

The pages are printed as they are: `print.css` and `print.js` in `book/_static` say how a chapter
looks on paper. The files are tagged, so that a screen reader finds headings, lists and the words
for figures, and they have an outline.
"""

import functools
import html
import http.server
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import steps
import system_packages
from command_error import CommandError

MARGIN = {"top": "17mm", "bottom": "19mm", "left": "19mm", "right": "19mm"}
FOOT = """\
<div style="width: 100%; padding: 0 19mm; font: 8px sans-serif; color: #444;
            display: flex; justify-content: space-between">
  <span>CNN course: {title}</span>
  <span><span class="pageNumber"></span> of <span class="totalPages"></span></span>
</div>"""
# A name in the outline that Chromium wrote twice, because it moved the heading to the next page.
DOUBLED = re.compile(rb"/Title (?:\((.+)\1\)|<FEFF((?:[0-9A-F]{4})+)\2>)")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """A file server that does not write a line for each request."""

    def log_message(self, *arguments) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address where ``folder`` can be read; from files, browsers run no modules."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def find_browser() -> str:
    """The path of a Chromium; CommandError with the line that installs one."""
    found = system_packages.find_browser()
    if found is None:
        raise CommandError(
            "The chapters are printed with Chromium, and there is none on this machine; "
            f"{system_packages.how_to_install(['chromium'])}. `make site` builds the site without "
            "the PDF files."
        )
    return found


def chapters(site: Path) -> list[str]:
    """The chapters' names, 00-how-to-use to 12-transfer-learning."""
    return sorted(path.stem for path in (site / "book").glob("[0-9][0-9]-*.html"))


def with_names_once(pdf: bytes) -> bytes:
    """The file with each name in its outline once, and everything else where it was."""

    def once(found: re.Match[bytes]) -> bytes:
        text, digits = found.groups()
        name = b"(" + text + b")" if text else b"<FEFF" + digits + b">"
        return (b"/Title " + name).ljust(len(found.group()))

    return DOUBLED.sub(once, pdf)


def print_page(page, address: str, target: Path) -> None:
    """Print the page at ``address``, when all that it shows has come."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    # A figure that comes when it is near would not come at all.
    page.evaluate(
        """async () => {
            const images = [...document.querySelectorAll('article img')];
            images.forEach(image => { image.loading = 'eager'; });
            await Promise.all(images.map(image => image.decode()));
            await document.fonts.ready;
        }"""
    )
    title = page.locator("article h1").first.evaluate("h1 => h1.firstChild.textContent.trim()")
    printed = page.pdf(
        format="A4",
        margin=MARGIN,
        tagged=True,
        outline=True,
        print_background=True,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=FOOT.format(title=html.escape(title)),
    )
    target.write_bytes(with_names_once(printed))


def print_chapters(site: Path, names: list[str], folder: Path) -> None:
    """Write ``folder/NAME.pdf`` for each chapter that is named."""
    browser_path = find_browser()
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    steps.say(f"Printing {len(names)} chapters ...")
    started = time.monotonic()
    with served(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        page = browser.new_page(color_scheme="light", reduced_motion="reduce")
        for name in names:
            print_page(page, f"{address}/book/{name}.html", folder / f"{name}.pdf")
        browser.close()
    steps.say(f"  done ({time.monotonic() - started:.1f} s)")
