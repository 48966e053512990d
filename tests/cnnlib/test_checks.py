"""What a learner reads when an answer is not right yet, and that right answers are left alone."""

# ruff: noqa: NPY002 - the global generator is what some of these tests watch

import doctest
import linecache
import subprocess
import sys
import traceback

import numpy as np
import pytest

from cnnlib import checks


def report(answer, *cases, hidden=False, points=2, **options):
    """Run cases against ``answer`` and return the failure's text."""
    check = checks.Check(answer, "f", page="chapter 2, 'A section'", hidden=hidden, **options)
    for name, arguments, expected in cases:
        check.case(name, *arguments, expected=expected)
    with pytest.raises(checks.CheckFailed) as failure:
        check.points(points)
    return str(failure.value)


def difference(result, expected, *axes):
    found = checks.compare(result, expected, axes)
    return None if found is None else (found.what, found.hint, found.detail)


def test_a_failed_check_says_what_to_call_what_came_back_what_was_expected_and_where_to_read():
    assert report(lambda x, s: x * 2.5, ("a small one", (np.array([1.0, 2.0]), 3), [1.0, 2.0])) == (
        "f: 1 of 1 cases is not right yet, 0 of 2 points.\n"
        "\n"
        "1. a small one\n"
        "   call      f(np.array([1.0, 2.0]), 3)\n"
        "   problem   value [0]: the number is not right\n"
        "   gave      [2.5, 5. ]\n"
        "   expected  [1.0, 2.0]\n"
        "\n"
        "Read again: chapter 2, 'A section'."
    )


def test_the_call_can_be_pasted():
    calls = []
    x, weight = np.array([[1.5, -2.0]]), np.arange(3, dtype=np.float32)
    check = checks.Check(lambda *a, **k: 0, "f", page="p")
    check.case("written out", x, weight, [1, (2, 3)], expected=1, mode="same", none=None)
    check.case("seeded", checks.normal((2, 3, 40), seed=5), expected=1)
    with pytest.raises(checks.CheckFailed) as failure:
        check.points(1)
    for line in str(failure.value).splitlines():
        if line.startswith("   call"):
            eval(
                line.removeprefix("   call      "),
                {"np": np, "f": lambda *a, **k: calls.append((a, k))},
            )
    np.testing.assert_array_equal(calls[0][0][0], x)
    np.testing.assert_array_equal(calls[0][0][1], weight)
    assert calls[0][0][1].dtype == np.float32
    assert calls[0][0][2:] == ([1, (2, 3)],)
    assert calls[0][1] == {"mode": "same", "none": None}
    np.testing.assert_array_equal(calls[1][0][0], checks.normal((2, 3, 40), seed=5).array)


def test_a_function_among_the_arguments_is_called_by_its_name():
    def inception(channels):
        return channels

    text = report(lambda build, n: 0, ("built", (inception, 3), 3))
    assert "   call      f(inception, 3)\n" in text


def test_all_failing_cases_are_reported_and_a_long_list_stays_readable():
    cases = [(f"case {i}", (i,), i + 1) for i in range(7)]
    text = report(lambda i: i if i else 1, *cases)
    assert text.startswith("f: 6 of 7 cases are not right yet")
    assert "1. case 1" in text
    assert "4. case 4" in text
    assert text.count("call") == 4
    assert "Also not right: case 5; case 6." in text


def test_a_hidden_check_names_case_shapes_and_hint_but_no_number_of_its_own():
    x = np.array([0.123456, 7.891011])
    text = report(lambda x, stride: -x, ("stride 2", (x, 2), x), hidden=True)
    assert "1. stride 2" in text
    assert "f(float64 array of shape (2,), 2)" in text
    assert "Every number has the wrong sign." in text
    assert "1 of 1 hidden cases is not right" in text
    assert not any(number in text for number in ("0.123", "7.89"))
    assert "expected" not in text


def test_a_hidden_check_describes_arrays_at_any_depth():
    pair, table = (np.array([731.0]), [np.array([842.0])]), {"w": np.array([953.0])}
    text = report(lambda a, b: 0, ("nested", (pair, table), 1), hidden=True)
    call = "(float64 array of shape (1,), [float64 array of shape (1,)]), {'w': float64 array"
    assert call in text
    assert not any(number in text for number in ("731", "842", "953"))


def test_wrong_numbers_with_a_few_digits_are_recognised_in_single_precision():
    right, wrong = np.float32([0.1, -2.0]), np.float32([1 / 3, -2 / 3])
    check = checks.Check(lambda: wrong, "f", page="p")
    check.case("rounded", expected=right, mistakes={"Thirds.": [0.333333, -0.666667]})
    check.case("another number", expected=right, mistakes={"Quarters.": [0.333, -0.667]})
    with pytest.raises(checks.CheckFailed) as failure:
        check.points(1)
    assert str(failure.value).count("Thirds.") == 1
    assert "Quarters." not in str(failure.value)


def test_a_named_wrong_formula_gives_its_own_hint():
    check = checks.Check(
        lambda x, n: x * 3,
        "f",
        page="p",
        truth=lambda x, n: x * 2,
        mistakes={
            "crashes and is skipped": lambda x, n: x / "2",
            "the same as the truth here, so it cannot be the mistake": lambda x, n: x + x,
            "Three instead of two.": lambda x, n: x + x + x,
        },
    )
    check.case("a", np.array([1.0, 5.0]), 1)
    check.case("b", 4, 1, mistakes={"This case's own hint.": 12})
    with pytest.raises(checks.CheckFailed) as failure:
        check.points(1)
    assert "hint      Three instead of two." in str(failure.value)
    assert "hint      This case's own hint." in str(failure.value)


def test_points_of_independent_parts_are_given_one_by_one(capsys):
    check = checks.Check(abs, "abs", page="p")
    check.case("positive", 3, expected=3, part="positive")
    check.case("negative", -3, expected=-3, part="negative")
    assert check.points({"positive": 1.5, "negative": 2}) == 1.5
    assert "abs: 1 of 2 cases is not right yet, 1.5 of 3.5 points." in capsys.readouterr().out


def test_a_case_without_a_part_is_needed_for_any_points():
    check = checks.Check(abs, "abs", page="p")
    check.case("positive", 3, expected=3, part="positive")
    check.case("for everybody", 3, expected=4)
    with pytest.raises(checks.CheckFailed):
        check.points({"positive": 1})


@pytest.mark.parametrize("points", [{"other": 1}, {"a": 1, "b": 1}])
def test_points_for_parts_that_do_not_exist_are_the_authors_mistake(points):
    check = checks.Check(abs, "abs", page="p")
    check.case("positive", 3, expected=3, part="a")
    with pytest.raises(ValueError, match="parts"):
        check.points(points)


def test_a_right_answer_gets_all_points_and_one_line(capsys):
    check = checks.Check(abs, "abs", page="p")
    check.case("positive", 3, expected=3)
    check.case("negative", -3, expected=3)
    assert check.points(2) == 2.0
    assert capsys.readouterr().out == "abs: all 2 cases are right, 2 of 2 points.\n"


def test_one_item_of_several_can_be_a_case_of_its_own(capsys):
    def halves(x):
        return x // 2, x - 1  # the second one is wrong

    check = checks.Check(halves, "halves", page="", truth=lambda x: (x // 2, x - x // 2))
    check.case("first", 7, part="a", item=0)
    check.case("second", 7, part="b", item=1)
    assert check.points({"a": 1, "b": 1}) == 1
    printed = capsys.readouterr().out
    assert "call      halves(7)[1]" in printed
    assert "gave      6" in printed
    hint = {"It is one less than the whole.": lambda x: (0, x - 1)}
    check = checks.Check(halves, "f", page="", truth=lambda x: (x // 2, 4), mistakes=hint)
    check.case("second", 7, item=1)
    with pytest.raises(checks.CheckFailed, match="one less than the whole"):
        check.points(1)
    for short in (lambda x: 3, lambda x: (3,)):
        check = checks.Check(short, "f", page="")
        check.case("second", 7, item=1, expected=4)
        with pytest.raises(checks.CheckFailed, match=r"has no item \[1\]"):
            check.points(1)


def test_a_property_can_be_a_case():
    check = checks.Check(abs, "abs", page="p")
    check.case("positive", 3, expected=3)
    check.holds("the sum is 1", 1 == 2, "The weights add up to 2.")
    with pytest.raises(checks.CheckFailed, match=r"(?s)2\. |1\. the sum is 1.*The weights add up"):
        check.points(1)


def test_not_implemented_passes_through_unchanged():
    original = NotImplementedError()

    def stub(x):
        raise original

    check = checks.Check(stub, "stub", page="p")
    with pytest.raises(NotImplementedError) as raised:
        check.case("a", 1, expected=1)
    assert raised.value is original


def test_a_crash_is_a_failed_case_with_the_errors_own_words():
    text = report(lambda x: x[7], ("a", ([1],), 1))
    assert "problem   it stopped with IndexError: list index out of range" in text
    assert "hint      An index runs past the end" in text
    assert "names and the order" in report(lambda: 1, ("a", (1,), 1))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x: {}[x[0]], "Paste the call"),
        (lambda x: 1 / 0, "Something is divided by zero. Paste the call"),
        (lambda x: np.zeros(3)[0, 1], "The array has fewer axes than the index"),
        (lambda x: x.shape[2], "A tuple, perhaps a shape, has fewer entries"),
        (lambda x: x + np.zeros(5), "Two shapes do not fit together"),
        (lambda x: x @ np.zeros((5, 5)), "Two shapes do not fit together"),
        (lambda x: x.reshape(7), "A reshape keeps the count of numbers"),
        (lambda x: unknown_name, "Is the name spelled"),  # noqa: F821 - the learner's slip
        (lambda x: __import__("no_such_package"), "Only the packages that the assignment names"),
        (lambda x: int((1, 2)), "Paste the call"),  # its text says "argument", of int()
    ],
)
def test_an_error_gets_a_sentence_only_where_its_own_words_are_unclear(answer, hint):
    text = report(answer, ("a", (np.array([1.0, 2.0]),), 1))
    assert f"   hint      {hint}" in text


def test_a_call_that_cannot_be_pasted_is_not_said_to_be_pasted():
    text = report(lambda x: {}[0], ("a", (np.zeros(2),), 1), hidden=True)
    assert "hint      Call it with such an array in a cell of its own" in text
    assert "Paste the call" in report(lambda x: {}[0], ("a", (3,), 1), hidden=True)
    assert "Call it with such" in report(lambda x: {}[0], ("a", (np.zeros(99),), 1))
    seeded = checks.normal((9, 9), seed=1)
    assert "Paste the call" in report(lambda x: {}[0], ("a", (seeded,), 1))


def test_a_crash_names_the_line_of_the_learners_code_even_in_another_function():
    space = {}
    source = "def helper(x):\n    return x / 0\n\n\ndef answer(x):\n    return helper(x)\n"
    linecache.cache["<cell 7>"] = (len(source), None, source.splitlines(keepends=True), "<cell 7>")
    exec(compile(source, "<cell 7>", "exec"), space)
    text = report(space["answer"], ("a", (1,), 1))
    assert "problem   it stopped with ZeroDivisionError: division by zero" in text
    assert "in short  the line is `return x / 0`, in `helper`" in text
    assert "return x" not in report(space["answer"], ("a", (1,), 1), hidden=True)


def test_the_failure_is_an_assertion_error_without_a_chain_or_a_long_traceback():
    check = checks.Check(lambda x: 1 / 0, "f", page="p")
    check.case("a", 1, expected=1)
    with pytest.raises(AssertionError) as failure:
        check.points(1)
    assert failure.value.__cause__ is None
    assert "ZeroDivisionError: division" in str(failure.value)
    shown = "".join(traceback.format_exception(failure.value))
    assert "During handling" not in shown
    assert failure.value._render_traceback_() == str(failure.value).split("\n")


def test_ipython_shows_the_message_alone():
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell()
    lines = []
    shell._showtraceback = lambda kind, value, text: lines.extend(text)
    shell.run_cell(
        "from cnnlib import checks\n"
        "check = checks.Check(abs, 'abs', page='p')\n"
        "check.case('a', 1, expected=2)\n"
        "check.points(1)"
    )
    assert lines[0] == "abs: 1 of 1 cases is not right yet, 0 of 1 points."
    assert not any("Traceback" in line or "File" in line for line in lines)


def test_an_argument_that_was_changed_is_named_and_the_next_case_is_not_spoilt():
    def greedy(x, *, y):
        y[0] = 9.0
        return x

    y = np.array([1.0])
    text = report(lambda x: greedy(x, y=x), ("a", (y,), y), ("b", (y,), y))
    assert text.count("the function changed its argument number 1") == 2
    check = checks.Check(greedy, "greedy", page="p")
    check.case("by name", 1, y=y, expected=1)
    with pytest.raises(checks.CheckFailed, match="changed its argument y"):
        check.points(1)
    assert y[0] == 1.0


@pytest.mark.parametrize(
    "careless",
    [
        lambda x: np.random.rand() * 0 + x,
        lambda x: np.random.seed(0) or x,
        lambda x: __import__("random").random() * 0 + x,
    ],
)
def test_global_random_numbers_are_noticed_and_left_as_they_were(careless):
    before = np.random.get_state()[1].tobytes()
    assert "global random numbers" in report(careless, ("a", (1.0,), 1.0))
    assert np.random.get_state()[1].tobytes() == before


def test_an_answer_that_remembers_is_noticed():
    seen = []

    def remembers(x):
        seen.append(x)
        return x + (len(seen) > 2)

    text = report(remembers, ("a", (1.0,), 1.0), ("b", (2.0,), 2.0))
    assert "the same call gave another answer the second time" in text


def test_warnings_and_words_on_stderr_cost_nothing(capsys):
    def noisy(x):
        print("a note", file=sys.stderr)
        np.divide(np.array([1.0]), 0.0)
        return x

    check = checks.Check(noisy, "noisy", page="p")
    check.case("a", 1.0, expected=1.0)
    assert check.points(1) == 1.0
    assert capsys.readouterr().err == ""


class Remote:
    """Stands for a function in another process: callable, without a name or a signature."""

    def __init__(self, function):
        self.function = function

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)


def test_any_callable_will_do():
    check = checks.Check(Remote(lambda x, axis: x.sum(axis)), "total", page="p", axes=("W",))
    check.case("a", np.ones((2, 3)), axis=0, expected=np.full(3, 2.0))
    assert check.points(1) == 1.0


# The comparison itself.


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (1.0 + 1e-9, 1.0),
        (2, 2.0),
        (np.int32(3), 3),
        (np.float64(0.1) * 3, 0.3),
        (np.array(4), 4),
        ([1.0, 2.0], np.array([1.0, 2.0])),
        (((1, 2), (3, 4)), np.array([[1.0, 2.0], [3.0, 4.0]])),
        (np.array([1, 2], dtype=np.int32), np.array([1, 2])),
        (np.float32([1.00001, 2]), np.float32([1, 2])),
        ([1, 2], (1, 2)),
        (np.array([1, 2]), (1, 2)),
        ({"a": [1.0], "more": 0}, {"a": np.array([1.0])}),
        (None, None),
        ("same", "same"),
        (True, True),
        (np.bool_(True), True),
    ],
    ids=repr,
)
def test_the_same_numbers_in_other_clothes_are_the_same_answer(result, expected):
    assert checks.compare(result, expected) is None


@pytest.mark.parametrize(
    ("result", "expected", "what"),
    [
        (None, 1, "the function gave None"),
        (float("nan"), 1.0, "the number is nan"),
        (float("inf"), 1.0, "the number is inf"),
        (1.0 + 1e-6, 1.0, "the number is not right"),
        (3.0, 3, "a float came back, a whole number (int) was asked for"),
        (True, 1, "a bool came back"),
        ("3", 3, "a str came back, a number was asked for"),
        (np.ones(2), 1.0, "an array of shape (2,) came back, one number was asked for"),
        ([1, 2, 3], (1, 2), "3 values came back, 2 were asked for"),
        (5, (1, 2), "an int came back, a tuple of 2 was asked for"),
        ({"a": 1}, {"a": 1, "b": 2}, "missing in the dict: 'b'"),
        ([1], {"a": 1}, "a list came back, a dict was asked for"),
        ([[1.0], [1.0, 2.0]], np.ones(2), "the rows have different lengths"),
        (np.array(["a"]), np.ones(1), "an array came back, an array of numbers was asked for"),
        (np.array([1.0, np.nan]), np.ones(2), "1 of 2 numbers are NaN or infinite"),
        (np.float32([1, 2]), np.array([1.0, 2.0]), "the dtype is float32, float64 was asked for"),
        (np.array([1.0, 2.0]), np.array([1, 2]), "the dtype is float64, int64 was asked for"),
    ],
    ids=repr,
)
def test_what_is_wrong_is_said_in_words(result, expected, what):
    assert difference(result, expected)[0].startswith(what)


A = np.array([[1.0, 2.0, 4.0], [8.0, -16.0, 32.0]])
SQUARE = np.array([[1.0, 2.0], [3.0, 5.0]])


@pytest.mark.parametrize(
    ("result", "expected", "hint"),
    [
        (A[0], A, "The result needs 2 axes as (H, W); it has 1."),
        (A.T, A, "The sizes are right, their order is not. Order the axes as (H, W)."),
        (A[:, :2], A, "Along W the result is too short."),
        (np.vstack([A, A]), A, "Along H the result is too long."),
        (0 * A, A, "Every number is zero"),
        (-A, A, "Every number has the wrong sign."),
        (3 * A, A, "Every number is the right one times the same factor, 3."),
        (A * (1 + 1e-6), A, "The numbers are right to five digits or more: was something"),
        (np.array([[3.0, 7.0, 9.0]]), np.array([[1.0, 2.0, 9.0]]), ""),
        (A + 2, A, "Every number is off by the same amount"),
        (A[::-1], A, "The right numbers come in reverse order along H."),
        (A[::-1, ::-1], A, "The right numbers come in reverse order along H and W."),
        (SQUARE.T, SQUARE, "The right numbers are there, but two axes are swapped."),
        (np.add(A, [[0, 0, 1], [0, 0, 2]]), A, "Only W index 2 (the last) is wrong."),
        (np.add(A, [[1, 3, 2], [0, 0, 0]]), A, "Only H index 0 (the first) is wrong."),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_pattern_that_is_easy_to_see_is_named(result, expected, hint):
    assert difference(result, expected, "H", "W")[1].startswith(hint)


FLAT = np.full((2, 3), 4.0)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (FLAT + 1, FLAT),
        (FLAT * 3, FLAT),
        (np.array([1.0, 5.0]), np.array([2.0, 10.0])),
        (np.array([3.0, 6.0, 1.0]), np.array([1.0, 2.0, 0.0])),
        (np.add(A, [[0, 0, 1], [0, 0, 0]]), A),
    ],
    ids=["off by one amount", "one factor", "two numbers", "a zero that moved", "one number"],
)
def test_what_may_be_chance_is_no_pattern(result, expected):
    assert difference(result, expected, "H", "W")[1] == ""


def test_the_cure_for_a_dtype_can_be_pasted_for_arrays_and_for_tensors():
    torch = pytest.importorskip("torch")
    assert difference(A.astype(np.float32), A.round(), "H", "W")[1].endswith(
        "dtype=np.float64, or end with .astype(np.float64)."
    )
    assert difference(torch.tensor(A), A.astype(np.float32), "H", "W")[1].endswith(
        "dtype=torch.float32, or end with .to(torch.float32)."
    )


def test_places_carry_the_names_of_their_axes_and_only_the_detail_shows_numbers():
    what, _, detail = difference(np.add(A, [[0, 0, 0], [0, 1, 2]]), A, "H", "W")
    assert what == "2 of 6 numbers are wrong, the first at [1, 1] (H, W)"
    assert detail == "there it gave -15, expected -16"
    assert difference(A.T, A, "H", "W")[2] == "expected the shape (H=2, W=3)"


def test_the_right_pair_in_the_wrong_order_is_recognised():
    assert difference((2, 1), (1, 2))[1] == "These are the right two values in the wrong order."


def test_a_tensor_is_plain_data():
    torch = pytest.importorskip("torch")
    assert checks.compare(torch.tensor([1.0, 2.0]), np.float32([1, 2])) is None
    assert checks.compare(torch.ones(2, requires_grad=True).double(), np.ones(2)) is None
    check = checks.Check(lambda t: t * 2, "double", page="p")
    check.case("a tensor in", torch.tensor([1.0, 2.0]), expected=np.float32([2, 5]))
    with pytest.raises(checks.CheckFailed, match=r"double\(torch\.tensor\(\[1\.0, 2\.0\]\)\)"):
        check.points(1)


def test_progress_counts_visible_checks(capsys):
    done = checks.Check(abs, "task_done", page="p")
    done.case("a", 1, expected=1)
    done.points(2)
    begun = checks.Check(abs, "f", task="task_begun", page="p")
    begun.case("a", 1, expected=2)
    with pytest.raises(checks.CheckFailed):
        begun.points(3)
    hidden = checks.Check(abs, "task_hidden", page="p", hidden=True)
    hidden.case("a", 1, expected=1)
    hidden.points(9)
    capsys.readouterr()
    checks.progress({"task_done": 2, "task_begun": 3, "task_hidden": 1}, hidden=9, written=4)
    assert capsys.readouterr().out == (
        "Points so far, by the visible checks\n"
        "  task_done       2 of 2    done\n"
        "  task_begun      0 of 3    not yet\n"
        "  task_hidden     0 of 1    check not run\n"
        "  together        2 of 6\n"
        "Later, in the grading: hidden tests 9, written answers 4 points.\n"
    )


def test_the_example_in_the_documentation_runs():
    assert doctest.testmod(checks).failed == 0


def test_importing_the_checks_loads_neither_torch_nor_matplotlib():
    code = (
        "import sys, cnnlib.checks; assert not {'torch', 'matplotlib', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
