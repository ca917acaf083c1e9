"""Frames: what was sent arrives, whole or not at all."""

import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.kernel import frames

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two ends of one line."""
    one, two = socket.socketpair()
    one.settimeout(5)
    two.settimeout(5)
    yield one, two
    one.close()
    two.close()


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(max_size=40)
    | st.binary(max_size=40)
    | st.floats(allow_nan=False)
)
messages = st.dictionaries(
    st.text(), st.recursive(scalars, lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=8)
)


@settings(max_examples=50)
@given(messages)
def test_a_message_arrives_as_it_was_sent(message: dict[str, Any]) -> None:
    one, two = socket.socketpair()
    with one, two:
        frames.send(one, message)
        assert frames.receive(two) == message


def test_messages_keep_their_order_and_their_bounds(pair: Pair) -> None:
    one, two = pair
    for number in range(5):
        frames.send(one, {"n": number, "pad": "x" * number})
    assert [(frames.receive(two) or {})["n"] for _ in range(5)] == [0, 1, 2, 3, 4]


def test_a_large_message_arrives(pair: Pair) -> None:
    one, two = pair
    sender = threading.Thread(target=frames.send, args=(one, {"x": b"y" * 3_000_000}))
    sender.start()
    received = frames.receive(two)
    sender.join()
    assert received is not None
    assert len(received["x"]) == 3_000_000


def test_closed_between_two_frames_is_the_end(pair: Pair) -> None:
    one, two = pair
    one.close()
    assert frames.receive(two) is None


@pytest.mark.parametrize("sent", [b"\x00\x00", b"\x00\x00\x00\x05abc", b"\x00\x00\x00\x05"])
def test_closed_in_the_middle_is_an_error(pair: Pair, sent: bytes) -> None:
    one, two = pair
    one.sendall(sent)
    one.close()
    with pytest.raises(frames.FrameError):
        frames.receive(two)


@pytest.mark.parametrize("body", [b"\xc1", b"\x90", b"\x01", b"abc", b"\x81\xa1", b"\xd9\xff"])
def test_what_is_no_map_is_an_error(pair: Pair, body: bytes) -> None:
    one, two = pair
    one.sendall(struct.pack(">I", len(body)) + body)
    with pytest.raises(frames.FrameError):
        frames.receive(two)


def test_too_large_is_refused_on_both_sides(pair: Pair) -> None:
    one, two = pair
    with pytest.raises(frames.FrameError, match="too large"):
        frames.send(one, {"x": b"y" * frames.MAX_FRAME})
    one.sendall(struct.pack(">I", frames.MAX_FRAME + 1))
    with pytest.raises(frames.FrameError, match="too large"):
        frames.receive(two)
