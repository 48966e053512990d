"""The checks of the exercises: no right answer loses a point, no wrong one keeps them all."""

import itertools

import numpy as np
import pytest

from cnnlib import checks
from tests.assignments import gallery
from tests.assignments.runner import SLUGS, answers, grade, points_of

BOTH = pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])


def short(results, task):
    mine = {k: r for k, r in results.items() if k.startswith(f"{task}-")}
    return "\n".join(f"{k}: {r.earned:g} of {r.points:g}\n{r.text}" for k, r in mine.items())


@BOTH
@pytest.mark.parametrize("slug", SLUGS)
def test_the_solution_gets_all_points(slug, apart):
    for grade_id, result in grade(slug, apart=apart).items():
        assert result.earned == result.points, f"{grade_id}: {result.text}"


@BOTH
@pytest.mark.parametrize("slug", SLUGS)
def test_an_untouched_exercise_gets_nothing_and_says_not_implemented(slug, apart):
    results = grade(slug, answers(slug, "exercises"), apart=apart)
    for grade_id, result in results.items():
        assert result.earned == 0, grade_id
        assert result.error == ("NotImplementedError" if result.points else ""), result.text


def assert_loses_points(mutant, apart):
    results = grade(mutant.slug, {mutant.task: mutant.source()}, tasks={mutant.task}, apart=apart)
    report = short(results, mutant.task)
    assert points_of(results) < sum(r.points for r in results.values()), report
    visible, hidden = results[f"{mutant.task}-check"], results[f"{mutant.task}-hidden"]
    labels = {line.split()[0] for line in hidden.text.splitlines() if line.startswith("   ")}
    assert not {"expected", "gave", "in"} & labels, f"a hidden test shows an answer: {hidden.text}"
    return visible, hidden, report


@pytest.mark.parametrize("mutant", gallery.mutants(), ids=str)
def test_a_wrong_answer_loses_points_at_once_and_is_told_why(mutant):
    """As the engine runs it: the answer in one process, the checks in another."""
    visible, hidden, report = assert_loses_points(mutant, apart=not mutant.together)
    assert (visible.earned < visible.points) == (not mutant.hidden), f"a surprise later: {report}"
    if not mutant.hidden:
        assert any(text in visible.text for text in mutant.says), report
    if hidden.earned < hidden.points:
        assert any(text in hidden.text for text in mutant.says + mutant.later), report


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [m for m in gallery.mutants() if not m.together], ids=str)
def test_a_wrong_answer_loses_points_in_plain_jupyter_too(mutant):
    """There, an argument that was changed may be what the report speaks of."""
    *_, report = assert_loses_points(mutant, apart=False)
    assert any(text in report for text in (*mutant.says, *mutant.later, "changed its argument"))


@BOTH
@pytest.mark.parametrize("path", gallery.accepted(), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_another_right_answer_gets_all_points(path, apart):
    changed = gallery.accepted_answers(path)
    assert set(changed) == set(answers(path.parent.name)), "a task has no answer in this style"
    for grade_id, result in grade(path.parent.name, changed, apart=apart).items():
        assert result.earned == result.points, f"{grade_id}: {result.text}"


@pytest.mark.parametrize("slug", SLUGS)
def test_a_wrong_answer_costs_nothing_in_other_tasks(slug):
    for right in answers(slug):
        changed = {task: stub for task, stub in answers(slug, "exercises").items() if task != right}
        results = grade(slug, changed)
        mine = {k: r for k, r in results.items() if k.startswith(f"{right}-")}
        assert len(mine) == 2
        assert all(r.earned == r.points for r in mine.values()), short(mine, right)


@pytest.mark.parametrize("slug", SLUGS)
def test_every_task_has_two_right_answers_in_other_styles(slug):
    assert len(gallery.accepted(slug)) >= 2


@pytest.mark.parametrize("slug", SLUGS)
def test_there_are_as_many_wrong_answers_of_our_own_as_the_curriculum_lists(slug):
    found = gallery.mutants(slug)
    listed = [m for m in found if m.listed]
    assert {m.task for m in listed} == set(answers(slug))
    assert len(found) >= 2 * len(listed)


@pytest.mark.parametrize("slug", SLUGS)
def test_hardly_any_wrong_answer_passes_the_visible_checks(slug):
    """A learner must not be surprised. What is left is a rounding, a memory, a rare order."""
    found = gallery.mutants(slug)
    for task in answers(slug):
        surprises = [str(m) for m in found if m.task == task and m.hidden]
        assert len(surprises) <= (4 if task == "permute_pixels" else 1), surprises


@pytest.mark.parametrize("slug", SLUGS)
def test_the_named_mistakes_of_a_visible_case_can_be_told_apart(slug, monkeypatch):
    ambiguous = []
    real = checks.Check.case

    def case(self, name, /, *args, expected=None, mistakes=None, **more):
        values = {"the right answer": expected, **(mistakes or {})}
        arrays = {hint: np.asarray(value) for hint, value in values.items()}
        for (one, a), (other, b) in itertools.combinations(arrays.items(), 2):
            if mistakes and a.shape == b.shape and np.array_equal(a, b):
                ambiguous.append(f"{self.name}, {name}: {one} = {other}")
        return real(self, name, *args, expected=expected, mistakes=mistakes, **more)

    monkeypatch.setattr(checks.Check, "case", case)
    grade(slug)
    assert ambiguous == []
