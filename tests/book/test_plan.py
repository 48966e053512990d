"""The plan for four weeks adds up, and its hours are those that chapters and assignments state."""

import re

import nbformat
import pytest

from tests.book.conftest import CHAPTERS, ROOT, Chapter

NUMBERS = {"an": 1, "two": 2, "three": 3}


def minutes(words):
    """What a phrase such as "about two and a half hours" means in minutes."""
    if found := re.search(r"(\d+) minutes", words):
        return int(found[1])
    number = re.search(r"\b(an|two|three)\b", words)[1]
    return 60 * NUMBERS[number] + (30 if "half" in words else 0)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("about an hour", 60),
        ("an hour and a half", 90),
        ("about two and a half hours", 150),
        ("three hours and a half", 210),
        ("nearly three", 180),
        ("100 minutes", 100),
    ],
)
def test_phrases_are_understood(words, meant):
    assert minutes(words) == meant


def stated(chapter):
    """Minutes for the chapter and for its assignment, as its third cell says."""
    found = re.search(r"\*\*Time:\*\* (.*?)\.\n?", chapter.section("What you need"), re.S)
    reading, _, working = " ".join(found[1].split()).partition(" to read and try, and ")
    if not working:
        return minutes(reading), 0
    return minutes(reading), minutes(reading if working.startswith("as much") else working)


def planned():
    """The hours of each chapter and the chapters of each week, from the code of chapter 0."""
    chapter = Chapter(CHAPTERS[0])
    code = next(c.source for c in chapter.cells if c.source.startswith("hours = "))
    names = {}
    exec("\n".join(code.splitlines()[:2]), names)
    return names["hours"], names["weeks"]


def test_a_chapter_states_the_time_that_its_assignment_takes(chapter):
    solution = ROOT / "solutions" / chapter.slug / f"{chapter.slug}.ipynb"
    takes = 0
    if solution.exists():
        takes = nbformat.read(solution, as_version=4).metadata["course"]["minutes"]
    assert abs(stated(chapter)[1] - takes) <= 15


def test_the_plan_has_the_hours_that_the_chapters_state(chapter):
    hours, _ = planned()
    assert abs(60 * hours[int(chapter.slug[:2])] - sum(stated(chapter))) <= 30


def test_the_table_of_weeks_adds_up():
    hours, weeks = planned()
    rows = re.findall(r"^\| (\d) \| (.*?) \| (\d+) \| ", Chapter(CHAPTERS[0]).text, re.M)
    table = {
        int(week): (tuple(map(int, re.findall(r"(?:^|\[)(\d+) ", named))), int(total))
        for week, named, total in rows
    }
    assert {week: chapters for week, (chapters, _) in table.items()} == weeks
    for chapters, total in table.values():
        assert total == sum(hours[number] for number in chapters)
