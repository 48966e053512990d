"""One version of the course, and one of everything that it installs."""

import os
import re
import sysconfig
import tomllib
from importlib import metadata

import pytest
import yaml
from packaging.specifiers import SpecifierSet

import autograder
import cnnlib

from .conftest import ROOT

# Not all of sys.path: setuptools adds its own copies of other packages there when it is imported.
DISTRIBUTIONS = list(metadata.distributions(path=[sysconfig.get_path("purelib")]))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = dict(
    line.strip().split("==")
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if not line.startswith("#")
)


def plain(name):
    """A distribution's name as the package index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_course_has_one_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {
        PROJECT["version"],
        citation["version"],
        cnnlib.__version__,
        autograder.__version__,
        metadata.version("cnn-course"),
    } == {PROJECT["version"]}


@pytest.mark.skipif("WITHOUT_CONSTRAINTS" in os.environ, reason="the newest versions are tried out")
def test_every_installed_package_has_the_version_of_the_constraints():
    pins = {plain(name): version for name, version in PINS.items()}
    installed = {
        plain(found.metadata["Name"]): found.version.split("+")[0] for found in DISTRIBUTIONS
    }
    for free in ("cnn-course", "wheel"):  # ours, and one that nothing here uses
        installed.pop(free, None)
    assert {name: version for name, version in installed.items() if pins.get(name) != version} == {}


@pytest.mark.skipif("WITHOUT_CONSTRAINTS" in os.environ, reason="the newest versions are tried out")
@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0"])
def test_every_pinned_version_runs_on_the_first_release_of_each_python(python):
    """Debian 12 has 3.11.2: a package that asks for 3.11.5 cannot be installed there."""
    asked = {
        found.metadata["Name"]: found.metadata.get("Requires-Python") for found in DISTRIBUTIONS
    }
    assert [name for name, need in asked.items() if python not in SpecifierSet(need or "")] == []


def test_every_direct_dependency_is_pinned():
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    wanted = {plain(re.match(r"[\w.-]+", need)[0]) for group in groups for need in group}
    assert wanted - {plain(name) for name in PINS} == {"cnn-course"}


def test_constraints_are_sorted_and_named_once():
    names = [plain(name) for name in PINS]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert names == sorted(names)
    assert len(names) == sum("==" in line for line in lines)


def test_the_oldest_python_is_the_same_everywhere(script):
    oldest = ".".join(map(str, script("setup_environment").OLDEST))
    assert PROJECT["requires-python"] == f">={oldest}"
    assert f"Python {oldest} or newer" in (ROOT / "README.md").read_text()
