"""The figures to play with show cnnlib's numbers, work by keyboard alone and can be linked to."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from cnnlib import models, reference
from cnnlib.profile import profile
from cnnlib.shapes import ShapeError, conv_output_size, receptive_field
from tests.site.pages import ROOT
from tests.site.test_in_browser import AXE, settled, sideways, violations

pytestmark = pytest.mark.browser

SETTINGS = 60
PAGE = "book/explorers.html"

# Set controls by their names, as a reader does, and tell what the explorer then says.
DRIVE = """([selector, settings, collect]) => {
    const explorer = document.querySelector(selector);
    const read = eval(collect);
    return settings.map(setting => {
        for (const [name, value] of Object.entries(setting)) {
            const control = explorer.querySelector(`[name=${name}]`);
            if (control.type === 'checkbox') control.checked = value;
            else control.value = String(value);
            control.dispatchEvent(new Event('input', {bubbles: true}));
            control.dispatchEvent(new Event('change', {bubbles: true}));
        }
        return {said: explorer.querySelector('[role=status]').textContent, ...read(explorer)};
    });
}"""


@pytest.fixture
def figures(explorers_of):
    """The page, with every explorer ready; nothing may complain until the test ends."""
    seen = explorers_of(PAGE)
    yield seen.page
    assert seen.complaints == []


def drive(page, selector, settings, collect="() => ({})"):
    return page.evaluate(DRIVE, [selector, settings, collect])


def status(page, selector):
    return page.locator(f"{selector} [role=status]").inner_text()


def number(text):
    return float(text.replace("−", "-"))


def numbers(text):
    """All numbers in a sentence, in order."""
    return [
        number(found.replace(",", "")) for found in re.findall(r"[-−]?\d[\d,]*(?:\.\d+)?", text)
    ]


# Receptive field


def pixels_read(layers, size, unit):
    """Which pixels have a gradient when every weight is 1: an oracle that walks no tree."""
    shapes, x = [], np.zeros((1, 1, size, 1))
    for kernel, stride, padding, dilation in layers:
        shapes.append(x)
        x = np.zeros((1, 1, conv_output_size(x.shape[2], kernel, stride, padding, dilation), 1))
    x[0, 0, unit, 0] = 1
    for before, (kernel, stride, padding, dilation) in zip(
        reversed(shapes), reversed(layers), strict=True
    ):
        x = reference.conv2d_backward(
            x,
            before,
            np.ones((1, 1, kernel, 1)),
            stride=(stride, 1),
            padding=(padding, 0),
            dilation=(dilation, 1),
        )[0]
    return set(np.flatnonzero(x).tolist())


TREE = """e => ({
    rows: [...e.querySelectorAll('.explorer-layers output')].map(row => row.textContent),
    used: [...e.querySelectorAll('.explorer-tree .dot')].map(
        dot => [Number(dot.getAttribute('cx')), Number(dot.getAttribute('cy'))]),
})"""
SET = "([name, state]) => document.querySelector(name).set(state)"


def test_receptive_fields_equal_cnnlibs_and_the_pixels_that_get_a_gradient(figures, rng):
    fitting = 0
    for _ in range(2 * SETTINGS):
        layers = [
            tuple(int(rng.integers(low, high)) for low, high in ((1, 6), (1, 4), (0, 4), (1, 4)))
            for _ in range(rng.integers(1, 6))
        ]
        size = int(rng.integers(4, 49))
        counts = [size]
        try:
            for layer in layers:
                counts.append(conv_output_size(counts[-1], *layer))
        except ShapeError:
            counts.append(0)
        unit = int(rng.integers(0, max(counts[-1], 1)))
        text = "_".join("-".join(map(str, layer)) for layer in layers)
        state = {"layers": text, "size": size, "unit": unit}
        figures.evaluate(SET, ["cnn-receptive-field", state])
        shown = figures.evaluate(f"({TREE})(document.querySelector('cnn-receptive-field'))")
        said = status(figures, "cnn-receptive-field")
        for i, row in enumerate(shown["rows"]):
            field = receptive_field(layers[: i + 1])
            out = counts[i + 1] if i + 1 < len(counts) and counts[i + 1] else "no"
            assert row == f"sees {field.size}, jump {field.jump}, {out} out", layers
        if counts[-1] == 0:
            assert said.startswith(f"The window of layer {len(counts) - 1} does not fit"), layers
            continue
        fitting += 1
        field = receptive_field(layers)
        first = field.start + unit * field.jump
        read = pixels_read(layers, size, unit)
        assert numbers(said)[:6] == [
            *(field.size, field.jump, unit, counts[-1]),
            *(first, first + field.size - 1),
        ], (layers, size, said)
        reads = f"all {size} pixels" if len(read) == size else f"{len(read)} of the {size} pixels"
        assert f"reads {reads}" in said, (layers, size, said)
        lowest = max(y for _, y in shown["used"]) if read else None
        drawn = {round(x / 10 - 0.5) for x, y in shown["used"] if y == lowest}
        assert not read or drawn == read, (layers, size, unit)
    assert fitting >= 50, "too few stacks had an output"


def test_a_stack_is_built_by_keyboard_alone(figures):
    page, selector = figures, "cnn-receptive-field"
    page.locator(f"{selector} select").select_option("two")
    page.get_by_label("layer 2, kernel").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert numbers(status(page, selector))[0] == receptive_field([(3, 1, 1), (5, 1, 1)]).size
    page.get_by_role("button", name="Add a pooling").focus()
    page.keyboard.press("Enter")
    assert numbers(status(page, selector))[:2] == [8, 2]
    page.get_by_role("button", name="Remove layer 1").focus()
    page.keyboard.press("Enter")
    assert numbers(status(page, selector))[:2] == [6, 2]
    assert page.evaluate("document.activeElement.ariaLabel") == "Remove layer 1"
    page.get_by_label("layer 1, stride").focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("99")  # far out of range: the largest stride is taken
    assert page.get_by_label("layer 1, stride").input_value() == "4"
    for _ in range(2):
        page.locator(f"{selector} .explorer-layers button").first.press("Enter")
    assert status(page, selector) == "No layers: the output is the image."


# Pooling

POOLED = """e => ({tables: [...e.querySelectorAll('table')].map(table =>
    [...table.querySelectorAll('td > *')].map(cell => cell.value || cell.textContent)),
    changed: e.querySelectorAll('.changed').length})"""


def moved(image, right, down):
    """The image moved inside a wide frame of zeros, and cut out again."""
    wide = np.pad(image, 8)
    return wide[8 - down : 16 - down, 8 - right : 16 - right]


def test_pooling_before_and_after_a_shift_equals_cnnlibs(figures, rng):
    selector = "cnn-pooling"
    for _ in range(SETTINGS):
        image = rng.integers(-9, 10, (8, 8)).astype(float)
        figures.evaluate(SET, [selector, {"image": image.ravel().tolist()}])
        setting = {
            "kind": str(rng.choice(["max", "avg"])),
            "right": int(rng.integers(-4, 5)),
            "down": int(rng.integers(-4, 5)),
            "kernel": int(rng.integers(1, 5)),
            "stride": int(rng.integers(1, 5)),
        }
        shown = drive(figures, selector, [setting], POOLED)[0]
        kind, right, down, *how = setting.values()
        function = reference.max_pool2d if kind == "max" else reference.avg_pool2d
        after = moved(image, right, down)
        results = [function(x[None], *how)[0] for x in (image, after)]
        expected = [image, results[0], after, results[1]]
        for table, numbers_expected in zip(shown["tables"], expected, strict=True):
            got = [number(text) for text in table]
            np.testing.assert_allclose(got, numbers_expected.ravel(), atol=6e-3, err_msg=setting)
        changed = int((results[0] != results[1]).sum())
        assert shown["changed"] == changed, setting
        if right or down:
            pixels = int((image != after).sum())
            assert (
                f"changed {pixels} of 64 pixels and {changed} of {results[0].size} results"
                in shown["said"]
            ), setting
            assert ("whole number of strides" in shown["said"]) == (
                right % how[1] == 0 and down % how[1] == 0
            )


def test_pooling_by_keyboard_alone(figures):
    page, selector = figures, "cnn-pooling"
    page.locator(f"{selector} [name=preset]").select_option("spot")
    for label in ("Shift right", "Shift right"):
        page.locator(selector).get_by_label(label).press("ArrowRight")
    said = status(page, selector)
    assert said.endswith("by 1 to the right and 0 down; only what lies at the border is new.")
    assert "changed 2 of 64 pixels and 2 of 16 results" in said
    page.locator(f"{selector} table").nth(3).locator("[aria-current]").focus()
    page.keyboard.press("ArrowRight")
    assert status(page, selector).startswith("Row 1, column 2 after the shift: the largest of 9, ")
    assert page.evaluate("document.activeElement.ariaLabel").endswith("column 2: 9, changed")


# Parameter counter

BARS = "e => ({counts: [...e.querySelectorAll('td.explorer-number')].map(td => td.textContent)})"


def test_parameter_counts_equal_those_of_the_layers(figures, rng):
    settings = [
        {
            "channels": int(rng.integers(1, 257)),
            "height": int(rng.integers(1, 601)),
            "width": int(rng.integers(1, 601)),
            "maps": int(rng.integers(1, 257)),
            "half": int(rng.integers(0, 6)),
            "hidden": int(rng.integers(1, 4097)),
        }
        for _ in range(SETTINGS)
    ]
    for setting, shown in zip(
        settings, drive(figures, "cnn-parameter-counter", settings, BARS), strict=True
    ):
        channels, height, width, maps, half, hidden = setting.values()
        pixels, kernel = height * width, 2 * half + 1
        with torch.device("meta"):  # shapes without memory
            layers = [
                nn.Linear(channels * pixels, hidden),
                nn.Linear(channels * pixels, maps * pixels),
                nn.Linear(channels * kernel**2, maps),  # that of one place
                nn.Conv2d(channels, maps, kernel, padding=half),
            ]
        full, dense, place, shared = [
            sum(parameter.numel() for parameter in layer.parameters()) for layer in layers
        ]
        counts = [int(text.replace(",", "")) for text in shown["counts"]]
        assert counts == [full, dense, pixels * place, shared], setting
    row = profile(nn.Conv2d(16, 7, 5, padding=2), (1, 16, 12, 9))
    sizes = {"channels": 16, "height": 12, "width": 9, "maps": 7, "half": 2}
    shown = drive(figures, "cnn-parameter-counter", [sizes], BARS)[0]
    assert int(shown["counts"][3].replace(",", "")) == row.parameters


def test_parameter_counter_by_keyboard_alone(figures):
    page, selector = figures, "cnn-parameter-counter"
    page.locator(f"{selector} select").select_option("digit")
    kernel = page.locator(selector).get_by_label("Kernel size")
    kernel.press("ArrowRight")
    assert kernel.get_attribute("aria-valuetext") == "5 × 5"
    said = status(page, selector)
    assert "On an image of 1 × 28 × 28, a fully connected layer to 100 hidden units" in said
    assert "78.5 thousand parameters" in said
    assert said.endswith("and 416 when all places share them.")


# Axes of normalisation

SLICES = """e => ({
    x: [...e.querySelectorAll('td button')].map(cell => Number(cell.textContent)),
    shared: [...e.querySelectorAll('td button')].map(cell => cell.matches('.in-window')),
    dots: e.querySelectorAll('.dot').length,
})"""


def normalised(kind, x, groups):
    """What the reference makes of the whole batch."""
    if kind == "batch":
        return reference.batch_norm(x, None, None, training=True)
    if kind == "layer":
        return reference.layer_norm(x, x.shape[1:])
    if kind == "pixel":
        return np.moveaxis(reference.layer_norm(np.moveaxis(x, 1, 3), x.shape[1:2]), 3, 1)
    if kind == "instance":
        return reference.instance_norm(x)
    return reference.group_norm(x, groups)


def test_normalised_numbers_and_their_sets_equal_cnnlibs(figures, rng):
    selector = "cnn-normalisation-axes"
    kinds = ["batch", "layer", "pixel", "instance", "group"]
    for setting in range(SETTINGS):
        kind, groups = kinds[setting % 5], int(rng.choice([1, 2, 4]))
        at = (int(rng.integers(3)), int(rng.integers(4)), int(rng.integers(4)))
        place = dict(zip(("image", "channel", "pixel"), at, strict=True))
        figures.evaluate(SET, [selector, place])
        controls = {"kind": kind, "groups": groups, "bright": int(rng.integers(21))}
        shown = drive(figures, selector, [controls], SLICES)[0]
        x = np.array(shown["x"], float).reshape(3, 4, 2, 2)
        said = shown["said"].split("share a mean")
        mean, variance, chosen, *_, y = numbers(said[1].split(" such sets. ")[1])
        # What shares the statistics is what a small change of the chosen number reaches.
        nudged = x.copy().reshape(3, 4, 4)
        nudged[at] += 0.5
        before = normalised(kind, x, groups).reshape(3, 4, 4)
        reached = normalised(kind, nudged.reshape(x.shape), groups).reshape(3, 4, 4) != before
        assert shown["shared"] == reached.ravel().tolist(), controls
        members = x.reshape(3, 4, 4)[reached]
        assert shown["dots"] == members.size
        assert numbers(said[0])[-1] == members.size
        assert chosen == x.reshape(3, 4, 4)[at]
        np.testing.assert_allclose([mean, variance], [members.mean(), members.var()], atol=6e-4)
        assert y == pytest.approx(before[at], abs=6e-4), (controls, at)


def test_normalisation_by_keyboard_alone(figures):
    page, selector = figures, "cnn-normalisation-axes"
    page.locator(f"{selector} [name=kind]").select_option("group")
    page.locator(f"{selector} [aria-current]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    assert "channels 2 to 3 of image 0" in status(page, selector)
    assert "(image 0, channel 2, pixel 1)" in status(page, selector)
    page.locator(selector).get_by_label("Brighten image 0 by").press("ArrowRight")
    page.locator(f"{selector} [name=groups]").select_option("1")
    assert status(page, selector).startswith("Group norm: 16 numbers share")


# Dropout masks

MAPS = """e => ({
    y: [...e.querySelectorAll('td span')].map(cell => Number(cell.textContent)),
    dropped: [...e.querySelectorAll('td span')].map(cell => cell.matches('.dropped')),
})"""


def test_dropped_and_kept_numbers_follow_cnnlibs_rule(figures, rng):
    selector, shape = "cnn-dropout-masks", (2, 3, 4, 4)
    x = np.reshape(drive(figures, selector, [{"mode": "eval"}], MAPS)[0]["y"], shape).astype(float)
    figures.locator(f"{selector} [name=mode]").select_option("train")
    for setting in range(SETTINGS):
        kind = ("dropout", "dropout2d")[setting % 2]
        percent, seed = int(rng.integers(0, 101)), int(rng.integers(1, 1000))
        figures.evaluate(SET, [selector, {"seed": seed}])
        shown = drive(figures, selector, [{"kind": kind, "percent": percent}], MAPS)[0]
        kept = ~np.reshape(shown["dropped"], shape)
        p = percent / 100
        if kind == "dropout2d":  # one decision for each channel of each image
            kept_maps = kept.any(axis=(2, 3), keepdims=True)
            assert (kept == kept_maps).all()
            y = reference.dropout2d_backward(x, scaled(kept, p))
            said = f"{kept_maps.sum()} of 6 channels are kept, {kept.sum()} number"
        else:
            y = reference.dropout_backward(x, scaled(kept, p))
            said = f"{kept.sum()} of 96 numbers are kept"
        np.testing.assert_allclose(np.reshape(shown["y"], shape), y, rtol=5e-3)
        assert said in shown["said"]
        assert numbers(shown["said"])[:2] == [seed, p]
        assert numbers(shown["said"])[-2:] == pytest.approx([x.mean(), y.mean()], abs=6e-4)


def scaled(kept, p):
    """A mask as ``return_mask`` gives it: 1 / (1 - p) where a number is kept."""
    return kept / (1 - p) if p < 1 else np.zeros(kept.shape)


@pytest.mark.parametrize(("kind", "decisions"), [("dropout", 96), ("dropout2d", 6)])
def test_masks_drop_as_often_as_asked_and_each_place_alike(figures, kind, decisions):
    drawn = figures.evaluate(
        """([kind, p, count]) => import(new URL('../_static/explorers/dropout-masks.js',
            location.href)).then(module => Array.from({length: count},
            (_, i) => module.mask(kind, p, i + 1)))""",
        [kind, 0.3, 999],
    )
    dropped = ~np.array(drawn)
    places = dropped if kind == "dropout" else dropped[:, ::16]
    assert places.shape[1] == decisions
    error = np.sqrt(0.3 * 0.7 / 999)
    assert abs(places.mean(axis=0) - 0.3).max() < 4.5 * error
    together = np.corrcoef(places.T) - np.eye(decisions)
    assert abs(together).max() < 5 / np.sqrt(999), "two places are dropped together too often"


def test_dropout_by_keyboard_alone(figures):
    page, selector = figures, "cnn-dropout-masks"
    page.locator(selector).get_by_label("Probability").press("End")
    assert "everything is dropped" in status(page, selector)
    page.locator(selector).get_by_label("Probability").press("ArrowLeft")
    page.get_by_role("button", name="Next mask").press("Enter")
    assert status(page, selector).startswith("Mask 2, p = 0.99: ")
    page.locator(f"{selector} [name=mode]").focus()
    page.keyboard.press("ArrowDown")
    assert status(page, selector).startswith("At test time nothing is dropped")


# Unfolded image and Toeplitz matrix

MATRICES = """e => {
    const cells = selector => [...e.querySelectorAll(selector)].map(cell => cell.textContent);
    const entries = picture => [...picture.querySelectorAll('rect')].map(box => {
        let text = box.nextElementSibling;
        if (text && text.matches('.copy')) text = text.nextElementSibling;
        return {
            column: Math.floor(box.getAttribute('x') / 10),
            row: Math.floor(box.getAttribute('y') / 10),
            text: text && text.matches('text') ? text.textContent : '',
            framed: box.matches('.framed'),
        };
    });
    return {
        image: cells('table:nth-of-type(1) td button'),
        matrices: [...e.querySelectorAll('.explorer-matrix')].map(entries),
        window: [...e.querySelectorAll('table:nth-of-type(1) button.in-window')].length,
        copies: e.querySelector('.explorer-matrix').querySelectorAll('.copy').length,
    };
}"""


def matrix(entries, read):
    """The entries that a picture shows, as an array."""
    shape = [max(entry[axis] for entry in entries) + 1 for axis in ("row", "column")]
    values = np.zeros(shape)
    for entry in entries:
        values[entry["row"], entry["column"]] = read(entry["text"])
    return values


def test_both_matrices_of_a_convolution_give_its_output(figures, rng):
    selector = "cnn-im2col"
    for _ in range(SETTINGS):
        setting = {
            "size": int(rng.integers(3, 6)),
            "kernel": int(rng.integers(1, 4)),
            "stride": int(rng.integers(1, 4)),
            "padding": int(rng.integers(0, 2)),
        }
        size, kernel, stride, padding = setting.values()
        places = conv_output_size(size, kernel, stride, padding) ** 2
        place, pixel = int(rng.integers(places)), int(rng.integers(size * size))
        drive(figures, selector, [setting])
        figures.evaluate(SET, [selector, {"place": place, "pixel": pixel}])
        shown = drive(figures, selector, [{}], MATRICES)[0]

        x = np.reshape(shown["image"], (1, 1, size, size)).astype(float)
        weight = rng.standard_normal((1, 1, kernel, kernel))
        of = dict(zip("abcdefghi", weight.ravel(), strict=False)) | {"": 0.0}
        columns = matrix(shown["matrices"][0], float)
        toeplitz = matrix(shown["matrices"][1], of.__getitem__)
        expected = reference.unfold(x, kernel, padding=padding, stride=stride)[0]
        np.testing.assert_array_equal(columns, expected, err_msg=setting)
        y = reference.conv2d(x, weight, stride=stride, padding=padding)
        np.testing.assert_allclose(weight.ravel() @ columns, y.ravel())
        np.testing.assert_allclose(toeplitz @ x.ravel(), y.ravel())

        framed = [
            {entry[axis] for entry in entries if entry["framed"]}
            for entries, axis in zip(shown["matrices"], ("column", "row"), strict=True)
        ]
        assert framed == [{place}, {place}], setting
        one = np.zeros(size * size)
        one[pixel] = 1
        copies = int(
            reference.unfold(one.reshape(x.shape), kernel, padding=padding, stride=stride).sum()
        )
        said = shown["said"]
        assert f"is copied {copies} time" in said, setting
        assert shown["copies"] == copies
        assert said.startswith(f"Place {place} of {places}: a·")
        assert f"The unfolded image is {kernel**2} × {places}: {kernel**2 * places} numbers" in said
        filled = np.count_nonzero(toeplitz)
        assert f"matrix is {places} × {size**2} with {filled} entries" in said
        assert shown["window"] == np.count_nonzero(toeplitz[place])


def test_matrices_by_keyboard_alone(figures):
    page, selector = figures, "cnn-im2col"
    page.get_by_label("place 4, row 1, column 1").focus()
    page.keyboard.press("ArrowRight")
    assert status(page, selector).startswith("Place 5 of 9: ")
    page.get_by_label("pixel, row 0, column 0").focus()
    page.keyboard.press("Enter")
    assert status(page, selector).endswith("row 0, column 0 is copied 1 time.")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert status(page, selector).endswith("row 1, column 1 is copied 4 times.")
    page.locator(selector).get_by_label("Stride").press("ArrowRight")
    assert "4 × 4: 16 numbers from 16 pixels" in status(page, selector)


# Gradient routing

TABLES = """e => ({tables: Object.fromEntries([...e.querySelectorAll('table')].map(table => [
    table.caption.textContent.split(',')[0],
    [...table.querySelectorAll('td > *')].map(cell => cell.value || cell.textContent)])),
    reached: e.querySelectorAll('td input[aria-label^=image].in-window:not(.no-share)').length})"""


def test_gradients_equal_cnnlibs_backward_functions(figures, rng):
    selector = "cnn-gradient-routing"
    for setting in range(SETTINGS):
        kind = ("max", "avg", "conv")[setting % 3]
        how = (int(rng.integers(2, 4)), int(rng.integers(1, 4)))  # kernel, stride
        x = rng.integers(-4, 5, (1, 1, 5, 5)).astype(float)  # few values, so many ties
        given = rng.integers(-9, 10, (4, 4)).astype(float)
        along = conv_output_size(5, *how)
        place, only = int(rng.integers(along**2)), bool(rng.integers(2))
        state = {"x": x.ravel().tolist(), "grad": given.ravel().tolist(), "place": place}
        figures.evaluate(SET, [selector, state])
        controls = {"kind": kind, "kernel": how[0], "stride": how[1], "only": only}
        # The place is set again: a window of another size may have had fewer places.
        drive(figures, selector, [controls])
        figures.evaluate(SET, [selector, {"place": place}])
        shown = drive(figures, selector, [{}], TABLES)[0]
        table = {
            name: np.array([number(text) for text in texts])
            for name, texts in shown["tables"].items()
        }
        weight = table["weight"].reshape(1, 1, how[0], how[0])
        grad_y = given[:along, :along].copy()
        np.testing.assert_array_equal(table["grad_y"], grad_y.ravel())
        if only:
            grad_y[np.arange(along**2).reshape(along, along) != place] = 0
        grad_y = grad_y[None, None]
        if kind == "conv":
            y = reference.conv2d(x, weight, stride=how[1])
            grad_x, grad_weight, _ = reference.conv2d_backward(grad_y, x, weight, stride=how[1])
            np.testing.assert_allclose(table["grad_weight"], grad_weight.ravel())
        elif kind == "max":
            y = reference.max_pool2d(x, *how)
            grad_x = reference.max_pool2d_backward(grad_y, x, *how)
            assert shown["reached"] == 1
        else:
            y = reference.avg_pool2d(x, *how)
            grad_x = reference.avg_pool2d_backward(grad_y, x, *how)
        case = str((kind, how, only, place))
        np.testing.assert_allclose(table["y"], y.ravel(), atol=6e-3, err_msg=case)
        np.testing.assert_allclose(table["grad_x"], grad_x.ravel(), atol=6e-3, err_msg=case)
        row, column = divmod(place, along)
        said = f"Place row {row}, column {column}: its gradient {given[row, column]:.0f} "
        assert shown["said"].startswith(said.replace("-", "−")), case
        assert numbers(shown["said"])[-1] == pytest.approx(grad_x.sum(), abs=6e-3)


def test_gradients_by_keyboard_alone(figures):
    page, selector = figures, "cnn-gradient-routing"
    page.get_by_label("only the chosen place sends").press("Space")
    page.locator(f"{selector} [aria-current]").focus()
    page.keyboard.press("ArrowUp")
    said = status(page, selector)
    assert said.startswith("Place row 0, column 1: its gradient 2 goes to the largest pixel, row 1")
    assert "the first of 2 equal ones" in said
    assert said.endswith("All of grad_x adds up to 2.")
    page.get_by_label("gradient, row 0, column 1").fill("9")
    page.locator(f"{selector} [name=kind]").select_option("avg")
    assert "is split among 9 pixels, 1 each" in status(page, selector)
    page.locator(selector).get_by_label("Stride").press("End")
    assert page.locator(f"{selector} table").nth(2).locator("button").count() == 1


# Architecture calculator

# kind -> letter in the address, and the parts in the order in which the address says them
LETTERS = {
    "conv": ("c", "maps kernel stride padding relu bias groups dilation"),
    "bn": ("b", "relu"),
    "max": ("m", "kernel stride padding"),
    "avg": ("a", "kernel stride padding"),
    "gap": ("g", "side"),
    "linear": ("l", "outputs relu bias"),
    "lrn": ("n", ""),
    "basic": ("r", "maps stride blocks zeros"),
    "bottleneck": ("k", "maps stride blocks zeros"),
}
ROWS = """e => ({
    rows: [...e.querySelectorAll('tbody tr')].map(
        row => [...row.querySelectorAll('td > span')].map(cell => cell.textContent)),
    bars: [...e.querySelectorAll('tbody tr')].map(
        row => [...row.querySelectorAll('rect')].map(bar => Number(bar.getAttribute('width')))),
    totals: [...e.querySelectorAll('tfoot td')].map(cell => cell.textContent),
    formula: e.querySelector('.explorer-formula').textContent,
    network: e.querySelector('[name=preset]').selectedOptions[0].textContent,
})"""


def a_layer(rng):
    """One layer with random numbers; most kinds need pixels, so linear ones are rarer."""
    kind = str(rng.choice(list(LETTERS), p=[0.34, 0.12, 0.09, 0.07, 0.05, 0.13, 0.04, 0.08, 0.08]))
    kernel = int(rng.integers(1, 8))
    drawn = {
        "maps": int(rng.choice([1, 4, 6, 12, 30])),
        "kernel": kernel,
        "stride": int(rng.integers(1, 4)),
        "padding": int(rng.integers(0, 4 if kind == "conv" else kernel // 2 + 1)),
        "relu": int(rng.integers(2)),
        "bias": int(rng.integers(2)),
        "groups": int(rng.choice([1, 1, 1, 2, 3])),
        "dilation": int(rng.integers(1, 4)),
        "side": int(rng.integers(1, 5)),
        "outputs": int(rng.integers(1, 200)),
        "blocks": int(rng.integers(1, 4)),
        "zeros": int(rng.integers(2)),
    }
    return kind, {name: drawn[name] for name in LETTERS[kind][1].split()}


def built(kind, numbers, x):
    """The layer as PyTorch makes it, for an input of the shape of x."""
    C = x.shape[1]
    relu = [nn.ReLU()] if numbers.get("relu") else []
    how = [numbers.get(name) for name in ("kernel", "stride", "padding")]
    bias = bool(numbers.get("bias"))
    if kind == "conv":
        return nn.Sequential(
            nn.Conv2d(C, numbers["maps"], *how, numbers["dilation"], numbers["groups"], bias), *relu
        )
    if kind == "bn":
        norm = nn.BatchNorm2d if x.dim() == 4 else nn.BatchNorm1d
        return nn.Sequential(norm(C), *relu)
    if kind in ("max", "avg"):
        return nn.Sequential((nn.MaxPool2d if kind == "max" else nn.AvgPool2d)(*how))
    if kind == "gap":
        return nn.Sequential(nn.AdaptiveAvgPool2d(numbers["side"]))
    if kind == "lrn":
        return nn.Sequential(nn.LocalResponseNorm(5))
    if kind == "linear":
        linear = nn.Linear(x[0].numel(), numbers["outputs"], bias)
        return nn.Sequential(nn.Flatten(), linear, *relu)
    block = models.BasicBlock if kind == "basic" else models.Bottleneck
    maps, option = numbers["maps"], "BA"[numbers["zeros"]]
    stage = [block(C, maps, numbers["stride"], option)]
    while len(stage) < numbers["blocks"]:
        stage.append(block(block.expansion * maps, maps))
    return nn.Sequential(*stage)


def network_of(layers, image):
    """As many layers as fit, one module each; what the last of them writes."""
    network, x = nn.Sequential(), torch.empty(image, device="meta")
    with torch.device("meta"):
        for kind, numbers in layers:
            if x.dim() == 2 and kind not in ("linear", "bn"):
                break  # PyTorch would take plain numbers for one image without a batch
            try:
                layer = built(kind, numbers, x).eval()
                x = layer(x)
            except (ValueError, RuntimeError):
                break
            network.append(layer)
    return network, x


def rows_of(costs, count):
    """What profile says of each layer of ``network_of``: the sums over what is inside."""
    expected = []
    for i in range(count):
        inside = [layer for layer in costs if layer.name.partition(".")[0] == str(i)]
        field = inside[-1].field
        expected.append(
            [
                " × ".join(f"{size:,}" for size in inside[-1].output_shape[1:]),
                f"{sum(layer.parameters for layer in inside):,}",
                f"{sum(layer.macs for layer in inside):,}",
                f"{sum(layer.activation_bytes for layer in inside) / 1000:,.1f}",
                f"{field.size[0]} × {field.size[1]}" if field else "–",
            ]
        )
    return expected


def test_every_layer_of_a_network_costs_what_profile_says(figures, rng):
    selector, fitting, refused = "cnn-architecture", 0, set()
    for _ in range(3 * SETTINGS):
        layers = [a_layer(rng) for _ in range(rng.integers(1, 9))]
        image = tuple(int(rng.integers(1, high)) for high in (4, 13, 65))
        image = (*image, image[-1])
        text = "_".join(
            LETTERS[kind][0] + "-".join(str(number) for number in numbers.values())
            for kind, numbers in layers
        )
        state = {"layers": text, "batch": image[0], "channels": image[1], "size": image[2]}
        state["at"] = int(rng.integers(len(layers)))
        figures.evaluate(SET, [selector, state])
        shown = drive(figures, selector, [{}], ROWS)[0]
        network, x = network_of(layers, image)
        assert len(shown["rows"]) == len(layers)
        if len(network):
            costs = profile(network, image)
            # 0.25 kB is 0.3 in one language and 0.2 in the other
            assert [row[:3] + row[4:] for row in shown["rows"][: len(network)]] == [
                row[:3] + row[4:] for row in rows_of(costs, len(network))
            ], (image, layers)
            kilobytes = [
                [number(row[3].replace(",", "")) for row in rows]
                for rows in (shown["rows"][: len(network)], rows_of(costs, len(network)))
            ]
            np.testing.assert_allclose(*kilobytes, atol=0.11)
        if len(network) < len(layers):
            assert shown["rows"][len(network)][0] == "does not fit", (image, layers)
            assert f"ayer {len(network) + 1} " in shown["said"], (image, layers, shown["said"])
            assert shown["totals"] == [""] * 5
            refused.add(re.search("does not fit|needs a picture|cannot cut", shown["said"])[0])
            continue
        fitting += 1
        assert f": {costs.parameters:,} parameters (" in shown["said"]
        assert f", {costs.macs:,} MACs, {costs.activation_bytes:,} bytes of" in shown["said"]
        assert shown["totals"][1:3] == [f"{costs.parameters:,}", f"{costs.macs:,}"]
        assert shown["totals"][0] == " × ".join(f"{size:,}" for size in x.shape[1:])
        chosen = rows_of(costs, len(network))[state["at"]]
        if layers[state["at"]][0] in ("conv", "linear"):
            sums = re.findall(r"= (\d[\d,]*)\b", shown["formula"])
            assert sums[0] == chosen[1]
            assert int(sums[1].replace(",", "")) * image[0] == int(chosen[2].replace(",", ""))
        for cost, bars in zip(
            (costs.parameters, costs.macs, costs.activation_bytes),
            zip(*shown["bars"], strict=True),
            strict=True,
        ):
            assert sum(bars) == pytest.approx(100 if cost else 0)
    assert fitting >= 50, "too few networks fitted"
    assert refused == {"does not fit", "needs a picture", "cannot cut"}


@pytest.mark.parametrize(
    ("key", "model", "size"),
    [
        ("lenet", models.lenet, (1, 28, 28)),
        ("alexnet", models.alexnet, (3, 227, 227)),
        ("tower", models.alexnet_single_tower, (3, 224, 224)),
        ("vgg11", models.vgg11, (3, 224, 224)),
        ("vgg16", models.vgg16, (3, 224, 224)),
        ("vgg19", models.vgg19, (3, 224, 224)),
        ("resnet18", models.resnet18, (3, 224, 224)),
        ("resnet34", models.resnet34, (3, 224, 224)),
        ("resnet50", models.resnet50, (3, 224, 224)),
        ("resnet20", lambda: models.cifar_resnet(20), (3, 32, 32)),
    ],
)
def test_known_networks_cost_what_the_models_cost(figures, key, model, size):
    shown = drive(figures, "cnn-architecture", [{"preset": key}], ROWS)[0]
    costs = profile(model, size)
    said = shown["said"]
    assert said.startswith(f"{shown['network']} on 1 image of {' × '.join(map(str, size))}: ")
    assert f": {costs.parameters:,} parameters (" in said
    assert f", {costs.macs:,} MACs, {costs.activation_bytes:,} bytes of activations" in said
    # The last layer that looks through a window that slides, and what it sees.
    fields = [layer.field for layer in costs if layer.field and "Adaptive" not in layer.kind]
    assert f"sees {fields[-1].size[0]} × {fields[-1].size[1]} pixels" in said
    if "resnet" in key:
        assert shown["rows"][-2][4] == f"{costs.field.size[0]} × {costs.field.size[1]}"
    address = figures.evaluate("document.querySelector('cnn-architecture').state.layers")
    assert address == key
    page = (ROOT / PAGE).with_suffix(".md").read_text(encoding="utf8")
    if key in ("lenet", "alexnet", "vgg16", "resnet50"):  # the text for readers without scripts
        assert f"{costs.parameters:,}" in page


def test_a_network_is_built_by_keyboard_alone(figures):
    page, selector = figures, "cnn-architecture"
    here = page.locator(selector)
    page.locator(f"{selector} [aria-current]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent").startswith("3: 5 × 5 convolution")
    assert "parameters 16 · (6·5·5 + 1) = 2,416" in here.locator(".explorer-formula").inner_text()
    here.get_by_label("maps", exact=True).press("ArrowUp")
    assert "17 · (6·5·5 + 1) = 2,567" in here.locator(".explorer-formula").inner_text()
    here.get_by_label("ReLU after it").press("Space")
    assert here.locator("[aria-current]").inner_text() == "3: 5 × 5 convolution, 17 maps"
    here.locator("[name=kind]").select_option("bn")
    here.get_by_role("button", name="Add it").press("Enter")
    assert here.locator("[aria-current]").inner_text() == "4: batch norm, ReLU"
    assert page.evaluate("document.activeElement.textContent") == "Add it"
    here.get_by_role("button", name="Move down").press("Enter")
    assert here.locator("[aria-current]").inner_text() == "5: batch norm, ReLU"
    here.get_by_role("button", name="Move down").press("Enter")
    here.get_by_role("button", name="Move down").press("Enter")
    assert "layer" not in status(page, selector).partition("Most")[0]  # it still fits
    here.get_by_role("button", name="Remove").press("Enter")
    assert here.locator("tbody tr").count() == 7
    here.get_by_label("Height and width").fill("5")
    assert "of layer 3 does not fit: it spans 5 pixels, and the picture that reaches it has 2" in (
        status(page, selector)
    )
    for _ in range(7):
        here.get_by_role("button", name="Remove").press("Enter")
    assert status(page, selector) == "No layers: the output is the image."
    here.get_by_role("button", name="Add it").press("Enter")
    assert here.locator("[aria-current]").inner_text() == "1: batch norm, ReLU"


def test_what_the_page_says_of_a_smaller_vgg_is_true(figures):
    blocks = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]
    body = "".join(f"c{maps}_" * count + "m_" for maps, count in blocks)
    said = {}
    for side in (7, 1):
        layers = f"{body}g{side}_l4096-1_l4096-1_l1000"
        state = {"layers": layers, "channels": 3, "size": 224, "batch": 1}
        figures.evaluate(SET, ["cnn-architecture", state])
        text = status(figures, "cnn-architecture")
        pattern = r": ([\d,]+) parameters .* ([\d,]+) MACs, ([\d,]+) bytes of activations"
        said[side] = [int(count.replace(",", "")) for count in re.search(pattern, text).groups()]
    answer = figures.locator("details").evaluate_all("all => all.map(e => e.textContent).join()")
    assert f"{said[1][0]:,} parameters are left of {said[7][0]:,}" in " ".join(answer.split())
    assert 0.99 < said[1][1] / said[7][1] < 1
    assert 0.99 < said[1][2] / said[7][2] < 1


def test_the_chosen_layer_of_a_long_network_is_in_sight(figures):
    state = {"layers": "vgg16", "channels": 3, "size": 224, "at": 20}
    figures.evaluate(SET, ["cnn-architecture", state])
    figures.locator("cnn-architecture [aria-current]").focus()
    for key in ("Home", "End", "ArrowUp"):
        figures.keyboard.press(key)
        inside = figures.evaluate(
            """() => {
                const row = document.activeElement.getBoundingClientRect();
                const box = document.querySelector('.explorer-net').getBoundingClientRect();
                return row.top >= box.top && row.bottom <= box.bottom;
            }"""
        )
        assert inside, key
    assert figures.evaluate("document.activeElement.textContent").startswith("21: linear")


# Residual and Inception blocks

BLOCK = """e => ({
    branches: [...e.querySelectorAll('.explorer-branch')].map(branch =>
        [...branch.querySelectorAll('li')].map(step =>
            [...step.children].slice(1).map(part => part.textContent))),
    costs: [...e.querySelectorAll('.explorer-costs tr')].slice(1).map(row =>
        [...row.querySelectorAll('.explorer-number')].map(cell => cell.textContent)),
    meeting: [...e.querySelectorAll('div.explorer-flow p')].map(part => part.textContent),
    strips: [...e.querySelectorAll('.explorer-strip')].map(strip =>
        [...strip.children].map(piece => Number(piece.style.flexGrow))),
})"""


class Plain(nn.Module):
    """A basic block without its shortcut."""

    def __init__(self, channels, maps, stride):
        super().__init__()
        block = models.BasicBlock(channels, maps, stride)
        self.body = nn.Sequential(block.conv1, block.bn1, block.relu1, block.conv2, block.bn2)
        self.relu2 = block.relu2

    def forward(self, x):
        """The residual branch and the last ReLU, with nothing added."""
        return self.relu2(self.body(x))


def python_block(setting):
    """The block, and the beginnings of its branches' names in the profile."""
    channels, maps, stride = (setting[name] for name in ("channels", "maps", "stride"))
    kind, option = setting["kind"], setting["option"]
    if kind == "plain":
        return Plain(channels, maps, stride), ["body"]
    if kind == "inception":
        widths = tuple(setting[f"width{i}"] for i in range(6))
        return models.Inception(channels, widths), [f"branch{i}" for i in (1, 2, 3, 4)]
    if kind == "basic":
        return models.BasicBlock(channels, maps, stride, option), ["", "shortcut"]
    early = setting["place"] == "one"
    return models.Bottleneck(channels, maps, stride, option, early), ["", "shortcut"]


def branch_rows(costs, names):
    """The profile's rows of each branch, in order; those where branches have met are left out."""
    rows = {name: [] for name in names}
    for layer in costs:
        first = layer.name.partition(".")[0]
        if first in rows:
            rows[first].append(layer)
        elif "" in rows and first != "add":
            rows[""].append(layer)
    if "" in rows:
        rows[""].pop()  # the last ReLU
    return [rows[name] for name in names]


def test_every_branch_of_a_block_costs_what_profile_says(figures, rng):
    shortcuts = set()
    for setting_number in range(2 * SETTINGS):
        kind = ("basic", "bottleneck", "inception", "plain", "basic", "bottleneck")[
            setting_number % 6
        ]
        maps = int(rng.integers(1, 65))
        fits = (4 if kind == "bottleneck" else 1) * maps
        setting = {
            "kind": kind,
            "channels": fits if rng.integers(2) else int(rng.integers(1, 257)),
            "size": int(rng.integers(1, 113)),
            "maps": maps,
            "stride": int(rng.choice([1, 1, 2, 3, 4])),
            "option": str(rng.choice(["A", "B"])),
            "place": str(rng.choice(["one", "three"])),
            **{f"width{i}": int(rng.integers(1, 129)) for i in range(6)},
        }
        shown = drive(figures, "cnn-blocks", [setting], BLOCK)[0]
        model, names = python_block(setting)
        costs = profile(model, (setting["channels"], setting["size"], setting["size"]))
        branches = branch_rows(costs, names)
        expected = [
            [
                [" × ".join(f"{size:,}" for size in layer.output_shape[1:])]
                + ([f"{layer.parameters:,} parameter{'s' * (layer.parameters != 1)}"]
                   if layer.parameters else [])
                for layer in rows
            ]
            for rows in branches
        ]  # fmt: skip
        assert shown["branches"] == expected, setting
        sums = [
            [f"{sum(layer.parameters for layer in rows):,}", f"{sum(r.macs for r in rows):,}"]
            for rows in branches
        ]
        assert shown["costs"] == [*sums, [f"{costs.parameters:,}", f"{costs.macs:,}"]], setting
        said = shown["said"]
        whole = f"has {costs.parameters:,} parameters and {costs.macs:,} MACs."
        assert said.endswith(whole), setting
        output = " × ".join(f"{size:,}" for size in costs.layers[-1].output_shape[1:])
        assert shown["meeting"][-1].endswith(f"Output: {output}"), setting
        if kind == "plain":
            assert shown["strips"] == []
            assert "nothing is added, nothing is stacked" in said
        elif kind == "inception":
            last = [rows[-1].output_shape[1] for rows in branches]
            assert shown["strips"] == [last]
            assert f"{' + '.join(map(str, last))} = {sum(last)} maps" in said
        else:
            assert {sum(strip) for strip in shown["strips"]} == {fits}
            same = isinstance(model.shortcut, nn.Identity)
            assert ("the shortcut is the identity and costs nothing" in said) == same
            projects = isinstance(model.shortcut, nn.Sequential)
            assert ("needs a projection: a 1 × 1 convolution" in said) == projects
            assert ("follows option A" in said) == (not same and not projects)
            if not same and not projects:
                zeros = max(fits - setting["channels"], 0)
                assert shown["strips"][1] == [fits - zeros] + [zeros] * (zeros > 0)
            shortcuts.add((kind, same, projects))
    assert len(shortcuts) == 6, "not every kind of shortcut was tried"


def test_examples_of_blocks_are_blocks_of_the_models(figures):
    with torch.device("meta"):  # shapes without memory
        small, large, inception = models.resnet18(), models.resnet50(), models.googlenet()
        cifar = models.cifar_resnet(20)
    expected = {
        "same": small.conv2_x[1],
        "first": small.conv3_x[0],
        "cifar": cifar.stage2[0],
        "wide": large.conv2_x[0],
        "inside": large.conv4_x[1],
        "down": large.conv4_x[0],
        **{name: getattr(inception, f"inception{name}") for name in ("3a", "4e", "5b")},
    }
    listed = figures.locator("cnn-blocks [name=example] option").evaluate_all(
        "all => all.map(option => option.value)"
    )
    assert {*listed} == {*expected, "plain", ""}
    for name, model in expected.items():
        said = drive(figures, "cnn-blocks", [{"example": name}])[0]["said"]
        count = sum(parameter.numel() for parameter in model.parameters())
        assert f"The block has {count:,} parameters" in said, name
        assert figures.locator("cnn-blocks [name=example]").input_value() == name


def test_blocks_by_keyboard_alone(figures):
    page, selector = figures, "cnn-blocks"
    here = page.locator(selector)
    assert "needs a projection: a 1 × 1 convolution with stride 2" in status(page, selector)
    here.get_by_label("Where shapes differ").focus()
    page.keyboard.press("ArrowDown")
    assert "one pixel in 2, along both axes, then add 64 maps of zeros" in status(page, selector)
    here.get_by_role("button", name="Make the shapes agree").press("Enter")
    assert "Input 64 × 56 × 56, residual branch 64 × 56 × 56: the same" in status(page, selector)
    here.locator("[name=stride]").press("ArrowRight")
    assert "the stride is 2, so x cannot be added as it is" in status(page, selector)
    here.locator("[name=kind]").focus()
    page.keyboard.press("End")
    here.get_by_label("maps of the 5 × 5", exact=True).focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("40")
    assert "64 + 128 + 40 + 32 = 264 maps" in status(page, selector)


# All of them

USED = {
    "cnn-architecture": {"layers": "resnet50", "channels": 3, "size": 224, "batch": 256, "at": 4},
    "cnn-blocks": {"kind": "inception", "channels": 1024, "size": 112, "widths": [512] * 6},
    "cnn-convolution-stepper": {"flip": True, "row": 3, "column": 2},
    "cnn-receptive-field": {"layers": "7-4-9-8_3-2-9-8_3-1-9-1_1-1-0-1_2-2-0-1", "size": 48},
    "cnn-dropout-masks": {"kind": "dropout2d", "percent": 70, "seed": 12},
    "cnn-gradient-routing": {"kind": "conv", "kernel": 2, "only": True, "place": 9},
    "cnn-im2col": {"size": 5, "kernel": 3, "padding": 1, "place": 24, "pixel": 12},
    "cnn-normalisation-axes": {"kind": "group", "groups": 4, "bright": 20, "image": 2},
    "cnn-parameter-counter": {"channels": 256, "height": 600, "width": 600, "maps": 256},
    "cnn-pooling": {"kind": "avg", "right": -3, "down": 2, "kernel": 3, "stride": 1, "row": 5},
    "cnn-size-explorer": {"size": 16, "kernel": 7, "stride": 2, "padding": 6, "dilation": 2},
}


@pytest.mark.parametrize("selector", USED)
def test_a_link_brings_back_the_same_state(figures, visit, selector):
    before = status(figures, selector)
    figures.evaluate(SET, [selector, USED[selector]])
    said = status(figures, selector)
    assert said != before
    link = figures.locator(f"{selector} .explorer-link").get_attribute("href")
    figures.wait_for_function("link => location.href === link", arg=link)
    again = visit(width=390)
    again.page.goto(link)
    again.page.wait_for_selector(f"{selector} .explorer")
    assert status(again.page, selector) == said
    assert again.complaints == []


@pytest.mark.parametrize("value", ["1e9", "-7", "many", "1,2", "_-_"])
def test_an_address_with_nonsense_is_brought_into_range(visit, value):
    seen = visit()
    page = seen.open(PAGE)
    fields = page.evaluate(
        """() => Promise.all([...document.querySelectorAll('article *')]
            .filter(e => e.localName.startsWith('cnn-'))
            .map(e => customElements.whenDefined(e.localName).then(kind =>
                Object.keys(kind.defaults).map(name => `${kind.prefix}-${name}`))))"""
    )
    names = [name for group in fields for name in group]
    assert len(fields) == len(USED)
    page.goto(f"{seen.address}{PAGE}?" + "&".join(f"{name}={value}" for name in names))
    page.wait_for_selector("cnn-receptive-field .explorer")
    for selector in USED:
        page.wait_for_selector(f"{selector} .explorer")
        said = status(page, selector)
        assert said
        assert not re.search(r"NaN|undefined|Infinity|null", said), said
    assert seen.complaints == []


@pytest.mark.parametrize(
    ("width", "mode"),
    [
        pytest.param(1280, "light", marks=pytest.mark.slow),
        (390, "dark"),
        pytest.param(1280, "dark", marks=pytest.mark.slow),
        pytest.param(390, "light", marks=pytest.mark.slow),
    ],
)
def test_used_explorers_are_accessible_and_fit(visit, width, mode):
    page = visit(width=width, dark=mode == "dark", reduced_motion="reduce").open(PAGE)
    page.wait_for_function("m => document.documentElement.dataset.theme === m", arg=mode)
    for selector, state in USED.items():
        page.wait_for_selector(f"{selector} .explorer")
        page.evaluate(SET, [selector, state])
    settled(page)
    page.evaluate(AXE)
    assert violations(page) == []
    for size in ("100%", "200%") if width == 1280 else ("100%",):
        page.evaluate("size => document.documentElement.style.fontSize = size", size)
        assert sideways(page) == 0, size
        wide = "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.ariaLabel)"
        assert page.locator(".explorer").evaluate_all(wide) == [], size


def test_without_scripts_each_explorer_is_a_text(visit):
    page = visit(java_script_enabled=False).open(PAGE)
    for selector in USED:
        assert len(page.locator(f"{selector} p").first.inner_text()) > 150
