"""Means with their spread, and a chart of decisions, read back from their artists."""

import numpy as np
import pytest
from matplotlib.patches import FancyBboxPatch

from cnnlib import plot

RUNS = {
    "probe": {1: [0.5, 0.7, 0.6], 5: [0.8, 0.9, 0.7], 20: [0.9, 0.9, 0.96]},
    "scratch": {1: [0.3, 0.2, 0.4], 5: [0.5, 0.6, 0.7], 20: [0.9, 1.0, 0.95]},
}


@pytest.mark.parametrize("log", [False, True])
def test_repeated_runs_draws_means_and_the_sample_standard_deviation(log):
    (ax,) = plot.repeated_runs(RUNS, "k", "accuracy", log=log, percent=True).axes
    for container, points in zip(ax.containers, RUNS.values(), strict=True):
        line, _, (bars,) = container
        means = [np.mean(v) for v in points.values()]
        np.testing.assert_allclose(line.get_ydata(), means)
        np.testing.assert_allclose(line.get_xdata(), list(points), rtol=0.05, atol=0.3)
        for segment, values in zip(bars.get_segments(), points.values(), strict=True):
            low, high = segment[:, 1]
            assert high - low == pytest.approx(2 * np.std(values, ddof=1))
    dots = [line.get_ydata() for line in ax.lines if line.get_marker() == "."]
    assert sorted(np.concatenate(dots)) == sorted(
        value for points in RUNS.values() for values in points.values() for value in values
    )
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "5", "20"]


def test_repeated_runs_says_what_it_shows_and_how_often_it_was_run():
    text = plot.repeated_runs(RUNS, "k", "accuracy", percent=True, title="Shots").alt_text
    assert text.startswith("Shots: Accuracy over k, mean and standard deviation of 3 runs. Probe:")
    assert "at 1: 60.0% ± 10.0%" in text
    uneven = {"a": {1: [0.1, 0.2]}, "b": {1: [0.1, 0.2, 0.3]}}
    assert "of 2 to 3 runs" in plot.repeated_runs(uneven, "k", "loss").alt_text


def test_repeated_runs_refuses_a_single_run_and_a_zero_on_a_log_axis():
    with pytest.raises(ValueError, match="one run has no spread"):
        plot.repeated_runs({"a": {1: [0.5]}}, "k", "accuracy")
    with pytest.raises(ValueError, match="one run has no spread"):
        plot.repeated_runs({}, "k", "accuracy")
    with pytest.raises(ValueError, match="no place for 0"):
        plot.repeated_runs({"a": {0: [0.5, 0.6]}}, "k", "accuracy", log=True)


def test_decision_chart_has_a_frame_for_every_question_and_answer_in_order():
    steps = [("Is it wet?", "Dry it."), ("Is it cold?", "Warm it slowly, " * 5)]
    (ax,) = plot.decision_chart(steps, "Use it.").axes
    frames = [p for p in ax.patches if isinstance(p, FancyBboxPatch)]
    assert len(frames) == 2 * len(steps) + 1
    at = {" ".join(t.get_text().split()): t.get_position() for t in ax.texts if t.get_text()}
    assert at["Is it wet?"][1] > at["Is it cold?"][1] > at["Use it."][1]
    for question, answer in steps:
        assert at[question][1] == at[answer.strip()][1]
        assert at[question][0] < at[answer.strip()][0]
    words = [t.get_text() for t in ax.texts]
    assert (words.count("yes"), words.count("no")) == (2, 2)


def test_decision_chart_refuses_to_ask_nothing():
    with pytest.raises(ValueError, match="at least one question"):
        plot.decision_chart([], "Use it.")
