"""The extra ``notebooks`` is what the chapters import: their first cell is enough anywhere."""

import ast
import re
import sys
import tomllib
from importlib import metadata

import nbformat

from .conftest import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
BESIDE = {"triton", "IPython"}  # Triton is optional and says so; IPython is there in any notebook
OWN = {"cnnlib", "autograder", "tests"}


def imported(source):
    """Top-level names that a piece of code imports, at any depth."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names - OWN


def test_the_extra_of_the_notebooks_brings_all_that_they_import():
    sources = [path.read_text("utf8") for path in ROOT.glob("cnnlib/**/*.py")]
    for path in ROOT.glob("book/*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                sources.append(re.sub(r"^(\s*)[%!].*", r"\1pass", cell.source, flags=re.MULTILINE))
    names = set().union(*map(imported, sources)) - BESIDE
    assert {"torch", "sklearn", "lightning_fabric"} <= names
    belongs = metadata.packages_distributions()
    brought = {
        re.match(r"[\w.-]+", need)[0] for need in [*EXTRAS["notebooks"], *EXTRAS["torch"], "numpy"]
    }
    missing = {name for name in names if not brought & set(belongs.get(name, [name]))}
    assert missing == set()
