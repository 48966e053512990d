"""What Binder installs is the course in its tested versions, as ``binder/`` says it."""

import json
import re
import subprocess
import sys

from packaging.specifiers import SpecifierSet

from .conftest import ROOT

LINES = [
    line
    for line in (ROOT / "binder/requirements.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


def option(name):
    [value] = [line.split()[1] for line in LINES if line.startswith(f"{name} ")]
    return value


def test_it_takes_the_constraints_of_all_other_commands():
    assert (ROOT / "binder" / option("--constraint")).resolve() == ROOT / "constraints.txt"
    assert not [line for line in LINES if "==" in line]  # one place for versions


def test_its_python_is_one_that_the_tests_run_on():
    python = re.fullmatch(r"python-(3\.\d+)", (ROOT / "binder/runtime.txt").read_text().strip())[1]
    workflow = (ROOT / ".github/workflows/tests.yml").read_text()
    assert f'"{python}"' in re.search(r"matrix: (.*)", workflow)[1]
    assert python in SpecifierSet(">=3.11")


def test_pip_would_install_the_course_and_find_all_else_in_its_tested_version():
    """Asked in this environment, which has all that the course needs, without an index."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--no-index"]
    command += ["--no-build-isolation", "--report", "-", "-r", "binder/requirements.txt"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["install"]
    assert [package["metadata"]["name"] for package in found] == ["cnn-course"]
    assert found[0]["requested_extras"] == ["course"]
