"""The boxes of plot.volumes are as large as the outputs that they stand for."""

import numpy as np
import pytest
from matplotlib.patches import Polygon

from cnnlib import plot

SHAPES = [(4, 20, 30), (8, 10, 30), (16, 20, 15)]


def boxes(figure):
    """(depth, height, back) of each box in the units of the drawing: front, top, side."""
    (ax,) = figure.axes
    faces = [p.get_xy()[:4] for p in ax.patches if isinstance(p, Polygon)]
    assert len(faces) == 3 * len(SHAPES)
    found = []
    for front, top, side in zip(faces[::3], faces[1::3], faces[2::3], strict=True):
        (depth, height), (back, up) = np.ptp(front, axis=0), top[3] - top[0]
        assert back == pytest.approx(up)
        assert np.ptp(side, axis=0) == pytest.approx([back, height + back])
        found.append((depth, height, back))
    return np.array(found).T


def test_sides_are_proportional_to_channels_height_and_width():
    for measured, sizes in zip(boxes(plot.volumes(SHAPES)), np.array(SHAPES).T, strict=True):
        np.testing.assert_allclose(measured / measured[0], sizes / sizes[0])


def test_a_single_map_can_still_be_seen():
    depth, _, _ = boxes(plot.volumes([(1, 8, 8), (1000, 8, 8), (1000, 8, 8)]))
    assert depth[0] >= 0.03


def test_sizes_and_names_are_written_below_and_said():
    figure = plot.volumes(SHAPES, ["in", "C1", "S2"], title="Net")
    words = [text.get_text() for text in figure.axes[0].texts]
    assert words == ["in\n4\n20 x 30", "C1\n8\n10 x 30", "S2\n16\n20 x 15"]
    assert figure.alt_text.startswith("Net: 3 boxes to scale")
    assert "C1 8 x 10 x 30" in figure.alt_text


@pytest.mark.parametrize(
    ("shapes", "names", "says"),
    [
        ([], None, "one or more shapes"),
        ([(3, 4)], None, "one or more shapes"),
        ([(3, 0, 4)], None, "sizes from 1 on"),
        (SHAPES, ["one"], "1 names for 3 shapes"),
    ],
)
def test_what_cannot_be_drawn_is_refused(shapes, names, says):
    with pytest.raises(ValueError, match=says):
        plot.volumes(shapes, names)
