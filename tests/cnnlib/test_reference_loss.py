import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.gradcheck import gradcheck
from cnnlib.reference import cross_entropy, cross_entropy_backward
from cnnlib.shapes import ShapeError
from tests.cnnlib.oracles import assert_agrees_with_torch, assert_refused_by_torch

seeds = st.integers(0, 2**32 - 1)
options = st.fixed_dictionaries(
    {
        "reduction": st.sampled_from(["mean", "sum", "none"]),
        "label_smoothing": st.sampled_from([0.0, 0.0, 0.1, 1.0]),
    }
)


def judge(x, target, weight, rng, **arguments):
    """Compare with torch; ``target`` and ``weight`` are data."""
    torch_weight = None if weight is None else torch.tensor(weight)
    assert_agrees_with_torch(
        lambda x, **k: cross_entropy(x, target, weight, **k),
        lambda g, x, **k: cross_entropy_backward(np.asarray(g), x, target, weight, **k),
        lambda x, **k: F.cross_entropy(x, torch.tensor(target), torch_weight, **k),
        [x],
        rng,
        **arguments,
    )


@given(
    K=st.integers(1, 5),
    samples=st.lists(st.integers(0, 4), max_size=3),
    weighted=st.booleans(),
    ignore_index=st.sampled_from([-100, 0, 2, -1]),
    dtype=st.sampled_from([np.float64, np.float32]),
    seed=seeds,
    arguments=options,
)
def test_classes_agree_with_torch(K, samples, weighted, ignore_index, dtype, seed, arguments):
    rng = np.random.default_rng(seed)
    shape = (*samples[:1], K, *samples[1:])
    target = np.asarray(rng.integers(0, K, samples))
    target = np.where(rng.random(samples) < 0.2, ignore_index, target)
    weight = rng.random(K).astype(dtype) if weighted else None
    x = rng.standard_normal(shape).astype(dtype)
    judge(x, target, weight, rng, ignore_index=ignore_index, **arguments)


@given(
    K=st.integers(1, 5),
    samples=st.lists(st.integers(0, 4), max_size=3),
    weighted=st.booleans(),
    dtype=st.sampled_from([np.float64, np.float32]),
    seed=seeds,
    arguments=options,
)
def test_probabilities_agree_with_torch(K, samples, weighted, dtype, seed, arguments):
    rng = np.random.default_rng(seed)
    shape = (*samples[:1], K, *samples[1:])
    weight = rng.random(K).astype(dtype) if weighted else None
    x, target = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    judge(x, np.abs(target), weight, rng, **arguments)


INFINITE = {
    "certain and right": ([[0.0, -np.inf]], [0], None),
    "certain and wrong": ([[0.0, -np.inf]], [1], None),
    "no weight": ([[0.0, 1.0]], [0], [0.0, 1.0]),
    "NaN": ([[np.nan, 1.0], [1.0, 2.0]], [0, 1], None),
    "ignored NaN": ([[np.nan, 1.0], [1.0, 2.0]], [-100, 1], None),
    "overflow": ([[1e4, -1e4], [-1e4, 1e4]], [1, 1], None),
    "all ignored": ([[1.0, 2.0]], [-100], None),
}


@pytest.mark.parametrize("name", INFINITE)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_infinite_and_undefined_losses_as_torch(name, reduction, rng):
    x, target, weight = INFINITE[name]
    x, target = np.array(x), np.array(target)
    ours = cross_entropy(
        x, target, None if weight is None else np.array(weight), reduction=reduction
    )
    theirs = F.cross_entropy(
        torch.tensor(x), torch.tensor(target),
        None if weight is None else torch.tensor(weight, dtype=torch.float64), reduction=reduction,
    )  # fmt: skip
    np.testing.assert_allclose(ours, theirs)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("smoothing", [0.0, 0.5])
@pytest.mark.parametrize("target", [[-100, 1, 0], [-100, -100, -100], [1, -100, -100]])
def test_gradients_of_ignored_and_undefined_samples_as_torch(target, smoothing, reduction):
    """Zero for an ignored sample, also from a mean over none; NaN where its logits are."""
    x = np.array([[np.nan, 1.0], [1.0, 2.0], [3.0, -1.0]])
    options = {"reduction": reduction, "label_smoothing": smoothing}
    leaf = torch.tensor(x, requires_grad=True)
    F.cross_entropy(leaf, torch.tensor(target), **options).backward()
    grad = cross_entropy_backward(np.float64(1), x, np.array(target), **options)
    np.testing.assert_allclose(grad, leaf.grad)


def test_smaller_integer_types_are_classes_too(rng):
    x = rng.standard_normal((3, 4))
    wide, narrow = (np.array([0, 3, 1], dtype) for dtype in (np.int64, np.uint8))
    assert cross_entropy(x, wide) == cross_entropy(x, narrow)


def test_its_gradient_is_that_of_a_central_difference(rng):
    x, target = rng.standard_normal((4, 3, 2)), rng.integers(0, 3, (4, 2))
    for reduction in ("none", "mean", "sum"):
        gradcheck(cross_entropy, cross_entropy_backward, x, target, reduction=reduction)


LOGITS = (2, 3)
REFUSED = {
    "class too large": (
        np.array([0, 3]),
        {},
        ValueError,
        "target holds class 3 but there are only 3",
    ),
    "class negative": (np.array([0, -1]), {}, ValueError, "target holds class -1"),
    "samples": (
        np.array([0, 1, 2]),
        {},
        ShapeError,
        "needed: classes (2,) or probabilities (2, 3)",
    ),
    "probabilities": (np.ones((3, 2)), {}, ShapeError, "target does not fit the logits"),
    "ignored probability": (np.ones((2, 3)), {"ignore_index": 1}, ValueError, "needs classes"),
    "reduction": (np.array([0, 1]), {"reduction": "avg"}, ValueError, "but it is 'avg'"),
    "smoothing": (
        np.array([0, 1]),
        {"label_smoothing": 1.1},
        ValueError,
        "from 0 to 1, but it is 1.1",
    ),
    "weight": (np.array([0, 1]), {"weight": np.ones(2)}, ShapeError, "weight has shape (2,)"),
    "truth values": (np.array([True, False]), {}, TypeError, "target holds bool"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_is_refused_with_the_cure(name, rng):
    target, arguments, error, message = REFUSED[name]
    x = rng.standard_normal(LOGITS)
    with pytest.raises(error, match=r"^cross_entropy: ") as refusal:
        cross_entropy(x, target, **arguments)
    assert message in str(refusal.value)
    keywords = {k: torch.tensor(v) if k == "weight" else v for k, v in arguments.items()}
    assert_refused_by_torch(F.cross_entropy, x, target, **keywords)


def test_lists_mixed_dtypes_and_misshapen_gradients_are_refused(rng):
    x = rng.standard_normal(LOGITS)
    with pytest.raises(TypeError, match="target holds float32 but x holds float64"):
        cross_entropy(x, np.ones(LOGITS, np.float32))
    with pytest.raises(TypeError, match=r"target is a list[\s\S]*np.asarray\(target\)"):
        cross_entropy(x, [0, 1])
    with pytest.raises(ShapeError, match=r"grad_y has shape \(2,\) but the loss has \(\)"):
        cross_entropy_backward(np.ones(2), x, np.array([0, 1]))
    with pytest.raises(ShapeError, match=r"grad_y has shape \(\) but the loss has \(2,\)"):
        cross_entropy_backward(np.float64(1), x, np.array([0, 1]), reduction="none")
