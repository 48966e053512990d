"""``scripts/setup_environment.py`` on machines that are not as they should be."""

import ast
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from .conftest import ROOT

STARTED_BY_OLD_PYTHON = (
    "setup_environment",
    "command_error",
    "pip_progress",
    "system_packages",
    "torch_build",
)


def sentences(result):
    """What was said last: the words for the person, after an empty line."""
    return result.stderr.rpartition("\n\n")[2].strip()


@pytest.fixture
def hanging_index():
    """The address of a package index that takes every call and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple"


def start_and_wait_for_pip(project, index):
    """The script, stopped in the middle of pip's work."""
    process = subprocess.Popen(
        project.command(),
        env=project.environment(PIP_NO_INDEX="0", PIP_INDEX_URL=index, PIP_FIND_LINKS=""),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    # Without a pip to upgrade, the first question to the index is for the plan; it changes nothing.
    deadline = time.monotonic() + 500
    while "Asking" not in process.stderr.readline():
        assert time.monotonic() < deadline
    return process


def test_from_nothing_to_ready(set_up_once):
    assert set_up_once.works()
    assert not (set_up_once.venv / "unfinished").exists()


def test_what_is_ready_is_left_alone(ready_project):
    stamp = ready_project.venv / "ready.json"
    before = stamp.stat().st_mtime_ns
    again = ready_project.set_up()
    assert again.returncode == 0
    assert "Making" not in again.stderr
    assert "Installing" not in again.stderr
    assert stamp.stat().st_mtime_ns == before


def test_what_is_asked_for_in_addition_is_installed(ready_project):
    assert "Installing" in ready_project.set_up("dev").stderr
    assert "Installing" not in ready_project.set_up("dev").stderr
    assert "Installing" not in ready_project.set_up("course").stderr, "dev contains course"


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml"])
def test_a_changed_list_of_versions_is_installed(ready_project, name):
    with (ready_project.root / name).open("a") as stream:
        stream.write("# changed\n")
    assert "Installing" in ready_project.set_up().stderr
    assert "Installing" not in ready_project.set_up().stderr


def test_an_environment_that_lost_its_python_is_made_afresh(ready_project):
    python = ready_project.venv / "bin" / "python"
    python.unlink()
    python.symlink_to("/gone/python3")
    result = ready_project.set_up()
    assert result.returncode == 0, result.stderr
    assert "Making .venv afresh, because its Python does not start." in result.stderr
    assert ready_project.works()


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        ("", "its Python does not start"),
        ("#!/bin/sh\nexit 1\n", "its Python or its pip does not start"),
        ("#!/bin/sh\necho 3 9 1 True\n", "it belongs to Python 3.9.1"),
        (f'#!/bin/sh\nexec {sys.executable} "$@"\n', None),
    ],
)
def test_a_half_made_environment_is_recognised(tmp_path, script, monkeypatch, made, fault):
    setup_environment = script("setup_environment")
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    if made:
        python.write_text(made)
        python.chmod(0o755)
    monkeypatch.setattr(setup_environment, "VENV", tmp_path)
    monkeypatch.setattr(setup_environment, "PYTHON", python)
    monkeypatch.setattr(setup_environment, "UNFINISHED", tmp_path / "unfinished")
    assert setup_environment.fault_of_venv() == fault
    (tmp_path / "unfinished").touch()
    assert "interrupted" in setup_environment.fault_of_venv()


def test_without_a_network_it_says_so_and_the_next_run_works(project):
    result = project.set_up(
        PIP_NO_INDEX="0",
        PIP_FIND_LINKS="",
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_RETRIES="1",
    )
    assert result.returncode == 1
    assert sentences(result) == (
        "pip could not reach the package index to look for PyTorch; "
        "check the network (or PIP_INDEX_URL) and run the same command again."
    )
    assert "Traceback" not in result.stderr
    assert not (project.venv / "ready.json").exists()
    again = project.set_up()
    assert again.returncode == 0, again.stderr
    assert "afresh" not in again.stderr, "the empty environment was in order"
    assert project.works()


def test_what_the_index_does_not_hold_is_named_by_pip(ready_project):
    (ready_project.root / "constraints.txt").write_text("torch==1.0\npip==0.1\n")
    result = ready_project.set_up()
    assert result.returncode == 1
    assert "pip==0.1" in result.stderr
    assert sentences(result) == "pip could not install pip itself; its last words are above."
    assert ready_project.works(), "what was there is still there"


def test_interrupted_while_pip_waits_it_stops_politely_and_the_next_run_works(
    project, hanging_index
):
    process = start_and_wait_for_pip(project, hanging_index)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=500)[1]
    assert process.returncode == 130
    assert "Interrupted; run the same command again" in said
    assert "Traceback" not in said
    assert project.set_up().returncode == 0
    assert project.works()


def test_killed_while_pip_unpacks_the_next_run_starts_afresh(ready_project):
    """Even if that run is started with the broken environment's own Python."""
    (ready_project.venv / "unfinished").touch()  # what a killed run leaves
    (ready_project.venv / "half.py").write_text("left over")
    _, *arguments = ready_project.command()
    result = ready_project.set_up(command=[ready_project.venv / "bin" / "python", *arguments])
    assert result.returncode == 0, result.stderr
    assert "because an earlier run was interrupted while it installed" in result.stderr
    assert not (ready_project.venv / "half.py").exists()
    assert ready_project.works()


def test_pip_leaves_the_note_while_it_changes_the_environment(tmp_path, script):
    """Killed with no chance to tidy up, the note stays; stopped before unpacking, it goes."""
    pip_progress = script("pip_progress")
    note = tmp_path / "unfinished"
    fake = tmp_path / "python"
    fake.write_text(f'#!/bin/sh\ntest -e {note} && echo noted\necho "$SAY"\nexit $CODE\n')
    fake.chmod(0o755)
    for said, code, remains in [
        ("Collecting torch", 1, False),
        ("Installing collected packages: torch", 1, True),
        ("Installing collected packages: torch", 0, False),
    ]:
        pip = pip_progress.Pip(fake, tmp_path / "constraints.txt", note)
        pip._environment |= {"SAY": said, "CODE": str(code)}
        lines, returned = pip.run("Installing", [], changes=True)
        assert (list(lines), returned) == (["noted", said], code)
        assert note.exists() == remains
        note.unlink(missing_ok=True)


def test_a_full_disk_is_said_in_a_sentence(tmp_path, script):
    pip_progress = script("pip_progress")
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho 'OSError: [Errno 28] No space left on device'\nexit 1\n")
    fake.chmod(0o755)
    pip = pip_progress.Pip(fake, tmp_path / "constraints.txt", tmp_path / "unfinished")
    with pytest.raises(script("command_error").CommandError, match="The disk is full"):
        pip.install("PyTorch", ["torch"])


def test_an_old_python_is_told_what_to_do(project):
    """The version is pretended, so that the test does not need an old Python."""
    path = str(project.root / "scripts" / "setup_environment.py")
    pretend = (
        "import sys, runpy; sys.version_info = (3, 8, 18, 'final', 0);"
        f"sys.argv = [{path!r}, 'course']; sys.path.insert(0, {str(ROOT / 'scripts')!r});"
        f"runpy.run_path({path!r}, run_name='__main__')"
    )
    result = project.set_up(command=[sys.executable, "-c", pretend])
    assert result.returncode == 1
    assert sentences(result) == (
        f"The course needs Python 3.11 or newer, and {sys.executable} is Python 3.8; "
        "install a newer one and run `make PYTHON=/path/to/python3 ...`."
    )
    assert not project.venv.exists()

    newer = project.programs / "python3.12"
    newer.write_text("#!/bin/sh\nexit 0\n")
    newer.chmod(0o755)
    result = project.set_up(command=[sys.executable, "-c", pretend])
    assert sentences(result).endswith("run `make PYTHON=python3.12 ...`.")


@pytest.mark.parametrize("name", STARTED_BY_OLD_PYTHON)
def test_python_3_8_can_read_the_scripts_that_refuse_it(name):
    ast.parse((ROOT / "scripts" / f"{name}.py").read_text(), feature_version=(3, 8))


@pytest.mark.parametrize("tool", ["git", "make"])
def test_a_missing_tool_is_named_before_anything_is_made(project, tool):
    (project.programs / tool).unlink()
    result = project.set_up()
    assert result.returncode == 1
    assert sentences(result) == (
        f"{tool} is not on PATH; install {tool} with your system's package manager."
    )
    assert not project.venv.exists()


def test_a_python_without_ensurepip_is_told_which_package_to_install(project, tmp_path):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "ensurepip.py").write_text("raise ImportError('kept in a package of its own')\n")
    result = project.set_up(PYTHONPATH=str(hidden))
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    assert result.returncode == 1
    assert sentences(result) == (
        "This Python cannot make virtual environments, because its ensurepip module is missing; "
        f"install {package} with your system's package manager."
    )
    assert not project.venv.exists()


def test_a_missing_sandbox_is_said_in_a_sentence_and_does_not_stop_the_rest(ready_project):
    result = ready_project.set_up()
    assert result.returncode == 0
    assert (
        "bubblewrap is not installed, so students' code cannot be shut in while it is graded; "
        "install bubblewrap with your system's package manager." in result.stderr
    )


def test_wrong_usage_has_an_exit_code_of_its_own(project):
    result = project.set_up("everything")
    assert result.returncode == 2
    assert result.stderr.startswith("Usage:")
