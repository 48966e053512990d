"""Say in the page how large each figure of a cell is, and give it a place of its own.

A browser then keeps the room before the picture has come, and the style sheet can stop a wide
figure from shrinking on a phone until its labels cannot be read.
"""

import re
import struct
from pathlib import Path

# What a cell has drawn is stored under the hash of its content.
FIGURE = re.compile(r'<img (alt="[^"]*" src="[^"]*_images/([0-9a-f]{64}\.png)") />')


def size_in_pixels(png):
    """Width and height, read from the header of a PNG file."""
    return struct.unpack(">II", png.read_bytes()[16:24])


def with_sizes(html, images):
    """The page with the size of each figure, each in a place that can scroll."""

    def place(found):
        attributes, name = found.groups()
        width, height = size_in_pixels(images / name)
        return (
            f'<div class="figure-place" style="--figure-width: {width}px">'
            f'<img {attributes} width="{width}" height="{height}" /></div>'
        )

    return FIGURE.sub(place, html)


def size_figures(app, exception):
    """Rewrite the finished pages in place."""
    if exception or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        before = page.read_text(encoding="utf8")
        after = with_sizes(before, Path(app.outdir, "_images"))
        if after != before:
            page.write_text(after, encoding="utf8")


def connect(app):
    """Register the event."""
    app.connect("build-finished", size_figures)
