"""Questions that answer back: every listed answer gets its own reply, by keyboard too."""

import re

import pytest

from tests.site import pages
from tests.site.test_in_browser import AXE, VIEWS, look, sideways, violations

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def asking(site):
    """Pages that ask."""
    found = [p for p in pages.WRITTEN if "<course-question" in (site / p).read_text("utf8")]
    assert len(found) >= 10
    return found


def words(text):
    return " ".join(text.split())


def replies(question):
    """The list in the folded answer, as the page has it."""
    items = question.locator("details > :is(ul, ol)").last.locator("> li")
    return [words(text) for text in items.all_text_contents()]


def status(question):
    return words(question.get_by_role("status").inner_text())


def is_open(question):
    return question.locator("details").evaluate("details => details.open")


def answer_all_choices(question):
    expected = replies(question)
    right = int(question.get_attribute("answer"))
    question.get_by_role("button", name="Check").click()
    assert status(question) == "Choose one of the options first."
    options = question.get_by_role("radio")
    assert options.count() == len(expected)
    order = [n for n in range(len(expected)) if n + 1 != right] + [right - 1]
    for n in order:
        assert not is_open(question)
        options.nth(n).check()
        question.get_by_role("button", name="Check").click()
        verdict = "✓ Right." if n + 1 == right else "✗ Not yet."
        assert status(question) == f"{verdict} {expected[n]}"
    assert is_open(question)


def compute_all_answers(question):
    box = question.get_by_role("textbox")
    check = question.get_by_role("button", name="Check")

    def give(text):
        box.fill(text)
        check.click()
        return status(question)

    assert give("").startswith("Please write ")
    assert give("no idea").startswith("Please write ")
    for reply in replies(question):
        wrong, _, hint = reply.partition(":")
        hint = hint.strip()
        assert give(wrong) == f"✗ Not yet. {hint[0].upper()}{hint[1:]}"
    right = question.get_attribute("answer")
    other = ", ".join(str(float(number) + 1000.5) for number in right.split(", "))
    assert give(other) == "✗ Not yet. Try again, or open the answer."
    assert not is_open(question)
    assert give(right.replace("-", "−")) == "✓ Right."
    assert is_open(question)
    if re.fullmatch(r"\d{4,6}", right):
        assert give(f"{int(right):,}") == "✓ Right."


def predict(question):
    points = replies(question)
    compare = question.get_by_role("button", name="Compare with the answer")
    compare.click()
    assert status(question).startswith("Write something first")
    assert not is_open(question)
    question.get_by_role("textbox").fill("I think so.")
    compare.click()
    assert is_open(question)
    ticks = question.get_by_role("checkbox")
    assert [
        words(text) for text in question.locator("fieldset label").all_text_contents()
    ] == points
    for n in range(ticks.count()):
        ticks.nth(n).check()
        done = n + 1 == ticks.count()
        said = "✓ Right. All of it." if done else f"{n + 1} of {len(points)} points."
        assert status(question) == said


PLAY = {"choose": answer_all_choices, "compute": compute_all_answers, "predict": predict}


def test_every_answer_gets_its_reply(visit, asking):
    played = dict.fromkeys(PLAY, 0)
    seen = visit()
    for path in asking:
        page = seen.open(path)
        questions = page.locator("course-question.question-ready")
        questions.first.wait_for()
        assert questions.count() == page.locator("course-question").count() >= 2
        for question in questions.all():
            kind = question.get_attribute("kind")
            PLAY[kind](question)
            played[kind] += 1
    assert seen.complaints == []
    assert seen.strangers == []
    assert all(count >= 2 for count in played.values()), played


def test_enter_checks_and_the_question_names_its_group(visit, asking):
    page = visit().open(asking[0])
    question = page.locator('course-question[kind="compute"]').first
    box = question.get_by_role("textbox")
    box.focus()
    page.keyboard.type(question.get_attribute("answer"))
    page.keyboard.press("Enter")
    assert status(question).startswith("✓ Right.")
    named = question.get_attribute("aria-labelledby")
    assert page.locator(f"#{named}").inner_text() == question.locator("p").first.inner_text()


def test_answered_questions_are_accessible_and_fit(visit):
    page = visit(reduced_motion="reduce").open("book/02-convolution.html")
    questions = page.locator("course-question.question-ready")
    questions.first.wait_for()
    for question in questions.all():
        PLAY[question.get_attribute("kind")](question)
    assert page.locator("course-question[data-verdict]").count() >= 2
    page.evaluate(AXE)
    for width, mode in VIEWS[:2]:
        look(page, width, mode)
        assert violations(page) == []
        for size in ("200%", "100%") if width == 1280 else ("100%",):
            page.evaluate("size => document.documentElement.style.fontSize = size", size)
            assert sideways(page) == 0


def test_without_scripts_it_is_a_question_with_a_folded_answer(visit, asking):
    page = visit(java_script_enabled=False).open(asking[0])
    question = page.locator("course-question").first
    assert question.locator("p").first.is_visible()
    assert question.get_by_role("button").count() == 0
    question.locator("summary").click()
    assert question.locator("details p").first.is_visible()
