"""The appendices: every correction is there once and is shown; the cheat sheet counts right."""

import ast
import inspect
import re
import tomllib

import nbformat
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnlib import reference
from cnnlib.profile import profile
from cnnlib.shapes import conv_output_size, receptive_field, same_padding
from tests.book.conftest import CHAPTERS, ROOT, Chapter

MYTHS = ROOT / "book/myths.ipynb"
WORDS = {31, 32, 50}  # history: sources instead of code
MORE = {"activations", "five-poolings", "inception-window", "flops"}
WIDTH = 79
TABLES = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8")).get("corrections", {})
    for path in (ROOT / "tests/book/topics").glob("*.toml")
}


def entries() -> dict:
    """Target -> (slug of the chapter above it, its text, the code cells below it)."""
    found, slug, cells = {}, None, []
    for cell in nbformat.read(MYTHS, as_version=4).cells:
        if cell.cell_type == "code":
            cells.append(cell)
        elif target := re.match(r"\(myth-([a-z0-9-]+)\)=\n", cell.source):
            cells = []
            found[target.group(1)] = (slug, cell.source, cells)
        elif link := re.search(r"\]\((\d\d-[a-z-]+)\.ipynb\)", cell.source):
            slug, cells = link.group(1), []
    return found


ENTRIES = entries()


@pytest.fixture(scope="module")
def myths():
    return Chapter(MYTHS)


def test_all_corrections_are_there_once(myths):
    targets = re.findall(r"^\(myth-([a-z0-9-]+)\)=$", myths.text, re.M)
    assert len(targets) == len(set(targets)) == len(ENTRIES)
    assert {int(t) for t in targets if t.isdigit()} == set(range(1, 53))
    assert {t for t in targets if not t.isdigit()} == MORE
    listed = re.findall(r"\{ref\}`(\d+) <myth-(\d+)>`", myths.cells[0].source)
    assert listed == [(str(n), str(n)) for n in range(1, 53)]


@pytest.mark.parametrize("target", ENTRIES)
def test_an_entry_says_what_is_said_and_what_is_true_and_shows_it(target):
    slug, text, cells = ENTRIES[target]
    title = rf"{target}\. \S.*" if target.isdigit() else r"\S.*"
    entry = rf"\(myth-{target}\)=\n### {title}\n\n\*\*Often said\.\*\* .+\n\n\*\*True\.\*\* .+"
    assert re.fullmatch(entry, text, re.S)
    assert slug in {path.stem for path in CHAPTERS}
    if target.isdigit() and int(target) in WORDS:
        assert cells == []
        assert "{cite:t}`" in text
        return
    (cell,) = cells
    assert re.search(r"^assert |testing\.assert_", cell.source, re.M)
    (output,) = cell.outputs
    (line,) = output.text.splitlines()
    assert 0 < len(line) <= WIDTH


@pytest.mark.parametrize("target", ENTRIES)
def test_it_stands_under_a_chapter_that_teaches_it(target):
    slug, _, _ = ENTRIES[target]
    assert target in TABLES[slug]


def test_it_is_executed_and_in_the_committed_form(notebooks):
    assert list(notebooks.check(MYTHS)) == []


def test_its_code_can_be_read_without_scrolling(myths):
    lines = myths.code.splitlines()
    assert [line for line in lines if len(line) > WIDTH and "%pip" not in line] == []


@pytest.mark.slow
def test_running_it_again_gives_the_same_bytes(notebooks):
    again = nbformat.reads(notebooks.execute(MYTHS), as_version=4)
    before = nbformat.read(MYTHS, as_version=4)
    for cell in [*again.cells, *before.cells]:
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            cell.outputs = []  # the last digits of a training run depend on the processor
    assert nbformat.writes(again) == nbformat.writes(before)


def test_only_a_training_run_may_print_other_digits(myths):
    (cell,) = myths.tagged("nbval-ignore-output")
    assert "optimiser.step()" in cell.source
    assert myths.tagged("nbval-skip") == []


@pytest.mark.parametrize("page", ["myths.ipynb", "cheat-sheet.md"])
def test_every_citation_has_an_entry(page):
    library = (ROOT / "book/references.bib").read_text(encoding="utf-8")
    known = set(re.findall(r"^@\w+\{([^,\s]+),", library, re.M))
    text = (ROOT / "book" / page).read_text(encoding="utf-8")
    cited = {key for keys in re.findall(r"\{cite:\w+\}`([^`]+)`", text) for key in keys.split(",")}
    assert cited
    assert cited <= known


SHEET = ROOT / "book/cheat-sheet.md"
EXAMPLE = re.compile(r"`([^`]+)` = `([^`]+)`")
SHAPE = r"[\d,]+(?: × \d+)*"
COST = re.compile(rf"^\| (`.+?) \| ({SHAPE}) \| ([\d,]+) \| ([\d,]+) \|$", re.M)
CALL = re.compile(r"^\| `((?:nn|optim)\.\w+)` \| `([^`]+)` \|$", re.M)


@pytest.fixture(scope="module")
def sheet():
    return SHEET.read_text(encoding="utf-8")


def test_the_examples_of_the_sheet_are_right(sheet):
    names = {
        "round": round,
        "zeros": lambda *shape: np.zeros(shape),
        "conv_output_size": conv_output_size,
        "same_padding": same_padding,
        "receptive_field": receptive_field,
        "max_pool2d": reference.max_pool2d,
        "conv_transpose2d": reference.conv_transpose2d,
    }
    examples = EXAMPLE.findall(sheet)
    assert len(examples) == 6
    for call, value in examples:
        assert eval(call, {"__builtins__": {}}, names) == eval(value), call


def test_the_costs_of_the_sheet_are_those_of_the_layers(sheet):
    rows = COST.findall(sheet)
    assert len(rows) == 11
    for layers, shape, parameters, macs in rows:
        built = [eval(f"nn.{code}") for code in re.findall(r"`([^`]+)`", layers)]
        model = nn.Sequential(*built).eval()
        model(torch.zeros(1, 64, 32, 32))  # a lazy layer learns its size
        table = profile(model, (64, 32, 32))
        sizes = tuple(int(n.replace(",", "")) for n in shape.split(" × "))
        assert list(table)[-1].output_shape[1:] == sizes, layers
        assert f"{table.parameters:,}" == parameters, layers
        assert f"{table.macs:,}" == macs, layers
        if buffers := sum(b.numel() for b in model.buffers() if b.ndim):
            assert f"{buffers} running statistics" in layers


def test_the_defaults_of_the_sheet_are_pytorchs(sheet):
    rows = CALL.findall(sheet)
    assert len(rows) == 13
    for name, arguments in rows:
        theirs = inspect.signature(eval(name, {"nn": nn, "optim": torch.optim})).parameters
        given = ast.parse(f"f({arguments})").body[0].value
        positional = [argument.id for argument in given.args]
        defaults = {k.arg: ast.literal_eval(k.value) for k in given.keywords}
        assert all(theirs[a].default is inspect.Parameter.empty for a in positional), name
        assert {a: theirs[a].default for a in defaults} == defaults, name
        named = [*positional, *defaults]
        assert named == [a for a in theirs if a in named], name


def test_the_gradients_of_the_sheet_are_those_of_autograd(sheet, rng):
    (block,) = re.findall(r"```python\n(# convolution.+?)```", sheet, re.S)
    S, P, D, K = 2, 1, 1, 3

    def leaf(*shape):
        return torch.tensor(rng.standard_normal(shape), requires_grad=True)

    x, weight, bias = leaf(2, 3, 8, 7), leaf(4, 3, K, K), leaf(4)
    y = F.conv2d(x, weight, bias, S, P, D)
    g = torch.tensor(rng.standard_normal(y.shape))
    names = {"np": np, "S": S, "P": P, "D": D, "K": K, "N": 5}
    names |= {"conv_transpose2d": reference.conv_transpose2d, "left_over": (1, 0)}
    names["windows"] = reference.windows(reference.pad(x.detach().numpy(), [P] * 4), K, stride=S)
    names |= {"g": g.numpy(), "weight": weight.detach().numpy(), "x": y.detach().numpy()}
    y.backward(g)

    pooled = leaf(*y.shape, K, K)  # one window for each place, none of them overlapping
    names["window"] = pooled.detach().numpy()
    vectors, matrix, labels = leaf(5, 6), leaf(3, 6), torch.tensor([0, 2, 1, 1, 0])
    h = torch.tensor(rng.standard_normal((5, 3)))
    names |= {k: v.detach().numpy() for k, v in {"vectors": vectors, "matrix": matrix}.items()}
    names |= {"h": h.numpy(), "softmax": lambda a: reference.softmax(a, dim=1)}
    logits = leaf(5, 3)
    names |= {"logits": logits.detach().numpy(), "one_hot": np.eye(3)[labels.numpy()]}
    normed, gamma = leaf(*y.shape), leaf(4)
    plain = normed.detach().numpy()

    def mean(a):
        return a.mean((0, 2, 3), keepdims=True)

    s = np.sqrt(plain.var((0, 2, 3), keepdims=True) + 1e-5)
    names |= {"mean": mean, "s": s, "x_hat": (plain - mean(plain)) / s}
    names["gamma"] = gamma.detach().numpy()[:, None, None]
    exec(block, names)

    upstream = g
    F.linear(vectors, matrix).backward(h)
    F.cross_entropy(logits, labels).backward()
    F.batch_norm(normed, None, None, gamma, training=True).backward(upstream)
    relu = y.detach().requires_grad_()
    relu.relu().backward(upstream)
    (of_mean,) = torch.autograd.grad(pooled.mean((-2, -1)), pooled, upstream)
    (of_max,) = torch.autograd.grad(pooled.amax((-2, -1)), pooled, upstream)
    for name, truth in {
        "grad_bias": bias.grad,
        "grad_weight": weight.grad,
        "grad_x": x.grad,
        "grad_mean": of_mean,
        "grad_max": of_max,
        "grad_relu": relu.grad,
        "grad_vectors": vectors.grad,
        "grad_matrix": matrix.grad,
        "grad_logits": logits.grad,
        "grad_normed": normed.grad,
    }.items():
        np.testing.assert_allclose(names[name], truth, atol=1e-12, err_msg=name)


def test_the_rules_of_the_sheet_for_sizes_statistics_and_first_weights(rng):
    x = torch.tensor(rng.normal(3, 2, (4, 2, 5, 6)))
    layer = nn.BatchNorm2d(2, dtype=torch.float64)
    nn.init.normal_(layer.weight)
    layer(x)
    m = 4 * 5 * 6
    new = x.var((0, 2, 3), correction=0) * m / (m - 1)
    torch.testing.assert_close(layer.running_var, 0.9 * torch.ones_like(new) + 0.1 * new)
    a = layer.weight / (layer.running_var + layer.eps).sqrt()
    b = layer.bias - a * layer.running_mean
    torch.testing.assert_close(layer.eval()(x), a[:, None, None] * x + b[:, None, None])

    conv = nn.Conv2d(3, 2, 3, dtype=torch.float64)
    folded = nn.utils.fusion.fuse_conv_bn_eval(conv.eval(), layer)
    torch.testing.assert_close(folded.weight, a[:, None, None, None] * conv.weight)
    shift = layer.bias + a * (conv.bias - layer.running_mean)
    torch.testing.assert_close(folded.bias, shift)

    torch.manual_seed(0)
    conv = nn.Conv2d(64, 256, 3, groups=2)
    fan_in = 64 // 2 * 3**2
    bound = conv.weight.abs().max().item() * fan_in**0.5
    assert 0.999 < bound <= 1.0001
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    assert conv.weight.std().item() == pytest.approx((2 / fan_in) ** 0.5, rel=0.02)
    dropped = F.dropout(torch.ones(200_000), 0.2)
    assert dropped.pow(2).mean().item() == pytest.approx(1 / 0.8, rel=0.01)
    first_loss = F.cross_entropy(torch.zeros(1, 10), torch.tensor([3])).item()
    assert round(first_loss, 3) == 2.303
    for N, K, S, P, D, extra in [(4, 4, 2, 1, 1, 0), (5, 3, 3, 1, 2, 2)]:
        y = F.conv_transpose1d(torch.zeros(1, 1, N), torch.zeros(1, 1, K), None, S, P, extra, 1, D)
        assert y.shape[-1] == (N - 1) * S - 2 * P + D * (K - 1) + extra + 1
