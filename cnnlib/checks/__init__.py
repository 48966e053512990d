"""What the test cells of the exercises call: a learner's answer against the truth.

Room: the exercises -- NumPy only. A check collects *all* failing cases of a task and then reports
them in words that help: the call, what came back, what was expected, a hint that fits the mistake,
and the section to read again.

>>> from cnnlib import checks
>>> def double(x):
...     return x + x
>>> check = checks.Check(double, "double", page="chapter 2, 'Warm-up'")
>>> check.case("a positive number", 3, expected=6)
>>> check.case("a negative number", -4, expected=-8, mistakes={"The sign is lost.": 8})
>>> check.points(2)
double: all 2 cases are right, 2 of 2 points.
2.0
"""

from cnnlib.checks.calls import Normal, normal
from cnnlib.checks.check import Check, CheckFailed
from cnnlib.checks.compare import Difference, compare
from cnnlib.checks.progress import progress

__all__ = ["Check", "CheckFailed", "Difference", "Normal", "compare", "normal", "progress"]
