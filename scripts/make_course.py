"""Build the course: exercises, site, and a demonstration class that has been graded.

    python scripts/make_course.py [site | pdf | exercises | grade-demo | links]

Without a word it does all three and ends with what was made, where it is and how to open it. Every
part is left alone when nothing it depends on has changed.
"""

import os
import sys
import time
from collections.abc import Callable

import build_site
import steps
from command_error import CommandError
from freshness import Stamp
from what_was_made import summary


def exercises() -> None:
    sources = ("solutions", "nbgrader_config.py", "scripts/release.py")
    stamp = Stamp(
        steps.BUILD / "exercises.stamp",
        [steps.ROOT / source for source in sources],
        steps.ROOT / "exercises",
    )
    if stamp.is_current():
        steps.say("The exercises are up to date.")
        return
    steps.run(
        "exercises",
        "Generating exercises/ from solutions/",
        [sys.executable, "scripts/release.py", "generate"],
    )
    stamp.write()


def site() -> None:
    if not build_site.build():
        steps.say("The site is up to date.")


def pdf() -> None:
    os.environ["WITH_PDF"] = "1"  # the pages link to the files, too
    site()


def grade_demo() -> None:
    for name, what in (
        ("build", "Building the demonstration class"),
        ("grade", "Grading the demonstration class"),
    ):
        steps.run(f"demo-{name}", what, [sys.executable, "scripts/demo_class.py", name])


def links() -> None:
    steps.run(
        "links",
        "Asking every address in the book",
        [
            *(steps.tool("jupyter-book"), "build", ".", "--builder", "linkcheck"),
            *("--path-output", str(steps.BUILD / "linkcheck")),
        ],
    )


def say_what_was_made() -> None:
    print(summary())


PARTS: dict[str, tuple[Callable[[], None], ...]] = {
    "course": (exercises, site, grade_demo, say_what_was_made),
    "site": (exercises, site),  # the site's stamp covers the exercises that its pages link to
    "pdf": (exercises, pdf),
    "exercises": (exercises,),
    "grade-demo": (exercises, grade_demo),
    "links": (links,),
}


def main(arguments: list[str]) -> int:
    part = arguments[0] if arguments else "course"
    if len(arguments) > 1 or part not in PARTS:
        steps.say(f"Usage: make_course.py [{' | '.join(PARTS)}]")
        return 2
    started = time.monotonic()
    try:
        for step in PARTS[part]:
            step()
    except CommandError as problem:
        steps.say(f"\n{problem}")
        return 1
    except KeyboardInterrupt:
        steps.say("\nInterrupted; run the same command again.")
        return 130
    steps.say(f"Finished in {time.monotonic() - started:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
