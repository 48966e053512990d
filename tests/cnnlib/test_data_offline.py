"""Data that need no network: the digits, the photographs, the generated shapes, and splitting."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from cnnlib import data
from cnnlib.data.generated import COLOURS, KINDS


def test_digits_are_float32_nchw_from_zero_to_one_with_every_class_in_every_part():
    splits = data.digits()
    for part in splits:
        assert part.x.dtype == np.float32
        assert part.x.shape[1:] == (1, 8, 8)
        assert part.x.min() == 0
        assert part.x.max() == 1
        assert part.y.dtype == np.int64
        assert set(part.y) == set(range(10))
    assert sum(map(len, splits)) == 1797


def test_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    original = load_digits()
    ours = {
        (x.tobytes(), int(y)) for part in data.digits() for x, y in zip(part.x, part.y, strict=True)
    }
    theirs = {
        ((image / 16).astype(np.float32).tobytes(), int(label))
        for image, label in zip(original.images, original.target, strict=False)
    }
    assert ours == theirs


def test_a_split_is_disjoint_complete_stratified_and_decided_by_its_seed(rng):
    N = 400
    images = data.Images(
        np.arange(N, dtype=np.float32).reshape(N, 1, 1, 1), rng.integers(0, 4, N), tuple("abcd")
    )
    first, again, other = (
        data.split(images, validation=0.1, test=0.2, seed=seed) for seed in (5, 5, 6)
    )
    members = [set(part.x.ravel().tolist()) for part in first]
    assert set.union(*members) == set(range(N))
    assert sum(map(len, members)) == N
    for label in range(4):
        total = int((images.y == label).sum())
        assert int((first.validation.y == label).sum()) == round(0.1 * total)
        assert int((first.test.y == label).sum()) == round(0.2 * total)
    for part, same in zip(first, again, strict=False):
        np.testing.assert_array_equal(part.x, same.x)
        np.testing.assert_array_equal(part.y, images.y[part.x.ravel().astype(int)])
    assert set(other.test.x.ravel()) != members[2]
    assert np.any(np.diff(first.train.y) < 0), "parts are shuffled, not sorted by class"


@pytest.mark.parametrize(("validation", "test"), [(-0.1, 0.2), (0.5, 0.5), (0.0, 1.0)])
def test_a_split_refuses_shares_that_leave_nothing_to_learn_from(validation, test):
    images = data.Images(np.zeros((4, 1, 1, 1), np.float32), np.zeros(4, np.int64), ("a",))
    with pytest.raises(ValueError, match="must leave a share for training"):
        data.split(images, validation=validation, test=test)


def test_images_refuse_labels_that_do_not_fit():
    with pytest.raises(ValueError, match=r"x \(4, 1, 1, 1\) \(N, C, H, W\), y \(3,\)"):
        data.Images(np.zeros((4, 1, 1, 1), np.float32), np.zeros(3, np.int64), ("a",))


def test_images_become_a_torch_dataset_with_the_same_values(rng):
    images = data.Images(rng.random((5, 1, 2, 3), np.float32), rng.integers(0, 2, 5), ("a", "b"))
    x, y = images.dataset()[3]
    np.testing.assert_array_equal(x.numpy(), images.x[3])
    assert int(y) == images.y[3]


@pytest.mark.parametrize("name", ["china", "flower"])
def test_a_photograph_is_channels_first_and_shrinks_by_averaging(name):
    from sklearn.datasets import load_sample_image

    original = load_sample_image(f"{name}.jpg")
    whole = data.photo(name, as_bytes=True)
    np.testing.assert_array_equal(whole, original.transpose(2, 0, 1))
    small = data.photo(name, shrink=10)
    assert small.shape == (3, 42, 64)
    assert small.dtype == np.float32
    block = original[10:20, 30:40, 2].mean() / 255
    assert small[2, 1, 3] == pytest.approx(block, rel=1e-6)


def test_an_unknown_photograph_is_refused_with_the_ones_there_are():
    with pytest.raises(ValueError, match="choose from china, flower"):
        data.photo("lena")
    with pytest.raises(ValueError, match="shrink must be from 1 to 427"):
        data.photo("china", shrink=0)


def test_shapes_of_a_seed_are_the_same_bytes_everywhere_and_a_longer_set_begins_with_a_shorter():
    few, many = data.shapes(20, seed=7), data.shapes(700, seed=7)
    for name in ("x", "shape", "colour", "position", "scale", "angle"):
        np.testing.assert_array_equal(getattr(few, name), getattr(many, name)[:20])
    pixels = np.rint(few.x * 255).astype(np.uint8)
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()
    assert digest.startswith("e1468dc54ded947c")
    assert not np.array_equal(data.shapes(20, seed=8).x, few.x)


def test_shapes_are_float32_rgb_and_use_every_kind_and_colour():
    drawn = data.shapes(600, seed=1)
    assert drawn.x.shape == (600, 3, 32, 32)
    assert drawn.x.dtype == np.float32
    assert drawn.x.min() >= 0
    assert drawn.x.max() <= 1
    assert set(drawn.shape) == set(range(len(KINDS)))
    assert set(drawn.colour) == set(range(len(COLOURS)))
    np.testing.assert_array_equal(drawn.labelled("shape").y, drawn.shape)
    np.testing.assert_array_equal(drawn.labelled("colour").y, drawn.colour)
    assert drawn.labelled("colour").classes == tuple(COLOURS)


def painted(image, background):
    """How much of each pixel is not background, from the channel that differs most."""
    difference = np.abs(image - background)
    channel = difference.max(axis=(1, 2)).argmax()
    return difference[channel] / difference[channel].max()


@pytest.mark.parametrize("kind", KINDS)
def test_position_and_scale_say_where_and_how_large_a_shape_is(kind):
    centre, scale = (20.0, 13.0), 8.0
    mask = painted(data.draw_shape(kind, position=centre, scale=scale, angle=0.4, size=40), 0.4)
    rows, columns = np.nonzero(mask > 0.5)
    distance = np.hypot(rows - centre[0], columns - centre[1])
    assert distance.max() == pytest.approx(scale, abs=1.0)
    middle = (
        (mask * np.arange(40)[:, None]).sum() / mask.sum(),
        (mask * np.arange(40)).sum() / mask.sum(),
    )
    assert middle == pytest.approx(centre, abs=0.15)


def test_a_shape_covers_the_area_that_geometry_says():
    r = 10.0
    areas = {
        "circle": np.pi * r**2,
        "square": 2 * r**2,
        "triangle": 3 * np.sqrt(3) / 4 * r**2,
        "ring": np.pi * r**2 * (1 - 0.25),
    }
    for kind, area in areas.items():
        mask = painted(data.draw_shape(kind, scale=r, angle=0.3, size=40), 0.4)
        assert mask.sum() == pytest.approx(area, rel=0.03), kind


def test_a_shift_by_whole_pixels_moves_the_picture_and_changes_nothing_else():
    at = data.draw_shape("triangle", position=(15.0, 14.0), angle=0.2)
    moved = data.draw_shape("triangle", position=(18.0, 16.0), angle=0.2)
    np.testing.assert_array_equal(moved[:, 3:, 2:], at[:, :-3, :-2])


def test_angle_turns_from_the_row_axis_towards_the_column_axis():
    # One corner points up the rows at angle 0, and to the left after a quarter turn.
    up = painted(data.draw_shape("triangle", scale=12, angle=0.0), 0.4) > 0.5
    left = painted(data.draw_shape("triangle", scale=12, angle=np.pi / 2), 0.4) > 0.5
    np.testing.assert_array_equal(left, up.T)
    widths = up.sum(axis=1)[up.any(axis=1)]
    assert widths[0] <= 2
    assert widths[-1] == widths.max() > 15


def test_edges_are_smooth_and_shapes_stay_inside_the_picture():
    drawn = data.shapes(300, seed=2, noise=0.0, scale=(6, 15))
    border = np.concatenate(
        [drawn.x[:, :, 0], drawn.x[:, :, -1], drawn.x[:, :, :, 0], drawn.x[:, :, :, -1]], axis=-1
    )
    background = np.median(border, axis=(1, 2))[:, None, None]
    # Only a corner that touches the border may tint its pixel, and less than half of it.
    assert np.abs(border - background).max() < 0.5
    levels = np.unique(painted(data.draw_shape("circle", position=(16.2, 15.1)), 0.4).round(2))
    assert len(levels) > 10


def test_centred_and_unrotated_shapes_have_one_place_and_no_angle():
    drawn = data.shapes(10, centred=True, rotate=False, kinds=["ring"], colours=["red"])
    np.testing.assert_allclose(drawn.position, 15.5)
    assert not drawn.angle.any()
    assert {KINDS[i] for i in drawn.shape} == {"ring"}
    assert {tuple(COLOURS)[i] for i in drawn.colour} == {"red"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kinds": ["hexagon"]}, "kinds must name some of circle, square"),
        ({"colours": []}, "colours must name some of red"),
        ({"scale": (6, 20)}, "must fit into 32 pixels"),
        ({"scale": (8, 6)}, "needs 0 < low <= high"),
    ],
)
def test_impossible_shapes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        data.shapes(3, **arguments)
    with pytest.raises(ValueError, match="must not be negative"):
        data.shapes(-1)


def test_the_loaders_do_not_load_torch_or_matplotlib():
    program = (
        "import sys; from cnnlib import data; data.digits(); data.shapes(2);"
        "sys.exit(any(name in sys.modules for name in ('torch', 'matplotlib', 'requests')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
