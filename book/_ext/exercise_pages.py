"""Pages of the exercises: what is asked and the place for the answer, with the checks folded away.

A check is longer than the answer that it checks. In the notebook it has to stand there to be run;
on the page it would come between one task and the next.
"""

import json


def is_visible_check(cell):
    """Whether a cell is a check that students see (a hidden test has left one line behind)."""
    graded = cell["metadata"].get("nbgrader", {}).get("grade", False)
    return graded and cell["cell_type"] == "code" and len(cell["source"]) > 1


def fold_checks(app, docname, source):
    """Let the page of an exercise show its checks only when asked to."""
    if not docname.startswith("exercises/"):
        return
    notebook = json.loads(source[0])
    for cell in filter(is_visible_check, notebook["cells"]):
        cell["metadata"].setdefault("tags", []).append("hide-input")
        cell["metadata"]["mystnb"] = {
            "code_prompt_show": "Show the check",
            "code_prompt_hide": "Hide the check",
        }
    source[0] = json.dumps(notebook)


def connect(app):
    """Register the event."""
    app.connect("source-read", fold_checks)
