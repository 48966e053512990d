"""The inventories in ``book/_inv`` are what their script writes, and Sphinx can read them."""

import importlib.util

import pytest
from sphinx.util.inventory import InventoryFile

from tests.site.pages import ROOT

FOLDER = ROOT / "book" / "_inv"
SPEC = importlib.util.spec_from_file_location("inventories", FOLDER / "write_inventories.py")
inventories = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(inventories)


@pytest.mark.parametrize("project", inventories.PROJECTS)
def test_inventory_is_up_to_date(project):
    version, names = inventories.PROJECTS[project]
    with (FOLDER / f"{project}.inv").open("rb") as stored:
        read = InventoryFile.load(stored, "https://docs.test", lambda base, path: f"{base}/{path}")
    found = {(name, role) for role, entries in read.items() for name in entries}
    assert found == {(name, role) for name, role, _ in names}
    assert (FOLDER / f"{project}.inv").read_bytes().startswith(b"# Sphinx inventory version 2\n")
    assert {entry[1] for entries in read.values() for entry in entries.values()} == {version}
