"""Each explorer shows cnnlib's numbers, works by keyboard alone and can be linked to."""

import numpy as np
import pytest

from cnnlib import reference
from cnnlib.shapes import ShapeError, conv_output_size
from tests.site.test_in_browser import AXE, settled, sideways, violations

pytestmark = pytest.mark.browser

SETTINGS = 60
STEPPER = "book/index.html"
SIZES = "book/03-padding-stride.html"

# Type into the cells as a reader does: the value, then the event that typing causes.
TYPE = """([selector, values]) => document.querySelectorAll(selector).forEach((cell, i) => {
    if (values[i] === undefined) return;
    cell.value = String(values[i]);
    cell.dispatchEvent(new Event('input', {bubbles: true}));
    cell.dispatchEvent(new Event('blur'));
})"""
SLIDE = """values => Object.entries(values).forEach(([name, value]) => {
    const slider = document.querySelector(`cnn-size-explorer input[name=${name}]`);
    slider.value = String(value);
    slider.dispatchEvent(new Event('input', {bubbles: true}));
})"""


def number(text):
    return float(text.replace("−", "-"))


@pytest.fixture
def stepper(explorers_of):
    return explorers_of(STEPPER).page


@pytest.fixture
def sizes(explorers_of):
    return explorers_of(SIZES).page


def output(page):
    """The numbers in the stepper's output grid."""
    texts = page.locator("cnn-convolution-stepper td button").all_text_contents()
    return np.array([number(text) for text in texts]).reshape(4, 4)


def status(page):
    return page.locator("[role=status].explorer-status").inner_text()


def test_stepper_shows_the_output_of_conv2d(stepper, rng):
    for setting in range(SETTINGS):
        flip = bool(rng.integers(2))
        image = rng.integers(-9, 10, (6, 6))
        kernel = (
            np.round(rng.uniform(-3, 3, (3, 3)), 2) if setting % 2 else rng.integers(-4, 5, (3, 3))
        )
        row, column = (int(place) for place in rng.integers(0, 4, 2))
        stepper.evaluate(
            TYPE, ["cnn-convolution-stepper table:nth-of-type(1) input", image.ravel().tolist()]
        )
        stepper.evaluate(
            TYPE, ["cnn-convolution-stepper table:nth-of-type(2) input", kernel.ravel().tolist()]
        )
        stepper.get_by_label("flip the kernel first").set_checked(flip)
        stepper.locator("cnn-convolution-stepper td button").nth(4 * row + column).click()

        used = kernel[::-1, ::-1] if flip else kernel
        expected = reference.conv2d(
            image[None, None].astype(float), used[None, None].astype(float)
        )[0, 0]
        np.testing.assert_allclose(output(stepper), expected, atol=6e-4)
        said = status(stepper)
        assert said.startswith(f"Output row {row}, column {column}: ")
        total = said.split(" = ")[1].split(". ")[0].rstrip(".")
        assert number(total) == pytest.approx(expected[row, column], abs=6e-4)
        marked = stepper.locator("cnn-convolution-stepper input.in-window").evaluate_all(
            "cells => cells.map(cell => cell.getAttribute('aria-label'))"
        )
        window = [f"image, row {row + i}, column {column + j}" for i in range(3) for j in range(3)]
        assert marked == window


def python_says(size, kernel, stride, padding, dilation):
    """The number of places and of pixels never read, from cnnlib and by counting."""
    try:
        places = conv_output_size(size, kernel, stride, padding, dilation)
    except ShapeError:
        return 0, None
    read = np.zeros(size + 2 * padding, bool)
    for place in range(places):
        read[[place * stride + tap * dilation for tap in range(kernel)]] = True
    inside = read[padding : padding + size]
    return places, int(size * size - inside.sum() ** 2)


def test_size_explorer_agrees_with_conv_output_size(sizes, rng):
    fitting = 0
    for _ in range(2 * SETTINGS):
        setting = {
            "size": int(rng.integers(1, 17)),
            "kernel": int(rng.integers(1, 8)),
            "stride": int(rng.integers(1, 6)),
            "padding": int(rng.integers(0, 7)),
            "dilation": int(rng.integers(1, 5)),
        }
        sizes.evaluate(SLIDE, setting)
        places, unread = python_says(**setting)
        said = status(sizes)
        drawn = sizes.locator(".explorer-picture :is(.output, rect.here)").count()
        assert drawn == places**2, setting
        if places == 0:
            assert said == "The window fits nowhere: no output.", setting
            continue
        fitting += 1
        assert said.startswith(f"Output: {places} × {places}."), setting
        assert sizes.locator(".explorer-formula").inner_text().endswith(f"= {places}"), setting
        crosses = sizes.locator(".explorer-picture .strike").count()
        assert crosses == unread, setting
        if unread:
            assert f" {unread} pixel" in said, setting
        else:
            assert "Every pixel of the image is read." in said, setting
    assert fitting >= 50, "too few settings had an output"


def test_size_explorer_walks_over_the_whole_output(sizes):
    sizes.evaluate(SLIDE, {"size": 6, "kernel": 3, "stride": 2, "padding": 1, "dilation": 1})
    starts = []
    for _ in range(10):
        starts.append(status(sizes).split("starts at ")[1].split(" of the image")[0])
        sizes.get_by_role("button", name="Next place").click()
    lines = [-1, 1, 3]
    walk = [f"row {row}, column {column}".replace("-", "−") for row in lines for column in lines]
    assert starts == [*walk, walk[0]]


@pytest.mark.parametrize(
    ("preset", "places"),
    [
        ("plain", 2),
        ("padded", 6),
        ("same", 5),
        ("full", 7),
        ("strided", 2),
        ("both", 3),
        ("odd", 3),
        ("dilated", 3),
    ],
)
def test_presets_have_the_sizes_of_the_guide(sizes, preset, places):
    sizes.get_by_label("Layout").select_option(preset)
    assert status(sizes).startswith(f"Output: {places} × {places}.")


def test_stepper_by_keyboard_alone(stepper):
    stepper.get_by_label("image, row 0, column 0").focus()
    stepper.keyboard.press("ArrowRight")
    stepper.keyboard.press("ArrowDown")
    assert stepper.evaluate("document.activeElement.ariaLabel") == "image, row 1, column 1"
    stepper.keyboard.type("7")
    stepper.keyboard.press("Tab")  # one Tab leaves the grid
    assert stepper.evaluate("document.activeElement.ariaLabel").startswith("kernel, row 0")
    stepper.keyboard.type("1/2")
    stepper.keyboard.press("Tab")
    before = output(stepper)
    assert before[1, 1] == 7 * 0.5 + 0 * 0 + 9 * 1 + 0 * -2 + 9 * 2 + 0 * -1 + 9 * 1
    stepper.keyboard.press("ArrowRight")
    stepper.keyboard.press("ArrowDown")
    assert status(stepper).startswith("Output row 1, column 1: 7·0.5 + ")


def test_half_a_number_changes_nothing_and_is_tidied(stepper):
    before = output(stepper)
    cell = stepper.get_by_label("image, row 0, column 0")
    cell.fill("-")
    assert cell.get_attribute("aria-invalid") is not None
    np.testing.assert_array_equal(output(stepper), before)
    cell.blur()
    assert cell.input_value() == "0"


def test_size_explorer_by_keyboard_alone(sizes):
    sizes.get_by_label("Layout").select_option("plain")
    sizes.get_by_label("Input size").focus()
    sizes.keyboard.press("ArrowRight")
    assert status(sizes).startswith("Output: 3 × 3.")
    sizes.get_by_role("button", name="Next place").focus()
    sizes.keyboard.press("Enter")
    assert "starts at row 0, column 1 of the image" in status(sizes)


@pytest.mark.parametrize("path", [STEPPER, SIZES])
def test_a_link_brings_back_the_same_state(visit, path):
    page = visit().open(path)
    page.wait_for_selector(".explorer")
    if path == STEPPER:
        page.get_by_label("image, row 2, column 3").fill("-5")
        page.get_by_label("kernel, row 0, column 0").fill("1/9")
        page.get_by_role("button", name="Previous place").click()
    else:
        page.evaluate(SLIDE, {"size": 9, "stride": 3})
        page.get_by_role("button", name="Next place").click()
    said = status(page)
    link = page.get_by_role("link", name="Link to this state").get_attribute("href")
    page.wait_for_function("link => location.href === link", arg=link)  # the address follows
    again = visit(width=390)
    again.page.goto(link)
    again.page.wait_for_selector(".explorer")
    assert status(again.page) == said
    assert again.complaints == []


@pytest.mark.parametrize(
    "query",
    [
        "size-size=999&size-kernel=-3&size-row=77&size-stride=1e9",
        "size-size=many&size-kernel=&size-padding=1,2&size-row=NaN",
    ],
)
def test_an_address_with_nonsense_is_brought_into_range(visit, query):
    seen = visit()
    page = seen.open(f"{SIZES}?{query}")
    page.wait_for_selector("cnn-size-explorer .explorer")
    sliders = page.locator("cnn-size-explorer input[type=range]").evaluate_all(
        "all => all.map(one => [Number(one.min), Number(one.value), Number(one.max)])"
    )
    assert all(low <= value <= high for low, value, high in sliders)
    assert status(page)
    assert seen.complaints == []


@pytest.mark.parametrize(("path", "use"), [(STEPPER, "stepper"), (SIZES, "sizes")])
def test_used_explorer_is_accessible_and_fits_a_phone(visit, path, use):
    page = visit(width=390, dark=True, reduced_motion="reduce").open(path)
    page.wait_for_selector(".explorer")
    page.evaluate(AXE)
    if use == "stepper":
        page.get_by_label("image, row 0, column 0").fill("-")
        page.get_by_role("button", name="Next place").click()
    else:
        page.evaluate(SLIDE, {"size": 16, "kernel": 2, "stride": 5, "padding": 6, "dilation": 2})
    settled(page)
    assert violations(page) == []
    assert sideways(page) == 0


def test_explorers_state_is_announced_politely(stepper):
    live = stepper.locator("cnn-convolution-stepper [role=status]")
    before = live.inner_text()
    stepper.get_by_role("button", name="Next place").click()
    assert live.inner_text() != before
