"""One style sheet for a page, with the rules that some page of the site can use.

The theme and the extensions bring sixteen sheets, most of them about things that no page has. A
browser shows nothing before it has all of them. So the sheets of a page are joined, and a rule for
a class or an id that stands in no page and in no script is left out.
"""

import hashlib
import posixpath
import re
from pathlib import Path

import tinycss2

WORD = re.compile(r"[\w-]+")
# Bootstrap puts the names of these classes together while it runs.
MADE_BY_SCRIPTS = ("bs-", "tooltip", "popover")
ADDRESS = re.compile(r"""url\(\s*(['"]?)(?!data:|#|[a-z]+:)([^'")]+)\1\s*\)""")


def names_in_use(site):
    """Every class, id and word of a script that is somewhere in the site."""
    names = set()
    for page in site.rglob("*.html"):
        if "_static" in page.parts:
            continue  # a template of the theme
        for value in re.findall(r'\b(?:class|id)="([^"]*)"', page.read_text("utf8")):
            names.update(value.split())
    for script in (site / "_static").rglob("*.js"):
        names.update(WORD.findall(script.read_text("utf8", errors="replace")))
    return names


def wanted(selector, names):
    """Whether the classes and ids that a selector asks for are all among ``names``.

    What stands in brackets, as in ``:not(...)`` or ``:is(...)``, is not looked at.
    """
    follows_dot = False
    for token in selector:
        if follows_dot and token.type == "ident":
            known = token.value in names or token.value.startswith(MADE_BY_SCRIPTS)
        elif token.type == "hash":
            known = token.value in names
        else:
            known = True
        if not known:
            return False
        follows_dot = token == "."
    return True


def split_at_commas(tokens):
    """The selectors of a rule."""
    part = []
    for token in tokens:
        if token == ",":
            yield part
            part = []
        else:
            part.append(token)
    yield part


def without_unused(css, names):
    """The style sheet ``css`` without comments, and without rules that no name needs."""
    kept = []
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    for rule in rules:
        if rule.type == "error":
            raise ValueError(f"line {rule.source_line}: {rule.message}")
        if rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports", "container"):
            inner = without_unused(tinycss2.serialize(rule.content), names)
            if inner:
                prelude = tinycss2.serialize(rule.prelude).strip()
                kept.append(f"@{rule.lower_at_keyword} {prelude}{{{inner}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword == "charset":
            continue  # pages and sheets are all UTF-8
        elif rule.type == "at-rule":
            kept.append(rule.serialize())
        else:
            selectors = [part for part in split_at_commas(rule.prelude) if wanted(part, names)]
            if selectors:
                prelude = ",".join(tinycss2.serialize(part).strip() for part in selectors)
                kept.append(f"{prelude}{{{tinycss2.serialize(rule.content).strip()}}}")
    return "\n".join(kept)


def joined(sheet, static):
    """The text of a sheet, with those that it imports, and addresses that start at ``static``."""
    folder = posixpath.relpath(sheet.parent, static)

    def moved(found):
        return f"url({posixpath.normpath(posixpath.join(folder, found.group(2)))})"

    css = sheet.read_text("utf8")
    imports = re.findall(r'@import "([^"]+)";', css)
    css = re.sub(r'@import "[^"]+";', "", css)
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    return "".join(joined(sheet.parent / name, static) for name in imports) + ADDRESS.sub(
        moved, css
    )


class Bundles:
    """Writes one sheet into ``_static`` for every list of sheets that pages ask for."""

    def __init__(self, site):
        self._static = site / "_static"
        self._names = names_in_use(site)
        self._written = {}

    def sheet(self, sheets):
        """The name of the sheet that stands for all of ``sheets``: pairs of a name and a medium."""
        if sheets not in self._written:
            parts = [f"/* {' '.join(name for name, _ in sheets)} */"]
            for name, medium in sheets:
                css = without_unused(joined(self._static / name, self._static), self._names)
                parts.append(f"@media {medium}{{\n{css}\n}}" if medium else css)
            css = "\n".join(parts)
            mark = hashlib.sha256(css.encode()).hexdigest()[:8]
            self._written[sheets] = f"course-{mark}.css"
            Path(self._static / self._written[sheets]).write_text(css, "utf8")
        return self._written[sheets]

    def all(self):
        """Every sheet that was written."""
        return [self._static / name for name in self._written.values()]
