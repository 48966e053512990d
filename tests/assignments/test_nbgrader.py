"""Stock nbgrader gives the points that the fast runner gives, and shows what the engine graded."""

import os
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from traitlets.config import PyFileConfigLoader

from autograder.session import ClassFolder, grade_assignment
from tests.assignments.runner import ROOT, SLUGS, answers, cells, notebook, role

pytestmark = [
    pytest.mark.filterwarnings("ignore:::nbgrader"),
    pytest.mark.filterwarnings("ignore:::jupyter_client"),
    pytest.mark.filterwarnings("ignore:::zmq"),
]


@pytest.fixture
def course(tmp_path, monkeypatch):
    """The settings of the course, with everything of a class in ``tmp_path``."""
    # nbgrader starts a tool of its environment, alembic, by its bare name.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    settings = PyFileConfigLoader("nbgrader_config.py", str(ROOT)).load_config()
    places = settings.CourseDirectory
    for name in ("release", "submitted", "autograded", "feedback"):
        places[f"{name}_directory"] = str(tmp_path / name)
    places.db_url = f"sqlite:///{tmp_path}/gradebook.db"
    return settings


def run(converter, settings, slug, student="."):
    settings.CourseDirectory.assignment_id = slug
    settings.CourseDirectory.student_id = student
    options = {"create_student": True} if converter is Autograde else {}
    converter(coursedir=CourseDirectory(config=settings), config=settings, **options).start()


def hand_in(folder, slug, student, change):
    book = nbformat.from_dict(notebook("exercises", slug))
    book = nbformat.reads(nbformat.writes(book), as_version=4)
    for cell in book.cells:
        change(cell)
    path = folder / "submitted" / student / slug / f"{slug}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(book, path)


def graded(course, folder, slug, student, change):
    """What stock nbgrader says of an exercise whose cells were changed: its points, of how many."""
    run(GenerateAssignment, course, slug)
    hand_in(folder, slug, student, change)
    run(Autograde, course, slug, student)
    with Gradebook(course.CourseDirectory.db_url) as gradebook:
        submission = gradebook.find_submission(slug, student)
        return submission.score, submission.max_score


@pytest.mark.parametrize("slug", SLUGS)
def test_right_answers_get_all_points(course, tmp_path, slug):
    right = answers(slug)

    def answer(cell):
        task = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = right.get(task, cell.source)

    possible = sum(c.metadata.nbgrader.points for c in cells(slug).values() if role(c) == "test")
    assert graded(course, tmp_path, slug, "right", answer) == (
        possible,
        notebook("solutions", slug).metadata.course.points,
    )


@pytest.mark.parametrize(
    "slug",
    [pytest.param(slug, marks=[] if slug == SLUGS[1] else pytest.mark.slow) for slug in SLUGS],
)
def test_forged_tags_get_no_points(course, tmp_path, slug):
    """nbgrader treats the tags alike everywhere, so one assignment stands for the others."""

    def forge(cell):
        cell.metadata["tags"] = ["skip-execution"]

    assert graded(course, tmp_path, slug, "forger", forge)[0] == 0


@pytest.mark.sandbox
def test_feedback_of_what_the_engine_graded_runs_nothing_of_a_submission(course, tmp_path):
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    slug = "02-convolution"
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)>[a](javascript:alert(3))"

    def write(cell):
        meta = cell.metadata.get("nbgrader", {})
        if meta.get("solution") and meta["grade"]:
            cell.source = f"My answer, with *stress* and 1 < 2 & 3. {attack}"
        elif meta.get("grade_id") == "xcorr1d":
            cell.source = (
                "from IPython.display import HTML, Javascript, display\n"
                f"display(HTML({attack!r}))\n"
                "display(Javascript('alert(4)'))\n"
                f"print({attack!r})\n"
                f"raise ValueError({attack!r})"
            )
        elif not meta and cell.cell_type == "markdown":
            cell.source += "\n\n" + attack

    hand_in(tmp_path, slug, "attacker", write)
    place = ClassFolder(tmp_path, ROOT / "solutions")
    grade_assignment(place, slug, tmp_path / "submitted")
    run(GenerateFeedback, course, slug, "attacker")
    page = (tmp_path / "feedback" / "attacker" / slug / f"{slug}.html").read_text(encoding="utf-8")
    soup = BeautifulSoup(page, "html.parser")
    assert "My answer, with stress and 1 < 2 & 3." in soup.get_text()
    assert "ValueError" in soup.get_text(), "what the student's code said is shown"
    assert [tag for tag in soup.find_all(["script", "img"]) if "alert" in str(tag)] == []
    assert [tag for tag in soup.find_all("a", href=True) if "javascript" in tag["href"]] == []
    assert [tag for tag in soup.find_all(True) if any(a.startswith("on") for a in tag.attrs)] == []
    for source in (c.source for k, c in cells(slug).items() if k.endswith("-hidden")):
        seed = next((line for line in source.splitlines() if "default_rng" in line), "truth")
        assert seed not in page
