"""The figures to play with show cnnlib's numbers, work by keyboard alone and can be linked to."""

import re

import numpy as np
import pytest

from cnnlib import reference
from cnnlib.shapes import ShapeError, conv_output_size, receptive_field
from tests.site.test_in_browser import AXE, sideways, violations

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
def figures(visit):
    """The page, with every explorer ready; nothing may complain until the test ends."""
    seen = visit(reduced_motion="reduce")
    page = seen.open(PAGE)
    page.wait_for_function(
        "() => [...document.querySelectorAll('article *')].every("
        "e => !e.localName.startsWith('cnn-') || e.querySelector('.explorer'))"
    )
    yield page
    assert seen.complaints == []


def drive(page, selector, settings, collect="() => ({})"):
    return page.evaluate(DRIVE, [selector, settings, collect])


def status(page, selector):
    return page.locator(f"{selector} [role=status]").inner_text()


def numbers(text):
    """All numbers in a sentence, in order."""
    return [
        float(found.replace("−", "-").replace(",", ""))
        for found in re.findall(r"[-−]?\d[\d,]*(?:\.\d+)?", text)
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
STACK = "({layers, size, unit}) => document.querySelector('cnn-receptive-field').set({layers, size, unit})"


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
        figures.evaluate(STACK, {"layers": text, "size": size, "unit": unit})
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


# All of them

USED = {
    "cnn-receptive-field": {"layers": "7-4-9-8_3-2-9-8_3-1-9-1_1-1-0-1_2-2-0-1", "size": 48},
}


@pytest.mark.parametrize("selector", USED)
def test_a_link_brings_back_the_same_state(figures, visit, selector):
    before = status(figures, selector)
    figures.evaluate(
        "([name, state]) => document.querySelector(name).set(state)", [selector, USED[selector]]
    )
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
        assert said and not re.search(r"NaN|undefined|Infinity|null", said), said
    assert seen.complaints == []


@pytest.mark.parametrize(
    ("width", "mode"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
)
def test_used_explorers_are_accessible_and_fit(visit, width, mode):
    page = visit(width=width, dark=mode == "dark", reduced_motion="reduce").open(PAGE)
    page.wait_for_function("m => document.documentElement.dataset.theme === m", arg=mode)
    for selector, state in USED.items():
        page.wait_for_selector(f"{selector} .explorer")
        page.evaluate(
            "([name, state]) => document.querySelector(name).set(state)", [selector, state]
        )
    page.wait_for_timeout(300)  # the address follows, and the theme looks for scrolling boxes
    page.evaluate(AXE)
    assert violations(page) == []
    assert sideways(page) == 0


def test_without_scripts_each_explorer_is_a_text(visit):
    page = visit(java_script_enabled=False).open(PAGE)
    for selector in USED:
        assert len(page.locator(f"{selector} p").first.inner_text()) > 150
