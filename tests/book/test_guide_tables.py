"""The tables of the instructor guide are those that the command writes."""

import importlib.util
import re

import pytest

from tests.book.conftest import ROOT


@pytest.fixture(scope="module")
def tables():
    spec = importlib.util.spec_from_file_location("guide_tables", ROOT / "scripts/guide_tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_guide_says_where_every_topic_is_taught(tables):
    assert tables.in_guide("topics").search(tables.GUIDE.read_text("utf-8"))[0] == tables.topics()


def test_no_row_of_the_two_lists_is_missing(tables):
    topics, corrections = tables.topics().split("\n\n")
    for table, count in ((topics, 89), (corrections, 52)):
        rows = {int(number) for number in re.findall(r"^\| (\d+) \|", table, re.M)}
        assert rows == set(range(1, count + 1))


def test_the_guide_says_how_many_answers_the_checks_were_tried_with(tables):
    """That each is rejected or accepted is tested one by one; here, that the table is of them."""
    wanted = tables.as_table(tables.expected())
    assert tables.in_guide("answers").search(tables.GUIDE.read_text("utf-8"))[0] == wanted
