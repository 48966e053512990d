"""Cells that run in the page: the session, the wheel, and both in Chromium with a real Pyodide.

The interpreter comes from npm (see pyodide_files.py), at the address that the pages really ask.
What npm does not have are Pyodide's wheels of NumPy and matplotlib: the last test runs every live
cell with them, and is run every week where there is a public network.
"""

import base64
import importlib.util
import json
import os
import subprocess
import sys
import zipfile

import nbformat
import numpy as np
import pytest

from tests.site import pages, pyodide_files
from tests.site.conftest import PATIENCE
from tests.site.test_in_browser import AXE, VIEWS, look, sideways, violations

ROOT = pages.ROOT
PYODIDE = pyodide_files.extension().PYODIDE
PAGE = "book/03-padding-stride.html"
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)


def live_cells():
    """Every cell that is tagged ``live``, as (chapter, place among the live ones, cell)."""
    for path in (ROOT / f"{name}.ipynb" for name in pages.CONTENTS if name.startswith("book/")):
        if not path.is_file():
            continue
        cells = nbformat.read(path, as_version=4).cells
        live = [cell for cell in cells if "live" in cell.metadata.get("tags", [])]
        for place, cell in enumerate(live):
            yield pytest.param(path.stem, place, cell, id=f"{path.stem}-{place}")


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


# ---- the session, in this Python ----


@pytest.fixture
def session(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    path = ROOT / "book/_static/runner/session.py"
    spec = importlib.util.spec_from_file_location("session", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Session()


def run(session, code):
    """What was printed, and the rest."""
    texts = []
    result = json.loads(session.run(code, texts.append))
    assert result["ok"] == (result["error"] is None)
    return "".join(texts), result


@pytest.mark.parametrize(("chapter", "place", "cell"), list(live_cells()))
def test_a_live_cell_prints_what_the_book_shows(session, chapter, place, cell):
    assert run(session, cell.source) == (
        printed(cell),
        {"ok": True, "error": None, "figures": []},
    )


def test_the_value_of_the_last_line_is_shown_unless_it_ends_in_a_semicolon(session):
    assert run(session, "a = 3\na * 2")[0] == "6\n"
    assert run(session, "a * 2;")[0] == ""
    assert run(session, "None")[0] == ""
    assert run(session, "")[0] == ""


def test_names_stay_for_the_next_cell(session):
    run(session, "def double(x):\n    return 2 * x\n\nsize = 4")
    assert run(session, "print(double(size))")[0] == "8\n"


def test_an_error_keeps_what_was_printed_and_begins_at_the_readers_line(session):
    text, result = run(session, "print('before')\ndef f(x):\n    return 1 / x\n\nf(0)")
    error = result["error"]
    assert text == "before\n"
    assert error["brief"] == "ZeroDivisionError on line 5: division by zero"
    assert "session.py" not in error["text"]
    assert error["text"].count("your code, run 1") == 2
    assert "return 1 / x" in error["text"]


def test_a_mistake_in_the_form_is_placed(session):
    error = run(session, "x = 1\ny = (")[1]["error"]
    assert error["brief"] == "SyntaxError on line 2: '(' was never closed"
    assert error["text"].startswith("  File")
    assert "Traceback" not in error["text"]


def test_leaving_python_is_an_error_like_any_other(session):
    assert run(session, "raise SystemExit(3)")[1]["error"]["brief"] == "SystemExit on line 1: 3"
    assert run(session, "print('still here')")[0] == "still here\n"


def test_whoever_asks_for_torch_is_told_where_it_runs(session, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # as in the browser: not to be found
    error = run(session, "import torch")[1]["error"]
    assert "PyTorch does not run in a browser" in error["brief"]
    assert "Download this page as a notebook" in error["text"]


def test_endless_output_is_cut(session):
    text, result = run(session, "for n in range(100_000):\n    print(n)")
    assert result["ok"]
    assert len(text) < 101_000
    assert text.endswith("(only the first 100,000 characters are shown)\n")


def test_figures_are_shown_once_with_their_words(session):
    text, result = run(
        session,
        "import matplotlib.pyplot as plt\n"
        "figure, axes = plt.subplots()\naxes.set_title('A line')\naxes.plot([1, 2])\nplt.show()\n"
        "second = plt.figure()\nsecond.alt_text = 'An empty sheet.'\nsecond",
    )
    assert result["error"] is None
    assert text == ""
    first, second = result["figures"]
    assert (first["alt"], second["alt"]) == ("Figure 1 of your run, A line", "An empty sheet.")
    assert base64.b64decode(first["png"]).startswith(b"\x89PNG")
    assert 100 < first["width"] < 1000
    assert run(session, "1 + 1")[1]["figures"] == []


def test_a_figure_of_cnnlib_brings_its_own_words(session):
    code = "import numpy as np\nfrom cnnlib import plot\nplot.kernels([[-1, 0, 1]], ['difference'])"
    [figure] = run(session, code)[1]["figures"]
    assert "difference" in figure["alt"]


# ---- the wheel ----


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return pyodide_files.extension().pack(ROOT, tmp_path_factory.mktemp("wheel"))


def test_the_wheel_is_the_core_alone_and_the_same_every_time(wheel, tmp_path):
    assert pyodide_files.extension().pack(ROOT, tmp_path).read_bytes() == wheel.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        requirements = [
            line
            for line in archive.read(metadata).decode().splitlines()
            if line.startswith("Requires-Dist")
        ]
    assert requirements == ["Requires-Dist: numpy>=2.0"]
    modules = {name.split("/")[1] for name in names if name.startswith("cnnlib/")}
    assert modules >= {"__init__.py", "shapes.py", "gradcheck.py", "reference", "checks", "plot"}
    assert not modules & {"pytorch", "models", "training", "profile", "inspection.py", "data"}
    assert not [name for name in names if "__pycache__" in name]
    assert wheel.stat().st_size < 250_000


def test_the_wheels_core_needs_numpy_and_nothing_else(wheel):
    code = (
        "import sys, numpy as np\n"
        "for name in ('torch', 'matplotlib', 'scipy', 'sklearn'): sys.modules[name] = None\n"
        f"sys.path.insert(0, {str(wheel)!r})\n"
        "import cnnlib.shapes, cnnlib.gradcheck, cnnlib.checks, cnnlib.reference\n"
        "print(cnnlib.reference.relu(np.array([-1.0, 2.0])), cnnlib.shapes.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["[0.", "2.]", f"{wheel}/cnnlib/shapes.py"]


# ---- the page ----


class Live:
    """The first live cell of a page, as a reader meets it."""

    def __init__(self, page, place=0):
        self.page = page
        self.cell = page.locator(".cell.tag_live").nth(place)
        self.runner = self.cell.locator(".runner")

    def button(self, name):
        return self.runner.get_by_role("button", name=name)

    @property
    def status(self):
        return self.runner.get_by_role("status").inner_text()

    @property
    def output(self):
        return self.runner.locator("pre").text_content()

    def write(self, code):
        if self.button("Edit").is_visible():
            self.button("Edit").click()
        self.cell.get_by_label("Python code of this cell").fill(code)

    def wait(self):
        """Until the run is over."""
        over = "button => button.getAttribute('aria-disabled') === 'false'"
        button = self.button("Run in your browser").element_handle()
        self.page.wait_for_function(over, arg=button, timeout=PATIENCE)

    def run(self, code=None):
        if code is not None:
            self.write(code)
        self.button("Run in your browser").click()
        self.wait()


@pytest.mark.browser
def test_every_live_cell_has_its_button_and_no_other_page_loads_the_runner(site):
    cells = {}
    for parameter in live_cells():
        chapter, _, _ = parameter.values
        cells[f"book/{chapter}.html"] = cells.get(f"book/{chapter}.html", 0) + 1
    for path in pages.WRITTEN:
        text = (site / path).read_text("utf8")
        assert text.count("runner/runner.js") == (1 if path in cells else 0), path
        assert text.count('class="cell tag_live') == cells.get(path, 0), path


@pytest.mark.browser
def test_nobody_is_asked_before_the_click_and_a_missing_network_is_said(visit):
    seen = visit()
    page = seen.open(PAGE)
    live = Live(page)
    live.button("Run in your browser").wait_for()
    page.mouse.wheel(0, 3000)
    page.wait_for_load_state("networkidle")
    assert seen.strangers == []
    assert not page.workers
    assert not [r for r in seen.responses if r.url.endswith((".whl", "worker.js", "session.py"))]
    assert page.get_by_text("The first run fetches Python and NumPy from cdn.jsdelivr.net").count()

    live.run()
    assert seen.strangers == [f"{PYODIDE}pyodide.mjs"]
    assert live.status.startswith("Python, or a package, could not be fetched.")
    assert "The page itself needs no network" in live.status
    assert live.output == f"{PYODIDE}pyodide.mjs"
    live.run()  # a second click asks again
    assert len(seen.strangers) == 2
    page.context.set_offline(True)
    live.run()
    assert "This device is offline." in live.status


def start(seen, path=PAGE, place=0):
    pyodide_files.serve(seen.page.context, PYODIDE)
    live = Live(seen.open(path), place)
    live.seen = seen
    live.button("Run in your browser").wait_for()
    return live


@pytest.fixture(scope="module")
def interpreter(long_visit):
    """A page's first live cell, with an interpreter behind it, which takes seconds to start."""
    return start(long_visit(reduced_motion="reduce"))


@pytest.fixture
def live(interpreter):
    """The same with the book's text in every cell; what was defined before is still there."""
    undo = interpreter.page.get_by_role("button", name="Undo changes")
    while undo.count():  # a cell that is as in the book has no such button
        undo.first.click()
    interpreter.seen.strangers.clear()
    interpreter.seen.complaints.clear()
    return interpreter


@pytest.mark.browser
def test_the_books_cell_runs_and_says_that_the_output_is_the_same(live):
    live.run()
    assert live.output == live.cell.locator(".cell_output pre").text_content()
    assert live.status.startswith("Done in ")
    assert live.status.endswith("The same output as in the book.")
    assert live.seen.strangers == []
    assert live.seen.complaints == []


@pytest.mark.browser
def test_cells_share_one_interpreter_in_order(live):
    second = Live(live.page, 1)
    live.write("import time\ntime.sleep(0.5)\nshared = 41")
    second.write("print(shared + 1)")
    live.button("Run in your browser").click()
    second.button("Run in your browser").click()
    second.wait()
    assert second.output == "42\n"
    assert len(live.page.workers) == 1


@pytest.mark.browser
def test_cnnlib_comes_with_the_site_and_runs(live):
    sizes = "for n in (6, 7, 224):\n    print(conv_output_size(n, 3, stride=2, padding=1))"
    live.run(f"from cnnlib.shapes import conv_output_size\n{sizes}")
    assert live.output == "3\n4\n112\n"
    live.run("conv_output_size(2, 3)")
    assert live.status.startswith("Stopped by an error. ShapeError on line 1: conv_output_size: ")
    assert "Use a smaller kernel_size" in live.output


@pytest.mark.browser
def test_errors_are_shown_and_the_session_goes_on(live):
    live.run("kept = 7\nprint('before')\nkept / 0")
    assert live.output.startswith("before\nTraceback (most recent call last):")
    assert live.status == "Stopped by an error. ZeroDivisionError on line 3: division by zero"
    live.run("import numpy")  # npm has no wheels: for the page this is a network that fails
    assert live.status.startswith("Python, or a package, could not be fetched.")
    assert "numpy" in live.output
    live.run("import torch")
    assert "PyTorch does not run in a browser" in live.status
    live.run("kept")
    assert live.output == "7\n"


@pytest.mark.browser
def test_an_endless_loop_can_be_stopped(live):
    live.write("while True:\n    pass")
    live.button("Run in your browser").click()
    live.runner.get_by_text("Running").wait_for(timeout=PATIENCE)
    live.button("Stop").click()
    assert live.status.startswith("Stopped. What the cells had defined is gone")
    live.run("print('again')")
    assert live.output == "again\n"


@pytest.mark.browser
def test_a_figure_is_shown_with_words(live):
    # A stand-in for matplotlib, which npm does not have: it knows what the session asks of it.
    live.run(
        "import base64, sys, types\n"
        "class Figure:\n"
        "    alt_text = 'One white pixel.'\n"
        "    get_axes = lambda self: []\n"
        "    def savefig(self, file, **options):\n"
        f"        file.write(base64.b64decode('{PIXEL}'))\n"
        "Figure()"
    )
    image = live.runner.locator("img")
    assert image.get_attribute("alt") == "One white pixel."
    assert image.evaluate("image => image.complete && image.naturalWidth") == 1
    assert live.status.endswith("One figure.")


@pytest.mark.browser
def test_keyboard_alone_edits_runs_and_goes_back(live):
    keyboard = live.page.keyboard
    live.button("Edit").focus()
    keyboard.press("Enter")
    box = live.cell.get_by_label("Python code of this cell")
    assert box.evaluate("box => box === document.activeElement")
    keyboard.press("Control+a")
    for line in ("for n in range(2):", "print(n)"):
        keyboard.type(line)
        keyboard.press("Enter")
    assert box.input_value() == "for n in range(2):\n    print(n)\n    "
    keyboard.press("Control+Enter")
    live.wait()
    assert live.output == "0\n1\n"
    assert box.evaluate("box => box === document.activeElement")
    keyboard.press("Control+z")
    assert box.input_value() != "for n in range(2):\n    print(n)\n    "
    keyboard.press("Tab")
    assert not box.evaluate("box => box === document.activeElement")
    live.button("Undo changes").focus()
    keyboard.press("Enter")
    assert box.count() == 0
    assert live.button("Edit").evaluate("button => button === document.activeElement")
    live.run()
    assert live.status.endswith("The same output as in the book.")


@pytest.mark.browser
@pytest.mark.parametrize(("width", "mode"), VIEWS[:2])
def test_a_used_cell_is_accessible_and_fits(live, width, mode):
    live.run("print('a wide line, ' * 30)\n[1][2]")
    Live(live.page, 1).run("print('short')")
    look(live.page, width, mode)
    assert sideways(live.page) == 0
    live.page.evaluate(AXE)
    assert violations(live.page) == []


@pytest.mark.browser
def test_without_scripts_the_cell_is_the_books(visit):
    page = visit(java_script_enabled=False).open(PAGE)
    assert page.get_by_text("Run in your browser").count() == 0
    assert page.locator(".cell.tag_live pre").first.is_visible()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(
    not os.environ.get("WITH_PUBLIC_NETWORK"),
    reason="needs NumPy and matplotlib from jsDelivr; the weekly workflow sets WITH_PUBLIC_NETWORK",
)
def test_every_live_cell_and_a_figure_run_with_the_wheels_from_the_public_network(browser, address):
    chapters = {}
    for parameter in live_cells():
        chapter, place, cell = parameter.values
        chapters.setdefault(f"book/{chapter}.html", {})[place] = cell
    wrong = []
    for path, cells in chapters.items():
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(address + path)
            for place, cell in cells.items():
                live = Live(page, place)
                live.run()
                if live.output != printed(cell):
                    wrong.append(f"{path}, live cell {place}: {live.status} {live.output}")
            live.run(
                "import numpy as np\nfrom cnnlib import plot\nplot.feature_maps(np.eye(5)[None])"
            )
            if live.runner.locator("img").count() != 1:
                wrong.append(f"{path}, the figure: {live.status} {live.output}")
    assert wrong == []
    assert np.sum([len(cells) for cells in chapters.values()]) > 20
