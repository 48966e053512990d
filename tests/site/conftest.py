"""The built site, a local server for it, and visits to it."""

import contextlib
import fcntl
import functools
import http.server
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120_000  # milliseconds; only what never comes takes as long, however busy the machine
BUILD = "import sys; sys.path.insert(0, 'scripts'); import build_site; build_site.build()"


@pytest.fixture(scope="session")
def site():
    """The folder of the site, built with warnings as errors unless it is up to date."""
    folder = ROOT / "_build"
    folder.mkdir(exist_ok=True)
    with (folder / "site-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the test processes take turns; the second finds it built
        done = subprocess.run(
            [sys.executable, "-c", BUILD], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr[-4000:]
    return folder / "html"


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """A plain file server that does not write a line for each request."""

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="session")
def address(site):
    """Where a plain local server shows the site."""
    handler = functools.partial(QuietHandler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Visit:
    """One page in a fresh browser profile, and what it asked for or complained about."""

    def __init__(self, context, address):
        self.page = context.new_page()
        self.address = address
        self.complaints = []
        self.strangers = []
        self.responses = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda line: line.type in ("error", "warning") and self.complaints.append(line.text),
        )
        self.page.on("response", lambda response: self.responses.append(response))
        context.route("**/*", self.decide)

    def decide(self, route):
        """Nothing but the local server answers, as for a reader without a network."""
        url = route.request.url
        if url.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            self.strangers.append(url)
            route.abort()

    def open(self, path):
        self.page.goto(self.address + path)
        return self.page


@contextlib.contextmanager
def visits(browser, address):
    """What opens pages; every profile is closed at the end."""
    contexts = []

    def start(width=1280, dark=False, **options):
        context = browser.new_context(
            viewport={"width": width, "height": 844},
            color_scheme="dark" if dark else "light",
            **options,
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return Visit(context, address)

    yield start
    for context in contexts:
        context.close()


@pytest.fixture
def visit(browser, address):
    """Open pages with ``visit(width=390, dark=True).open("book/index.html")``."""
    with visits(browser, address) as start:
        yield start


@pytest.fixture(scope="module")
def long_visit(browser, address):
    """The same for a page that several tests look at, each after making it fresh."""
    with visits(browser, address) as start:
        yield start


# The figures to play with are made anew, as they are when their page is opened.
ANEW = """() => {
    history.replaceState(history.state, '', location.pathname);
    for (const old of document.querySelectorAll('article *')) {
        if (!old.localName.startsWith('cnn-')) continue;
        const anew = document.createElement(old.localName);
        for (const {name, value} of old.attributes) anew.setAttribute(name, value);
        old.replaceWith(anew);
    }
    scrollTo(0, 0);
}"""
READY = """() => [...document.querySelectorAll('article *')].every(
    e => !e.localName.startsWith('cnn-') || e.querySelector('.explorer'))"""


@pytest.fixture(scope="module")
def explorers_of(long_visit):
    """Pages with figures to play with, opened once: ``explorers_of("book/index.html")``."""

    @functools.cache
    def once(path):
        seen = long_visit(reduced_motion="reduce")
        seen.open(path)
        return seen

    def anew(path):
        seen = once(path)
        seen.page.wait_for_function(READY)
        seen.page.evaluate(ANEW)
        return seen

    return anew
