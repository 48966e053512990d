import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.shapes import (
    ReceptiveField,
    ShapeError,
    as_pair,
    conv_output_size,
    receptive_field,
    same_padding,
)

sizes = st.integers(1, 12)


def places(size, kernel_size, stride, padding, dilation):
    """Count by walking, instead of by formula."""
    before, after = padding
    start, count = -before, 0
    while start + dilation * (kernel_size - 1) < size + after:
        start, count = start + stride, count + 1
    return count


@given(st.integers(0, 12), sizes, sizes, st.tuples(st.integers(0, 4), st.integers(0, 4)), sizes)
def test_output_size_is_the_number_of_places_that_a_walk_counts(
    size, kernel_size, stride, padding, dilation
):
    counted = places(size, kernel_size, stride, padding, dilation)
    if counted:
        assert conv_output_size(size, kernel_size, stride, padding, dilation) == counted
    else:
        with pytest.raises(ShapeError, match="the window covers"):
            conv_output_size(size, kernel_size, stride, padding, dilation)


@given(sizes, sizes, st.integers(1, 5))
def test_same_padding_keeps_the_size_and_puts_the_odd_pixel_after(size, kernel_size, dilation):
    before, after = same_padding(kernel_size, dilation)
    assert conv_output_size(size, kernel_size, 1, (before, after), dilation) == size
    assert after - before in (0, 1)


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 3), st.integers(1, 3)))
)
def test_receptive_field_is_what_an_output_can_be_traced_back_to(layers):
    field = receptive_field(layers)
    for output in (0, 2):
        seen = {output}
        for kernel_size, stride, padding, dilation in reversed(layers):
            seen = {
                place * stride - padding + tap * dilation
                for place in seen
                for tap in range(kernel_size)
            }
        start = field.start + output * field.jump
        assert (min(seen), max(seen)) == (start, start + field.size - 1)


def test_receptive_field_of_published_networks():
    vgg16 = []
    for convolutions in (2, 2, 3, 3, 3):
        vgg16 += [(3, 1, 1)] * convolutions + [(2, 2)]
    assert receptive_field(vgg16)[:2] == (212, 32)  # Araujo, Norris and Sim, 2019, table 1
    alexnet = [(11, 4, 2), (3, 2), (5, 1, 2), (3, 2), (3, 1, 1), (3, 1, 1), (3, 1, 1), (3, 2)]
    assert receptive_field(alexnet)[:2] == (195, 32)


def test_no_layer_sees_one_pixel():
    assert receptive_field([]) == ReceptiveField(size=1, jump=1, start=0)


def test_as_pair_takes_any_integer_type():
    assert as_pair(np.int64(3)) == (3, 3)
    assert as_pair([1, np.int32(2)]) == (1, 2)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (1.5, TypeError, "stride must be an integer, but it is 1.5 (float)"),
        (True, TypeError, "stride must be an integer, but it is True"),
        ("3", TypeError, "stride must be an integer, but it is '3' (str)"),
        ((1, 2, 3), ValueError, "pair (height, width), but it is (1, 2, 3) with 3 entries"),
        ((1, 2.0), TypeError, "stride[1] must be an integer"),
        (0, ValueError, "stride must be at least 1, but it is 0"),
        ((2, -1), ValueError, "stride[1] must be at least 1, but it is -1"),
    ],
)
def test_what_is_no_pair_of_sizes_is_refused_by_name(value, error, message):
    with pytest.raises(error) as refusal:
        as_pair(value, "stride", minimum=1)
    assert message in str(refusal.value)


def test_a_window_too_large_names_both_sizes_and_the_cure():
    with pytest.raises(ShapeError) as refusal:
        conv_output_size(5, kernel_size=3, padding=1, dilation=4)
    assert str(refusal.value) == (
        "conv_output_size: the window covers 9 pixels but the padded image has 7\n"
        "  window  9 = dilation 4 * (kernel_size 3 - 1) + 1\n"
        "  image   7 = size 5 + padding 1 + 1\n"
        "  Use a smaller kernel_size or dilation, or more padding."
    )


@pytest.mark.parametrize("layer", [(), (3, 1, 0, 1, 7), 3, "3"])
def test_a_layer_of_another_form_is_refused_by_its_place(layer):
    with pytest.raises(ValueError, match=r"layers\[1\] must be \(kernel_size, stride, padding"):
        receptive_field([(3,), layer])
