"""What goes in comes out; what is not plain data does not go in; and no bytes can do harm."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import wire
from tests.autograder.strategies import VALUES


def same(a: object, b: object) -> bool:
    """Equal in value and in type, where NaN equals itself."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, np.generic) and isinstance(b, np.generic):
        return a.tobytes() == b.tobytes()
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return len(a) == len(b) and all(
            same(x, y) and same(a[x], b[y]) for x, y in zip(a, b, strict=True)
        )
    if isinstance(a, float | complex):
        return repr(a) == repr(b)
    return a == b


@given(VALUES)
def test_plain_data_survives_the_crossing(value):
    assert same(wire.decode(wire.encode({"value": value}))["value"], value)


@given(st.binary(max_size=300))
def test_random_bytes_are_refused_in_one_way_only(data):
    with pytest.raises(wire.WireError):
        wire.decode(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["t", "v", "d", "s", "b", "g", "l", "x"]), inner, max_size=5
        )
        | st.fixed_dictionaries(
            {
                "t": st.sampled_from(
                    [
                        "tuple",
                        "dict",
                        "set",
                        "frozenset",
                        "float",
                        "complex",
                        "bytes",
                        "range",
                        "slice",
                        "array",
                        "scalar",
                        "dtype",
                        "scalartype",
                        "builtin",
                        "rng",
                        "tensor",
                        "torchdtype",
                        "ref",
                        "callback",
                    ]
                ),
                "v": inner,
            },
            optional={
                "d": st.sampled_from(["<f8", "|O", "V8", "<U3", "float32", "<m8", "f8,f8", ""]),
                "s": st.lists(st.integers(-3, 2**70), max_size=3),
                "b": st.integers(-2, 3),
            },
        )
    ),
    max_leaves=10,
)


@settings(max_examples=400)
@given(JSON, st.lists(st.binary(max_size=16), max_size=3))
def test_made_up_headers_give_plain_data_or_a_wire_error(tree, blobs):
    header = json.dumps({"m": {"value": tree}, "n": [len(b) for b in blobs]}).encode()
    frame = struct.pack(">I", len(header)) + header + b"".join(blobs)
    try:
        value = wire.decode(frame)["value"]
    except wire.WireError:
        return
    wire.encode({"value": value})  # only what could have been sent comes out


@pytest.mark.parametrize(
    "value",
    [
        object(),
        lambda: None,
        np.array([None], dtype=object),
        np.array(["text"]),
        np.zeros(3, dtype="f8,i4"),
        np.array("2026-01-01", dtype="M8[D]"),
        type("Subclass", (float,), {})(1.0),
        type("Subclass", (list,), {})(),
        10**5000,
        b"x" * (wire.MAX_FRAME),
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_is_not_plain_data_is_refused_by_the_sender(value):
    with pytest.raises(wire.NotPlainData):
        wire.encode({"value": value})


def test_deep_nesting_is_refused_on_both_sides():
    deep: list[object] = []
    for _ in range(wire.MAX_DEPTH + 1):
        deep = [deep]
    with pytest.raises(wire.NotPlainData):
        wire.encode({"value": deep})
    header = b'{"m": {"value": ' + b"[" * 90 + b"]" * 90 + b'}, "n": []}'
    with pytest.raises(wire.WireError):
        wire.decode(struct.pack(">I", len(header)) + header)


def test_an_array_is_a_copy_that_can_be_written_to():
    array = np.arange(6.0).reshape(2, 3)
    copy = wire.decode(wire.encode({"value": array}))["value"]
    copy[...] = 0
    assert array[1, 2] == 5


def test_views_and_other_byte_orders_keep_their_numbers():
    array = np.arange(24, dtype=">i4").reshape(4, 6)[::2, ::-3]
    copy = wire.decode(wire.encode({"value": array}))["value"]
    np.testing.assert_array_equal(copy, array)


def test_an_array_subclass_cannot_lie_about_its_numbers():
    class Liar(np.ndarray):
        def __array__(self, *args, **kwargs):
            return np.ones(3)

        def tobytes(self, order="C"):
            return b"\0" * 24

        @property
        def dtype(self):
            return np.dtype(object)

    copy = wire.decode(wire.encode({"value": np.arange(3.0).view(Liar)}))["value"]
    np.testing.assert_array_equal(copy, [0, 1, 2])


def test_a_random_generator_crosses_as_a_copy():
    rng = np.random.default_rng(7)
    twin = wire.decode(wire.encode({"rng": rng}))["rng"]
    np.testing.assert_array_equal(twin.random(4), np.random.default_rng(7).random(4))
    np.testing.assert_array_equal(rng.random(4), np.random.default_rng(7).random(4))


def test_tensors_keep_dtype_numbers_and_whether_they_need_a_gradient():
    torch = pytest.importorskip("torch")
    for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool):
        tensor = torch.arange(6).reshape(2, 3).T.to(dtype)
        copy = wire.decode(wire.encode({"value": tensor}))["value"]
        assert copy.dtype is dtype
        assert torch.equal(copy, tensor)
    assert wire.decode(wire.encode({"x": torch.ones(2, requires_grad=True)}))["x"].requires_grad


def test_a_frame_that_announces_too_much_is_not_waited_for():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"\xff\xff\xff\xff")
        with pytest.raises(wire.WireError, match="announced"):
            wire.receive_frame(ours, time.monotonic() + 5)


def test_a_sentence_that_never_ends_is_cut_off_at_the_deadline():
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def drip() -> None:
        theirs.sendall(struct.pack(">I", 10_000))
        while not stop.wait(0.02):
            theirs.sendall(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    started = time.monotonic()
    try:
        with pytest.raises(wire.Late):
            wire.receive_frame(ours, time.monotonic() + 0.3)
    finally:
        stop.set()
        thread.join()
        ours.close()
        theirs.close()
    assert time.monotonic() - started < 60
