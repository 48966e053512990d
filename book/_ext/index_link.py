"""The index that Sphinx generates, as the last entry below "Reference" in the contents.

The file of contents can name written pages only, and nobody writes this one.
"""

from sphinx import addnodes

CAPTION = "Reference"


def add_index(app, doctree):
    """Append the generated index to the part of the contents that has the caption."""
    for part in doctree.findall(addnodes.toctree):
        if part["caption"] == CAPTION:
            part["entries"].append(("Index", "genindex"))


def connect(app):
    """Run behind the reading of the file of contents (100), before Sphinx collects it (500)."""
    app.connect("doctree-read", add_index, priority=200)
