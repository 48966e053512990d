"""Every topic the course promised, and every statement it corrects, is a cell of a chapter.

``topics/<chapter>.toml`` holds the rows. The numbers are those of the course's topic checklist and
of its list of corrections. Each row names what must be there: a piece of code (``code``), a figure
(``figure``), an interactive figure (``explorer``) or words (``text``).
"""

import tomllib

import pytest

from tests.book.conftest import CHAPTERS, ROOT, Chapter

TABLES = sorted((ROOT / "tests/book/topics").glob("*.toml"))

ROWS = [
    pytest.param(path.stem, *row, id=f"{kind}-{number}-{path.stem[:2]}")
    for path in TABLES
    for kind, rows in tomllib.loads(path.read_text(encoding="utf-8")).items()
    for number, row in rows.items()
]


def test_every_chapter_has_a_table():
    assert [path.stem for path in TABLES] == [path.stem for path in CHAPTERS]


@pytest.mark.parametrize(("slug", "topic", "kind", "piece"), ROWS)
def test_it_is_shown_where_it_is_taught(slug, topic, kind, piece):
    chapter = Chapter(ROOT / "book" / f"{slug}.ipynb")
    if kind == "text":
        assert piece in " ".join(chapter.text.split()), topic  # wherever lines break
    elif kind == "explorer":
        assert f"<{piece}>" in chapter.text, topic
    else:
        cells = [c for c in chapter.code_cells if piece in c.source]
        assert cells, topic
        shown = [mime for c in cells for o in c.outputs for mime in o.get("data", {})]
        assert ("image/png" in shown) == (kind == "figure"), topic
