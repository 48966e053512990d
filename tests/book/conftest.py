"""The chapters, and the script that executes and checks them."""

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted(ROOT.glob("book/[0-9][0-9]-*.ipynb"))


class Chapter:
    """A chapter as its reader sees it: headings, text and code."""

    def __init__(self, path: Path):
        self.path, self.slug = path, path.stem
        self.notebook = nbformat.read(path, as_version=4)
        self.cells = self.notebook.cells
        self.text = "\n\n".join(c.source for c in self.cells if c.cell_type == "markdown")
        self.code_cells = [c for c in self.cells if c.cell_type == "code"]
        self.code = "\n\n".join(c.source for c in self.code_cells)
        self.headings = re.findall(r"^(#+) (.+)$", self.text, flags=re.MULTILINE)

    def section(self, title: str) -> str:
        """Return the text below a heading of the second level."""
        found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", self.text, re.M | re.S)
        return found.group(1) if found else ""

    def tagged(self, tag: str) -> list:
        return [c for c in self.code_cells if tag in c.metadata.get("tags", [])]


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def chapter(request):
    return Chapter(request.param)


@pytest.fixture(scope="session")
def notebooks():
    """``scripts/notebooks.py`` as a module."""
    spec = importlib.util.spec_from_file_location("notebooks", ROOT / "scripts" / "notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
