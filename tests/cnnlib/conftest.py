"""How many geometries Hypothesis invents: HYPOTHESIS_PROFILE=slow for twenty times as many."""

import os

import hypothesis

COMMON = {
    "deadline": None,  # the first call of a kernel is slow on a busy machine
    "suppress_health_check": [hypothesis.HealthCheck.too_slow],
}
hypothesis.settings.register_profile("default", max_examples=60, **COMMON)
hypothesis.settings.register_profile("slow", max_examples=1200, **COMMON)
hypothesis.settings.register_profile(
    "mutation",  # only whether a test fails, the same every time; not the smallest example
    max_examples=40,
    derandomize=True,
    database=None,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    **COMMON,
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
