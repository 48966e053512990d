"""What each figure shows, read back from its artists and held against torch or plain counting."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgba
from matplotlib.patches import Circle, Rectangle
from torch.nn import functional as F

from cnnlib import plot
from cnnlib.plot.attribution import half_mass_side
from cnnlib.plot.cells import number
from cnnlib.plot.figure import BLUE, VERMILLION


def picture(ax):
    return np.asarray(ax.images[0].get_array())


def frames(ax, colour=VERMILLION):
    """(row, column, height, width) of the frames in a colour."""
    return [
        (p.get_y() + 0.5, p.get_x() + 0.5, p.get_height(), p.get_width())
        for p in ax.patches
        if isinstance(p, Rectangle)
        and not p.get_fill()
        and p.get_edgecolor() == to_rgba(colour)
        and p.get_linewidth() > 1
    ]


@pytest.mark.parametrize(
    ("stride", "padding", "dilation"), [(1, 0, 1), ((2, 1), (0, 2), 1), (1, 1, (1, 2)), (3, 2, 2)]
)
def test_window_shows_the_convolution_that_torch_computes(stride, padding, dilation, rng):
    x, w = rng.standard_normal((7, 9)), rng.standard_normal((3, 2))
    y = F.conv2d(
        torch.tensor(x)[None, None], torch.tensor(w)[None, None],
        stride=stride, padding=padding, dilation=dilation,
    )[0, 0].numpy() + 0.5  # fmt: skip
    p, q = y.shape[0] - 1, y.shape[1] // 2
    figure = plot.window(x, w, (p, q), stride=stride, padding=padding, dilation=dilation, bias=0.5)
    shown, kernel, products, output = map(picture, figure.axes)
    np.testing.assert_allclose(output, y)
    np.testing.assert_array_equal(kernel, w)
    assert products.sum() + 0.5 == pytest.approx(y[p, q])
    # The framed cells, taken from the padded picture, times the kernel are the products.
    framed = frames(figure.axes[0])
    if dilation == 1:
        ((top, left, height, width),) = [tuple(map(int, frame)) for frame in framed]
        window = shown[top : top + height, left : left + width]
    else:
        window = np.array([shown[int(f[0]), int(f[1])] for f in framed]).reshape(3, 2)
    np.testing.assert_allclose(window * w, products)
    assert frames(figure.axes[3]) == [(p, q, 1, 1)]
    PH, PW = (padding, padding) if isinstance(padding, int) else padding
    np.testing.assert_array_equal(shown, np.pad(x, ((PH, PH), (PW, PW))))


def test_window_refuses_a_cell_that_is_not_there_and_a_window_that_does_not_fit():
    with pytest.raises(ValueError, match=r"\(2, 0\) is outside the output of 2 x 2 cells"):
        plot.window(np.zeros((3, 3)), np.zeros((2, 2)), (2, 0))
    with pytest.raises(ValueError, match="padded image has 2"):
        plot.window(np.zeros((2, 5)), np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"x needs 2 axes \(H, W\), got shape \(1, 3, 3\)"):
        plot.window(np.zeros((1, 3, 3)), np.zeros((2, 2)))


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_padding_modes_are_those_of_torch(mode, rng):
    x = rng.standard_normal((4, 5))
    figure = plot.padding_modes(x, (2, 3), [mode])
    expected = F.pad(
        torch.tensor(x)[None, None], (3, 3, 2, 2), mode="constant" if mode == "zeros" else mode
    )[0, 0]
    (ax,) = figure.axes
    np.testing.assert_array_equal(picture(ax), expected)
    assert frames(ax) == [(2, 3, 4, 5)]
    assert ax.get_title() == mode


def test_padding_modes_refuses_what_torch_refuses():
    x = np.zeros((3, 4))
    plot.padding_modes(x, 2, ["reflect"])
    with pytest.raises(ValueError, match="reflect padding of"):
        plot.padding_modes(x, 3, ["reflect"])
    plot.padding_modes(x, 3, ["circular"])
    with pytest.raises(ValueError, match="circular padding of"):
        plot.padding_modes(x, 4, ["circular"])
    with pytest.raises(ValueError, match="unknown padding mode 'mirror'; choose from zeros"):
        plot.padding_modes(x, 1, ["mirror"])
    with pytest.raises(ValueError, match="modes is empty"):
        plot.padding_modes(x, 1, [])


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "dilation"),
    [((7, 9), (3, 2), (2, 1), (1, 0), 1), (10, 3, 2, 0, 1), (9, 2, 3, 0, 1), (8, 3, 1, 2, 2)],
)
def test_coverage_counts_what_fold_counts_and_crosses_out_what_nobody_reads(
    size, kernel, stride, padding, dilation
):
    H, W = (size, size) if isinstance(size, int) else size
    geometry = {
        "kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation
    }  # fmt: skip
    columns = torch.ones_like(F.unfold(torch.ones(1, 1, H, W), **geometry))
    expected = F.fold(columns, (H, W), **geometry)[0, 0].numpy()
    figure = plot.coverage(size, kernel, stride=stride, padding=padding, dilation=dilation)
    (ax,) = figure.axes
    np.testing.assert_array_equal(picture(ax), expected)
    crossed = {
        (round(np.mean(line.get_ydata())), round(np.mean(line.get_xdata())))
        for line in ax.lines
        if line.get_color() == VERMILLION
    }
    assert crossed == {tuple(cell) for cell in np.argwhere(expected == 0).tolist()}
    assert f"{(expected == 0).sum()} of {H * W} pixels are read by no window" in figure.alt_text


def test_window_positions_draws_a_bar_for_each_tap_and_names_the_pixels_left_over():
    figure = plot.window_positions(10, 3, stride=3, padding=1)
    (ax,) = figure.axes
    bars = [p for p in ax.patches if p.get_height() == pytest.approx(0.8)]
    starts = sorted({round(p.get_x() + 0.5) for p in bars})
    assert starts == [p + t for p in (-1, 2, 5, 8) for t in range(3)]
    assert "stands at 4 places: −1, 2, 5, 8. Never read: none." in figure.alt_text
    assert "Never read: pixels 8, 9." in plot.window_positions(10, 4, stride=4).alt_text


@pytest.mark.parametrize(
    ("kernel_size", "stride"), [(2, None), ((2, 3), None), (3, (2, 1)), (2, 3)]
)
def test_pooling_draws_what_torch_computes_and_rings_the_largest(rng, kernel_size, stride):
    x = rng.permutation(42).reshape(6, 7).astype(float)
    figure = plot.pooling(x, kernel_size, stride)
    image, largest, mean = figure.axes
    tensor = torch.tensor(x)[None, None]
    expected, where = F.max_pool2d(tensor, kernel_size, stride, return_indices=True)
    np.testing.assert_array_equal(picture(image), x)
    np.testing.assert_array_equal(picture(largest), expected[0, 0])
    np.testing.assert_allclose(picture(mean), F.avg_pool2d(tensor, kernel_size, stride)[0, 0])
    rings = [p.center for p in image.patches if isinstance(p, Circle)]
    assert len(rings) in (1, expected.numel())  # overlapping windows: the first one only
    for (column, row), index in zip(rings, where.flatten(), strict=False):
        assert row * 7 + column == index
    assert f"row by row: {number(float(expected[0, 0, 0, 0]))}, " in figure.alt_text
    with pytest.raises(ValueError, match="window"):
        plot.pooling(x, 8)


def test_sweeps_draws_each_curve_in_every_panel_and_names_it_once():
    curves = {"one": [3.0, 1.0, 2.0], "two": [0.0, 0.5, 0.25]}
    figure = plot.sweeps({"size": ([1, 2, 4], curves), "angle": ([0, 5, 9], curves)}, "change")
    assert [ax.get_xlabel() for ax in figure.axes] == ["size", "angle"]
    for ax, values in zip(figure.axes, ([1, 2, 4], [0, 5, 9]), strict=True):
        for line, curve in zip(ax.lines, curves.values(), strict=True):
            assert list(line.get_xdata()) == values
            assert list(line.get_ydata()) == curve
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one", "two"]
    assert "Over angle from 0 to 9: one from 3 to 2 (highest 3)" in figure.alt_text
    with pytest.raises(ValueError, match="panels is empty"):
        plot.sweeps({}, "change")
    with pytest.raises(ValueError, match="two has 2 numbers for 1 values"):
        plot.sweeps({"size": ([1], {"two": [1, 2]})}, "change")
    with pytest.raises(ValueError, match=r"the curves are \['two'\], not \['one', 'two'\]"):
        plot.sweeps({"a": ([1, 2, 4], curves), "b": ([1], {"two": [1]})}, "change")


def test_a_roof_is_the_lower_of_arithmetic_and_traffic():
    machines, work = {"core": (100.0, 10.0), "wide": (400.0, 20.0)}, {"add": 2.0, "product": 50.0}
    figure = plot.roofline(machines, work)
    core, wide, add, product = figure.axes[0].lines
    for line, (peak, traffic) in zip((core, wide), machines.values(), strict=True):
        x, y = line.get_xdata(), line.get_ydata()
        np.testing.assert_allclose(y[x < peak / traffic], x[x < peak / traffic] * traffic)
        np.testing.assert_allclose(y[x > peak / traffic], peak)
    assert (add.get_xdata(), add.get_ydata()) == ([2.0], [20.0])
    assert (product.get_xdata(), product.get_ydata()) == ([50.0], [100.0])
    assert "add at 20 FLOP/s (memory limits it)" in figure.alt_text
    assert "product at 100 FLOP/s (arithmetic limits it)" in figure.alt_text
    with pytest.raises(ValueError, match="positive numbers"):
        plot.roofline(machines, {"add": 0})
    with pytest.raises(ValueError, match="machines and work"):
        plot.roofline({}, work)


def test_correlation_is_not_flipped_and_marks_its_window():
    x, w = [1.0, 2.0, 4.0, 8.0, 16.0], [1.0, 0.0, -1.0]
    figure = plot.correlation(x, w, position=1)
    signal, kernel, output = (ax.lines[1].get_ydata() for ax in figure.axes)
    expected = F.conv1d(torch.tensor([[x]]), torch.tensor([[w]]))[0, 0]
    np.testing.assert_allclose(output, expected)
    np.testing.assert_array_equal(signal, x)
    np.testing.assert_array_equal(kernel, w)
    assert figure.axes[1].lines[1].get_xdata().tolist() == [1, 2, 3]
    assert "y[1] = 2·1 + 4·0 + 8·(−1) = −6" in figure.axes[2].get_title("right")
    with pytest.raises(ValueError, match="outside the 3 outputs"):
        plot.correlation(x, w, position=3)
    with pytest.raises(ValueError, match="6 weights but the signal only 5"):
        plot.correlation(x, [0.0] * 6)


def test_weight_tensor_puts_output_channels_in_rows_and_input_channels_in_columns(rng):
    weight = rng.standard_normal((2, 3, 4, 5))
    axes = plot.weight_tensor(weight).axes
    for index, (o, c) in enumerate(np.ndindex(2, 3)):
        np.testing.assert_array_equal(picture(axes[index]), weight[o, c])
    assert [ax.get_title() for ax in axes[:3]] == ["input 0", "input 1", "input 2"]
    assert [axes[0].get_ylabel(), axes[3].get_ylabel()] == ["filter 0", "filter 1"]
    assert axes[0].get_position().y0 > axes[3].get_position().y0
    with pytest.raises(ValueError, match="slice it to at most 8 x 8"):
        plot.weight_tensor(np.zeros((9, 1, 3, 3)))


def test_dilation_marks_the_pixels_that_a_dilated_kernel_reads():
    for ax, d in zip(plot.dilation(3, (1, 2, 4)).axes, (1, 2, 4), strict=True):
        x = torch.zeros(1, 1, 9, 9, requires_grad=True)
        y = F.conv2d(x, torch.ones(1, 1, 3, 3), dilation=d, padding=d)
        (grad,) = torch.autograd.grad(y[0, 0, 4, 4], x)
        np.testing.assert_array_equal(picture(ax), grad[0, 0])
    with pytest.raises(ValueError, match="must be 1 or more"):
        plot.dilation(3, (0, 1))


def test_image_grid_shows_bytes_floats_grey_and_colour_alike(rng):
    colour = rng.integers(0, 256, (3, 4, 5), np.uint8)
    figure = plot.image_grid([colour, colour / 255, colour[:1], colour[0] / 255])
    shown = [picture(ax) for ax in figure.axes]
    np.testing.assert_allclose(shown[0], colour.transpose(1, 2, 0) / 255)
    np.testing.assert_allclose(shown[1], shown[0])
    np.testing.assert_allclose(shown[2], shown[3])
    with pytest.raises(ValueError, match=r"use image.transpose\(2, 0, 1\)"):
        plot.image_grid([colour.transpose(1, 2, 0)])
    with pytest.raises(ValueError, match="1 titles for 2 panels"):
        plot.image_grid([colour, colour], ["one"])
    with pytest.raises(ValueError, match="the list is empty"):
        plot.image_grid([])


def test_feature_maps_and_kernels_show_their_values_in_order(rng):
    maps = rng.standard_normal((5, 3, 4))
    figure = plot.feature_maps(maps)
    for ax, panel in zip(figure.axes, maps, strict=True):
        np.testing.assert_array_equal(picture(ax), panel)
    assert [ax.get_title() for ax in figure.axes][:2] == ["channel 0", "channel 1"]
    large = plot.feature_maps(rng.standard_normal((2, 30, 30)))
    assert len(large.axes) == 3, "without numbers there is a colour bar"
    with pytest.raises(
        ValueError, match=r"feature_maps needs 3 axes \(C, H, W\), got shape \(4,\)"
    ):
        plot.feature_maps(np.zeros(4))
    with pytest.raises(ValueError, match="no elements to draw"):
        plot.kernels(np.zeros((0, 3, 3)))
    assert "weights 0 1 / 2 −1" in plot.kernels([[0, 1], [2, -1]]).alt_text


def test_tensors_are_drawn_like_arrays(rng):
    x = rng.standard_normal((2, 3, 4))
    assert plot.feature_maps(torch.tensor(x)).png() == plot.feature_maps(x).png()


def test_training_curves_draw_the_columns_they_are_given():
    history = {"train_loss": [3.0, 2.0], "validation_loss": [3.0, 2.5], "learning_rate": [1, 1]}
    (ax,) = plot.training_curves(history).axes
    assert {line.get_label(): list(line.get_ydata()) for line in ax.lines} == {
        "training": [3.0, 2.0],
        "validation": [3.0, 2.5],
    }
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()
    both = plot.training_curves({"a": history, "b": history})
    assert len({line.get_marker() for line in both.axes[0].lines}) == 2
    with pytest.raises(ValueError, match="no losses and no accuracies"):
        plot.training_curves({"learning_rate": [1.0]})


def test_a_curve_gallery_has_one_scale_and_lets_what_explodes_leave_at_the_top():
    runs = {
        "sound": {"train_loss": [2.0, 1.0], "validation_loss": [2.0, 1.5]},
        "broken": {"train_loss": [2.0, 50.0, float("nan"), float("inf")]},
    }
    figure = plot.curve_gallery(runs, top=4, chance=2.3)
    sound, broken, empty = figure.axes
    assert sound.get_title() == "sound"
    assert sound.get_ylim() == broken.get_ylim() == (0, 4)
    assert [line.get_label() for line in sound.lines] == ["guessing", "training", "validation"]
    assert list(sound.lines[2].get_ydata()) == [2.0, 1.5]
    assert (broken.lines[1].get_ydata()[1:] > 4).all()
    assert not empty.axison
    assert "broken, training 2 to above 4." in figure.alt_text
    for wrong in ({}, {"empty": {"train_loss": []}}):
        with pytest.raises(ValueError, match="a train_loss for each"):
            plot.curve_gallery(wrong, top=1)


def test_learning_rates_use_a_log_axis_and_mark_the_suggestion():
    (ax,) = plot.learning_rates([0.01, 0.1, 1.0], [3, 1, 2], 0.05).axes
    assert ax.get_xscale() == "log"
    assert ax.lines[1].get_xdata()[0] == 0.05
    with pytest.raises(ValueError, match="2 rates and 1 losses"):
        plot.learning_rates([1, 2], [1])


def test_receptive_field_growth_draws_the_recursion():
    (ax,) = plot.receptive_field_growth({"vgg": [(3,), (3,), (2, 2), (3,)]}).axes
    assert list(ax.lines[0].get_ydata()) == [3, 5, 6, 10]
    with pytest.raises(ValueError, match="at least one name with at least one layer"):
        plot.receptive_field_growth({"empty": []})


@pytest.mark.parametrize("layers", [[(3, 2, 1), (3,)], [(2, 2), (3, 1, 1, 2), (2, 1)], [(5, 3, 2)]])
def test_the_pyramid_fills_the_cells_that_gradients_reach(layers):
    size = 17
    full = [(*layer, *(1, 0, 1)[len(layer) - 1 :]) for layer in layers]
    x = y = torch.zeros(1, 1, size, requires_grad=True)
    for k, s, p, d in full:
        y = F.conv1d(y, torch.ones(1, 1, k), stride=s, padding=p, dilation=d)
    for place in (0, y.shape[2] // 2, y.shape[2] - 1):
        (grad,) = torch.autograd.grad(y[0, 0, place], x, retain_graph=True)
        figure = plot.receptive_field_pyramid(size, layers, place)
        (ax,) = figure.axes
        filled = {
            round(p.get_x() + 0.5)
            for p in ax.patches
            if p.get_y() + 0.5 == 0 and p.get_facecolor() == to_rgba(BLUE)
        }
        assert filled == set(np.flatnonzero(grad[0, 0]).tolist())
    with pytest.raises(ValueError, match="is outside the"):
        plot.receptive_field_pyramid(size, layers, y.shape[2])


def test_confusion_matrix_has_the_truth_in_rows_and_counts_every_pair(rng):
    truth, said = rng.integers(0, 3, 60), rng.integers(0, 3, 60)
    (ax,) = plot.confusion_matrix(truth, said, ["a", "b", "c"]).axes
    counts = np.array([int(text.get_text()) for text in ax.texts]).reshape(3, 3)
    for i, j in np.ndindex(3, 3):
        assert counts[i, j] == ((truth == i) & (said == j)).sum()
    np.testing.assert_allclose(picture(ax), counts / counts.sum(axis=1, keepdims=True))
    assert ax.get_ylabel() == "true class"
    perfect = plot.confusion_matrix([0, 1], [0, 1], ["a", "b"])
    assert perfect.alt_text == "2 of 2 right (100.0%). No mistakes."
    with pytest.raises(ValueError, match="from 0 to 1, the last of 2 classes"):
        plot.confusion_matrix([0, 2], [0, 1], ["a", "b"])
    with pytest.raises(ValueError, match=r"must both be \(N,\)"):
        plot.confusion_matrix([0, 1], [0], ["a", "b"])


def test_overlay_scales_each_map_to_its_own_peak_and_leaves_cold_places_clear(rng):
    heat = rng.random((2, 4, 6))
    heat[1] *= 100
    figure = plot.overlay(np.full((2, 1, 4, 6), 0.5), heat, ["a", "b"])
    for ax, warm in zip(figure.axes[2:], heat, strict=True):
        layer = ax.images[1]
        np.testing.assert_array_equal(layer.get_array(), warm)
        assert layer.norm.vmax == warm.max()
        assert layer.cmap(0.0)[3] == 0
    with pytest.raises(ValueError, match="do not fit heat"):
        plot.overlay(np.zeros((2, 1, 4, 6)), heat[:, :3])
    with pytest.raises(ValueError, match="must not be negative"):
        plot.overlay(np.zeros((2, 1, 4, 6)), -heat)


def test_effective_field_frames_the_theoretical_field_and_measures_the_half_mass():
    influence = np.zeros((20, 24))
    influence[5:14, 8:17] = np.outer(*[np.hanning(11)[1:-1]] * 2)
    left, right = plot.effective_field(influence, 9).axes
    assert frames(left) == [(5, 8, 9, 9)]
    assert [line.get_xdata()[0] for line in right.lines[-2:]] == [7.5, 16.5]
    uniform = np.ones((10, 10))
    assert half_mass_side(uniform) == round(np.sqrt(50))
    point = np.zeros((5, 5))
    point[2, 2] = 1
    assert half_mass_side(point) == 1
    with pytest.raises(ValueError, match="absolute values"):
        plot.effective_field(-uniform, 3)


def test_feature_strips_put_the_strongest_channels_first():
    maps = np.stack([np.full((4, 4), value) for value in (0.1, -3.0, 2.0, 0.0)])
    axes = plot.feature_strips({"conv": maps, "deep": maps[:1]}, most=3).axes
    assert [picture(ax)[0, 0] for ax in axes[:3]] == [-3.0, 2.0, 0.1]
    assert axes[0].get_ylabel() == "conv"
    assert axes[3].images
    assert not axes[4].images, "a shorter row leaves its places empty"
    with pytest.raises(ValueError, match="at least one layer"):
        plot.feature_strips({})


def test_layer_costs_draw_a_bar_for_each_layer():
    axes = plot.layer_costs(["conv", "fc"], {"parameters": [156, 48120], "MACs": [1, 0]}).axes
    assert [bar.get_width() for bar in axes[0].patches] == [156, 48120]
    assert [text.get_text() for text in axes[0].texts] == ["156", "48.1 k"]
    assert axes[0].yaxis_inverted(), "the first layer is at the top"
    with pytest.raises(ValueError, match="needs 2 numbers, one for each layer"):
        plot.layer_costs(["conv", "fc"], {"MACs": [1]})


@pytest.mark.parametrize(("size", "kernel_size"), [(6, 3), (5, 1), (9, 5)])
def test_connections_draws_the_non_zero_entries_of_three_matrices(size, kernel_size, rng):
    outputs = size - kernel_size + 1
    taps = torch.tensor(rng.uniform(1, 2, kernel_size))
    # Row i of the result is what a single 1 at pixel i does to every output: the matrix of a layer.
    convolution = F.conv1d(torch.eye(size, dtype=torch.float64)[:, None], taps[None, None])[:, 0]
    figure = plot.connections(size, kernel_size)
    everything, nearby, shared = (
        [line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_marker() == "None"]
        for ax in figure.axes
    )
    shift = (size - outputs) / 2
    ends = [
        {(int(i), int(o - shift)) for i, o in (line.get_xdata() for line in lines)}
        for lines in (everything, nearby, shared)
    ]
    assert ends[0] == {(i, o) for i in range(size) for o in range(outputs)}
    assert ends[1] == ends[2] == set(map(tuple, convolution.nonzero().tolist()))
    # Two lines look alike in the third drawing exactly where the weights are the same number.
    weight_of = {}
    for line in shared:
        pixel, output = line.get_xdata()
        look = line.get_color(), line.get_linestyle()
        weight_of.setdefault(look, set()).add(float(convolution[int(pixel), int(output - shift)]))
    assert sorted(weight_of.values(), key=min) == sorted(({float(t)} for t in taps), key=min)
    counts = [size * outputs, kernel_size * outputs, kernel_size]
    for ax, count in zip(figure.axes, counts, strict=True):
        assert ax.get_title().endswith(f"\n{count} weight{'' if count == 1 else 's'}")


def test_connections_refuses_what_cannot_be_followed():
    with pytest.raises(ValueError, match="size must be 2 to 10 and kernel_size 1 to 5, got 11"):
        plot.connections(11)
    with pytest.raises(ValueError, match="got 8 and 6"):
        plot.connections(8, 6)


def test_diagram_puts_boxes_into_columns_and_rows_and_arrows_between_them():
    figure = plot.diagram(
        {"x\n3 maps": (0.5, 0), "left": (0, 1), "right": (1, 1), "sum": (0.5, 2)},
        [("x", "left"), ("x", "right"), ("left", "sum"), ("right", "sum")],
        marked=["right"],
    )
    (ax,) = figure.axes
    at = {text.get_text(): text.get_position() for text in ax.texts if text.get_text()}
    assert at["left"][0] < at["x"][0] == at["sum"][0] < at["right"][0]
    assert at["x"][1] > at["3 maps"][1] > at["left"][1] == at["right"][1] > at["sum"][1]
    dashed = [p for p in ax.patches if p.get_edgecolor() == to_rgba(VERMILLION)]
    assert len(dashed) == 1
    assert dashed[0].get_x() > at["x"][0]
    arrows = [text for text in ax.texts if not text.get_text()]
    assert len(arrows) == 4
    assert all(arrow.xy[1] < arrow.xyann[1] for arrow in arrows)
    assert figure.alt_text == (
        "4 boxes with 4 arrows. x leads to left and to right. left leads to sum. "
        "right leads to sum."
    )


def test_diagram_refuses_arrows_to_nowhere_or_upwards_and_boxes_too_wide_for_a_page():
    boxes = {"x": (0, 0), "y": (0, 1)}
    for arrow in [("x", "z"), ("y", "x"), ("x", "x")]:
        with pytest.raises(ValueError, match="an arrow leads down from one box to another"):
            plot.diagram(boxes, [arrow])
    with pytest.raises(ValueError, match="the boxes need"):
        plot.diagram({"a long name of a box": (0, 0), "another": (5, 0)}, [])


def test_activation_histograms_share_one_axis_and_write_the_standard_deviation(rng):
    values = rng.normal(1.0, 0.5, (4, 2, 5, 5))
    networks = {"one": {"a": values, "b": 10 * values}, "two": {"a": values, "b": 0 * values}}
    figure = plot.activation_histograms(networks, limit=2.0)
    axes = np.reshape(figure.axes, (2, 2))
    assert [ax.get_title() for ax in axes[0]] == ["one", "two"]
    assert [ax.get_ylabel() for ax in axes[:, 0]] == ["a", "b"]
    (shares,) = axes[0, 0].patches
    counts, edges = np.histogram(values.clip(-2, 2), len(shares.get_data().values), (-2, 2))
    np.testing.assert_allclose(shares.get_data().values, counts / counts.max())
    np.testing.assert_allclose(shares.get_data().edges, edges)
    beyond = axes[1, 0].patches[0].get_data().values
    assert beyond.argmax() == len(beyond) - 1, "what lies beyond is counted at the end"
    assert axes[0, 0].texts[0].get_text() == f"{values.std():.2f}".rstrip("0")
    assert {ax.get_xlim() for ax in axes.flat} == {(-2.0, 2.0)}
    with pytest.raises(ValueError, match="at least one name with at least one layer"):
        plot.activation_histograms({"one": {}})
    with pytest.raises(ValueError, match=r"two: the layers are \['b'\], not \['a'\]"):
        plot.activation_histograms({"one": {"a": [1]}, "two": {"b": [1]}})
    with pytest.raises(ValueError, match="one, a: the values are not all finite"):
        plot.activation_histograms({"one": {"a": [1, np.inf]}})


def test_descent_draws_the_path_on_one_scale_for_both_weights():
    path = [[1.0, 0.5], [0.2, -0.1], [0.0, 0.1]]
    figure = plot.descent({"ravine": (lambda u, v: u**2 + 9 * v**2, path)}, (-1, 2, -1, 1))
    (ax,) = figure.axes
    np.testing.assert_array_equal(np.transpose(ax.lines[0].get_data()), path)
    assert np.ravel(ax.lines[1].get_data()).tolist() == [1.0, 0.5], "the ring is the start"
    assert np.ravel(ax.lines[2].get_data()).tolist() == [0.0, 0.1], "the diamond is the end"
    assert ax.get_aspect() == 1
    (lines,) = ax.collections
    assert lines.levels[-1] == pytest.approx((4 + 9) / 2)
    assert lines.levels[1] == pytest.approx(2 * lines.levels[0])
    assert figure.alt_text.endswith("2 steps from (1, 0.5) to (0, 0.1), loss 3.25 to 0.09.")
    with pytest.raises(ValueError, match="at least one name"):
        plot.descent({}, (-1, 1, -1, 1))
    with pytest.raises(ValueError, match=r"the path has the shape \(2,\)"):
        plot.descent({"bowl": (lambda u, v: u**2 + v**2, [1.0, 0.0])}, (-1, 1, -1, 1))
