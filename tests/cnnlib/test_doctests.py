"""Every example in the library runs, and every public function has one."""

import doctest
import importlib
import inspect
import pkgutil
import re

import numpy as np
import pytest

import cnnlib
import cnnlib.reference

# Triton's kernels are no Python to call, and Triton is not everywhere.
MODULES = [
    module.name
    for module in pkgutil.walk_packages(cnnlib.__path__, "cnnlib.")
    if module.name != "cnnlib.pytorch.triton_kernels"
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_they_promise(name):
    module = importlib.import_module(name)
    result = doctest.testmod(
        module, extraglobs={"np": np}, optionflags=doctest.IGNORE_EXCEPTION_DETAIL
    )
    assert result.failed == 0


def public(kind):
    for name in MODULES:
        module = importlib.import_module(name)
        for attribute in getattr(module, "__all__", []):
            thing = getattr(module, attribute)
            if kind(thing) and thing.__module__ == name:
                yield pytest.param(thing, id=f"{name}.{attribute}")


@pytest.mark.parametrize("function", list(public(inspect.isfunction)))
def test_every_public_function_says_what_goes_in_out_and_wrong(function):
    text = inspect.getdoc(function)

    def says(section):
        return re.search(rf"^{section}\n---", text, re.MULTILINE)

    assert says("Examples")
    if ":class:`" in text.partition("\n\n")[0]:  # builds an object whose class says the rest
        return
    signature = inspect.signature(function)
    assert says("Parameters") or not signature.parameters
    assert says("Returns") or signature.return_annotation == "None"
    if function.__module__.startswith(("cnnlib.reference.", "cnnlib.shapes", "cnnlib.gradcheck")):
        assert says("Raises") or function is cnnlib.reference.lenet.lenet


@pytest.mark.parametrize("thing", list(public(inspect.isclass)))
def test_every_public_class_says_what_it_is(thing):
    assert len(inspect.getdoc(thing)) > 20
    assert not inspect.getdoc(thing).startswith(f"{thing.__name__}(")  # a dataclass's own text


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
