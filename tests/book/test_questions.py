"""The questions that answer back: whole as text, and of one mind with their answers."""

import re

import pytest

from tests.book.conftest import CHAPTERS, ROOT, Chapter

PAGES = [*CHAPTERS, ROOT / "book/performance-cpu.ipynb", ROOT / "book/performance-gpu.ipynb"]
QUESTION = re.compile(r"^<course-question ([^>]*)>\n\n(.*?)\n\n</course-question>$", re.M | re.S)
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
ITEM = re.compile(r"^(?:-|\d+\.) (.+)$", re.M)


@pytest.fixture(params=PAGES, ids=lambda path: path.stem)
def chapter(request):
    return Chapter(request.param)


def questions(chapter):
    """Attributes, question and folded answer of each."""
    for attributes, body in QUESTION.findall(chapter.text):
        asked, _, answered = body.partition("<details><summary>Answer</summary>\n\n")
        yield dict(ATTRIBUTE.findall(attributes)), asked, answered


def test_each_question_stands_on_its_own_lines(chapter):
    assert chapter.text.count("<course-question") == len(list(questions(chapter)))


def test_a_chapter_asks_at_least_two_where_one_checks_oneself(chapter):
    assert chapter.section("Check yourself").count("<course-question") >= 2


def test_answers_and_replies_fit_the_question(chapter):
    for attributes, asked, answered in questions(chapter):
        replies = ITEM.findall(answered)
        explanation = answered.partition("\n\n")[0]
        assert explanation.strip()
        assert len(replies) >= 2, asked
        if attributes["kind"] == "choose":
            options = ITEM.findall(asked)
            assert len(options) == len(replies) >= 3, asked
            assert 1 <= int(attributes["answer"]) <= len(options)
        elif attributes["kind"] == "compute":
            written = explanation.replace(",", "").replace("−", "-")
            for number in attributes["answer"].split(", "):
                assert number in written, (asked, explanation)
            wrong = [reply.partition(":")[0] for reply in replies]
            assert attributes["answer"] not in [text.replace(",", "") for text in wrong]
            assert all(reply.partition(":")[2] for reply in replies), asked
        else:
            assert attributes["kind"] == "predict"
