"""CSV files round-trip, and no cell of them is a formula."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.export import Row, as_canvas, as_csv, as_moodle, guarded, table
from autograder.outcomes import CheckResult, Outcome, SubmissionResult
from autograder.statistics import correlation, describe, histogram

ROW = Row("ada", "Ada", "Lovelace", "ada@example.org", "101", "tiny", 12.5, 15.0, 2.0, False, "ok")
EVIL = Row('=HYPERLINK("http://x")', "@SUM(A1)", "a,b\nc", "-1+1", "", "tiny", 3.0, 15.0, 0.0, True)


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@given(st.text())
def test_no_text_is_a_formula(text):
    cell = guarded(text)
    assert not cell.lstrip().startswith(("=", "+", "-", "@"))
    assert not cell.startswith(("\t", "\r", "\n"))
    assert cell in (text, f"'{text}")


@given(st.lists(st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]))))
def test_cells_come_back_as_they_were_written(cells):
    head = [str(n) for n in range(len(cells))]
    rows = read(table(head, [cells]))
    assert rows[1:] == ([[guarded(cell) for cell in cells]] if cells else [[]])


def test_the_score_is_what_a_person_has_decided_less_the_penalty():
    head, ada, evil = read(as_csv([ROW, EVIL]))
    line = dict(zip(head, ada, strict=True))
    assert (line["raw_score"], line["score"], line["max_score"]) == ("12.5", "10.5", "15")
    assert dict(zip(head, evil, strict=True))["last_name"] == "a,b\nc"
    assert not any(cell.startswith(("=", "@", "-")) for cell in evil)


def test_moodle_gets_the_id_number_and_the_reason():
    head, ada = read(as_moodle([ROW]))
    assert dict(zip(head, ada, strict=True)) == {
        "ID number": "101",
        "Email address": "ada@example.org",
        "Grade": "10.5",
        "Feedback comments": "ok",
    }


CANVAS = """\ufeffStudent,ID,SIS Login ID,Section,tiny (7001),Other (7002)
,,,,Manual Posting,
    Points Possible,,,,15,10
"Lovelace, Ada",101,ada,S1,,4
"Lee, Ann",103,ann,S1,7,5
"""


def test_canvas_file_is_filled_in_and_otherwise_unchanged():
    before, after = read(CANVAS.removeprefix("\ufeff")), read(as_canvas([ROW], CANVAS))
    assert after[3] == ["Lovelace, Ada", "101", "ada", "S1", "10.5", "4"]
    assert [line for i, line in enumerate(after) if i != 3] == [
        line for i, line in enumerate(before) if i != 3
    ]


def test_a_canvas_file_without_the_column_is_refused_in_words():
    with pytest.raises(ValueError, match="one column named 'tiny"):
        as_canvas([ROW], CANVAS.replace("tiny (", "else ("))
    with pytest.raises(ValueError, match="no column ID"):
        as_canvas([ROW], "a,b\n1,2\n")


def result(student: str, *points: float) -> SubmissionResult:
    checks = tuple(
        CheckResult(f"q{n}", Outcome.PASSED if p == 2 else Outcome.FAILED, p, 2.0, seconds=n + 1.0)
        for n, p in enumerate(points)
    )
    return SubmissionResult(student, "tiny", "tiny", Outcome.PARTIAL, checks)


def test_statistics_of_a_small_class_by_hand():
    class_ = [
        result("a", 2, 2, 0),
        result("b", 2, 2, 2),
        result("c", 0, 0, 2),
        result("d", 0, 2, 2),
    ]
    facts = describe("tiny", class_)
    assert (facts.submissions, facts.max_score, facts.mean, facts.median) == (4, 6.0, 4.0, 4.0)
    assert [c.passed for c in facts.checks] == [2, 3, 3]
    # q0 = 2 2 0 0 against the rest 2 4 2 4: the products cancel
    assert facts.checks[0].correlation == pytest.approx(0.0)
    assert facts.checks[2].correlation is not None
    assert facts.checks[2].correlation < 0
    assert sum(facts.histogram) == 4


def test_a_fault_of_the_engine_is_not_a_zero_in_the_statistics():
    fault = replace(result("x", 0, 0, 0), outcome=Outcome.ENGINE_FAULT)
    assert describe("tiny", [result("a", 2, 2, 2), fault]).mean == 6.0


@given(st.lists(st.floats(0, 10), max_size=30))
def test_every_score_is_in_the_histogram_once(scores):
    assert sum(histogram(scores, 10.0)) == len(scores)


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=3, max_size=20))
def test_correlation_agrees_with_numpy(pairs):
    import numpy as np

    x, y = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    ours = correlation(x, y)
    if ours is None:
        assert len(set(x)) == 1 or len(set(y)) == 1
    else:
        assert ours == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)
