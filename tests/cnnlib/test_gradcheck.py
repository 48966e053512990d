import numpy as np
import pytest

from cnnlib.gradcheck import GradientError, gradcheck


def product(a, b):
    return a * b


def product_backward(grad_y, a, b):
    return grad_y * b, grad_y * a


@pytest.fixture
def factors(rng):
    return rng.standard_normal((3, 4)), rng.standard_normal((3, 4))


def test_a_right_gradient_passes_with_a_small_error(factors):
    assert gradcheck(product, product_backward, *factors) < 1e-8


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda g, a, b: (g * b, -g * a), r"argument 1 of product is wrong[\s\S]*opposite sign"),
        (lambda g, a, b: (2 * g * b, g * a), r"argument 0 of product is wrong[\s\S]*counted twice"),
        (lambda g, a, b: (g * b / 2, g * a), "factor of 2 missing"),
        (lambda g, a, b: (g * b, 0 * a), "was it ever written to"),
        (lambda g, a, b: (g * b, a * b), "argument 1 of product is wrong"),
        (lambda g, a, b: (g * b, g * np.nan), "argument 1 of product is wrong"),
        (lambda g, a, b: (g * b, (g * a).T), r"has shape \(4, 3\), but the argument has shape"),
        (lambda g, a, b: (g * b, None), "has None, but the argument has shape"),
        (lambda g, a, b: g * b, r"returns 1 gradient\(s\) for 2 array argument\(s\)"),
    ],
)
def test_each_kind_of_mistake_is_named(wrong, message, factors):
    with pytest.raises(GradientError, match=message):
        gradcheck(product, wrong, *factors)


def test_one_wrong_entry_is_found_and_named(factors):
    def wrong(grad_y, a, b):
        grad_a = grad_y * b
        grad_a[1, 2] += 0.1
        return grad_a, grad_y * a

    with pytest.raises(GradientError, match=r"worst at \[1, 2\]: measured"):
        gradcheck(product, wrong, *factors)


def test_absent_arguments_have_no_gradient(factors):
    def shifted(a, bias=None):
        return a if bias is None else a + bias

    assert gradcheck(shifted, lambda g, a, bias=None: (g, None), factors[0], None) < 1e-8
    with pytest.raises(GradientError, match="argument 1 of shifted is absent"):
        gradcheck(shifted, lambda g, a, bias=None: (g, g), factors[0], None)


def test_labels_and_named_arguments_are_passed_on(factors):
    def pick(a, labels, *, scale):
        return scale * a[np.arange(3), labels]

    def pick_backward(grad_y, a, labels, *, scale):
        grad = np.zeros_like(a)
        grad[np.arange(3), labels] = scale * grad_y
        return grad

    assert gradcheck(pick, pick_backward, factors[0], np.array([1, 0, 3]), scale=3.0) < 1e-8


def test_only_the_arguments_asked_for_are_checked(factors):
    assert gradcheck(product, lambda g, a, b: g * a, *factors, wrt=[1]) < 1e-8


def test_float32_is_refused_with_the_reason(factors):
    with pytest.raises(TypeError, match="argument 0 of product is float32; use float64"):
        gradcheck(product, product_backward, *(f.astype(np.float32) for f in factors))


def test_a_function_that_modifies_its_argument_does_not_spoil_the_check(factors):
    def careless(a):
        a *= 2
        return a

    x = factors[0]
    before = x.copy()
    assert gradcheck(careless, lambda g, a: 2 * g, x) < 1e-8
    np.testing.assert_array_equal(x, before)
