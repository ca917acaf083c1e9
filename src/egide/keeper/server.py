"""The keeper's sockets: one a kind of process, one thread and one database connection a client."""

import contextlib
import ctypes
import logging
import os
import pwd
import resource
import select
import socket
import struct
import threading
from pathlib import Path
from typing import Any

import psycopg

from egide.keeper.sessions import connect
from egide.keeper.switch import Answering
from egide.kernel import frames
from egide.kernel.home import DOOR_SOCKETS, Home

log = logging.getLogger("egide.keeper")

MAX_CLIENTS = 80
# Which system user may speak on which socket, where each process has one of its own.
USERS = {
    "web": "egide-web", "worker": "egide-worker", "live": "egide-live", "ops": None, "auditor": "egide-audit",
    "trail": "egide-keeper", "finder": "egide-web", "finder-ops": None,
}  # fmt: skip


def harden() -> None:
    """No core dump, no ptrace by the same user, files readable by nobody else."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
    os.umask(0o077)


def allowed_users(kind: str) -> frozenset[int]:
    """User ids that may speak on a socket: the process's own, the operator (root); under one account, that account."""
    name = USERS[kind]
    users = {0}
    own = os.geteuid()
    try:
        separate = pwd.getpwuid(own).pw_name == "egide-keeper"
    except KeyError:
        separate = False
    if not separate:
        users.add(own)
    elif name is not None:
        with contextlib.suppress(KeyError):
            users.add(pwd.getpwnam(name).pw_uid)
    return frozenset(users)


def peer_uid(conn: socket.socket) -> int:
    """The user at the other end, as the kernel knows it (SO_PEERCRED)."""
    _, uid, _ = struct.unpack("3i", conn.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(uid)


class Server:
    """Listens on the sockets of one program and hands each request to its verbs."""

    def __init__(
        self, home: Home, verbs: Answering, kinds: tuple[str, ...] = DOOR_SOCKETS, clients: int = MAX_CLIENTS
    ) -> None:
        self._home = home
        self._verbs = verbs
        self._kinds = kinds
        self._clients = threading.BoundedSemaphore(clients)
        self._listeners: list[socket.socket] = []

    def start(self) -> None:
        """Bind and listen; sockets left by a killed keeper are replaced."""
        self._home.keeper_run.mkdir(mode=0o755, parents=True, exist_ok=True)
        for kind in self._kinds:
            path: Path = self._home.keeper_socket(kind)
            path.unlink(missing_ok=True)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(path))
            path.chmod(0o666)  # who may connect is decided by the peer's user id
            listener.listen(128)
            self._listeners.append(listener)
            threading.Thread(target=self._accept, args=(kind, listener, allowed_users(kind)), daemon=True).start()

    def stop(self) -> None:
        """Close the sockets; requests under way end by themselves."""
        for listener in self._listeners:
            listener.close()

    def _accept(self, kind: str, listener: socket.socket, users: frozenset[int]) -> None:
        while True:
            try:
                conn, _ = listener.accept()
            except OSError:
                return
            if peer_uid(conn) not in users or not self._clients.acquire(blocking=False):
                conn.close()
                continue
            threading.Thread(target=self._serve, args=(kind, conn), daemon=True).start()

    def _serve(self, kind: str, conn: socket.socket) -> None:
        database: psycopg.Connection[Any] | None = None
        try:
            while (request := frames.receive(conn)) is not None:
                reply, database = self._reply(kind, database, request)
                frames.send(conn, reply)
        except (OSError, frames.FrameError):
            pass
        finally:
            self._clients.release()
            conn.close()
            if database is not None:
                database.close()

    def _reply(
        self, kind: str, database: "psycopg.Connection[Any] | None", request: dict[str, Any]
    ) -> "tuple[dict[str, Any], psycopg.Connection[Any] | None]":
        """One answer. A lost database is tried anew once (it may have restarted), then said."""
        for last in (False, True):
            try:
                if database is not None and _hung_up(database):  # before anything of the request is done or remembered
                    database.close()
                    database = None
                if database is None:
                    database = connect(self._home)
                return self._verbs.answer(kind, database, dict(request)), database
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                log.warning("database: %s", type(error).__name__)
                if database is not None:
                    database.close()
                database = None
                if last:
                    break
            except psycopg.Error as error:
                # the message may quote what was sent: only its class and code are written
                log.error("verb %s: %s %s", request.get("verb"), type(error).__name__, error.sqlstate)
                return {"refused": "bad_request"}, database
        return {"refused": "database_down"}, None


def _hung_up(database: "psycopg.Connection[Any]") -> bool:
    """Whether the base has something to say on a line that asked nothing: it was restarted, or ended the line."""
    line = select.poll()
    line.register(database.fileno(), select.POLLIN)
    return bool(line.poll(0))
