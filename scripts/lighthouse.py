"""Ask Lighthouse about three pages of the built site, and write its marks into CONTRIBUTING.md.

    python scripts/lighthouse.py

Lighthouse is no part of the course's environment: npx fetches the version below from npm, so this
needs Node, Chromium and a network, and is no test of `make test`. The pages are served compressed,
as every host does. The exit code is 1 if a page is below the bar.
"""

import functools
import gzip
import http.server
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import build_site
import print_chapters
import steps
from command_error import CommandError

VERSION = "12.8.2"  # the last that runs on Node 20
RUNS = 3
PAGES = {
    "landing page": "book/index.html",
    "chapter 5": "book/05-pooling.html",
    "assignment A02": "exercises/02-convolution/02-convolution.html",
}
FORMS = {"desktop": ["--preset=desktop"], "phone": []}
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
PERFORMANCE = {"desktop": 95, "phone": 85}  # of 100; the other marks have to be 100
REPORT = steps.ROOT / "CONTRIBUTING.md"
PLACE = re.compile(r"(<!-- written by make lighthouse -->\n).*?(<!-- end -->)", re.S)
COMPRESSED = {".png", ".woff", ".woff2", ".zip", ".pdf"}


class CompressingHandler(http.server.SimpleHTTPRequestHandler):
    """A file server that compresses text, keeps connections and writes no line for a request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send one file."""
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        body = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        if path.suffix not in COMPRESSED:
            body = gzip.compress(body, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address where ``folder`` can be read, compressed."""
    handler = functools.partial(CompressingHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def marks_of(address: str, options: list[str], browser: str) -> dict[str, int]:
    """One run of Lighthouse: each category's mark, of 100."""
    npx = shutil.which("npx")
    if npx is None:
        raise CommandError(
            "Lighthouse comes from npm, and there is no npx on this machine; "
            "install Node 20 or newer (Debian: apt-get install nodejs npm)."
        )
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "report.json"
        done = subprocess.run(
            [
                *(npx, "--yes", f"lighthouse@{VERSION}", address, "--quiet", "--output=json"),
                f"--output-path={target}",
                "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
                *options,
            ],
            env=os.environ | {"CHROME_PATH": browser},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not target.is_file():
            raise CommandError(
                f"Lighthouse {VERSION} gave no marks for {address}:\n{done.stderr.strip()[-2000:]}"
            )
        report = json.loads(target.read_text("utf8"))
    categories = report["categories"]
    missing = [name for name in CATEGORIES if categories[name]["score"] is None]
    if missing:
        raise CommandError(f"Lighthouse could not judge {', '.join(missing)} of {address}.")
    return {name: round(100 * categories[name]["score"]) for name in CATEGORIES}


def ask_all(site: Path, runs: int) -> dict[tuple[str, str], dict[str, int]]:
    """Marks of each page in each form: of several runs the median for speed, else the worst."""
    browser = print_chapters.find_browser()
    marks = {}
    with served(site) as address:
        for page, path in PAGES.items():
            for form, options in FORMS.items():
                steps.say(f"{page}, {form} ...")
                found = [marks_of(f"{address}/{path}", options, browser) for _ in range(runs)]
                marks[page, form] = {
                    name: round(statistics.median(one[name] for one in found))
                    if name == "performance"
                    else min(one[name] for one in found)
                    for name in CATEGORIES
                }
                speeds = ", ".join(str(one["performance"]) for one in found)
                steps.say(f"  {marks[page, form]} (performance of each run: {speeds})")
    return marks


def below_the_bar(marks: dict[tuple[str, str], dict[str, int]]) -> list[str]:
    """A sentence for every mark that is too low."""
    return [
        f"{page}, {form}: {name} is {mark}, wanted {wanted}"
        for (page, form), one in marks.items()
        for name, mark in one.items()
        if mark < (wanted := PERFORMANCE[form] if name == "performance" else 100)
    ]


def table(marks: dict[tuple[str, str], dict[str, int]]) -> str:
    """The marks for CONTRIBUTING.md."""
    rows = [
        "| page | form | performance | accessibility | best practices | SEO |",
        "|---|---|---|---|---|---|",
        *(
            f"| {page} | {form} | {' | '.join(str(one[name]) for name in CATEGORIES)} |"
            for (page, form), one in marks.items()
        ),
    ]
    return "\n".join(rows) + "\n"


def write(text: str) -> None:
    """Put the table into its place in CONTRIBUTING.md."""
    before = REPORT.read_text("utf8")
    after, count = PLACE.subn(lambda found: found.group(1) + text + found.group(2), before)
    if count != 1:
        raise CommandError(f"{REPORT.name} has {count} places for Lighthouse's marks, expected 1.")
    REPORT.write_text(after, "utf8")


def main() -> int:
    try:
        build_site.build()
        marks = ask_all(steps.BUILD / "html", RUNS)
        write(table(marks))
    except CommandError as problem:
        steps.say(f"\n{problem}")
        return 1
    low = below_the_bar(marks)
    steps.say("\n".join(low) or "Every mark is at or above its bar.")
    return int(bool(low))


if __name__ == "__main__":
    sys.exit(main())
