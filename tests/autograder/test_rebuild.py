"""Nothing of a submission but the text of its answers reaches the notebook that is run."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import notebooks
from autograder.notebooks import BadFile, Cell
from autograder.rebuild import SourceError, Template, read_source, rebuild
from tests.autograder import course

IDS = [*course.GOOD, *course.TESTS, "setup"]


def parsed(notebook) -> list[Cell]:
    return notebooks.parse(nbformat.writes(notebook).encode())


def test_the_good_submission_is_the_source_with_its_answers(template: Template):
    plan = rebuild(template, parsed(course.submission()))
    assert [step.cell_id for step in plan.steps] == [step.cell_id for step in template.steps]
    answers = {step.cell_id: step.source for step in plan.steps if step.cell_id in course.GOOD}
    assert answers == course.GOOD
    assert plan.notes == ()


CELLS = st.lists(
    st.builds(
        Cell,
        st.sampled_from(["code", "markdown", "raw"]),
        st.text(max_size=30),
        st.none() | st.sampled_from([*IDS, "nobody", ""]),
    ),
    max_size=25,
)


@given(CELLS)
def test_tests_and_given_cells_are_always_the_instructors(template: Template, cells):
    plan = rebuild(template, cells)
    fixed = [step for step in plan.steps if step.kind in ("test", "given", "text")]
    assert fixed == [step for step in template.steps if step.kind in ("test", "given", "text")]
    marked = [step.cell_id for step in plan.steps if step.grade_id is not None]
    assert marked == [step.cell_id for step in template.steps if step.grade_id is not None]
    ids = [step.cell_id for step in plan.steps]
    assert len(ids) == len(set(ids))


@given(st.permutations(range(11)))
def test_the_order_of_a_submission_does_not_matter(template: Template, order):
    notebook = course.submission()
    cells = parsed(notebook)
    shuffled = [cells[i] for i in order if i < len(cells)] + cells[11:]
    assert rebuild(template, shuffled).steps == rebuild(template, cells).steps


@given(st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=5), max_size=4))
def test_metadata_of_a_cell_never_gets_further_than_its_id(metadata):
    notebook = course.submission()
    tree = json.loads(nbformat.writes(notebook))
    for cell in tree["cells"]:
        cell["metadata"].update(metadata)
        cell["metadata"]["tags"] = ["skip-execution"]
    assert notebooks.parse(json.dumps(tree).encode()) == parsed(notebook)


def test_extra_cells_stay_behind_the_cell_they_followed(template: Template):
    plan = rebuild(template, parsed(course.submission(extra={"relu": "y = 1"})))
    kinds = [(step.kind, step.source) for step in plan.steps]
    place = kinds.index(("extra", "y = 1"))
    assert plan.steps[place - 1].cell_id == "relu"


def test_a_written_answer_that_lost_its_metadata_is_kept_for_a_person(template: Template):
    manual = next(step for step in template.steps if step.kind == "manual")
    lost = [
        replace(cell, grade_id=None)
        for cell in parsed(course.submission({manual.cell_id: "Mine."}))
    ]
    plan = rebuild(template, lost)
    answer = next(step for step in plan.steps if step.cell_id == manual.cell_id)
    assert (answer.source, answer.missing, answer.unchanged) == ("Mine.", False, False)
    untouched = [replace(c, grade_id=None) for c in parsed(course.release_notebook())]
    answer = next(s for s in rebuild(template, untouched).steps if s.cell_id == manual.cell_id)
    assert answer.missing


def test_an_untouched_answer_is_known_as_unchanged(template: Template):
    plan = rebuild(template, parsed(course.release_notebook()))
    assert all(step.unchanged for step in plan.steps if step.cell_id in course.GOOD)
    assert not any(step.missing for step in plan.steps)


def test_a_source_with_the_same_id_twice_is_refused_by_name(tmp_path):
    notebook = course.source_notebook()
    twin = copy.deepcopy(notebook.cells[2])
    twin["id"] = "twin"
    notebook.cells.append(twin)
    path = tmp_path / "tiny" / "tiny.ipynb"
    path.parent.mkdir()
    nbformat.write(notebook, path)
    with pytest.raises(SourceError, match="'add'"):
        read_source(path)


def test_solutions_and_marking_guides_are_not_in_the_template(template: Template):
    text = "\n".join(step.source for step in template.steps)
    assert "return a + b" not in text
    assert "shared weight" not in text


def test_links_and_devices_are_not_read(tmp_path):
    target = tmp_path / "solution.ipynb"
    target.write_text("{}")
    link = tmp_path / "link.ipynb"
    link.symlink_to(target)
    with pytest.raises(BadFile) as caught:
        notebooks.read_bytes(link)
    assert caught.value.kind == "link"
    with pytest.raises(BadFile, match="regular"):
        notebooks.read_bytes(tmp_path)


def test_a_file_of_500_mb_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "big.ipynb"
    with path.open("wb") as file:
        file.truncate(500 * 2**20)  # a sparse file: it has the size and none of the bytes
    with pytest.raises(BadFile, match="500 MiB") as caught:
        notebooks.read_bytes(path)
    assert caught.value.kind == "too-large"


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_notebook_or_a_named_problem(data):
    try:
        notebooks.parse(data)
    except BadFile as problem:
        named = bool(problem.kind and str(problem))
    else:
        named = True
    assert named
