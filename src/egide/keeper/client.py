"""How every other process speaks to the keeper: one connection a thread, one call at a time."""

import socket
import threading
from pathlib import Path
from typing import Any

from egide.kernel import frames
from egide.kernel.capabilities import Refused

TIMEOUT_SECONDS = 20.0


class KeeperDown(Exception):
    """The keeper does not answer: nothing can be opened, and pages say so."""


class KeeperLocked(KeeperDown):
    """The keeper waits for the operator's passphrase."""


class KeeperWithoutBase(KeeperDown):
    """The keeper is there, its database is not."""


class Keeper:
    """A client of one of the keeper's sockets."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._local = threading.local()

    def call(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """The answer of one verb; raises Refused with the keeper's code, KeeperDown when it is not there.

        A stale connection (the keeper was restarted) is replaced once, before anything was sent on the new one.
        """
        message = {"verb": verb, **arguments}
        reply = None
        for fresh in (False, True):
            conn = self._connection(fresh)
            try:
                frames.send(conn, message)
                reply = frames.receive(conn)
            except frames.Unwritable:  # somebody typed it, and the keeper has seen nothing of it
                raise Refused("bad_request") from None
            except (OSError, frames.FrameError):
                reply = None
            if reply is not None:
                break
            self.close()
        if reply is None:
            raise KeeperDown("the keeper closed the connection")
        if reply.get("refused") == "locked":
            raise KeeperLocked("the keeper waits for its passphrase")
        if "refused" in reply:
            if reply["refused"] == "database_down":
                raise KeeperWithoutBase("the keeper has no database")
            raise Refused(str(reply["refused"]), str(reply.get("message", "")))
        return reply

    def close(self) -> None:
        """Close this thread's connection."""
        conn = getattr(self._local, "conn", None)
        self._local.conn = None
        if conn is not None:
            conn.close()

    def _connection(self, fresh: bool) -> socket.socket:
        conn: socket.socket | None = None if fresh else getattr(self._local, "conn", None)
        if conn is None:
            conn = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            conn.settimeout(TIMEOUT_SECONDS)
            try:
                conn.connect(self._path)
            except OSError as error:
                conn.close()
                raise KeeperDown("the keeper does not answer") from error
            self._local.conn = conn
        return conn
