"""Where a notebook opens besides the reader's own machine: browser, Colab, Binder, a JupyterHub.

The browser needs nobody: JupyterLite is built into the site (``scripts/lite_site.py``), and the
page of each assignment that needs no more than NumPy has a link to it. The others fetch the
notebook from the public sources, so their buttons appear only where the environment says, while the
site is built, where those are.

``REPOSITORY_URL``
    The address of the sources: on GitHub for Colab, there or on GitLab for Binder.
``JUPYTERHUB_URL``
    The address of a JupyterHub with nbgitpuller, which copies the sources to its users.
"""

import html
import json
import os
from urllib.parse import quote, urlsplit

from in_browser import PYODIDE

COLAB, BINDER = "https://colab.research.google.com", "https://mybinder.org"
LITE = "lite/notebooks/index.html"
PANEL = """
<div class="launch">
<p><a class="launch-link" href="{address}">Open in your browser (JupyterLite)</a></p>
<p>There is nothing to install. JupyterLite comes from this site; Python and NumPy come from
{source}, and only once the notebook is open. What you write is kept in the storage of this browser
and nowhere else: <strong>download the notebook before you hand in</strong> (File, Download).</p>
</div>
"""


def set_services(app, config):
    """Give pages that are notebooks the buttons that lead somewhere."""
    repository = os.environ.get("REPOSITORY_URL", "").strip().rstrip("/")
    hub = os.environ.get("JUPYTERHUB_URL", "").strip().rstrip("/")
    if not repository:
        return
    host = repository.partition("://")[2].partition("/")[0]
    buttons = {"notebook_interface": "jupyterlab"}
    if host == "github.com":
        buttons["colab_url"] = COLAB  # it reads from no other host
    if host in ("github.com", "gitlab.com"):
        buttons["binderhub_url"] = BINDER
    if hub:
        buttons["jupyterhub_url"] = hub
    config.html_theme_options |= {
        "repository_url": repository,
        "repository_branch": "main",
        # The theme has to be told one of the hosts that it knows; a hub's link is the same for all.
        "repository_provider": "github" if host == "github.com" else "gitlab",
        "path_to_docs": "",
        "launch_buttons": buttons,
    }


def for_the_browser(root):
    """The assignments whose metadata asks for NumPy alone, as paths below ``root``."""
    return [
        path.relative_to(root)
        for path in sorted(root.glob("exercises/*/*.ipynb"))
        if json.loads(path.read_text("utf8"))["metadata"]["course"]["packages"] == ["numpy"]
    ]


def add_panel(app, pagename, templatename, context, doctree):
    """Offer the browser at the top of the page, below its title."""
    path = f"{pagename}.ipynb"
    if doctree is None or path not in app.for_the_browser:
        return
    address = f"{context['pathto'](LITE, 1)}?path={quote(path)}"
    panel = PANEL.format(address=html.escape(address), source=urlsplit(PYODIDE).netloc)
    head, title, rest = context["body"].partition("</h1>")
    context["body"] = head + title + panel + rest
    app.add_css_file("launch.css")


def find_notebooks(app):
    """Look once for a build."""
    app.for_the_browser = {path.as_posix() for path in for_the_browser(app.srcdir)}


def connect(app):
    """Register the events."""
    app.connect("config-inited", set_services)
    app.connect("builder-inited", find_notebooks)
    app.connect("html-page-context", add_panel)
