"""What a cell has shown, taken apart and put together again from known pieces.

Process A can send whatever it likes as its outputs. Only text and pixel images come out of here.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

MAX_TEXT = 26_000
MAX_IMAGE = 3 * 2**20
MAX_OUTPUTS = 220
_MAGIC = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
#: Terminal colours and other control characters; newline and tab stay.
_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ "
    r"-/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)


def plain(text: object, limit: int = MAX_TEXT) -> str:
    """Text without control characters, lone surrogates and length."""
    if not isinstance(text, str):
        return ""
    text = _CONTROL.sub("", text[: 4 * limit].replace("\r\n", "\n"))
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= limit else text[:limit] + "\n[cut]"


def clean(outputs: object) -> tuple[dict[str, Any], ...]:
    """Outputs in nbformat's words, made of text and images only."""
    if not isinstance(outputs, list):
        return ()
    found: list[dict[str, Any]] = []
    room = MAX_TEXT
    for output in outputs[:MAX_OUTPUTS]:
        if not isinstance(output, dict):
            continue
        kind = output.get("output_type")
        if kind == "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            text = plain(output.get("text"), room)
            room = max(200, room - len(text))
            found.append({"output_type": "stream", "name": name, "text": text})
        elif kind in ("display_data", "execute_result"):
            data = _data(output.get("data"))
            if data:
                made: dict[str, Any] = {"output_type": kind, "data": data, "metadata": {}}
                if kind == "execute_result":
                    made["execution_count"] = None
                found.append(made)
    return tuple(found)


def _data(data: object) -> dict[str, str]:
    if not isinstance(data, dict):
        return {}
    kept: dict[str, str] = {}
    if isinstance(data.get("text/plain"), str):
        kept["text/plain"] = plain(data["text/plain"])
    for mime, magic in _MAGIC.items():
        text = data.get(mime)
        if isinstance(text, str) and len(text) <= MAX_IMAGE:
            try:
                content = base64.b64decode("".join(text.split()), validate=True)
            except (binascii.Error, ValueError):
                continue
            if content.startswith(magic):
                kept[mime] = base64.b64encode(content).decode("ascii")
    return kept


def error_output(error: dict[str, Any]) -> dict[str, Any]:
    """An exception as nbformat stores it, in plain text."""
    name, text = plain(error.get("type"), 100), plain(error.get("text"), 4000)
    places = [plain(place, 300) for place in error.get("places") or []]
    return {
        "output_type": "error",
        "ename": name,
        "evalue": text,
        "traceback": [*places, f"{name}: {text}"],
    }
