"""How nbgrader is used in this course. It is read by every nbgrader command started here.

Written by hand: ``solutions/``. Generated: ``exercises/``. What belongs to one class (its
submissions, marks and feedback) lives in ``class/``, which git ignores.
"""

from pathlib import Path

import bleach

ROOT = Path(__file__).resolve().parent

c = get_config()  # noqa: F821 - traitlets provides it

c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = "class/submitted"
c.CourseDirectory.autograded_directory = "class/autograded"
c.CourseDirectory.feedback_directory = "class/feedback"
c.CourseDirectory.db_url = f"sqlite:///{ROOT}/class/gradebook.db"

# nbclient skips a cell that carries this tag, and nbgrader counts a test cell without output as
# passed. A student could tag the test cells, so the tag is set to a word that no one can guess by
# accident: the tags of a submission are never worth points.
c.Execute.skip_cells_with_tag = "no tag skips a test cell in this course"
c.Execute.timeout = 60  # seconds for one cell

# Feedback is opened in a browser: no script of a submission may run there. The template cleans what
# comes from a submission after it has become HTML, shows no hidden test and forbids all scripts.
c.HTMLExporter.template_name = "course_feedback"
c.HTMLExporter.extra_template_basedirs = [str(ROOT / "templates")]
TAGS = "h1 h2 h3 h4 h5 h6 p br hr div span pre code kbd sub sup s del table thead tbody tr th td"
c.HTMLExporter.filters = {
    "clean_html": lambda text: bleach.clean(
        text, tags={*bleach.ALLOWED_TAGS, *TAGS.split()}, strip=True
    )
}
