"""Runs a reader's code, for ``worker.js``. Nothing of a browser is in here.

One ``Session`` is one interpreter: names that a cell defines stay for the next one.
"""

import ast
import base64
import io
import json
import linecache
import os
import sys
import time
import traceback
import warnings
from contextlib import redirect_stderr, redirect_stdout

LONGEST = 100_000  # characters that one run may show
PAUSE = 0.05  # seconds between two messages to the page, so that a long loop does not flood it
SHARPNESS = 1.5  # pixels of a figure for each pixel of the page

# What a reader may try and what cannot work here, and where it does.
ELSEWHERE = {
    "torch": "PyTorch does not run in a browser.",
    "sklearn": "scikit-learn is not fetched here.",
    "cnnlib.pytorch": "This room of cnnlib needs PyTorch, which does not run in a browser.",
    "cnnlib.models": "The models need PyTorch, which does not run in a browser.",
    "cnnlib.training": "Training needs PyTorch, which does not run in a browser.",
    "cnnlib.profile": "Profiles need PyTorch, which does not run in a browser.",
    "cnnlib.data": "The pictures come with scikit-learn, which is not fetched here.",
}
ADVICE = "Download this page as a notebook and run it on your computer."


class Writer(io.TextIOBase):
    """A text stream that sends what it gets to ``emit``, in few pieces and not without end."""

    def __init__(self, emit):
        self._emit = emit
        self._waiting = []
        self._sent = time.monotonic()
        self._left = LONGEST

    def write(self, text):
        """Take ``text``; it is sent at once, or a moment later together with what follows."""
        if self._left > 0:
            kept = text[: self._left]
            self._left -= len(kept)
            self._waiting.append(kept)
            if self._left <= 0:
                self._waiting.append(f"\n... (only the first {LONGEST:,} characters are shown)\n")
        if time.monotonic() - self._sent > PAUSE:
            self.flush()
        return len(text)

    def flush(self):
        """Send what waits."""
        if self._waiting:
            self._emit("".join(self._waiting))
            self._waiting.clear()
        self._sent = time.monotonic()


class Session:
    """One interpreter for all cells of a page."""

    def __init__(self):
        self._names = {"__name__": "__main__"}
        self._runs = 0
        os.environ.setdefault("MPLBACKEND", "agg")
        # `plt.show()` is how a cell ends; the figures are collected without it.
        warnings.filterwarnings("ignore", message=".*is non-interactive, and thus cannot be shown")

    def run(self, code, emit):
        """Run ``code``; its text goes to ``emit``, what became of it is returned as JSON.

        Keys: ``ok``, ``error`` (``brief`` and ``text``; null if all is well) and ``figures``
        (``png`` in base64, ``alt``, ``width`` in pixels of the page).
        """
        self._runs += 1
        name = f"<your code, run {self._runs}>"
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        writer = Writer(emit)
        last, error = None, None
        with redirect_stdout(writer), redirect_stderr(writer):
            try:
                last = self._execute(code, name)
                if last is not None and not hasattr(last, "savefig"):
                    print(repr(last))
            except (
                BaseException
            ) as problem:  # the reader's code may raise anything, also SystemExit
                error = explain(problem, name)
            figures = collect(last)
        writer.flush()
        return json.dumps({"ok": error is None, "error": error, "figures": figures})

    def _execute(self, code, name):
        """Run the statements; the value of a last line that is an expression, else None."""
        tree = ast.parse(code, name)
        shown = None
        if tree.body and isinstance(tree.body[-1], ast.Expr) and not code.rstrip().endswith(";"):
            shown = ast.Expression(tree.body.pop().value)
        exec(compile(tree, name, "exec"), self._names)
        return None if shown is None else eval(compile(shown, name, "eval"), self._names)


def explain(problem, name):
    """The traceback from the reader's first line on, and one sentence for a screen reader."""
    trace = problem.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != name:
        trace = trace.tb_next
    lines = traceback.format_exception(type(problem), problem, trace)
    if trace is None and lines[0].startswith("Traceback"):
        lines = lines[1:]  # a mistake in the code's form: there is no line that was run
    place = problem.lineno if isinstance(problem, SyntaxError) else trace and trace.tb_lineno
    said = problem.msg if isinstance(problem, SyntaxError) else str(problem).partition("\n")[0]
    brief = f"{type(problem).__name__}{f' on line {place}' if place else ''}: {said}"
    missing = problem.name if isinstance(problem, ModuleNotFoundError) and problem.name else ""
    for module, why in ELSEWHERE.items():
        if missing == module or missing.startswith(f"{module}."):
            lines.append(f"\n{why} {ADVICE}\n")
            brief += f". {why}"
    return {"brief": brief, "text": "".join(lines)}


def collect(last):
    """Every figure that pyplot holds open, and the one that the last line gave."""
    found = []
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        found = [pyplot.figure(number) for number in pyplot.get_fignums()]
    if hasattr(last, "savefig") and last not in found:
        found.append(last)
    pictures = [picture(figure, number) for number, figure in enumerate(found, 1)]
    if pyplot is not None:
        pyplot.close("all")
    return pictures


def picture(figure, number):
    """One figure as PNG, with words for those who cannot see it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100 * SHARPNESS, bbox_inches="tight")
    png = buffer.getvalue()
    titles = [axes.get_title() for axes in figure.get_axes() if axes.get_title()]
    alt = getattr(figure, "alt_text", "") or ", ".join([f"Figure {number} of your run", *titles])
    return {
        "png": base64.b64encode(png).decode(),
        "alt": alt,
        "width": round(int.from_bytes(png[16:20], "big") / SHARPNESS),
    }
