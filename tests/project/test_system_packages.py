"""Programs that pip cannot install: installed where the command may, asked for elsewhere."""

import os

import pytest


@pytest.fixture
def machine(tmp_path, script, monkeypatch):
    """A Debian with nothing on it; apt-get notes its arguments and installs what it is asked."""
    system_packages = script("system_packages")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(system_packages.sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    apt = tmp_path / "apt-get"
    apt.write_text(
        "#!/bin/sh\n"
        f"cd {tmp_path}\n"
        'echo "$@" >> calls\n'
        'case "$*" in *bubblewrap*) echo > bwrap; /bin/chmod +x bwrap;; esac\n'
    )
    apt.chmod(0o755)
    return system_packages, tmp_path


def test_root_on_debian_gets_the_missing_programs(machine, capsys):
    system_packages, folder = machine
    system_packages.ensure("dev", may_install=True)
    calls = (folder / "calls").read_text().splitlines()
    assert calls[0].startswith("update")
    assert calls[1].startswith("install")
    assert calls[1].endswith("bubblewrap chromium")
    assert "is not installed" not in capsys.readouterr().err


def test_the_browser_is_only_for_the_tests(machine):
    system_packages, folder = machine
    system_packages.ensure("course", may_install=True)
    assert "chromium" not in (folder / "calls").read_text()


def test_what_is_there_is_not_asked_for_again(machine, capsys):
    system_packages, folder = machine
    system_packages.ensure("course", may_install=True)
    (folder / "calls").unlink()
    system_packages.ensure("course", may_install=True)
    assert not (folder / "calls").exists()
    assert "bubblewrap" not in capsys.readouterr().err.splitlines()[1:]


def test_anyone_else_gets_the_line_to_paste(machine, monkeypatch, capsys):
    system_packages, folder = machine
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    system_packages.ensure("dev", may_install=True)
    said = capsys.readouterr().err.splitlines()
    assert not (folder / "calls").exists()
    assert said[0].endswith("run `sudo apt-get install bubblewrap`.")
    assert said[1].endswith("run `sudo apt-get install chromium`.")


def test_an_apt_get_that_fails_is_quoted_and_stops_nothing(machine, capsys):
    system_packages, folder = machine
    (folder / "apt-get").write_text("#!/bin/sh\necho 'E: no mirror answers'\nexit 100\n")
    system_packages.ensure("course", may_install=True)
    said = capsys.readouterr().err
    assert "E: no mirror answers" in said
    assert "bubblewrap is not installed" in said


def test_macos_is_told_that_grading_needs_linux(machine, monkeypatch, capsys):
    system_packages, _ = machine
    monkeypatch.setattr(system_packages.sys, "platform", "darwin")
    system_packages.ensure("course", may_install=True)
    assert "grade on Linux" in capsys.readouterr().err
