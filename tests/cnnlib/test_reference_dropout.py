import numpy as np
import pytest
import torch.nn.functional as F

from cnnlib.reference import dropout, dropout2d, dropout2d_backward, dropout_backward
from cnnlib.shapes import ShapeError
from tests.cnnlib.oracles import assert_refused_by_torch


def test_what_is_kept_is_scaled_up_so_that_the_mean_stays(rng):
    x = rng.standard_normal(200_000).astype(np.float32)
    y, mask = dropout(x, 0.3, rng=rng, return_mask=True)
    assert y.dtype == mask.dtype == np.float32
    np.testing.assert_allclose(np.unique(mask), [0, 1 / 0.7], rtol=1e-6)
    assert (mask == 0).mean() == pytest.approx(0.3, abs=0.005)
    np.testing.assert_array_equal(y, x * mask)


def test_dropout2d_forgets_whole_channels_of_single_images(rng):
    x = rng.standard_normal((400, 50, 2, 3))
    y, mask = dropout2d(x, 0.25, rng=rng, return_mask=True)
    kept = mask[:, :, 0, 0] > 0
    np.testing.assert_allclose(y, x * kept[:, :, None, None] / 0.75, rtol=1e-14)
    assert kept.mean() == pytest.approx(0.75, abs=0.01)
    assert 0 < kept[0].sum() < 50
    assert 0 < kept[:, 0].sum() < 400


@pytest.mark.parametrize(
    ("forward", "backward"), [(dropout, dropout_backward), (dropout2d, dropout2d_backward)]
)
def test_the_gradient_passes_where_the_value_did(forward, backward, rng):
    x = rng.standard_normal((3, 4, 2, 5))
    before = x.copy()
    y, mask = forward(x, 0.5, rng=rng, return_mask=True)
    np.testing.assert_array_equal(x, before)
    grad_y = rng.standard_normal(x.shape)
    np.testing.assert_allclose(backward(grad_y, mask), grad_y * (y / x), rtol=1e-14)


@pytest.mark.parametrize("forward", [dropout, dropout2d])
def test_nothing_and_everything_need_no_random_numbers(forward, rng):
    x = rng.standard_normal((2, 3, 4))
    np.testing.assert_array_equal(forward(x, 0.5, training=False), x)
    np.testing.assert_array_equal(forward(x, 0.0), x)
    np.testing.assert_array_equal(forward(x, 1.0), 0 * x)
    assert forward(x, 0.5, training=False) is not x
    assert forward(np.zeros((0, 3, 4)), 0.5, rng=rng).shape == (0, 3, 4)


@pytest.mark.parametrize("forward", [dropout, dropout2d])
def test_the_same_seed_forgets_the_same(forward, rng):
    x = rng.standard_normal((2, 3, 4))
    first, second = (forward(x, 0.5, rng=np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(("forward", "theirs"), [(dropout, F.dropout), (dropout2d, F.dropout2d)])
def test_wrong_arguments_are_refused_with_the_cure(forward, theirs, rng):
    x = rng.standard_normal((2, 3, 4, 5))
    for p in (-0.1, 1.5):
        with pytest.raises(ValueError, match=f"p must be a probability from 0 to 1, but it is {p}"):
            forward(x, p, rng=rng)
        assert_refused_by_torch(theirs, x, p)
    with pytest.raises(TypeError, match="training needs a random generator, but rng is None"):
        forward(x)
    with pytest.raises(TypeError, match="but must be floating point"):
        forward(np.ones((2, 3, 4), np.int64), rng=rng)


def test_dropout2d_needs_channels_of_pixels(rng):
    with pytest.raises(ShapeError, match=r"x has 1 axes[\s\S]*use dropout"):
        dropout2d(rng.standard_normal(3), rng=rng)


@pytest.mark.parametrize("backward", [dropout_backward, dropout2d_backward])
def test_a_mask_of_another_shape_is_refused(backward, rng):
    with pytest.raises(ShapeError, match=r"grad_y has shape \(2, 3\) but must have \(3, 2\)"):
        backward(rng.standard_normal((2, 3)), rng.standard_normal((3, 2)))
