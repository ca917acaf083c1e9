"""A man in the middle between Django and PostgreSQL, who cuts the line at the nth statement, before it or after it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_STATEMENTS = {b"Q", b"E"}  # simple query; execute of a prepared one (PostgreSQL protocol 3.0)
_SYNC = b"S"
_READY = b"Z"


@dataclass
class Saboteur:
    """Relays a PostgreSQL socket. `cut(n, after)` makes the nth statement from now the last of its connection.

    Before: the server never sees it. After: the server has answered it, and the client never learns.
    """

    real: Path
    folder: Path
    seen: int = 0
    _cut_at: int = 0
    _after: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopping: bool = False

    def cut(self, nth: int, *, after: bool = False) -> None:
        """Count anew, and cut once at the nth statement; 0 never cuts."""
        with self._lock:
            self.seen, self._cut_at, self._after = 0, nth, after

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Accept connections inside the block."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(self.folder / self.real.name))
            listener.listen()
            thread = threading.Thread(target=self._accept, args=(listener,), daemon=True)
            thread.start()
            yield
            self._stopping = True
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as waker:
                waker.connect(str(self.folder / self.real.name))
            thread.join()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            client, _ = listener.accept()
            if self._stopping:
                client.close()
                return
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            server.connect(str(self.real))
            _Line(self, client, server).start()

    def statement(self) -> str:
        """One more statement: "", "before" or "after" says where to cut."""
        with self._lock:
            self.seen += 1
            if self.seen != self._cut_at:
                return ""
            self._cut_at = 0
            return "after" if self._after else "before"


class _Line:
    """One connection: a thread each way."""

    def __init__(self, saboteur: Saboteur, client: socket.socket, server: socket.socket) -> None:
        self.saboteur, self.client, self.server = saboteur, client, server
        self.deaf = threading.Event()  # the client hears nothing more

    def start(self) -> None:
        for way in (self._up, self._down):
            threading.Thread(target=self._quietly, args=(way,), daemon=True).start()

    def _quietly(self, way: object) -> None:
        with contextlib.suppress(OSError, EOFError):
            way()  # type: ignore[operator]
        self.close()

    def close(self) -> None:
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _up(self) -> None:
        """Client to server, message by message."""
        (size,) = struct.unpack(">I", head := _exactly(self.client, 4))
        self.server.sendall(head + _exactly(self.client, size - 4))  # the start-up message has no type
        while True:
            kind = _exactly(self.client, 1)
            (size,) = struct.unpack(">I", head := _exactly(self.client, 4))
            body = _exactly(self.client, size - 4)
            where = self.saboteur.statement() if kind in _STATEMENTS else ""
            if where == "before":
                return
            if where == "after":
                self.deaf.set()
            self.server.sendall(kind + head + body)

    def _down(self) -> None:
        """Server to client; a deaf client's last answer is waited for, then everything is closed."""
        while True:
            kind = _exactly(self.server, 1)
            (size,) = struct.unpack(">I", head := _exactly(self.server, 4))
            body = _exactly(self.server, size - 4)
            if self.deaf.is_set():
                if kind == _READY:
                    return
                continue
            self.client.sendall(kind + head + body)


def _exactly(conn: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = conn.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data
