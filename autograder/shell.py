"""An IPython shell without a kernel: runs a cell in this process and keeps what it showed.

Used on both sides, by :mod:`autograder.student` and :mod:`autograder.checker`. Output is cut by
bytes while it is written, so that a cell that prints without end fills neither the memory nor the
feedback page.
"""

from __future__ import annotations

import io
import linecache
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

MAX_TEXT = 24_000  # bytes of text that one cell may show
MAX_RICH = 2 * 2**20  # bytes of figures that one cell may show
#: What is kept of a rich output. HTML, SVG and JavaScript are not: their text form stands in for
#: them.
KEPT = ("text/plain", "image/png", "image/jpeg", "text/latex")


class TimeLimit(BaseException):
    """The cell or the call has used up its seconds."""


class Collector:
    """What one cell shows, in nbformat's words."""

    def __init__(self) -> None:
        self.outputs: list[dict[str, Any]] = []
        self._text = 0
        self._rich = 0
        self._cut = False

    def stream(self, name: str, text: str) -> None:
        """Add to the text of one stream."""
        room = MAX_TEXT - self._text
        if room <= 0:
            self._say_cut()
            return
        part = text[:room]
        self._text += len(part.encode("utf-8", "replace"))
        last = self.outputs[-1] if self.outputs else None
        if last and last["output_type"] == "stream" and last["name"] == name:
            last["text"] += part
        else:
            self.outputs.append({"output_type": "stream", "name": name, "text": part})
        if len(part) < len(text):
            self._say_cut()

    def _say_cut(self) -> None:
        if not self._cut:
            self._cut = True
            text = f"\n[more output was cut: {MAX_TEXT} characters are kept]\n"
            self.outputs.append({"output_type": "stream", "name": "stdout", "text": text})

    def rich(self, kind: str, data: dict[str, Any]) -> None:
        """Add a figure or the value of the last expression."""
        kept: dict[str, str] = {}
        for mime in KEPT:
            value = data.get(mime)
            if isinstance(value, bytes):
                import base64

                value = base64.b64encode(value).decode("ascii")
            if not isinstance(value, str):
                continue
            limit = MAX_TEXT if mime.startswith("text") else MAX_RICH - self._rich
            if len(value) <= limit:
                kept[mime] = value
                self._rich += 0 if mime.startswith("text") else len(value)
            elif mime == "text/plain":
                kept[mime] = value[:limit] + " [cut]"
        if kept and len(self.outputs) < 200:
            output: dict[str, Any] = {"output_type": kind, "data": kept, "metadata": {}}
            if kind == "execute_result":
                output["execution_count"] = None
            self.outputs.append(output)


class _Stream(io.TextIOBase):
    """``sys.stdout`` while a cell runs."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.collector: Collector | None = None

    def write(self, text: str) -> int:
        if self.collector is not None:
            self.collector.stream(self._name, str(text))
        return len(text)

    def writable(self) -> bool:
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"


class _Hook(DisplayHook):
    """Keeps the value of the last expression instead of printing it."""

    collector: Collector | None = None

    def write_output_prompt(self) -> None:
        """Numbers mean nothing here."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        if self.collector is not None:
            self.collector.rich("execute_result", dict(format_dict))

    def finish_displayhook(self) -> None:
        """Nothing was printed that would have to be ended."""


class _Publisher(DisplayPublisher):
    """Keeps what ``display`` and figures show."""

    collector: Collector | None = None

    def publish(self, data: Any, metadata: Any = None, *_: Any, **__: Any) -> None:
        if self.collector is not None:
            self.collector.rich("display_data", dict(data))

    def clear_output(self, wait: bool = False) -> None:
        if self.collector is not None:
            self.collector.outputs.clear()


class _Compiler(CachingCompiler):
    """Names the code of a cell after the cell, so that a traceback can say where."""

    cell = "cell"

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        return f"<{self.cell}>"


class Shell(InteractiveShell):
    """IPython without terminal, history and kernel."""

    parts: tuple[Any, Any, Any]  # hook, publisher and compiler, also after a cell has replaced them

    def init_history(self) -> None:
        """No history: it would be a file and a thread."""
        self.config.HistoryManager.enabled = False
        super().init_history()  # type: ignore[no-untyped-call]

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """The caller of :func:`run` gets the exception itself."""

    def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None:
        """Likewise."""

    def ask_exit(self) -> None:
        """``exit`` in a cell ends the cell, not the notebook."""


def make_shell() -> Shell:
    """Create the one shell of this process; the warm parent does it before it forks."""
    shell: Shell = Shell.instance(
        displayhook_class=_Hook,
        display_pub_class=_Publisher,
        compiler_class=_Compiler,
        colors="nocolor",
        xmode="Plain",
        autoawait=True,
        enable_html_pager=False,
    )
    shell.parts = (shell.displayhook, shell.display_pub, shell.compile)
    formatter: Any = shell.display_formatter
    formatter.active_types = list(KEPT)
    return shell


class CellRun:
    """How one cell went."""

    def __init__(self, value: Any, error: BaseException | None, collector: Collector) -> None:
        self.value = value
        self.error = error
        self.outputs = collector.outputs
        self.seconds = 0.0


def run(shell: Shell, cell: str, source: str, cpu: float, wall: float) -> CellRun:
    """Run one cell; an exception is returned, never raised."""
    collector = Collector()
    out, err = _Stream("stdout"), _Stream("stderr")
    out.collector = err.collector = collector
    hook, publisher, compiler = shell.parts
    hook.collector = publisher.collector = collector
    compiler.cell = cell
    before = sys.stdout, sys.stderr
    started = time.perf_counter()
    sys.stdout, sys.stderr = out, err
    value, error = None, None
    try:
        with time_limit(cpu, wall):
            runner: Any = shell.run_cell
            result = runner(source, store_history=False)
        value = result.result
        error = result.error_before_exec or result.error_in_exec
    except BaseException as problem:  # the limit can strike between two lines of IPython
        error = problem
    finally:
        sys.stdout, sys.stderr = before
        hook.collector = publisher.collector = None
    done = CellRun(value, error, collector)
    done.seconds = time.perf_counter() - started
    return done


@contextmanager
def time_limit(cpu: float, wall: float) -> Iterator[None]:
    """Raise :class:`TimeLimit` in this thread after so many seconds of work, or on the clock."""

    def strike(number: int, frame: FrameType | None) -> None:
        used = "processor seconds" if number == signal.SIGPROF else "seconds on the clock"
        limit = cpu if number == signal.SIGPROF else wall
        raise TimeLimit(f"stopped after {limit:g} {used}")

    signal.signal(signal.SIGPROF, strike)
    signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_PROF, cpu)
    signal.setitimer(signal.ITIMER_REAL, wall)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as plain text: what, and where in the cells."""
    try:
        text = str(error)
    except Exception:
        text = "(the exception cannot be shown)"
    places, cell = [], ""
    if isinstance(error, SyntaxError) and error.lineno is not None:
        text = error.msg or text
        name = str(error.filename or "").strip("<>")
        cell = name
        places.append(f"cell {name}, line {error.lineno}: {str(error.text or '').strip()[:200]}")
    step = error.__traceback__
    while step is not None:
        name = step.tb_frame.f_code.co_filename
        if name.startswith("<") and name.endswith(">") and not name.startswith("<frozen"):
            line = linecache.getline(name, step.tb_lineno).strip()[:200]
            cell = name[1:-1]
            places.append(f"cell {cell}, line {step.tb_lineno}: {line}")
        step = step.tb_next
    kinds = [base.__name__ for base in type(error).__mro__ if base not in (object, BaseException)]
    return {
        "type": type(error).__name__[:100],
        "kinds": [kind[:100] for kind in kinds[:10]],
        "text": text[:4000],
        "places": places[-6:],
        "cell": cell[:100],
    }
