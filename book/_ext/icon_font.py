"""The few icons of the site as a font of their own: the theme's has two thousand.

Font Awesome's icons are under the SIL Open Font License, which allows a subset.
"""

import logging
import re

from fontTools import subset
from fontTools.ttLib import TTFont

SOLID = "vendor/fontawesome/webfonts/fa-solid-900"
SOURCES = re.compile(
    rf'url\({SOLID}\.woff2\) format\("woff2"\),\s*url\({SOLID}\.ttf\) format\("truetype"\)'
)
ICON = re.compile(r'\.fa-[\w-]+[^{}]*\{content:\s*"([^"\\])"')


def use_subset(static, sheets):
    """Write a font with the icons that the style sheets name, and let the sheets ask for it."""
    texts = {sheet: sheet.read_text("utf8") for sheet in sheets}
    icons = {ord(icon) for text in texts.values() for icon in ICON.findall(text)}
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # Sphinx would show each step
    font = TTFont(static / f"{SOLID}.ttf", recalcTimestamp=False)
    subsetter = subset.Subsetter(subset.Options(drop_tables=["FFTM"]))
    subsetter.populate(unicodes=icons)
    subsetter.subset(font)
    font.flavor = "woff"  # the newer woff2 would need one more package, and be no smaller here
    font.save(static / "icons.woff")
    for sheet, text in texts.items():
        text, count = SOURCES.subn('url(icons.woff) format("woff")', text)
        if count != 1:
            raise ValueError(f"{sheet.name} asks for the icons in {count} places, expected 1")
        sheet.write_text(text, "utf8")
