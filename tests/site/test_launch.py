"""The buttons that open a notebook somewhere else: which appear, and where exactly they lead."""

import importlib.util
import json
import sys
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from sphinx_book_theme.header_buttons import update_context_with_repository_info
from sphinx_book_theme.header_buttons.launch import add_launch_buttons

from tests.site import pages

ROOT = pages.ROOT
SOURCES, HUB = "https://github.com/someone/cnn-course", "https://hub.example.edu"


@pytest.fixture(scope="module")
def launch():
    """``book/_ext/launch.py``, which finds its neighbours as Sphinx lets it."""
    sys.path.insert(0, str(ROOT / "book/_ext"))
    try:
        spec = importlib.util.spec_from_file_location("launch", ROOT / "book/_ext/launch.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(ROOT / "book/_ext"))
    return module


class Config(dict):
    """Sphinx's settings, which the theme reads in two ways."""

    __getattr__ = dict.__getitem__


@pytest.fixture
def buttons(launch, monkeypatch):
    """The theme's buttons for a page, by their text, after the environment has been read."""

    def ask(page="book/02-convolution", **addresses):
        for name in ("REPOSITORY_URL", "JUPYTERHUB_URL"):
            if name in addresses:
                monkeypatch.setenv(name, addresses[name])
            else:
                monkeypatch.delenv(name, raising=False)
        config = Config(html_theme_options={"use_download_button": True}, html_context={})
        launch.set_services(None, config)
        assert config.html_theme_options["use_download_button"]
        environment = SimpleNamespace(
            doc2path=lambda name: f"{ROOT}/{name}.ipynb",
            metadata={page: {"kernelspec": {"name": "python3"}}},
        )
        app = SimpleNamespace(config=config, env=environment)
        update_context_with_repository_info(app)
        context = {"pagename": page, "sourcename": f"{page}.ipynb", "header_buttons": []}
        add_launch_buttons(app, page, "page.html", context | config.html_context, None)
        return {
            button["text"]: button["url"]
            for group in context["header_buttons"]
            for button in group["buttons"]
        }

    return ask


def test_without_an_address_of_the_sources_there_is_no_button(buttons):
    assert buttons() == {}
    assert buttons(REPOSITORY_URL=" ") == {}
    assert buttons(JUPYTERHUB_URL=HUB) == {}  # the hub would not know what to copy


@pytest.mark.parametrize("end", ["", "/"])
def test_public_sources_open_in_colab_and_binder(buttons, end):
    assert buttons(REPOSITORY_URL=SOURCES + end) == {
        "Colab": "https://colab.research.google.com/github/someone/cnn-course/blob/main/"
        "book/02-convolution.ipynb",
        "Binder": "https://mybinder.org/v2/gh/someone/cnn-course/main"
        "?urlpath=lab/tree/book/02-convolution.ipynb",
    }


def test_a_hub_copies_the_sources_with_nbgitpuller(buttons):
    page = "exercises/09-dropout-training/09-dropout-training"
    found = buttons(page, REPOSITORY_URL=SOURCES, JUPYTERHUB_URL=f"{HUB}/")
    assert list(found) == ["Binder", "JupyterHub", "Colab"]
    assert found["JupyterHub"] == (
        f"{HUB}/hub/user-redirect/git-pull?repo=https%3A//github.com/someone/cnn-course"
        f"&urlpath=lab/tree/cnn-course/{page}.ipynb&branch=main"
    )


def test_no_service_is_offered_that_cannot_read_the_sources(buttons):
    assert buttons(REPOSITORY_URL="https://gitlab.com/someone/cnn-course") == {
        "Binder": "https://mybinder.org/v2/gl/someone%2Fcnn-course/main"
        "?urlpath=lab/tree/book/02-convolution.ipynb"
    }
    elsewhere = "https://git.example.edu/someone/cnn-course"
    assert buttons(REPOSITORY_URL=elsewhere) == {}
    assert buttons(REPOSITORY_URL=elsewhere, JUPYTERHUB_URL=HUB) == {
        "JupyterHub": f"{HUB}/hub/user-redirect/git-pull"
        "?repo=https%3A//git.example.edu/someone/cnn-course"
        "&urlpath=lab/tree/cnn-course/book/02-convolution.ipynb&branch=main"
    }


def test_only_assignments_that_may_use_numpy_alone_go_to_the_browser(launch, tmp_path):
    for slug, packages in (("01-a", ["numpy"]), ("02-b", ["numpy", "torch"]), ("03-c", ["torch"])):
        folder = tmp_path / "exercises" / slug
        folder.mkdir(parents=True)
        notebook = {"metadata": {"course": {"packages": packages}}, "cells": []}
        (folder / f"{slug}.ipynb").write_text(json.dumps(notebook))
    assert [path.as_posix() for path in launch.for_the_browser(tmp_path)] == [
        "exercises/01-a/01-a.ipynb"
    ]


def test_the_page_of_each_of_them_says_so_and_no_other_page_does(site, launch):
    offered = {path.with_suffix(".html").as_posix() for path in launch.for_the_browser(ROOT)}
    assert "exercises/02-convolution/02-convolution.html" in offered
    for name in pages.WRITTEN:
        text = (site / name).read_text("utf8")
        assert text.count('class="launch"') == (name in offered), name
        if name in offered:
            [panel] = BeautifulSoup(text, "html.parser").select("h1 + .launch")
            [link] = panel.select("a")
            path = name.replace(".html", ".ipynb")
            assert link["href"] == f"../../lite/notebooks/index.html?path={path}"
            assert (site / "lite" / "files" / path).is_file()
            words = " ".join(panel.get_text().split())
            assert "Python and NumPy come from cdn.jsdelivr.net, and only once the" in words
            assert "download the notebook before you hand in" in words


def test_the_guide_and_the_front_page_name_the_assignments_that_open_in_the_browser(launch):
    paths = launch.for_the_browser(ROOT)
    names = [
        json.loads((ROOT / path).read_text("utf8"))["metadata"]["course"]["assignment"]
        for path in paths
    ]
    assert names == ["A01", "A02", "A03", "A04", "A05", "A07", "A08"]
    guide = " ".join((ROOT / "book/student-guide.md").read_text("utf8").split())
    assert "use NumPy alone: A01 to A05, A07 and A08" in guide
    assert "Assignments A06, A09, A10 and A11 need PyTorch" in guide
    assert len(list(ROOT.glob("exercises/*/*.ipynb"))) == 11
    assert "seven of the eleven assignments" in (ROOT / "README.md").read_text("utf8")
    assert "The seven assignments that need NumPy alone" in (ROOT / "CHANGELOG.md").read_text()
