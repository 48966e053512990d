"""Every example in the reference room runs, and every public function has one."""

import doctest
import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import cnnlib.gradcheck
import cnnlib.reference
import cnnlib.shapes

MODULES = [
    "cnnlib.shapes",
    "cnnlib.gradcheck",
    *(m.name for m in pkgutil.walk_packages(cnnlib.reference.__path__, "cnnlib.reference.")),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_they_promise(name):
    module = importlib.import_module(name)
    result = doctest.testmod(
        module, extraglobs={"np": np}, optionflags=doctest.IGNORE_EXCEPTION_DETAIL
    )
    assert result.failed == 0


def public():
    for name in MODULES:
        module = importlib.import_module(name)
        for attribute in getattr(module, "__all__", []):
            thing = getattr(module, attribute)
            if inspect.isfunction(thing) and thing.__module__ == name:
                yield pytest.param(thing, id=f"{name}.{attribute}")


@pytest.mark.parametrize("function", list(public()))
def test_every_public_function_says_what_goes_in_out_and_wrong(function):
    text = inspect.getdoc(function)
    for section in ("Parameters", "Returns", "Examples"):
        assert f"\n{section}\n---" in text, section
    if function.__name__ not in ("lenet",):
        assert "\nRaises\n---" in text


def test_every_function_of_the_design_is_here_with_its_backward():
    differentiable = [
        *("conv2d", "conv_transpose2d", "unfold", "fold", "pad", "linear", "cross_entropy"),
        *("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "dropout", "dropout2d"),
        *("batch_norm", "layer_norm", "instance_norm", "group_norm"),
        *("relu", "sigmoid", "tanh", "softmax", "log_softmax"),
    ]
    for name in differentiable:
        forward = getattr(cnnlib.reference, name)
        backward = getattr(cnnlib.reference, f"{name}_backward")
        if not name.startswith("dropout"):
            ours = list(inspect.signature(forward).parameters)
            assert list(inspect.signature(backward).parameters) == ["grad_y", *ours]
