"""A small project beside the real one: the same scripts, packages of a few bytes, no network."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .tiny_wheel import write_wheel

ROOT = Path(__file__).resolve().parents[2]
BACKEND = """
import sys
sys.path.insert(0, {tests!r})
from tiny_wheel import write_wheel

def build_editable(folder, config_settings=None, metadata_directory=None):
    extras = ["Provides-Extra: course", "Provides-Extra: dev"]
    needs = ['Requires-Dist: torch; extra == "course"', 'Requires-Dist: torch; extra == "dev"']
    return write_wheel(folder, "tiny", "1.0", "", extras + needs).name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


class Project:
    """A checkout that can be set up in seconds."""

    def __init__(self, folder):
        self.root = folder / "checkout"
        self.venv = self.root / ".venv"
        self.wheels = folder / "wheels"
        self.programs = folder / "programs"  # all that PATH offers: no apt-get that could install
        for made in (self.root, self.wheels, self.programs):
            made.mkdir()
        shutil.copytree(
            ROOT / "scripts", self.root / "scripts", ignore=shutil.ignore_patterns("__pycache__")
        )
        (self.root / "pyproject.toml").write_text(PYPROJECT)
        (self.root / "backend.py").write_text(BACKEND.format(tests=str(Path(__file__).parent)))
        (self.root / "constraints.txt").write_text("torch==1.0\n")
        write_wheel(self.wheels, "torch", "1.0", "kind = 'stub'\n")
        for tool in ("git", "make"):
            (self.programs / tool).symlink_to(shutil.which(tool))

    def environment(self, **changes):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "TORCH"))}
        return kept | {
            "PATH": str(self.programs),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            **changes,
        }

    def command(self, extra="course"):
        return [sys.executable, str(self.root / "scripts" / "setup_environment.py"), extra]

    def set_up(self, extra="course", command=None, **changes):
        """Run the script to its end; its exit code and what it said."""
        return subprocess.run(
            command or self.command(extra),
            env=self.environment(**changes),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=500,
        )

    def works(self):
        """Whether Python of .venv finds the package that was asked for."""
        answer = subprocess.run(
            [self.venv / "bin" / "python", "-c", "import torch; print(torch.kind)"],
            capture_output=True,
            text=True,
        )
        return answer.stdout == "stub\n"


@pytest.fixture
def project(tmp_path):
    """A checkout as cloned."""
    return Project(tmp_path)


@pytest.fixture(scope="session")
def set_up_once(tmp_path_factory):
    made = Project(tmp_path_factory.mktemp("once"))
    result = made.set_up()
    assert result.returncode == 0, result.stderr
    return made


@pytest.fixture
def ready_project(project, set_up_once):
    """A checkout whose environment is ready; a copy, because making one takes seconds."""
    shutil.copytree(set_up_once.venv, project.venv, symlinks=True)
    return project


@pytest.fixture
def script(monkeypatch):
    """Import one of the scripts as the commands do, with its folder first on the path."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module
