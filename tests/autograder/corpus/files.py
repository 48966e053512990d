# ruff: noqa: E501 -- one case reads best as one entry
"""Files that are no notebooks, or almost."""

from __future__ import annotations

from typing import Any

import nbformat

from tests.autograder.corpus import ALL, Case, lost

BAD = lost("bad-file", *ALL)


def _bytes(change):
    def make(notebook: Any) -> bytes:
        return change(nbformat.writes(notebook).encode())

    return make


def _conflict(data: bytes) -> bytes:
    lines = data.split(b"\n")
    return b"\n".join(
        [*lines[:9], b"<<<<<<< HEAD", lines[9], b"=======", b" ", b">>>>>>> theirs", *lines[10:]]
    )


CASES = [
    Case("utf8-bom", make=_bytes(lambda d: b"\xef\xbb\xbf" + d)),
    Case("utf16", make=_bytes(lambda d: d.decode().encode("utf-16"))),
    Case("windows-line-ends", make=_bytes(lambda d: d.replace(b"\n", b"\r\n"))),
    Case("latin-1", BAD, make=_bytes(lambda d: d.replace(b"Tiny", "Täny".encode("latin-1"))), outcome="bad-file",
         says="not UTF-8"),
    Case("truncated", BAD, make=_bytes(lambda d: d[: len(d) // 2]), outcome="bad-file", says="[truncated]"),
    Case("empty-file", BAD, make=_bytes(lambda d: b""), outcome="bad-file", says="is empty"),
    Case("blank-file", BAD, make=_bytes(lambda d: b"  \n\n"), outcome="bad-file", says="is empty"),
    Case("not-json", BAD, make=_bytes(lambda d: b"print('hello')"), outcome="bad-file", says="is not a notebook"),
    Case("merge-conflict", BAD, make=_bytes(_conflict), outcome="bad-file", says="merge conflict"),
    Case("json-but-no-notebook", BAD, make=_bytes(lambda d: b'{"a": 1}'), outcome="bad-file", says="no list of cells"),
    Case("json-list", BAD, make=_bytes(lambda d: b"[]"), outcome="bad-file"),
    Case("deep-json", BAD, make=_bytes(lambda d: b"[" * 200_000 + b"]" * 200_000), outcome="bad-file", says="deeply"),
    Case("many-cells", BAD, make=_bytes(lambda d: b'{"cells": [' + b"{}," * 3000 + b'{}], "nbformat": 4}'),
         outcome="bad-file", says="cells"),
    Case("a-zip", BAD, make=_bytes(lambda d: b"PK\x03\x04" + bytes(200)), outcome="bad-file"),
    Case("cells-of-nonsense", lost("missing-answer", *ALL), make=_bytes(
        lambda d: b'{"cells": [1, null, {"cell_type": "evil"}, {"cell_type": "code"}], "nbformat": 4}'),
        outcome="unchanged"),
]  # fmt: skip
