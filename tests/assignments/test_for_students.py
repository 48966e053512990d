"""What every assignment gives a student: a way through it, the time, the points, the progress."""

import ast
import itertools
import re

import pytest

from tests.assignments.runner import SLUGS, cells, notebook, role

EACH = pytest.mark.parametrize("slug", SLUGS)
COLOUR_ALONE = re.compile(
    r"\b(in|the) (red|green|orange|yellow) (text|line|lines|box|boxes|bar|cell|cells|word|words)\b"
    r"|<font|style=[\"'][^\"']*color",
    re.IGNORECASE,
)


def texts(slug):
    return [c.source for c in notebook("exercises", slug).cells if c.cell_type == "markdown"]


def outside_of_code(text):
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


@EACH
def test_one_title_and_headings_in_order(slug):
    lines = [line for text in texts(slug) for line in outside_of_code(text).splitlines()]
    levels = [len(line) - len(line.lstrip("#")) for line in lines if re.match(r"#+ ", line)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    steps = [below - above for above, below in itertools.pairwise(levels)]
    assert max(steps) <= 1, levels


@EACH
def test_it_begins_with_what_is_practised_the_chapter_the_time_and_the_points(slug):
    course, begin = notebook("exercises", slug).metadata.course, texts(slug)[0]
    marked = cells(slug)
    points = dict.fromkeys(("check", "hidden", "written"), 0.0)
    for grade_id, cell in marked.items():
        if cell.metadata.nbgrader.grade:
            kind = grade_id.rpartition("-")[2] if role(cell) == "test" else "written"
            points[kind if kind in points else "written"] += cell.metadata.nbgrader.points
    assert f"# {course.assignment} · " in begin
    assert "**You practise**" in begin
    assert f"../../{course.chapter}" in begin
    assert f"about {course.minutes} minutes" in begin
    assert f"| Points | {course.points:g}: visible checks {points['check']:g}, " in begin
    assert f"hidden tests {points['hidden']:g}, one written answer {points['written']:g} |" in begin


@EACH
def test_it_ends_with_a_check_before_handing_in_that_shows_the_points_so_far(slug):
    released = notebook("exercises", slug).cells
    last_text = [c.source for c in released if c.cell_type == "markdown"][-1]
    assert last_text.startswith("## Check before you hand in\n")
    assert f"autograder check exercises/{slug}/{slug}.ipynb" in last_text
    call = ast.parse(released[-1].source).body[-1].value
    assert ast.unparse(call.func) == "checks.progress"
    visible = {
        grade_id.removesuffix("-check"): cell.metadata.nbgrader.points
        for grade_id, cell in cells(slug).items()
        if grade_id.endswith("-check")
    }
    assert ast.literal_eval(call.args[0]) == visible
    given = {k.arg: ast.literal_eval(k.value) for k in call.keywords}
    total = sum(visible.values()) + sum(given.values())
    assert total == notebook("exercises", slug).metadata.course.points


@EACH
def test_nothing_is_said_by_colour_alone_and_every_picture_has_a_text(slug):
    for text in texts(slug):
        assert not COLOUR_ALONE.search(text), text
        assert "![](" not in text
        for tag in re.findall(r"<img[^>]*>", text):
            assert re.search(r'alt="[^"]+"', tag), tag
    assert not any("\x1b[" in c.source for c in notebook("exercises", slug).cells)
