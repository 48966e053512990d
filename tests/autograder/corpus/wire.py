# ruff: noqa: E501 -- one case reads best as one entry
"""Forged protocol frames, and values that lie about what they are."""

from __future__ import annotations

from tests.autograder.corpus import ADD, Case, lost

#: How a student's cell finds the channel: it is the only socket of the process.
_FIND = """import os, socket, stat, struct, json
def channel():
    for fd in range(3, 300):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                return socket.socket(fileno=os.dup(fd))
        except OSError:
            pass
"""


def _frame(name: str, send: str, outcome: str = "not-plain-data") -> Case:
    body = "\n".join(f"    {line}" for line in send.splitlines())
    code = f"{_FIND}def add(a, b):\n    c = channel()\n{body}\n    import time\n    time.sleep(0.3)\n    return 0\n"
    return Case(name, lost(outcome, *ADD), {"add": code})


def _value(name: str, expression: str, outcome: str = "not-plain-data", setup: str = "") -> Case:
    return Case(
        name, lost(outcome, *ADD), {"add": f"{setup}\ndef add(a, b):\n    return {expression}\n"}
    )


def _header(tree: str) -> str:
    """A peer's frame with a hand-made header."""
    return f"""h = json.dumps({{"m": {tree}, "n": []}}).encode()
f = b"P" + struct.pack(">I", len(h)) + h
c.sendall(struct.pack(">I", len(f)) + f)"""


CASES = [
    _frame("frame-of-4-gigabytes", 'c.sendall(b"\\xff\\xff\\xff\\xff" + b"x" * 100)', "process-died"),
    _frame("frame-to-the-engine",
           'f = b"E" + struct.pack(">I", 2) + b"{}"\nc.sendall(struct.pack(">I", len(f)) + f)', "process-died"),
    _frame("frame-of-garbage", 'c.sendall(struct.pack(">I", 50) + b"P" + b"\\x00\\x00\\x00\\x05" + b"z" * 45)'),
    _frame("frame-with-deep-json",
           'h = b"[" * 200_000\nf = b"P" + struct.pack(">I", len(h)) + h\nc.sendall(struct.pack(">I", len(f)) + f)'),
    _frame("frame-with-unknown-tag", _header('{"op": "return", "value": {"t": "pickle", "v": "x"}}')),
    _frame("frame-with-object-dtype", _header('{"op": "return", "value": {"t": "array", "d": "|O", "s": [1], "b": 0}}')),
    _frame("frame-with-false-shape",
           _header('{"op": "return", "value": {"t": "array", "d": "<f8", "s": [1000000000], "b": 0}}')),
    _frame("frame-with-unknown-operation", _header('{"op": "points", "value": 1000}'), "failed"),
    _frame("frame-with-huge-number", 'h = b\'{"m": {"op": "return", "value": \' + b"9" * 100_000 + b\'}, "n": []}\'\n'
           'f = b"P" + struct.pack(">I", len(h)) + h\nc.sendall(struct.pack(">I", len(f)) + f)'),
    _frame("frame-with-forged-callback", _header('{"op": "callback", "on": 99, "args": [], "kwargs": {"t": "dict", "v": []}}'),
           "failed"),
    # An answer before the question is ignored, so a right function keeps its points.
    Case("frame-nobody-asked-for", answers={
        "add": f"{_FIND}def add(a, b):\n    c = channel()\n    "
        + _header('{"op": "return", "value": 1}').replace("\n", "\n    ") + "\n    return a + b\n"}),
    _value("object-array", "np.array([None], dtype=object)"),
    _value("float-subclass", "F(5)", setup="class F(float):\n    def __eq__(self, o): return True\n    __hash__ = None"),
    _value("int-subclass", "F(5)", setup="class F(int):\n    def __eq__(self, o): return True\n    __hash__ = None"),
    _value("string-subclass", "F('5')", setup="class F(str):\n    pass"),
    _value("array-subclass", "np.zeros(1).view(F)", "failed",
           setup="class F(np.ndarray):\n    def __eq__(self, o): return np.array(True)\n"
           "    def __array__(self, *a, **k): raise ValueError"),
    _value("reduce-object", "R()", setup="class R:\n    def __reduce__(self):\n        import os\n        return os.system, ('id',)"),
    _value("array-interface", "R()", setup="class R:\n    @property\n    def __array_interface__(self):\n"
           "        return {'shape': (1,), 'typestr': '<i8', 'data': (1234, False), 'version': 3}"),
    _value("endless-generator", "(n for n in iter(int, 1))"),
    _value("self-containing-list", "L", setup="L = []\nL.append(L)"),
    _value("huge-array", "np.zeros((1 << 27,), dtype=np.uint8)"),
    _value("huge-integer", "10**200_000"),
    _value("returns-a-function", "add"),
    _value("returns-a-module", "np"),
    _value("returns-none", "None", "failed"),
]  # fmt: skip
