"""What every figure promises: alt text, readable ink, the same bytes, and no trace left behind."""

import functools
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from cnnlib import plot
from cnnlib.plot.cells import contrast, ink_on, number
from cnnlib.plot.figure import CYCLE, PAPER

RNG = np.random.default_rng(0)
HISTORY = {
    "train_loss": [2.0, 1.0, 0.6],
    "validation_loss": [1.9, 1.1, 1.2],
    "train_accuracy": [0.3, 0.6, 0.8],
    "validation_accuracy": [0.35, 0.62, 0.6],
}
FIGURES = {
    "matrix": lambda: plot.matrix(RNG.integers(0, 256, (6, 7)), title="Pixels"),
    "image_grid": lambda: plot.image_grid(np.full((3, 3, 6, 8), 0.4), ["a", "b", "c"], columns=2),
    "feature_maps": lambda: plot.feature_maps(RNG.standard_normal((5, 6, 7)), title="Maps"),
    "feature_maps, large": lambda: plot.feature_maps(RNG.standard_normal((2, 30, 40))),
    "kernels": lambda: plot.kernels([[[0, 1, 0]] * 3, [[-1, 0, 1]] * 3], ["line", "edge"]),
    "window": lambda: plot.window(
        RNG.integers(0, 9, (5, 6)), [[1, 0, -1]] * 3, (1, 0), stride=2, padding=1, title="Step"
    ),
    "window, dilated": lambda: plot.window(np.eye(6), [[1, 2], [3, 4]], dilation=2, scale="grey"),
    "padding_modes": lambda: plot.padding_modes(np.arange(12).reshape(3, 4), 2, title="Borders"),
    "coverage": lambda: plot.coverage((7, 9), 3, stride=2),
    "pooling": lambda: plot.pooling(RNG.integers(0, 10, (4, 7)), 2, title="Pool"),
    "pooling, overlapping": lambda: plot.pooling(RNG.integers(-9, 10, (5, 6)), 3, 1),
    "window_positions": lambda: plot.window_positions(10, 3, stride=2, padding=1, title="Places"),
    "correlation": lambda: plot.correlation([0, 1, 3, 1, 0, 0], [-1, 0, 1]),
    "weight_tensor": lambda: plot.weight_tensor(RNG.standard_normal((4, 3, 5, 5)), title="W"),
    "weight_tensor, small": lambda: plot.weight_tensor(RNG.integers(-2, 3, (2, 3, 3, 3))),
    "diagram": lambda: plot.diagram(
        {"x\n3 maps": (0.5, 0), "a": (0, 1), "b": (1, 1), "sum": (0.5, 2)},
        [("x", "a"), ("x", "b"), ("a", "sum"), ("b", "sum")],
        marked=["b"],
        title="Two paths",
    ),
    "dilation": lambda: plot.dilation(3, (1, 2, 3)),
    "sliding_directions": lambda: plot.sliding_directions(),
    "training_curves": lambda: plot.training_curves(HISTORY, title="Run"),
    "training_curves, two": lambda: plot.training_curves({"one": HISTORY, "two": HISTORY}),
    "curve_gallery": lambda: plot.curve_gallery(
        {"sound": HISTORY, "broken": {"train_loss": [2.0, 9.0, float("nan")]}, "other": HISTORY},
        top=3,
        chance=2.3,
        columns=2,
        title="Runs",
    ),
    "sweeps": lambda: plot.sweeps(
        {
            "shift (pixels)": (range(5), {"largest of 4 x 4": [0, 1, 2, 2, 3], "mean": [0] * 5}),
            "angle (degrees)": ([0, 45], {"largest of 4 x 4": [0, 2.5], "mean": [0, 4]}),
        },
        "distance",
        title="Sweeps",
    ),
    "roofline": lambda: plot.roofline(
        {"core": (128e9, 20e9), "wider": (256e9, 20e9)}, {"add": 0.08, "product": 60}, title="Roofs"
    ),
    "learning_rates": lambda: plot.learning_rates([1e-3, 1e-2, 1e-1], [2, 1, 3], 1e-2),
    "receptive_field_growth": lambda: plot.receptive_field_growth(
        {"plain": [(3,)] * 4, "strided": [(3, 2)] * 4}, image_size=28
    ),
    "receptive_field_pyramid": lambda: plot.receptive_field_pyramid(11, [(3, 2, 1), (3,)]),
    "confusion_matrix": lambda: plot.confusion_matrix(
        [0, 1, 2, 2], [0, 1, 1, 2], ["circle", "square", "triangle"], title="Test"
    ),
    "connections": lambda: plot.connections(title="Wires"),
    "overlay": lambda: plot.overlay(
        np.full((2, 3, 8, 9), 0.5), RNG.random((2, 8, 9)), title="Heat"
    ),
    "effective_field": lambda: plot.effective_field(RNG.random((15, 15)), 15),
    "feature_strips": lambda: plot.feature_strips(
        {"conv1": RNG.standard_normal((3, 9, 9)), "conv2": RNG.standard_normal((12, 4, 4))}
    ),
    "volumes": lambda: plot.volumes([(3, 64, 64), (16, 32, 32), (64, 8, 8)], title="Net"),
    "volumes, named": lambda: plot.volumes([(1, 9, 9), (6, 5, 7)], ["in", "C1"]),
    "activation_histograms": lambda: plot.activation_histograms(
        {
            name: {f"layer {i}": RNG.normal(0, spread, 500) for i in (1, 10, 20)}
            for name, spread in {"fading signal": 0.02, "kept": 1.0, "loud": 40.0}.items()
        },
        title="Signal",
    ),
    "descent": lambda: plot.descent(
        {
            "bowl": (lambda u, v: u**2 + v**2, [[1, 1], [0.5, 0.5], [0.2, 0.2]]),
            "ravine": (lambda u, v: u**2 + 50 * v**2, [[1, 1], [0.9, -0.5]]),
        },
        (-1.2, 1.2, -1.2, 1.2),
        title="Down",
    ),
    "repeated_runs": lambda: plot.repeated_runs(
        {
            "probe": {1: [0.5, 0.7], 5: [0.8, 0.9], 20: [0.9, 0.92]},
            "scratch": {1: [0.3, 0.2], 5: [0.5, 0.6], 20: [0.9, 1.0]},
        },
        "images of each class",
        "accuracy",
        log=True,
        percent=True,
        title="Shots",
    ),
    "decision_chart": lambda: plot.decision_chart(
        [("Is it wet?", "Dry it. " * 9), ("Is it cold, and was it so before? " * 2, "Warm it.")],
        "Use it.",
        title="What to do",
    ),
    "layer_costs": lambda: plot.layer_costs(["conv", "fc"], {"MACs": [9e6, 4e4], "bytes": [8, 0]}),
}


@functools.cache
def made(name):
    """A figure that several tests look at and none changes."""
    return FIGURES[name]()


every_figure = pytest.mark.parametrize("name", FIGURES)


@functools.cache
def texts(figure):
    """The texts that are really drawn; an axis also keeps labels that lie outside of its view."""
    drawn = []
    original = Text.draw

    def draw(text, renderer):
        if text.get_text().strip() and text.get_visible():
            drawn.append(text)
        original(text, renderer)

    with pytest.MonkeyPatch.context() as patch:
        figure.png()  # settles the layout
        patch.setattr(Text, "draw", draw)
        figure.draw_without_rendering()
    assert drawn or not figure.axes
    return list(dict.fromkeys(drawn))


def test_every_public_figure_is_tested_here():
    drawn = {name.split(",")[0] for name in FIGURES}
    assert drawn == set(plot.__all__) - {"CourseFigure"}


@every_figure
def test_alt_text_says_in_sentences_what_is_to_be_seen(name):
    text = made(name).alt_text
    assert 40 < len(text) < 700
    assert text[0].isupper() or text[0].isdigit()
    assert text.endswith(".")
    assert "\n" not in text
    assert "nan" not in text
    assert any(character.isdigit() for character in text), "it states facts from the data"


@every_figure
def test_the_same_data_give_the_same_bytes_again_whatever_the_readers_settings(name, monkeypatch):
    global RNG
    monkeypatch.setitem(globals(), "RNG", np.random.default_rng(1))
    figure = FIGURES[name]()
    first = figure.png()
    assert first == figure.png(), "drawing has no side effect"
    RNG = np.random.default_rng(1)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 17}):
        assert FIGURES[name]().png() == first
    assert b"Software" not in first[:200]


@every_figure
def test_settings_and_pyplot_are_left_alone(name):
    before = dict(mpl.rcParams)
    FIGURES[name]().png()
    assert dict(mpl.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not mpl.pyplot.get_fignums()


@every_figure
def test_text_is_inside_the_figure_large_enough_and_apart(name):
    figure = made(name)
    width, height = figure.bbox.width, figure.bbox.height
    boxes = []
    for text in texts(figure):
        box = text.get_window_extent()
        if box.width == 0:
            continue
        assert box.x0 > -0.5, text
        assert box.y0 > -0.5, text
        assert box.x1 < width + 0.5, text
        assert box.y1 < height + 0.5, text
        assert text.get_fontsize() >= 5.5, text
        boxes.append((text, box))
    assert figure.get_figwidth() <= 8.2
    for index, (text, box) in enumerate(boxes):
        for other, its in boxes[index + 1 :]:
            overlap_x = min(box.x1, its.x1) - max(box.x0, its.x0)
            overlap_y = min(box.y1, its.y1) - max(box.y0, its.y0)
            assert min(overlap_x, overlap_y) < 2, f"{text} lies on {other}"


@every_figure
def test_text_outside_of_cells_reads_on_the_paper(name):
    figure = made(name)
    in_cells = {
        text for ax in figure.axes for text in ax.texts if ax.images and text.get_color() == "white"
    }
    for text in texts(figure):
        if text not in in_cells:
            # Large or bold marks need 3, text needs 4.5 (WCAG 2.2, 1.4.3).
            least = 3 if text.get_fontsize() >= 14 or text.get_color() == "#D55E00" else 4.5
            assert contrast(text.get_color(), PAPER) >= least, text


def test_numbers_in_cells_read_on_every_colour_of_every_scale():
    from cnnlib.plot.cells import COLOURMAPS

    for colours in COLOURMAPS.values():
        for colour in colours(np.linspace(0, 1, 101)):
            assert contrast(ink_on(colour), colour) >= 4.5


def test_numbers_written_into_cells_have_the_ink_of_their_cell():
    figure = plot.matrix(np.linspace(0, 1, 16).reshape(4, 4))
    (ax,) = figure.axes
    picture = ax.images[0]
    assert len(ax.texts) == 16
    for text in ax.texts:
        column, row = text.get_position()
        value = picture.get_array()[int(row), int(column)]
        cell = picture.cmap(picture.norm(value))
        assert contrast(text.get_color(), cell) >= 4.5
        assert float(text.get_text()) == pytest.approx(float(value), abs=0.006)


def test_signed_scales_are_symmetric_and_white_at_zero():
    figure = plot.feature_maps(np.array([[[-3.0, 0.0], [0.5, 1.0]], [[0.0, 0.1], [0.2, 0.3]]]))
    for ax in figure.axes:
        picture = ax.images[0]
        assert (picture.norm.vmin, picture.norm.vmax) == (-3.0, 3.0), "one scale for all maps"
        assert min(picture.cmap(picture.norm(0.0))) > 0.99


@pytest.mark.parametrize("scale", ["signed", "grey", "count"])
def test_a_constant_array_is_drawn_without_a_warning(scale):
    for value in (0.0, 7.0, -2.0, 300.0):
        plot.matrix(np.full((2, 3), value), scale=scale).png()


def test_colours_are_told_apart_also_without_red_or_green():
    # Machado et al. 2009, full strength: deuteranopia and protanopia, on linear RGB.
    deuteranopia = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
    protanopia = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
    for matrix in (np.eye(3), deuteranopia, protanopia):
        seen = [
            np.clip(np.array(matrix) @ (np.array(to_rgb(colour)) ** 2.2), 0, 1) ** (1 / 2.2)
            for colour in CYCLE
        ]
        for index, colour in enumerate(seen):
            for other in seen[index + 1 :]:
                assert np.abs(colour - other).max() > 0.12


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (-0.0, "0"), (3.0, "3"), (-2, "−2"), (0.5, "0.5"), (1 / 9, "0.11"),
        (-0.25, "−0.25"), (255, "255"), (0.001, "1.0e−03"), (123456, "1.2e+05"),
        (float("inf"), "inf"), (float("nan"), "nan"), (0.999, "1"),
    ],
)  # fmt: skip
def test_numbers_are_written_short(value, text):
    assert number(value) == text


def test_a_notebook_shows_the_figure_with_its_alt_text():
    from IPython.core.formatters import DisplayFormatter

    figure = plot.matrix([[0, 1]])
    for _ in range(2):
        shown, metadata = DisplayFormatter().format(figure)
        assert shown["image/png"] == figure.png()
        assert metadata["image/png"] == {"alt": figure.alt_text}
        assert shown["text/plain"] == f"<Figure: {figure.alt_text}>"


def test_importing_the_package_loads_neither_torch_nor_pyplot():
    program = (
        "import sys, cnnlib.plot; cnnlib.plot.matrix([[1]]).png();"
        "sys.exit('torch' in sys.modules or 'matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
