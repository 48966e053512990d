"""Every topic the course promised, and every statement it corrects, is a cell of a chapter.

The numbers are the rows of the course's topic checklist and of its list of corrections. Each row
names what must be there: a piece of code (``code``), a figure (``figure``), an interactive figure
(``explorer``) or words (``text``). The instructor guide prints the same table.
"""

import pytest

from tests.book.conftest import ROOT, Chapter

# chapter -> row -> (topic, kind, a piece of the source that shows it)
TOPICS = {
    "01-images": {
        1: ("a picture is a matrix of numbers", "code", "print(crop)"),
        2: ("colour is three matrices", "figure", "plot.image_grid([flower, *flower]"),
        3: ("one byte for each number", "code", 'print("a + b =", a + b)'),
        4: ("a picture as a vector has many weights", "code", "def fc_parameters"),
        5: ("flattening ignores the layout", "code", "def accuracies(make, shuffled)"),
        6: (
            "without structure it is harder to optimise",
            "figure",
            "plot.training_curves({name: curves[name]",
        ),
        7: ("weights are shared over the picture", "figure", "plot.connections(6, 3)"),
    },
    "02-convolution": {
        7: ("weights are shared over the picture", "code", "5 x 5 patches, shared weights"),
        9: ("convolution of two functions", "code", "np.convolve(impulse, w"),
        10: ("different kernels, different effects", "figure", "plot.kernels(weights"),
        11: ("a filter applied to a signal", "code", "def xcorr1d"),
        12: (
            "the window slides left to right, top to bottom",
            "explorer",
            "cnn-convolution-stepper",
        ),
        13: ("75 products make one number", "code", "one_filter.ravel() @ patch.ravel() + b"),
        14: ("one place is w.x + b", "code", "sobel_x.ravel() @ patch.ravel() + b"),
        15: ("a filter is as deep as its input", "code", "except ShapeError"),
        16: ("one slice for each channel, summed", "code", "sum(slices) + b, one_map"),
        17: ("several channels are not a 3-D convolution", "figure", "plot.sliding_directions("),
        18: ("many filters make many maps", "figure", "plot.weight_tensor(weight"),
        19: ("everything that describes a layer", "text", "| `dilation` |"),
        20: ("kernels are learned", "code", "def learn_kernel"),
        21: ("what filters of a trained net look like", "figure", "net[0].weight.detach()"),
        22: ("the detective's match map", "code", "template = grey["),
        26: ("stacking needs something non-linear", "code", "relu(xcorr2d(grey, edge))"),
    },
    "03-padding-stride": {
        19: (
            "stride, padding and dilation describe a layer too",
            "text",
            "| P | P, p | `padding` |",
        ),
        27: ("notation N, F, S, P", "text", "| KH, KW, K | F, k | `kernel_size` |"),
        28: ("without padding the edge is lost", "figure", 'plot.coverage(6, 3, title="no padding'),
        29: ("zero padding", "code", 'mode in ("constant", "reflect"'),
        30: (
            "corners count 4 instead of 1",
            "code",
            "with_padding[0, 0], with_padding[2, 2]) == (4, 9)",
        ),
        31: ("valid, same, full and even kernels", "code", "same_padding(K, D)"),
        32: ("reflect and replicate", "figure", "plot.padding_modes("),
        33: ("stride is the step of the window", "figure", "plot.window_positions(6, 3, stride=2)"),
        34: ("the size formula", "code", "count_places(*g) == conv_output_size(*g)"),
        35: ("what a fraction means", "code", "(counts == 0).sum() == 19"),
        36: ("a stride saves work and may skip pixels", "code", "(counts == 0).sum() == 45"),
    },
}

CORRECTIONS = {
    "01-images": {
        16: ("16 filters of 8 kernels double 8 channels", "code", "(16, 2 * 8**2)"),
        21: ("225 weights and 3 biases", "code", "== (225, 3, 228)"),
        22: (
            "three billion weights need a stated width",
            "code",
            "layer.weight.numel() == 3 * 10**9",
        ),
        23: (
            "a pattern's place may matter",
            "code",
            "np.testing.assert_allclose(answers[0], answers[1]",
        ),
    },
    "02-convolution": {
        13: ("layers compute cross-correlation", "code", "F.conv2d(impulse[None, None]"),
        14: ("only true convolution may swap", "code", "may swap"),
        15: (
            "one filter with three slices, not three kernels",
            "text",
            "one filter with three slices",
        ),
        16: ("C_out filters, 2 C_in^2 slices", "code", "(16, 2 * 8**2)"),
        17: ("2-D, although the filter is a block", "code", "F.conv3d(video"),
        18: ("one bias for each filter, not for each place", "code", "map {o}: added between"),
        19: ("width, height and number are not all", "text", "is not the whole description"),
        20: ("groups are the exception", "code", "groups=groups"),
        21: ("225 weights and 3 biases", "code", "conv_parameters(3, 3, 5) == 228"),
        51: ("a response is not a proof", "code", "response > response[row, column]"),
        52: ("the input is unchanged", "code", "np.array_equal(grey, before)"),
    },
    "03-padding-stride": {
        3: ("dilation widens the view too", "code", "(3, 1, 0, d) for d in dilations"),
        5: ("N - F + 1 is a special case", "text", "is the case S = 1, P = 0, D = 1"),
        6: ("rounded down, not rounded", "code", "round((N - K) / S)"),
        7: ("fractions are legal", "code", "ceil_mode=True"),
        8: ("(F - 1) / 2 is a special case", "code", "def tensorflow_same"),
        9: ("filling and amount are two choices", "text", "Padding is two decisions"),
        10: ("reflect is not symmetric", "code", 'mode="symmetric"'),
        11: ("not every layer shrinks", "code", "conv_output_size(6, 1)"),
        12: ("places are skipped, not pixels", "code", "dense[:, :, ::2, ::3]"),
        48: ("224 or 227", "code", "conv_output_size(227, 11, 4)"),
    },
}

ROWS = [
    pytest.param(slug, *row, id=f"{kind}-{number}-{slug[:2]}")
    for kind, table in (("topic", TOPICS), ("correction", CORRECTIONS))
    for slug, rows in table.items()
    for number, row in rows.items()
]


@pytest.mark.parametrize(("slug", "topic", "kind", "piece"), ROWS)
def test_it_is_shown_where_it_is_taught(slug, topic, kind, piece):
    chapter = Chapter(ROOT / "book" / f"{slug}.ipynb")
    if kind == "text":
        assert piece in " ".join(chapter.text.split()), topic  # wherever lines break
    elif kind == "explorer":
        assert f"<{piece}>" in chapter.text, topic
    else:
        cells = [c for c in chapter.code_cells if piece in c.source]
        assert cells, topic
        shown = [mime for c in cells for o in c.outputs for mime in o.get("data", {})]
        assert ("image/png" in shown) == (kind == "figure"), topic
