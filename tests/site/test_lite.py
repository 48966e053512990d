"""Assignments that run in the reader's browser, in JupyterLite, as the site brings it.

Python comes from npm and the kernel's packages from PyPI (see pyodide_files.py), on the same server
as the site. Neither has NumPy for the browser: a stand-in shows that it is asked for. The last test
runs every solution with the real one, and is run every week where there is a public network.
"""

import functools
import http.server
import json
import os
import re
import shutil
import threading
from contextlib import contextmanager

import nbformat
import pytest
from bs4 import BeautifulSoup

from tests.site import pages, pyodide_files
from tests.site.conftest import QuietHandler, Visit

ROOT = pages.ROOT
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
PYODIDE = pyodide_files.extension().PYODIDE
VERSION = re.search(r"/v([^/]+)/full/$", PYODIDE).group(1)
PAGE = "exercises/02-convolution/02-convolution.html"
BUDGET = 20_000_000  # bytes of JupyterLite with its notebooks, on the server
LONGEST = 300_000  # milliseconds for all cells of a solution, with the download of NumPy


def notebooks(lite):
    """The paths of the notebooks in JupyterLite, as its address names them."""
    files = lite / "files"
    return sorted(path.relative_to(files).as_posix() for path in files.rglob("*.ipynb"))


def settings(lite):
    return json.loads((lite / "jupyter-lite.json").read_text())


# ---- the files ----


def test_it_holds_the_assignments_as_they_are_handed_out_and_nothing_else(site):
    lite = site / "lite"
    found = notebooks(lite)
    for path in found:
        assert (lite / "files" / path).read_bytes() == (ROOT / path).read_bytes()
    for path in ROOT.glob("exercises/*/*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        needs_torch = any(
            re.search(r"^(import|from) torch\b", cell.source, re.MULTILINE)
            for cell in notebook.cells
            if cell.cell_type == "code"
        )
        assert (path.relative_to(ROOT).as_posix() in found) == (not needs_torch)
    assert not [
        path for path in (lite / "files").rglob("*") if path.is_file() and path.suffix != ".ipynb"
    ]


def test_it_brings_the_library_and_fetches_python_where_the_pages_do(site):
    lite = site / "lite"
    page = settings(lite)["jupyter-config-data"]
    told = page["litePluginSettings"][KERNEL]
    assert told["pyodideUrl"] == f"{PYODIDE}pyodide.mjs"
    assert told["disablePyPIFallback"] is True
    index = json.loads((lite / "pypi" / "all.json").read_text())
    assert set(index) == {"cnnlib", "comm"}
    [(file,)] = index["cnnlib"]["releases"].values()
    [ours] = site.glob("_static/runner/*.whl")
    assert (lite / "pypi" / file["url"]).read_bytes() == ours.read_bytes()
    names = {
        entry["name"] for entry in settings(lite)["jupyter-config-data"]["federated_extensions"]
    }
    assert names == {KERNEL.partition(":")[0]}  # no menus for teachers


def test_it_keeps_its_budget(site):
    files = [path for path in (site / "lite").rglob("*") if path.is_file()]
    assert 5_000_000 < sum(path.stat().st_size for path in files) < BUDGET
    assert not [path for path in files if path.suffix == ".map"]


def test_no_page_loads_any_of_it(site):
    for name in pages.ALL:
        text = (site / name).read_text("utf8")
        addresses = re.findall(r"""(\S*)=["']?[./]*lite/""", text)
        assert addresses == ["href"] * text.count('class="launch-link"'), name


# ---- in Chromium ----


@contextmanager
def served(folder):
    """A plain local server for a folder."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def address(site, tmp_path_factory):
    """The site's JupyterLite, told to fetch Python from the same server."""
    folder = tmp_path_factory.mktemp("site")
    lite = folder / "lite"
    shutil.copytree(site / "lite", lite)
    pyodide_files.host(lite / "python", VERSION)
    told = settings(lite)
    told["jupyter-config-data"]["litePluginSettings"][KERNEL]["pyodideUrl"] = "./python/pyodide.mjs"
    (lite / "jupyter-lite.json").write_text(json.dumps(told))
    with served(folder) as address:
        yield address


class Notebook:
    """A notebook that is open in JupyterLite."""

    def __init__(self, page):
        self.page = page
        self.cells = page.locator(".jp-Notebook .jp-Cell")
        self.cells.first.wait_for()

    def run(self, place):
        """Run the cell at ``place``; return what it shows."""
        cell = self.cells.nth(place)
        cell.locator(".jp-InputPrompt").click()
        self.page.keyboard.press("Control+Enter")
        over = r"cell => /\[\d+\]/.test(cell.querySelector('.jp-InputPrompt').textContent)"
        self.page.wait_for_function(over, arg=cell.element_handle(), timeout=90_000)
        return [text.strip() for text in cell.locator(".jp-OutputArea-output").all_inner_texts()]

    def write(self, place, code):
        """Put a new cell behind the one at ``place`` and run it."""
        self.cells.nth(place).locator(".jp-InputPrompt").click()
        self.page.keyboard.press("b")
        self.page.keyboard.press("Enter")
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Escape")
        return self.run(place + 1)


@pytest.mark.browser
def test_the_buttons_notebook_opens_runs_and_finds_the_library(site, browser, address):
    soup = BeautifulSoup((site / PAGE).read_text("utf8"), "html.parser")
    link = soup.select_one("a.launch-link")["href"].removeprefix("../../")
    with browser.new_context(viewport={"width": 1280, "height": 844}) as context:
        context.set_default_timeout(30_000)
        seen = Visit(context, address)
        page = seen.open(link)
        notebook = Notebook(page)
        page.get_by_role("heading", name="A02 · Convolution from scratch").wait_for()
        assert notebook.run(1) == []  # the cell that fetches the library, which fetches NumPy
        assert notebook.write(1, "print(6 * 7)") == ["42"]
        code = "from cnnlib.shapes import conv_output_size\nconv_output_size(7, 3, stride=2)"
        assert notebook.write(2, code) == ["3"]
        assert notebook.write(3, "import numpy\nnumpy.stand_in") == ["True"]
        assert seen.strangers == []
        local = {
            response.url.removeprefix(address).partition("?")[0] for response in seen.responses
        }
        assert "lite/jupyter-lite.json" in local


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(
    not os.environ.get("WITH_PUBLIC_NETWORK"),
    reason="needs NumPy from jsDelivr; the weekly workflow sets WITH_PUBLIC_NETWORK",
)
def test_every_solution_gets_its_points_with_the_numpy_of_the_public_network(
    site, browser, tmp_path
):
    lite = tmp_path / "lite"
    shutil.copytree(site / "lite", lite)
    for path in notebooks(lite):
        shutil.copy(ROOT / path.replace("exercises", "solutions", 1), lite / "files" / path)
    told = settings(lite)
    told["jupyter-config-data"]["exposeAppInBrowser"] = True
    (lite / "jupyter-lite.json").write_text(json.dumps(told))
    with served(tmp_path) as address:
        problems = {path: problem_with(browser, address, path) for path in notebooks(lite)}
    assert {path: problem for path, problem in problems.items() if problem} == {}


def problem_with(browser, address, path):
    """Run all cells of a notebook; say what stopped it or what points are missing."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}lite/notebooks/index.html?path={path}")
        Notebook(page)
        begun = "() => jupyterapp.shell.currentWidget?.sessionContext.session?.kernel"
        page.wait_for_function(begun)
        page.evaluate("() => void jupyterapp.commands.execute('notebook:run-all-cells')")
        # Cells behind an error are not run, so the end is an error or the last cell's output.
        over = """() => {
            const cells = jupyterapp.shell.currentWidget.content.model.toJSON().cells
                .filter(cell => cell.cell_type === 'code');
            return cells.at(-1).outputs.length
                || cells.some(cell => cell.outputs.some(out => out.output_type === 'error'));
        }"""
        page.wait_for_function(over, timeout=LONGEST, polling=1000)
        notebook = page.evaluate("() => jupyterapp.shell.currentWidget.content.model.toJSON()")
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for cell in cells:
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                return f"{output['ename']}: {output['evalue']}"
    shown = "".join("".join(output.get("text", "")) for output in cells[-1]["outputs"])
    together = re.search(r"together +([\d.]+) of ([\d.]+)", shown)
    if together is None or together[1] != together[2]:
        return f"the last cell shows {shown!r}"
    return ""
