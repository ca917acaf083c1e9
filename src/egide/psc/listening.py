"""The relay's one socket: the web process hands a code in and gets an ID token, or a code of refusal."""

from __future__ import annotations

import contextlib
import logging
import os
import pwd
import socket
import struct
import threading

from egide.kernel import frames
from egide.kernel.home import Home
from egide.psc.relay import NoAnswer, Relay

log = logging.getLogger("egide.psc")
_MOST = 8
_LONGEST = 2_000


def allowed_users() -> frozenset[int]:
    """The web's user and the operator; under one account, that account."""
    users = {0, os.geteuid()}
    with contextlib.suppress(KeyError):
        users.add(pwd.getpwnam("egide-web").pw_uid)
    return frozenset(users)


class Listener:
    """One thread a connection, eight at most."""

    def __init__(self, home: Home, relay: Relay) -> None:
        self._relay = relay
        self._clients = threading.BoundedSemaphore(_MOST)
        path = home.psc_socket
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        path.chmod(0o666)  # who may connect is decided by the peer's user id
        self._socket.listen(32)
        self._users = allowed_users()

    def serve(self) -> None:
        """Until closed."""
        while True:
            try:
                conn, _ = self._socket.accept()
            except OSError:
                return
            _, uid, _ = struct.unpack("3i", conn.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            if uid not in self._users or not self._clients.acquire(blocking=False):
                conn.close()
                continue
            threading.Thread(target=self._one, args=(conn,), daemon=True).start()

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()

    def _one(self, conn: socket.socket) -> None:
        with contextlib.suppress(OSError, frames.FrameError), conn:
            while (request := frames.receive(conn)) is not None:
                frames.send(conn, self._answer(request))
        self._clients.release()

    def _answer(self, request: dict[str, object]) -> dict[str, object]:
        asked = [request.get(name) for name in ("code", "verifier", "redirect_uri")]
        code, verifier, redirect_uri = (one if isinstance(one, str) and len(one) <= _LONGEST else "" for one in asked)
        if not (code and verifier and redirect_uri):
            return {"refused": "bad_request"}
        try:
            return {"id_token": self._relay.exchange(code, verifier, redirect_uri)}
        except NoAnswer as refusal:
            log.warning("exchange: %s", refusal.code)
            return {"refused": refusal.code}
        except Exception as error:  # noqa: BLE001 — the line goes on; the kind only, the message may quote a token
            log.error("exchange: %s", type(error).__name__)
            return {"refused": "psc_down"}
