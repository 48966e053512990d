"""What ``pip install cnn-course`` gives to someone who wants the NumPy core and nothing else."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from .conftest import ROOT

HEAVY = "{'torch', 'matplotlib', 'scipy', 'sklearn', 'pooch'}"
MODULES = ("cnnlib", "cnnlib.shapes", "cnnlib.reference")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built as for a release, but with the installed build backend."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """A Python with the wheel and NumPy, and no other package: torch cannot be imported there."""
    folder = tmp_path_factory.mktemp("core")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    [packages] = folder.glob("lib/python*/site-packages")
    numpy = Path(importlib.util.find_spec("numpy").origin).parent
    for found in (numpy, *numpy.parent.glob("numpy.libs"), *numpy.parent.glob("numpy-*.dist-info")):
        (packages / found.name).symlink_to(found)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True)
    return python


def run(python, code):
    """What ``code`` prints, far from the checkout and without its variables."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [python, "-c", code], cwd="/", env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_it_holds_the_two_packages_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"cnnlib", "autograder"}
    in_the_checkout = {
        str(path.relative_to(ROOT))
        for package in ("cnnlib", "autograder")
        for path in (ROOT / package).rglob("*.py")
    }
    assert in_the_checkout <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.parametrize("module", MODULES)
def test_without_torch_the_core_can_be_imported(python, module):
    location = run(python, f"import {module}; print({module}.__file__)")
    assert Path(location).is_relative_to(python.parent.parent)


def test_without_torch_a_convolution_can_be_computed(python):
    code = (
        "import numpy as np; from cnnlib.reference import conv2d;"
        "print(conv2d(np.ones((1, 1, 3, 4)), np.ones((1, 1, 2, 2))).shape)"
    )
    assert run(python, code) == "(1, 1, 2, 3)"


@pytest.mark.parametrize("module", MODULES)
def test_where_torch_is_installed_the_core_does_not_load_it(module):
    assert (
        run(sys.executable, f"import {module}, sys; print({HEAVY} & set(sys.modules))") == "set()"
    )


def test_the_wheel_asks_for_numpy_alone(python):
    code = "from importlib.metadata import requires; print(*requires('cnn-course'), sep='\\n')"
    needs = [line for line in run(python, code).splitlines() if "extra ==" not in line]
    assert [need.split(">")[0] for need in needs] == ["numpy"]


def test_the_wheel_says_its_version(python):
    code = (
        "import cnnlib, importlib.metadata as m; print(cnnlib.__version__, m.version('cnn-course'))"
    )
    assert len(set(run(python, code).split())) == 1
    assert metadata.version("cnn-course") == run(python, code).split()[0]
