import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from cnnlib import reference
from cnnlib.shapes import ShapeError
from tests.cnnlib.oracles import assert_agrees_with_torch, assert_close, assert_refused_by_torch

seeds = st.integers(0, 2**32 - 1)
dtypes = st.sampled_from([np.float64, np.float32])
affine = st.tuples(st.booleans(), st.booleans())


def vectors(rng, size, present, dtype):
    weight, bias = (rng.standard_normal(size).astype(dtype) for _ in range(2))
    return [weight if present[0] else None, bias if present[1] else None]


def running(rng, C, dtype):
    return rng.standard_normal(C).astype(dtype), rng.random(C).astype(dtype) + dtype(0.5)


@pytest.mark.parametrize("name", ["batch_norm", "instance_norm"])
@given(
    N=st.integers(2, 4),
    C=st.integers(1, 4),
    pixels=st.lists(st.integers(1, 4), max_size=3),
    present=affine,
    own=st.booleans(),
    tracked=st.booleans(),
    momentum=st.sampled_from([0.1, 0.5, 1.0, 0.0]),
    eps=st.sampled_from([1e-5, 0.1]),
    dtype=dtypes,
    seed=seeds,
)
def test_running_statistics_output_and_gradients_agree_with_torch(
    name, N, C, pixels, present, own, tracked, momentum, eps, dtype, seed
):
    rng = np.random.default_rng(seed)
    if name == "instance_norm":
        pixels = [*(pixels or [2]), 2]
    x = rng.standard_normal((N, C, *pixels)).astype(dtype) * 3 + 1
    statistics = running(rng, C, dtype) if tracked or not own else (None, None)
    ours = [None if s is None else s.copy() for s in statistics]
    theirs = [None if s is None else torch.tensor(s) for s in statistics]
    switch = {"batch_norm": "training", "instance_norm": "use_input_stats"}[name]
    forward, backward = getattr(reference, name), getattr(reference, f"{name}_backward")
    for _ in range(2 if own else 1):  # the second call starts from what the first one left
        assert_agrees_with_torch(
            lambda x, w, b, **k: forward(x, *ours, w, b, **k),
            lambda g, x, w, b, **k: backward(g, x, *ours, w, b, **k),
            lambda x, w, b, **k: getattr(F, name)(x, *theirs, w, b, **k),
            [x, *vectors(rng, C, present, dtype)],
            rng,
            momentum=momentum,
            eps=eps,
            **{switch: own},
        )
        for mine, torchs in zip(ours, theirs, strict=True):
            if mine is not None:
                assert_close(mine, torchs.numpy(), "running statistics")
                assert mine.dtype == dtype


@given(
    N=st.integers(2, 4), groups=st.integers(1, 3), size=st.integers(1, 3),
    pixels=st.lists(st.integers(1, 4), max_size=3), dtype=dtypes, seed=seeds,
    present=affine.filter(lambda p: p != (False, True)),  # torch fails with a bias alone
)  # fmt: skip
def test_group_norm_agrees_with_torch(N, groups, size, pixels, present, dtype, seed):
    rng = np.random.default_rng(seed)
    C = groups * size
    x = rng.standard_normal((N, C, *pixels)).astype(dtype)
    assert_agrees_with_torch(
        lambda x, w, b: reference.group_norm(x, groups, w, b, 1e-3),
        lambda g, x, w, b: reference.group_norm_backward(g, x, groups, w, b, 1e-3),
        lambda x, w, b: F.group_norm(x, groups, w, b, 1e-3),
        [x, *vectors(rng, C, present, dtype)],
        rng,
    )


@given(
    leading=st.lists(st.integers(1, 4), max_size=2),
    normalized=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    present=affine, dtype=dtypes, seed=seeds,
)  # fmt: skip
def test_layer_norm_agrees_with_torch(leading, normalized, present, dtype, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((*leading, *normalized)).astype(dtype)
    shape = tuple(normalized)
    assert_agrees_with_torch(
        lambda x, w, b: reference.layer_norm(x, shape, w, b, 1e-3),
        lambda g, x, w, b: reference.layer_norm_backward(g, x, shape, w, b, 1e-3),
        lambda x, w, b: F.layer_norm(x, shape, w, b, 1e-3),
        [x, *vectors(rng, shape, present, dtype)],
        rng,
    )


ALL = {
    "batch_norm": lambda x, w, b, **k: (x, None, None, w, b, True),
    "instance_norm": lambda x, w, b: (x, None, None, w, b),
    "group_norm": lambda x, w, b: (x, 2, w, b),
    "layer_norm": lambda x, w, b: (x, x.shape[-1:], w, b),
}


@pytest.mark.parametrize("name", ALL)
def test_an_empty_batch_stays_empty(name, rng):
    size = 5 if name == "layer_norm" else 4
    x, w, b = (
        rng.standard_normal((0, 4, 3, 5)),
        rng.standard_normal(size),
        rng.standard_normal(size),
    )
    arguments = ALL[name](x, w, b)
    y = getattr(reference, name)(*arguments)
    assert y.shape == x.shape
    grad_x, grad_w, grad_b = getattr(reference, f"{name}_backward")(y, *arguments)
    assert grad_x.shape == x.shape
    np.testing.assert_array_equal(grad_w, np.zeros(size))
    np.testing.assert_array_equal(grad_b, np.zeros(size))


def test_large_means_do_not_cost_the_digits_of_the_variance(rng):
    x = (rng.standard_normal((8, 3, 20, 20)) + 1000).astype(np.float32)
    y = reference.batch_norm(x, None, None, training=True)
    exact = reference.batch_norm(x.astype(np.float64), None, None, training=True)
    assert np.abs(y - exact).max() < 2e-4


REFUSED = {
    "one value": (
        "batch_norm",
        ((1, 3), None, None),
        {"training": True},
        "only one value per channel",
    ),
    "no statistics": (
        "batch_norm",
        ((2, 3), None, None),
        {},
        "Pass running_mean and running_var, or",
    ),
    "one statistic": ("batch_norm", ((2, 3), (3,), None), {"training": True}, "must both be given"),
    "mean": (
        "batch_norm",
        ((2, 3), (2,), (2,)),
        {},
        "running_mean has shape (2,) but must have one",
    ),
    "weight": (
        "batch_norm",
        ((2, 3), (3,), (3,), (4,)),
        {},
        "weight has shape (4,) but must have one",
    ),
    "no channels": (
        "batch_norm",
        ((3,), None, None),
        {"training": True},
        "must have at least (N, C)",
    ),
    "one pixel": ("instance_norm", ((2, 3, 1),), {}, "only one value per channel and image"),
    "no use": (
        "instance_norm",
        ((2, 3, 4),),
        {"use_input_stats": False},
        "or use_input_stats=True",
    ),
    "groups": ("group_norm", ((2, 6), 4), {}, "num_groups=4 does not divide the 6 channels of x"),
    "no groups": ("group_norm", ((2, 6), 0), {}, "num_groups must be at least 1, but it is 0"),
    "group of one": ("group_norm", ((1, 6), 6), {}, "only one value per group in the whole batch"),
    "group vector": (
        "group_norm",
        ((2, 6), 2, (2,)),
        {},
        "weight has shape (2,) but must have one",
    ),
    "layer": ("layer_norm", ((2, 3), [2]), {}, "x must end in normalized_shape (2,)"),
    "layer empty": ("layer_norm", ((2, 3), []), {}, "x must end in normalized_shape ()"),
    "layer weight": (
        "layer_norm",
        ((2, 3), [3], (2,)),
        {},
        "weight has shape (2,) but must have (3,)",
    ),
    "layer number": ("layer_norm", ((2, 3), 3), {}, "For one axis use (3,)."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_torch_refuses_is_refused_with_the_cure(case, rng):
    name, arguments, keywords, message = REFUSED[case]
    arrays = [rng.random(a) if isinstance(a, tuple) else a for a in arguments]
    with pytest.raises((ValueError, TypeError), match=rf"^{name}: ") as refusal:
        getattr(reference, name)(*arrays, **keywords)
    assert message in str(refusal.value)
    try:
        assert_refused_by_torch(getattr(F, name), *arrays, **keywords)
    except ZeroDivisionError:
        assert case == "no groups"  # torch's own refusal


@pytest.mark.parametrize("name", ALL)
def test_a_gradient_of_another_shape_is_refused(name, rng):
    x = rng.standard_normal((2, 4, 3, 5))
    with pytest.raises(ShapeError, match=rf"{name}_backward: grad_y has shape \(2, 4, 5, 3\)"):
        getattr(reference, f"{name}_backward")(x.swapaxes(2, 3), *ALL[name](x, None, None))
