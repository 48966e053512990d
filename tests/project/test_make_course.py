"""Building only what changed, keeping what works, and saying what was made."""

import shutil
import sys

import pytest

PAGE = "<html>{}</html>"


@pytest.fixture
def site(tmp_path, script, monkeypatch):
    """``build_site`` on a small tree, with a builder that writes one page for each source."""
    steps, build_site = script("steps"), script("build_site")
    build = tmp_path / "_build"
    monkeypatch.setattr(steps, "ROOT", tmp_path)
    monkeypatch.setattr(steps, "BUILD", build)
    book = tmp_path / "book"
    book.mkdir()
    (book / "index.md").write_text("one")

    def run(name, what, command):
        if name == "lite":
            assert command[1:] == ["scripts/lite_site.py", str(build / "next" / "_build" / "html")]
            return
        assert {"-W", "-n", "--keep-going"} <= set(command)
        html = build / "next" / "_build" / "html"
        html.mkdir(parents=True)
        for source in book.glob("*.md"):
            if "warning" in source.read_text():
                raise script("command_error").CommandError("a page has a warning")
            (html / f"{source.stem}.html").write_text(PAGE.format(source.read_text()))

    monkeypatch.setattr(steps, "run", run)
    return build_site, book, build / "html"


def test_an_unchanged_site_is_not_built_again(site):
    build_site, _, html = site
    assert build_site.build() is True
    before = {path: path.stat().st_mtime_ns for path in html.iterdir()}
    assert build_site.build() is False
    assert {path: path.stat().st_mtime_ns for path in html.iterdir()} == before


@pytest.mark.parametrize(
    "change", ["text", "new", "gone", "lost page", "address", "sources", "hub"]
)
def test_a_change_of_any_kind_builds_it_again(site, change, monkeypatch):
    build_site, book, html = site
    (book / "extra.md").write_text("two")
    build_site.build()
    match change:
        case "text":
            (book / "index.md").write_text("three")
        case "new":
            (book / "new.md").write_text("four")
        case "gone":
            (book / "extra.md").unlink()
        case "lost page":
            (html / "extra.html").unlink()
        case "address":
            monkeypatch.setenv("SITE_URL", "https://example.org/course")
        case "sources":
            monkeypatch.setenv("REPOSITORY_URL", "https://example.org/sources")
        case "hub":
            monkeypatch.setenv("JUPYTERHUB_URL", "https://hub.example.org")
    assert build_site.build() is True
    assert {p.stem for p in html.glob("*.html")} == {p.stem for p in book.iterdir()}
    assert [p.name for p in html.iterdir() if p.suffix != ".html"] == ["cnn-course-site.zip"]


def test_caches_are_not_a_change(site):
    build_site, book, _ = site
    build_site.build()
    for cache in ("__pycache__", ".ipynb_checkpoints"):
        (book / cache).mkdir()
        (book / cache / "index.md").write_text("passing")
    assert build_site.build() is False


def install(folder, name, version, *needs):
    """Leave the note that pip leaves of a package."""
    for old in folder.glob(f"{name}-*.dist-info"):
        shutil.rmtree(old)
    (folder / f"{name}-{version}.dist-info").mkdir()
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {need}" for need in needs)]
    text = "\n".join(["Metadata-Version: 2.1", *lines])
    (folder / f"{name}-{version}.dist-info" / "METADATA").write_text(text + "\n")


def test_only_a_package_that_makes_the_course_builds_it_again(site, tmp_path, monkeypatch, script):
    build_site, *_ = site
    packages = tmp_path / "packages"
    packages.mkdir()
    install(
        *(packages, "cnn_course", "1.0"),
        *('Builder; extra == "course"', 'checker; extra == "dev"', 'other; os_name == "none"'),
    )
    install(packages, "builder", "1.0", "theme[dark]>=1")
    install(packages, "theme", "1.0", 'colours; extra == "dark"', 'sounds; extra == "loud"')
    install(packages, "colours", "1.0")
    monkeypatch.setattr(script("freshness").sysconfig, "get_path", lambda name: str(packages))
    assert build_site.build() is True
    for name in ("checker", "unrelated", "sounds", "other"):
        install(packages, name, "1.0")
        assert build_site.build() is False, name
    newer = {"builder": ["theme[dark]"], "theme": ['colours; extra == "dark"'], "colours": []}
    for name, needs in newer.items():
        install(packages, name, "1.1", *needs)
        assert build_site.build() is True, name
        assert build_site.build() is False, name
    monkeypatch.setattr(sys, "version", "another Python")
    assert build_site.build() is True


def test_a_build_with_a_warning_leaves_the_last_good_site(site, script):
    build_site, book, html = site
    build_site.build()
    (book / "index.md").write_text("warning")
    for _ in range(2):
        with pytest.raises(script("command_error").CommandError):
            build_site.build()
        assert (html / "index.html").read_text() == PAGE.format("one")
    (book / "index.md").write_text("mended")
    assert build_site.build() is True
    assert (html / "index.html").read_text() == PAGE.format("mended")


def test_a_failed_step_shows_its_words_and_stops(tmp_path, script, monkeypatch, capsys):
    steps = script("steps")
    monkeypatch.setattr(steps, "ROOT", tmp_path)
    monkeypatch.setattr(steps, "LOGS", tmp_path / "logs")
    early = "echo 'page.md:1: WARNING: early'; seq 100; echo last words; exit 3"
    with pytest.raises(script("command_error").CommandError, match=r"exit code 3.*logs/demo\.log"):
        steps.run("demo", "Doing something", ["sh", "-c", early])
    said = capsys.readouterr().err
    assert "WARNING: early" in said
    assert "last words" in said
    assert "\n50\n" not in said


def test_an_unknown_part_is_refused(script, capsys):
    assert script("make_course").main(["everything"]) == 2
    assert "Usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("printed", "code", "passed", "failed", "skipped"),
    [
        ("5 passed in 1.00s", 0, 5, 0, 0),
        ("1 failed, 3 passed, 2 skipped in 1.00s", 1, 3, 1, 2),
        ("2 passed, 1 error in 1.00s", 1, 2, 1, 0),
        ("2 passed, 2 errors in 1.00s", 1, 2, 2, 0),
        ("no tests ran in 0.01s", 5, 0, 1, 0),
        ("3 passed in 1.00s", 3, 3, 1, 0),
    ],
)
def test_a_suite_is_counted_by_its_last_line_and_its_exit_code(
    tmp_path, script, monkeypatch, printed, code, passed, failed, skipped
):
    monkeypatch.setattr(script("steps"), "LOGS", tmp_path)
    command = ["sh", "-c", f"echo '9 failed in the text'; echo '{printed}'; exit {code}"]
    result = script("run_checks").check_suite("demo", command)
    assert (result.passed, result.failed, result.skipped) == (passed, failed, skipped)
