"""Pages are opened in a real browser: no script of a submission runs, and nothing is fetched."""

from __future__ import annotations

import base64

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe

from autograder import feedback, report
from autograder.grade import Job, execute
from autograder.statistics import describe
from tests.autograder import course

pytestmark = [pytest.mark.browser, pytest.mark.sandbox]

ATTACKS = [
    "<script>window.attacked = 1</script>",
    "<img src=x onerror='window.attacked = 1'>",
    "<svg onload='window.attacked = 1'>",
    "<iframe srcdoc='<script>parent.attacked = 1</script>'></iframe>",
    "</pre></code></section><script>window.attacked = 1</script>",
    "<a href='javascript:window.attacked = 1' id=link>click</a>",
    "<style>@import 'http://evil.example/x.css';</style>",
    "<meta http-equiv=refresh content='0;url=http://evil.example'>",
    "<base href='http://evil.example/'>",
    "{{ 7 * 7 }} {% raw %}",
]


@pytest.fixture(scope="module")
def pages(template, warm) -> dict[str, str]:
    markup = "\n".join(ATTACKS)
    svg = base64.b64encode(b"<svg onload='window.attacked=1'/>").decode()
    show = (
        "from IPython.display import HTML, Javascript, SVG, Markdown, display, Image\n"
        f"attack = {markup!r}\n"
        "print(attack)\ndisplay(HTML(attack), Javascript('window.attacked = 1'), "
        "Markdown(attack))\n"
        "class Own:\n    def _repr_mimebundle_(self, **k):\n"
        f"        return {{'text/html': attack, 'text/plain': attack, 'image/png': {svg!r}}}\n"
        "display(Own())\nraise ValueError(attack)\n"
    )
    answers = {
        "explain": markup,
        "add": f"def add(a, b):\n    raise ValueError({markup!r})\n",
        "relu": f"# {ATTACKS[0]}\nclass E(Exception): pass\nE.__name__ = "
        f"{ATTACKS[0]!r}\nraise E(1)\n",
    }
    notebook = course.submission(answers, {"setup": show})
    notebook.cells.append(nbformat.v4.new_markdown_cell(markup))
    result = execute(Job(ATTACKS[0], template, nbformat.writes(notebook).encode()))
    return {"feedback": feedback.render(result), "report": report.render(describe("<b>", [result]))}


@pytest.mark.parametrize("name", ["feedback", "report"])
def test_no_script_runs_and_nothing_is_fetched(name, pages, browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(pages[name], encoding="utf-8")
    requests: list[str] = []
    with browser.new_context() as context:
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.attacked") is None
        assert page.locator("script, iframe, style:not(head style), base").count() == 0
        assert page.locator("a").count() == 0
        assert page.evaluate("document.documentElement.lang") == "en"
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


def test_the_test_can_fail(browser, tmp_path):
    """The same browser does run a script that is not escaped."""
    path = tmp_path / "page.html"
    path.write_text(f"<html><body>{ATTACKS[1]}</body></html>")
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(path.as_uri())
        page.wait_for_function("window.attacked === 1")


@pytest.mark.parametrize("name", ["feedback", "report"])
def test_pages_are_accessible(name, pages, browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(pages[name], encoding="utf-8")
    with browser.new_context(bypass_csp=True) as context:  # axe itself is a script
        page = context.new_page()
        page.goto(path.as_uri())
        found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
