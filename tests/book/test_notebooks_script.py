"""scripts/notebooks.py: what it writes is stable, and what it finds is said in clear words."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

PICTURE = (  # one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)
ALT = "A single grey pixel, as small as a picture can be."


def write(path, *cells, **metadata):
    nbformat.write(new_notebook(cells=list(cells), metadata=metadata), path)
    return path


@pytest.fixture
def small(tmp_path):
    """A notebook with everything that could differ from run to run."""
    return write(
        tmp_path / "small.ipynb",
        new_markdown_cell("# Title"),
        new_code_cell("import os, time\nprint(os.getcwd() == os.path.realpath('.'))\nprint('a')"),
        new_code_cell("{chr(n) for n in range(97, 123)}"),
        new_code_cell("1 + 1", metadata={"execution": {"iopub.execute_input": "now"}, "tags": []}),
        new_code_cell("1 + 1"),
        new_code_cell(""),
        widgets={"state": {}},
        kernelspec={"name": "mine", "display_name": "Mine"},
    )


@pytest.fixture
def clean(tmp_path, notebooks):
    """A notebook in the committed form, with a described picture."""
    cell = new_code_cell(
        "draw()",
        execution_count=1,
        metadata={"mystnb": {"image": {"alt": ALT}}},
        outputs=[new_output("display_data", data={"image/png": PICTURE, "text/plain": "<Figure>"})],
    )
    text = new_code_cell("print(2)", execution_count=2, outputs=[new_output("stream", text="2\n")])
    path = write(tmp_path / "clean.ipynb", new_markdown_cell("# Title"), cell, text)
    path.write_text(notebooks.serialise(notebooks.normalise(nbformat.read(path, 4))))
    assert list(notebooks.check(path)) == []
    return path


def test_executing_twice_gives_the_same_bytes(small, notebooks):
    assert notebooks.main(["execute", str(small)]) == 0
    first = small.read_bytes()
    assert notebooks.main(["execute", str(small)]) == 0
    assert small.read_bytes() == first
    assert notebooks.main(["check", str(small)]) == 0


def test_executing_writes_outputs_and_no_trace_of_the_run(small, notebooks):
    notebooks.main(["execute", str(small)])
    written = nbformat.read(small, as_version=4)
    assert [c.execution_count for c in written.cells[1:]] == [1, 2, 3, 4, None]
    assert written.cells[1].outputs[0].text == "True\na\n"
    assert written.cells[3].outputs[0].data["text/plain"] == "2"
    assert written.metadata == {
        "kernelspec": notebooks.KERNELSPEC,
        "language_info": {"name": "python"},
    }
    assert all(c.metadata == {} for c in written.cells)
    assert len({c.id for c in written.cells}) == len(written.cells)


def test_editing_one_cell_renames_no_other(small, notebooks):
    before = nbformat.read(small, as_version=4)
    after = nbformat.read(small, as_version=4)
    after.cells[2].source = "another"
    ids = [[c.id for c in notebooks.normalise(n).cells] for n in (before, after)]
    assert [a == b for a, b in zip(*ids, strict=True)] == [True, True, False, True, True, True]


def test_a_cell_that_fails_is_named_and_the_file_stays(tmp_path, notebooks, capsys):
    path = write(tmp_path / "bad.ipynb", new_code_cell("x = 0"), new_code_cell("# why\n1 / x"))
    before = path.read_bytes()
    assert notebooks.main(["execute", str(path)]) == 1
    assert path.read_bytes() == before
    message = capsys.readouterr().err
    assert "cell 2 ('# why') raised ZeroDivisionError: division by zero" in message
    assert "left as it was" in message


def test_one_bad_notebook_does_not_stop_the_next(tmp_path, notebooks):
    bad = write(tmp_path / "bad.ipynb", new_code_cell("1 / 0"))
    good = write(tmp_path / "good.ipynb", new_code_cell("print(5)"))
    assert notebooks.main(["execute", str(bad), str(good)]) == 1
    assert nbformat.read(good, as_version=4).cells[0].outputs[0].text == "5\n"


def _not_executed(nb):
    nb["cells"][2]["execution_count"] = None


def _out_of_order(nb):
    nb["cells"][1]["execution_count"], nb["cells"][2]["execution_count"] = 2, 1


def _error(nb):
    nb["cells"][2]["outputs"] = [
        {"output_type": "error", "ename": "KeyError", "evalue": "'w'", "traceback": []}
    ]


def _warning(nb):
    nb["cells"][2]["outputs"][0]["name"] = "stderr"


def _path(nb):
    nb["cells"][2]["outputs"][0]["text"] = ["read /home/someone/data\n"]


def _address(nb):
    nb["cells"][2]["outputs"][0]["text"] = ["<object at 0x7f3a5c0d1e20>\n"]


def _no_alt(nb):
    nb["cells"][1]["metadata"] = {}


def _short_alt(nb):
    nb["cells"][1]["metadata"]["mystnb"]["image"]["alt"] = "a figure"


def _stale_alt(nb):
    nb["cells"][1]["outputs"] = []


def _bare_markdown_picture(nb):
    nb["cells"][0]["source"] = ["![](figure.svg)"]


def _kernel(nb):
    nb["metadata"]["kernelspec"]["name"] = "my-env"


def _extra_metadata(nb):
    nb["cells"][2]["metadata"]["collapsed"] = True


def _random_id(nb):
    nb["cells"][2]["id"] = "abcdef12"


def _no_cells(nb):
    del nb["cells"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_not_executed, "cell 3 was not executed"),
        (_out_of_order, "cell 2 was executed out of order: as 2, not 1"),
        (_error, "cell 3 ended in an error: KeyError: 'w'"),
        (_warning, "cell 3 printed a warning: 2"),
        (_path, "cell 3 shows a path of this machine: /home/s"),
        (_address, "cell 3 shows a memory address"),
        (_no_alt, "cell 2 shows a picture without alternative text"),
        (_short_alt, "cell 2 shows a picture without alternative text"),
        (_stale_alt, "cell 2 has alternative text but shows no picture"),
        (_bare_markdown_picture, "cell 1 shows a picture without alternative text"),
        (_kernel, "not in the committed form"),
        (_extra_metadata, "not in the committed form"),
        (_random_id, "not in the committed form"),
        (_no_cells, "is not a valid notebook"),
    ],
)
def test_check_says_what_is_wrong_and_changes_nothing(clean, notebooks, capsys, spoil, words):
    notebook = json.loads(clean.read_text())
    spoil(notebook)
    clean.write_text(json.dumps(notebook))
    before = clean.read_bytes()
    assert notebooks.main(["check", str(clean)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert any(line.startswith(f"{clean}: ") and words in line for line in said)
    assert clean.read_bytes() == before


def test_a_missing_file_is_wrong_usage(tmp_path, notebooks, capsys):
    with pytest.raises(SystemExit) as stop:
        notebooks.main(["check", str(tmp_path / "none.ipynb")])
    assert stop.value.code == 2
    assert "there is no file" in capsys.readouterr().err
