"""Framed plain data between processes that do not trust each other.

A frame is ``length of everything | length of the header | header (JSON) | bytes of the arrays``.
Whatever a frame claims is checked against what is there, and every size has a cap. What may be in
it stands in :mod:`autograder.packing`, how it is rebuilt in :mod:`autograder.unpacking`.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import Any

from autograder.packing import MAX_DEPTH, MAX_FRAME, Encoder, NotPlainData, Packer
from autograder.unpacking import Decoder, Unpacker, WireError

__all__ = [
    "MAX_DEPTH",
    "MAX_FRAME",
    "Closed",
    "Late",
    "NotPlainData",
    "Packer",
    "WireError",
    "decode",
    "encode",
    "receive_frame",
    "send_frame",
]

MAX_HEADER = 8 * 2**20


def encode(message: dict[str, Any], other: Encoder | None = None) -> bytes:
    """Turn a message into the bytes of one frame, without the leading length."""
    packer = Packer(other)
    tree = {key: packer.pack(value) for key, value in message.items()}
    header = json.dumps(
        {"m": tree, "n": [len(blob) for blob in packer.blobs]}, separators=(",", ":")
    ).encode("utf-8", "surrogatepass")
    if len(header) > MAX_HEADER:
        raise NotPlainData("the value has too many parts")
    return b"".join([struct.pack(">I", len(header)), header, *packer.blobs])


def decode(frame: bytes | memoryview, other: Decoder | None = None) -> dict[str, Any]:
    """Rebuild a message from the bytes of one frame; the only error is :class:`WireError`."""
    view = memoryview(frame)
    if len(view) < 4:
        raise WireError("a frame is too short")
    (size,) = struct.unpack(">I", view[:4])
    if size > MAX_HEADER or size > len(view) - 4:
        raise WireError("a frame's header is longer than the frame")
    try:
        header = json.loads(bytes(view[4 : 4 + size]).decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise WireError("a frame's header is not JSON") from error
    if type(header) is not dict or type(header.get("m")) is not dict:
        raise WireError("a frame carries no message")
    blobs, place = [], 4 + size
    lengths = header.get("n")
    if type(lengths) is not list:
        raise WireError("a frame does not say how long its parts are")
    for length in lengths:
        if type(length) is not int or not 0 <= length <= len(view) - place:
            raise WireError("a frame is shorter than it says")
        blobs.append(view[place : place + length])
        place += length
    unpacker = Unpacker(blobs, other)
    return {key: unpacker.unpack(value) for key, value in header["m"].items()}


class Closed(WireError):  # noqa: N818 -- read as what has happened
    """The other side has gone."""


class Late(WireError):  # noqa: N818 -- likewise
    """The other side did not answer before the deadline."""


def send_frame(channel: socket.socket, frame: bytes, seconds: float | None = None) -> None:
    """Write one frame; a reader that does not read for so long counts as gone."""
    try:
        channel.settimeout(seconds)
        channel.sendall(struct.pack(">I", len(frame)) + frame)
    except OSError as error:
        raise Closed("the other process has gone, or does not listen") from error


def receive_frame(channel: socket.socket, deadline: float | None = None) -> bytes:
    """Read one frame of at most MAX_FRAME bytes, before the clock reaches the deadline."""
    (size,) = struct.unpack(">I", _receive(channel, 4, deadline))
    if size > MAX_FRAME:
        raise WireError(f"a frame of {size} bytes was announced; {MAX_FRAME} are allowed")
    return _receive(channel, size, deadline)


def _receive(channel: socket.socket, size: int, deadline: float | None) -> bytes:
    data = bytearray(size)
    view, place = memoryview(data), 0
    while place < size:
        try:
            channel.settimeout(
                None if deadline is None else max(0.001, deadline - time.monotonic())
            )
            count = channel.recv_into(view[place:])
        except TimeoutError as error:
            raise Late("the other process did not finish its sentence in time") from error
        except OSError as error:
            raise Closed("the other process has gone") from error
        if not count:
            raise Closed("the other process has gone")
        place += count
    return bytes(data)
