"""Every check of `make test`, the quick ones first; the last line says how many passed.

    python scripts/run_checks.py

All of them run, so that one look shows everything there is to mend. A tool counts as one check;
pytest counts what it collected. The exit code is 0 only if nothing failed.
"""

import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import build_site
import steps
from command_error import CommandError

COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed)\b")


@dataclass(frozen=True)
class Result:
    """What one check found, and how long it took."""

    name: str
    passed: int
    failed: int
    skipped: int
    seconds: float


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def notebooks(folder: str) -> list[str]:
    found = sorted((steps.ROOT / folder).rglob("*.ipynb"))
    return [
        str(path.relative_to(steps.ROOT))
        for path in found
        if ".ipynb_checkpoints" not in path.parts
    ]


def longest_first(paths: list[str]) -> list[str]:
    """What starts last should be short, so that no process waits for the other at the end."""
    places = {number: place for place, number in enumerate(LONGEST)}
    return sorted(paths, key=lambda path: places.get(Path(path).name[:2], len(places)))


def tools() -> dict[str, list[str]]:
    """Checks that pass or fail as one."""
    return {
        "layout": python("-m", "ruff", "format", "--check", "."),
        "lint": python("-m", "ruff", "check", "."),
        "types": python("-m", "mypy"),
        "imports": [steps.tool("lint-imports")],
        "spelling": [steps.tool("codespell"), *WRITTEN],
        "versions": python("-m", "pip", "check"),
        "workflows": [
            *(steps.tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows"),
            *map(str, sorted((steps.ROOT / ".github" / "workflows").glob("*.yml"))),
        ],
    }


# What people wrote; the rest is generated, vendored or made of letters that mean no words.
WRITTEN = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "pyproject.toml"),
    *("autograder", "book", "cnnlib", "scripts", "tests", ".github"),
)

# A file stays in one process: the cells of a notebook share a kernel, tests of a page its browser.
# The files are started in the order in which they are given, the longest first.
PYTEST = (
    *("-m", "pytest", "-q", "-p", "no:cacheprovider"),
    *("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"),
)
# Chapters that train networks; tests/conftest.py has the order of the tests.
LONGEST = ("08", "09", "10", "12", "11", "01", "05", "06")


def suites() -> dict[str, list[str]]:
    """Runs of pytest, one for each way in which it reads files."""
    return {
        "chapters": python(*PYTEST, "--nbval", *longest_first(notebooks("book"))),
        "solutions": python(*PYTEST, "--nbval-lax", *longest_first(notebooks("solutions"))),
        "tests": python(*PYTEST, "-m", "not slow", "tests"),
    }


def check_tool(name: str, command: list[str]) -> Result:
    code, text, seconds = steps.capture(name, command)
    if code != 0:
        steps.say("\n".join(text.splitlines()[-steps.TAIL :]))
    return Result(name, int(code == 0), int(code != 0), 0, seconds)


def check_site() -> Result:
    started = time.monotonic()
    failed = 0
    try:
        build_site.build()
    except CommandError as problem:
        steps.say(str(problem))
        failed = 1
    return Result("site", 1 - failed, failed, 0, time.monotonic() - started)


def check_suite(name: str, command: list[str]) -> Result:
    code, text, seconds = steps.capture(name, command)
    lines = text.splitlines()
    counts = {word.rstrip("s"): int(number) for number, word in COUNT.findall(lines[-1])}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    if code != 0:
        steps.say("\n".join(lines))
        failed = max(failed, 1)  # pytest itself gave up, or collected nothing
    for line in lines:
        if line.startswith("SKIPPED"):
            steps.say(f"  {line}")
    return Result(name, counts.get("passed", 0), failed, counts.get("skipped", 0), seconds)


def main() -> int:
    # Two processes use two cores; threads inside numerical libraries would only get in their way.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    results = []

    def record(result: Result) -> None:
        results.append(result)
        verdict = "failed" if result.failed else "passed"
        steps.say(
            f"{result.name:10} {verdict}  {result.passed} passed, {result.failed} failed, "
            f"{result.skipped} skipped ({result.seconds:.1f} s)"
        )

    try:
        with ThreadPoolExecutor(max_workers=2) as pool:  # the site and the types take longest
            quick = [pool.submit(check_site)]
            quick += [pool.submit(check_tool, *tool) for tool in tools().items()]
            for check in quick:
                record(check.result())
        for name, command in suites().items():
            record(check_suite(name, command))
    except KeyboardInterrupt:
        steps.say("\nInterrupted.")
        return 130
    failed = sum(result.failed for result in results)
    steps.say(f"All logs are in {steps.LOGS.relative_to(steps.ROOT)}.")
    print(f"{sum(result.passed for result in results)} passed, {failed} failed", flush=True)
    return int(failed != 0)


if __name__ == "__main__":
    sys.exit(main())
