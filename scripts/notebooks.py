"""Execute the chapters and keep their files clean.

``notebooks.py execute book/02-convolution.ipynb`` runs a chapter from top to bottom in a fresh
kernel and writes it back. The same notebook gives the same bytes when it is run again: no times, no
random ids, no paths, one thread. ``notebooks.py check book/*.ipynb`` changes nothing and says what
is wrong with a file.

A chapter is text, and is best edited as text; the outputs of untouched cells survive:

    jupytext --to md:myst book/02-convolution.ipynb -o chapter.md
    jupytext --to ipynb --update chapter.md -o book/02-convolution.ipynb
    python scripts/notebooks.py execute book/02-convolution.ipynb
"""

import argparse
import hashlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
KEPT_METADATA = {"course", "mystnb"}
KEPT_CELL_METADATA = {"mystnb", "nbgrader", "tags"}
SHORTEST_ALT = 40  # characters: a sentence that says what there is to see
# One thread and a fixed hash seed: the same sums in the same order, so the same last digits.
KERNEL_ENVIRONMENT = {
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "TRITON_INTERPRET": "0",  # the tests of the GPU kernel set it for all that they start
}
MACHINE_TRACES = {
    "a path of this machine": re.compile(
        "|".join(
            re.escape(str(p)) for p in (Path.home(), Path(sys.prefix), Path.cwd()) if p != Path("/")
        )
        + r"|/tmp/\w|/home/\w|/Users/\w|[A-Z]:\\Users"
    ),
    "a memory address, which differs every time": re.compile(r"\b0x[0-9a-f]{8,}"),
}


class ExecutionError(Exception):
    """A cell stopped the chapter; the message says which cell and why."""


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook in the one form that is committed."""
    cells, used = [], set()
    count = 0
    for cell in notebook.cells:
        clean = NotebookNode(
            cell_type=cell.cell_type,
            id=_cell_id(cell, used),
            metadata={
                k: v for k, v in sorted(cell.metadata.items()) if k in KEPT_CELL_METADATA and v
            },
            source=cell.source.rstrip(),
        )
        if cell.cell_type == "code":
            executed = cell.execution_count is not None and bool(clean.source)
            count += executed
            clean.execution_count = count if executed else None
            clean.outputs = _normalise_outputs(cell.outputs, clean.execution_count)
        cells.append(clean)
    return NotebookNode(
        cells=cells,
        metadata={
            **{k: v for k, v in notebook.metadata.items() if k in KEPT_METADATA},
            "kernelspec": KERNELSPEC,
            "language_info": {"name": "python"},
        },
        nbformat=4,
        nbformat_minor=5,
    )


def _cell_id(cell: NotebookNode, used: set[str]) -> str:
    """Name a cell after its source, so that editing one cell leaves every other name alone."""
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source.rstrip()}".encode()).hexdigest()[:12]
    name, copies = digest, 1
    while name in used:
        copies += 1
        name = f"{digest}-{copies}"
    used.add(name)
    return name


def _normalise_outputs(outputs: list[NotebookNode], count: int | None) -> list[NotebookNode]:
    """Join stream pieces (a kernel cuts them at random) and drop empty metadata."""
    clean: list[NotebookNode] = []
    for output in outputs:
        output = NotebookNode(output)
        if output.output_type == "stream":
            if clean and clean[-1].output_type == "stream" and clean[-1].name == output.name:
                clean[-1].text += output.text
                continue
        elif "metadata" in output:
            output.metadata = {k: v for k, v in sorted(output.metadata.items()) if v}
        if output.output_type == "execute_result":
            output.execution_count = count
        clean.append(output)
    return clean


def serialise(notebook: NotebookNode) -> str:
    """Write the notebook as the text that is committed."""
    return nbformat.writes(nbformat.from_dict(notebook), version=4).rstrip("\n") + "\n"


def execute(path: Path, timeout: int = 600) -> str:
    """Run ``path`` in a fresh kernel, in the notebook's folder; return its new text."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name=KERNELSPEC["name"],
        record_timing=False,
        resources={"metadata": {"path": str(path.parent.resolve())}},
        # It listens on this machine only; its remark that the line is not encrypted is noise.
        extra_arguments=["--IPKernelApp.log_level=40"],
    )
    try:
        client.execute(env={**os.environ, **KERNEL_ENVIRONMENT})
    except CellExecutionError as error:
        raise ExecutionError(f"{_where(notebook)} raised {error.ename}: {error.evalue}") from error
    except CellTimeoutError as error:
        raise ExecutionError(f"{_where(notebook)} ran longer than {timeout} s") from error
    except DeadKernelError as error:
        raise ExecutionError(f"{_where(notebook)} killed the kernel (out of memory?)") from error
    return serialise(normalise(notebook))


def _where(notebook: NotebookNode) -> str:
    """Name the cell that stopped: the one with an error, else the first that did not finish."""
    code = [(i, c) for i, c in enumerate(notebook.cells, 1) if c.cell_type == "code" and c.source]
    failed = [(i, c) for i, c in code if any(o.output_type == "error" for o in c.outputs)]
    waiting = [(i, c) for i, c in code if c.execution_count is None]
    number, cell = (failed or waiting or code[-1:])[0]
    return f"cell {number} ({cell.source.strip().splitlines()[0]!r})"


def check(path: Path) -> Iterator[str]:
    """Say what is wrong with a committed chapter, one sentence at a time."""
    text = path.read_text(encoding="utf-8")
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except (
        Exception
    ) as error:  # nbformat raises many kinds, all of them mean the same to the author
        yield f"is not a valid notebook: {str(error).splitlines()[0]}"
        return
    expected_count = 0
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "markdown":
            if re.search(r"!\[\s*\]\(", cell.source):
                yield f"cell {number} shows a picture without alternative text: ![like this](...)"
        elif cell.cell_type == "code" and cell.source.strip():
            expected_count += 1
            if cell.execution_count is None:
                yield f"cell {number} was not executed: run `notebooks.py execute`"
            elif cell.execution_count != expected_count:
                was = cell.execution_count
                yield f"cell {number} was executed out of order: as {was}, not {expected_count}"
            for problem in _check_outputs(cell):
                yield f"cell {number} {problem}"
    if serialise(normalise(notebook)) != text:
        yield "is not in the committed form (ids, metadata, keys): run `notebooks.py execute`"


def _check_outputs(cell: NotebookNode) -> Iterator[str]:
    image = False
    for output in cell.outputs:
        if output.output_type == "error":
            yield f"ended in an error: {output.ename}: {output.evalue}"
            continue
        if output.output_type == "stream" and output.name == "stderr":
            yield f"printed a warning: {output.text.strip().splitlines()[-1]}"
        data = output.get("data", {})
        image |= any(kind.startswith("image/") for kind in data)
        shown = "\n".join(
            [output.get("text", ""), *(v for k, v in data.items() if k.startswith("text/"))]
        )
        for what, trace in MACHINE_TRACES.items():
            if found := trace.search(shown):
                yield f"shows {what}: {found.group()}"
    alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
    if image and len(alt) < SHORTEST_ALT:
        yield (
            "shows a picture without alternative text: put a sentence that says what "
            "there is to see into the cell's metadata, mystnb.image.alt"
        )
    if alt and not image:
        yield "has alternative text but shows no picture"


def _execute_all(paths: list[Path]) -> bool:
    good = True
    for path in paths:
        print(f"{path}: running ...", file=sys.stderr, flush=True)
        try:
            text = execute(path)
        except ExecutionError as error:
            print(f"{path}: {error}. The file was left as it was.", file=sys.stderr)
            good = False
            continue
        if text == path.read_text(encoding="utf-8"):
            print(f"{path}: unchanged", file=sys.stderr)
        else:  # replace in one step: an interrupted run never leaves half a notebook
            draft = path.with_suffix(".ipynb.tmp")
            draft.write_text(text, encoding="utf-8")
            draft.replace(path)
            print(f"{path}: written", file=sys.stderr)
    return good


def _check_all(paths: list[Path]) -> bool:
    problems = [f"{path}: {problem}" for path in paths for problem in check(path)]
    print(*problems, sep="\n", end="\n" if problems else "")
    return not problems


def main(arguments: list[str] | None = None) -> int:
    """Return 0 if all is well, 1 if a notebook is not, 2 for wrong usage (argparse's own)."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("command", choices=["execute", "check"])
    parser.add_argument("paths", nargs="+", type=Path, metavar="NOTEBOOK")
    options = parser.parse_args(arguments)
    for path in options.paths:
        if not path.is_file():
            parser.error(f"there is no file {path}")
    work = _execute_all if options.command == "execute" else _check_all
    return 0 if work(options.paths) else 1


if __name__ == "__main__":
    raise SystemExit(main())
