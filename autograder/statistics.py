"""What a class's results say about its checks: pass rates, spread, and which check misleads."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.outcomes import CheckResult, Outcome, SubmissionResult

BINS = 10


@dataclass(frozen=True)
class CheckFacts:
    """One check over the whole class."""

    grade_id: str
    hidden: bool
    max_points: float
    passed: int
    tried: int
    mean: float
    correlation: float | None  # with the points of all other checks
    seconds: float  # median
    outcomes: dict[str, int]


@dataclass(frozen=True)
class ClassFacts:
    """One assignment over the whole class."""

    assignment: str
    submissions: int
    max_score: float
    mean: float
    median: float
    spread: float
    histogram: tuple[int, ...]
    checks: tuple[CheckFacts, ...]
    outcomes: dict[str, int]


def describe(assignment: str, results: Sequence[SubmissionResult]) -> ClassFacts:
    """Facts about all submissions that could be graded."""
    graded = [r for r in results if r.outcome is not Outcome.ENGINE_FAULT]
    scores = [r.score for r in graded]
    top = max((r.max_tested for r in graded), default=0.0)
    return ClassFacts(
        assignment,
        len(graded),
        top,
        statistics.fmean(scores) if scores else 0.0,
        statistics.median(scores) if scores else 0.0,
        statistics.pstdev(scores) if scores else 0.0,
        histogram(scores, top),
        tuple(_check(grade_id, graded) for grade_id in _ids(graded)),
        dict(Counter(r.outcome.value for r in results).most_common()),
    )


def _ids(results: Sequence[SubmissionResult]) -> list[str]:
    return list(dict.fromkeys(c.grade_id for r in results for c in r.judged))


def histogram(scores: Sequence[float], top: float) -> tuple[int, ...]:
    """How many scores fall into each tenth of the points; the full score is in the last."""
    counts = [0] * BINS
    for score in scores:
        place = int(BINS * score / top) if top > 0 else 0
        counts[min(max(place, 0), BINS - 1)] += 1
    return tuple(counts)


def correlation(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Pearson's r, or None where one side does not vary."""
    if len(x) < 3:
        return None
    mean_x, mean_y = statistics.fmean(x), statistics.fmean(y)
    top = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    below = math.sqrt(sum((a - mean_x) ** 2 for a in x) * sum((b - mean_y) ** 2 for b in y))
    return top / below if below > 1e-12 else None


def _check(grade_id: str, results: Sequence[SubmissionResult]) -> CheckFacts:
    pairs: list[tuple[CheckResult, float]] = []
    for result in results:
        for check in result.checks:
            if check.grade_id == grade_id:
                pairs.append((check, result.score - check.points))
    checks = [check for check, _ in pairs]
    return CheckFacts(
        grade_id,
        checks[0].hidden,
        checks[0].max_points,
        sum(c.outcome is Outcome.PASSED for c in checks),
        len(checks),
        statistics.fmean(c.points for c in checks),
        correlation([c.points for c in checks], [rest for _, rest in pairs]),
        statistics.median(c.seconds for c in checks),
        dict(Counter(c.outcome.value for c in checks).most_common()),
    )
