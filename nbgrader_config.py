"""How nbgrader is used in this course. It is read by every nbgrader command started here.

The course's own ``autograder`` grades: it runs strangers' code in a sandbox and writes into this
gradebook. Formgrader, feedback and export of nbgrader then open what it wrote.

Written by hand: ``solutions/``. Generated: ``exercises/``. What belongs to one class (its
submissions, marks and feedback) lives in ``class/``, which git ignores.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent

c = get_config()  # noqa: F821 - traitlets provides it

c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = "class/submitted"
c.CourseDirectory.autograded_directory = "class/autograded"
c.CourseDirectory.feedback_directory = "class/feedback"
c.CourseDirectory.db_url = f"sqlite:///{ROOT}/class/gradebook.db"

# For those who call `nbgrader autograde` all the same, with submissions that they trust. nbclient
# skips a cell that carries this tag, and nbgrader counts a test cell without output as passed. A
# student could tag the test cells, so the tag is set to words that no one writes by accident: the
# tags of a submission are never worth points.
c.Execute.skip_cells_with_tag = "no tag skips a test cell in this course"
c.Execute.timeout = 60  # seconds for one cell
