"""The two rooms are twins: same names, same arguments, same answers.

``cnnlib.reference`` (NumPy, gradients by hand) and ``cnnlib.pytorch`` (tensors, autograd) may
differ only in what is listed here, with the reason.
"""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

import cnnlib.pytorch
import cnnlib.reference
from tests.cnnlib.strategies import conv_cases

# DESIGN's list: what a student learns here is what torch.nn.functional calls by the same name.
FUNCTIONS = {
    "conv2d", "conv_transpose2d", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "pad",
    "unfold", "fold", "batch_norm", "layer_norm", "instance_norm", "group_norm", "relu", "sigmoid",
    "tanh",
    "softmax", "log_softmax", "cross_entropy", "linear", "dropout", "dropout2d",
}  # fmt: skip

# The one name that torch.nn.functional does not have: the view on which both rooms are built.
OWN = {"windows"}

# Only in the PyTorch room: it works on layers, of which the reference room has its own.
ONLY_PYTORCH = {"fold_batch_norm"}

# Keyword-only arguments that one room has alone.
ALONE: dict[str, dict[str, set[str]]] = {
    # The reference draws from a generator it is given, and hands its mask to the backward pass;
    # torch has one generator per device, and autograd remembers the mask.
    "dropout": {"reference": {"rng", "return_mask"}, "pytorch": set()},
    "dropout2d": {"reference": {"rng", "return_mask"}, "pytorch": set()},
    # Algorithms of its own that show what a GPU does; the reference has one for these.
    "conv_transpose2d": {"reference": set(), "pytorch": {"algorithm"}},
    "max_pool2d": {"reference": set(), "pytorch": {"algorithm"}},
    "avg_pool2d": {"reference": set(), "pytorch": {"algorithm"}},
}

# What torch.nn.functional has and the course leaves out: work in place, and options that torch
# itself calls outdated.
LEFT_OUT = {"inplace", "_stacklevel", "dtype", "size_average", "reduce"}

# torch says ``input``; the book says x, as the equations do.
RENAMED = {"input": "x"}


def shared(room: str, name: str) -> list[tuple[str, Any, Any]]:
    """(name, kind, default) of the arguments, without those that the room has alone."""
    function = getattr(getattr(cnnlib, room), name)
    alone = ALONE.get(name, {}).get(room, set())
    return [
        (p.name, p.kind, p.default)
        for p in inspect.signature(function).parameters.values()
        if p.name not in alone
    ]


def test_both_rooms_have_every_function_of_the_design_and_no_other():
    reference = {n for n in cnnlib.reference.__all__ if not n.endswith("_backward")}
    assert reference == FUNCTIONS | OWN
    assert set(cnnlib.pytorch.__all__) == FUNCTIONS | OWN | ONLY_PYTORCH


def test_every_differentiable_function_of_the_reference_has_its_backward():
    backward = {n for n in cnnlib.reference.__all__ if n.endswith("_backward")}
    # The windows are a view to look at; its gradient is that of unfold. A function may have a
    # second, partial backward besides.
    assert backward >= {f"{name}_backward" for name in FUNCTIONS}
    assert all(name.startswith(tuple(f"{f}_" for f in FUNCTIONS)) for name in backward)


@pytest.mark.parametrize("name", sorted(FUNCTIONS | OWN))
def test_both_rooms_take_the_same_arguments_in_the_same_order_with_the_same_defaults(name):
    assert shared("pytorch", name) == shared("reference", name)


@pytest.mark.parametrize("name", sorted(ALONE))
def test_arguments_that_one_room_has_alone_are_given_by_name_only(name):
    for room, alone in ALONE[name].items():
        parameters = inspect.signature(getattr(getattr(cnnlib, room), name)).parameters
        assert alone <= set(parameters)
        assert all(parameters[a].kind is inspect.Parameter.KEYWORD_ONLY for a in alone)


# Built-in functions of torch carry their signature as text only.
BUILT_IN = {
    "conv2d": ["x", "weight", "bias", "stride", "padding", "dilation", "groups"],
    "conv_transpose2d": [
        "x", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation",
    ],
    "avg_pool2d": [
        "x", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad",
        "divisor_override",
    ],
    "max_pool2d": [
        "x", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices",
    ],
    "linear": ["x", "weight", "bias"],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_positional_arguments_are_those_of_torch_in_its_order(name):
    if name in BUILT_IN:
        theirs = BUILT_IN[name]
    else:
        theirs = [
            RENAMED.get(p, p)
            for p in inspect.signature(getattr(F, name)).parameters
            if p not in LEFT_OUT
        ]
    ours = [p for p, kind, _ in shared("pytorch", name)]
    assert [p for p in ours if p != "algorithm"] == theirs


def draw(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape)


# One call of every function, with arguments that differ from their defaults: (arrays, others).
def calls(rng: np.random.Generator) -> dict[str, list[tuple[list[Any], dict[str, Any]]]]:
    x = draw(rng, 3, 4, 7, 6)
    positive = np.exp(draw(rng, 4))
    labels, probs = np.array([0, 3, 2]), np.full((3, 4), 0.25)
    affine = {"weight": draw(rng, 4), "bias": draw(rng, 4), "eps": 0.1}
    return {
        "conv2d": [
            ([x, draw(rng, 6, 2, 3, 2), draw(rng, 6)],
             {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}),
            ([x, draw(rng, 5, 4, 4, 3)], {"padding": "same"}),
        ],
        "conv_transpose2d": [
            ([x, draw(rng, 4, 3, 3, 2), draw(rng, 6)],
             {"stride": (2, 3), "padding": 1, "output_padding": (1, 2), "groups": 2}),
        ],
        "max_pool2d": [
            ([x], {"kernel_size": (3, 2), "stride": 2, "padding": 1, "ceil_mode": True}),
            ([x.round()], {"kernel_size": 2, "dilation": 2, "return_indices": True}),
        ],
        "avg_pool2d": [
            ([x], {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}),
            ([x], {"kernel_size": 3, "ceil_mode": True, "divisor_override": 5}),
        ],
        "adaptive_avg_pool2d": [([x], {"output_size": (3, None)})],
        "pad": [
            ([x], {"pad": (1, 2, -1, 0), "mode": mode})
            for mode in ("constant", "replicate", "circular")
        ] + [([x], {"pad": (1, 2, 0, 3), "mode": "reflect"})],
        "windows": [([x], {"kernel_size": (3, 2), "stride": 2, "padding": 1, "dilation": (1, 2)})],
        "unfold": [([x], {"kernel_size": (3, 2), "stride": 2, "padding": 1, "dilation": (1, 2)})],
        "fold": [([draw(rng, 2, 12, 20)], {"output_size": (5, 9), "kernel_size": (2, 3),
                  "dilation": (2, 1), "padding": (1, 0), "stride": (1, 2)})],
        "batch_norm": [
            ([x, draw(rng, 4), positive], affine),
            ([x, None, None], {**affine, "training": True}),
        ],
        "layer_norm": [([x], {"normalized_shape": (7, 6), "eps": 0.1})],
        "instance_norm": [([x], affine)],
        "group_norm": [([x], {"num_groups": 2, **affine})],
        "relu": [([x], {})],
        "sigmoid": [([x], {})],
        "tanh": [([x], {})],
        "softmax": [([x], {"dim": 2}), ([x], {})],
        "log_softmax": [([x], {"dim": -3}), ([x[0]], {})],
        "cross_entropy": [
            ([draw(rng, 3, 4), labels, positive], {"label_smoothing": 0.2}),
            ([draw(rng, 3, 4), labels], {"ignore_index": 3, "reduction": "none"}),
            ([draw(rng, 3, 4), probs], {"reduction": "sum"}),
        ],
        "linear": [([x, draw(rng, 5, 6), draw(rng, 5)], {})],
        "dropout": [([x], {"p": 0.7, "training": False})],
        "dropout2d": [([x], {"p": 0.7, "training": False})],
    }  # fmt: skip


def tensors(value: Any, device: str) -> Any:
    return torch.tensor(value).to(device) if isinstance(value, np.ndarray) else value


def assert_same(ours: Any, theirs: Any) -> None:
    if isinstance(ours, tuple):
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other)
        return
    np.testing.assert_allclose(ours, theirs.detach().cpu().numpy(), rtol=1e-10, atol=1e-12)


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> str:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    return str(request.param)


def test_every_function_is_called_here(rng):
    assert calls(rng).keys() == FUNCTIONS | OWN


@pytest.mark.parametrize("name", sorted(FUNCTIONS | OWN))
def test_both_rooms_give_the_same_answers(name, device, rng):
    for arrays, others in calls(rng)[name]:
        ours = getattr(cnnlib.reference, name)(*arrays, **others)
        given_tensors = [tensors(array, device) for array in arrays]
        named = {key: tensors(value, device) for key, value in others.items()}
        theirs = getattr(cnnlib.pytorch, name)(*given_tensors, **named)
        assert_same(ours, theirs)


@pytest.mark.parametrize("name", ["batch_norm", "instance_norm"])
def test_both_rooms_update_running_statistics_alike(name, device, rng):
    x, mean, var = draw(rng, 3, 4, 5, 6), draw(rng, 4), np.exp(draw(rng, 4))
    mean_tensor, var_tensor = tensors(mean, device), tensors(var, device)
    options: dict[str, Any] = {"momentum": 0.3}
    if name == "batch_norm":
        options["training"] = True
    getattr(cnnlib.reference, name)(x, mean, var, **options)
    getattr(cnnlib.pytorch, name)(tensors(x, device), mean_tensor, var_tensor, **options)
    assert_same(mean, mean_tensor)
    assert_same(var, var_tensor)


@given(case=conv_cases(), has_bias=st.booleans())
def test_convolutions_and_their_gradients_agree_for_sizes_nobody_chose(case, has_bias):
    arrays = case.arrays()
    arrays = arrays if has_bias else [*arrays[:2], None]
    leaves = [None if a is None else torch.tensor(a, requires_grad=True) for a in arrays]
    with warnings.catch_warnings():  # torch says that an even window with "same" costs it a copy
        warnings.filterwarnings("ignore", message="Using padding='same' with even kernel lengths")
        y = cnnlib.pytorch.conv2d(*leaves, **case.arguments)
    assert_same(cnnlib.reference.conv2d(*arrays, **case.arguments), y)
    grad_y = case.rng.standard_normal(y.shape)
    y.backward(torch.tensor(grad_y))
    by_hand = cnnlib.reference.conv2d_backward(grad_y, *arrays, **case.arguments)
    for ours, leaf in zip(by_hand, leaves, strict=True):
        if leaf is not None:
            assert_same(ours, leaf.grad)


REFUSED = [
    ("conv2d", lambda a: ((a(1, 3, 5, 5), a(2, 2, 3, 3)), {})),
    ("conv_transpose2d", lambda a: ((a(1, 3, 5, 5), a(2, 2, 3, 3)), {})),
    ("max_pool2d", lambda a: ((a(1, 3, 5, 5), 7), {})),
    ("avg_pool2d", lambda a: ((a(1, 3, 5, 5), 3), {"padding": 2})),
    ("adaptive_avg_pool2d", lambda a: ((a(5, 5), 2), {})),
    ("pad", lambda a: ((a(1, 3, 5, 5), (6, 0)), {"mode": "reflect"})),
    ("windows", lambda a: ((a(1, 3, 5, 5), 7), {})),
    ("unfold", lambda a: ((a(1, 3, 5, 5), 7), {})),
    ("fold", lambda a: ((a(1, 8, 5), (3, 3), 2), {})),
    ("batch_norm", lambda a: ((a(2, 3), a(2), a(2)), {})),
    ("layer_norm", lambda a: ((a(2, 3), (4,)), {})),
    ("instance_norm", lambda a: ((a(2, 3, 4),), {"weight": a(2)})),
    ("group_norm", lambda a: ((a(2, 3, 4), 2), {})),
    ("softmax", lambda a: ((a(2, 3), 2), {})),
    ("log_softmax", lambda a: ((a(2, 3), -3), {})),
    ("linear", lambda a: ((a(2, 3), a(4, 2)), {})),
    ("dropout", lambda a: ((a(2, 3), 1.5), {})),
    ("dropout2d", lambda a: ((a(2, 3), 0.5), {})),
    ("conv2d", lambda a: ((a(1, 3, 0, 5), a(2, 3, 3, 3)), {"padding": 2})),
    ("unfold", lambda a: ((a(1, 0, 5, 5), 3), {})),
    ("pad", lambda a: ((a(1, 3, 5, 2), (-2, 2, 3, 2)), {"mode": "circular"})),
    ("pad", lambda a: ((a(3, 6, 4), (-2, -2)), {"mode": "reflect"})),
    ("pad", lambda a: ((a(1, 3, 5, 5), (1, 1)), {"mode": "reflect", "value": 2.0})),
    ("linear", lambda a: ((a(0, 0, 4), a(2, 5)), {})),
]


@pytest.mark.parametrize(("name", "wrong"), REFUSED)
def test_both_rooms_refuse_what_does_not_fit_with_a_value_error_that_names_the_function(
    name, wrong
):
    for room, make in ((cnnlib.reference, np.ones), (cnnlib.pytorch, torch.ones)):

        def array(*shape: int, make: Any = make) -> Any:
            return make(shape)

        arguments, options = wrong(array)
        with pytest.raises(ValueError, match=f"^{name}:"):
            getattr(room, name)(*arguments, **options)


# Edges that torch takes: (name, shapes of the arrays, the other arguments).
EDGES: list[tuple[str, list[tuple[int, ...]], dict[str, Any]]] = [
    ("pad", [(2, 3, 5)], {"pad": (1, 2), "mode": "reflect", "value": 0.0}),
    ("linear", [(2, 0), (3, 0), (3,)], {}),
    ("linear", [(0, 4), (3, 4)], {}),
    ("linear", [(2, 3, 4), (4,)], {}),
    ("conv2d", [(0, 2, 5, 4), (3, 2, 2, 2), (3,)], {"stride": 2}),
]


@pytest.mark.parametrize(("name", "shapes", "others"), EDGES)
def test_edges_that_torch_takes_both_rooms_take(name, shapes, others, rng):
    arrays = [draw(rng, *shape) for shape in shapes]
    leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
    y = getattr(F, name)(*leaves, **others)
    assert_same(getattr(cnnlib.reference, name)(*arrays, **others), y)
    assert_same(y.detach().numpy(), getattr(cnnlib.pytorch, name)(*leaves, **others))
    grad_y = draw(rng, *y.shape)
    y.backward(torch.tensor(grad_y))
    backward = getattr(cnnlib.reference, f"{name}_backward")(grad_y, *arrays, **others)
    grads = backward if isinstance(backward, tuple) else (backward,)
    for ours, leaf in zip(grads, leaves, strict=False):
        assert_same(ours, leaf.grad)


def test_both_rooms_normalise_vectors_by_given_statistics(rng):
    arrays = [draw(rng, 3, 4), draw(rng, 4), np.exp(draw(rng, 4))]
    expected = F.instance_norm(*map(torch.tensor, arrays), use_input_stats=False)
    for room, given_arrays in (
        (cnnlib.reference, arrays),
        (cnnlib.pytorch, [torch.tensor(a) for a in arrays]),
    ):
        y = room.instance_norm(*given_arrays, use_input_stats=False)
        assert_same(np.asarray(y), expected)
