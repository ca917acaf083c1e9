"""Frames of the keeper's socket: four bytes of length (big endian), then one msgpack map."""

import socket
import struct
from typing import Any

import msgpack

MAX_FRAME = 8 * 1024 * 1024
_HEAD = struct.Struct(">I")


class FrameError(Exception):
    """The other side closed in the middle of a frame, or sent what is not one."""


class Unwritable(Exception):
    """The message holds what no frame carries: half a pair of UTF-16, a number over 64 bits, a bottomless list."""


def send(conn: socket.socket, message: dict[str, Any]) -> None:
    """Write one message; refuses one of more than 8 MiB, and what cannot be written, before a byte of it is sent."""
    try:
        body = msgpack.packb(message, use_bin_type=True)
    except (ValueError, OverflowError):
        raise Unwritable from None  # their messages quote what was typed
    if len(body) > MAX_FRAME:
        raise FrameError("message too large")
    conn.sendall(_HEAD.pack(len(body)) + body)


def receive(conn: socket.socket) -> dict[str, Any] | None:
    """Read one message; None when the other side closed between two frames."""
    head = _exactly(conn, _HEAD.size)
    if head is None:
        return None
    (size,) = _HEAD.unpack(head)
    if size > MAX_FRAME:
        raise FrameError("message too large")
    body = _exactly(conn, size)
    if body is None:
        raise FrameError("closed in the middle of a frame")
    try:
        message = msgpack.unpackb(body, raw=False, strict_map_key=False)
    except (ValueError, msgpack.UnpackException) as error:
        raise FrameError("not msgpack") from error
    if not isinstance(message, dict):
        raise FrameError("not a map")
    return message


def _exactly(conn: socket.socket, size: int) -> bytes | None:
    data = conn.recv(size)
    if not data:
        return None
    if len(data) == size:
        return data
    chunks = bytearray(data)
    while len(chunks) < size:
        more = conn.recv(size - len(chunks))
        if not more:
            raise FrameError("closed in the middle of a frame")
        chunks += more
    return bytes(chunks)
