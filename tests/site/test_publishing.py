"""What depends on where the site is published: the archive of it, and the button for Colab."""

import importlib.util
import sys
import zipfile
from types import SimpleNamespace

import pytest

from tests.site.pages import ROOT


@pytest.fixture
def extension(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book/_ext"))
    spec = importlib.util.spec_from_file_location("course_site", ROOT / "book/_ext/course_site.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "course_site", module)
    spec.loader.exec_module(module)
    return module


def test_colab_is_offered_only_where_the_sources_are_public(extension, monkeypatch):
    config = SimpleNamespace(html_theme_options={"use_download_button": True})
    monkeypatch.delenv("REPOSITORY_URL", raising=False)
    extension.set_repository(None, config)
    assert config.html_theme_options == {"use_download_button": True}
    monkeypatch.setenv("REPOSITORY_URL", "https://github.com/someone/cnn-course/")
    extension.set_repository(None, config)
    assert config.html_theme_options["use_download_button"]
    assert config.html_theme_options["repository_url"] == "https://github.com/someone/cnn-course"
    assert list(config.html_theme_options["launch_buttons"]) == ["colab_url"]


def test_the_archive_holds_the_whole_site_and_is_linked(site):
    with zipfile.ZipFile(site / "cnn-course-site.zip") as archive:
        assert archive.testzip() is None
        packed = {name for name in archive.namelist() if not name.endswith("/")}
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert packed == {f"cnn-course-site/{name}" for name in files - {"cnn-course-site.zip"}}
    assert "cnn-course-site/book/index.html" in packed
    assert 'href="../cnn-course-site.zip"' in (site / "book/student-guide.html").read_text("utf8")
