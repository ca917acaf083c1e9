"""`python -m egide.keeper.finding --home H`: the keeper's second program. It searches; ranking never delays an opening.

It is the same user's as the door, with a socket, a memory and a line to the database of its own. It holds only the
keys that a search needs: a fault in it opens no chart and signs no checkpoint.
"""

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from egide.keeper import masters, server
from egide.keeper.client import Keeper, KeeperDown
from egide.keeper.finder import Finder
from egide.keeper.masters import Masters
from egide.keeper.sessions import No, Sessions, actor_fields, answered
from egide.keeper.switch import Answering, Waiting
from egide.keeper.typed import Unclear
from egide.kernel import logs
from egide.kernel.capabilities import Refused
from egide.kernel.home import FINDER_SOCKETS, Home

ALLOWED: dict[str, frozenset[str]] = {
    "finder": frozenset({"search", "present", "masks", "health"}),
    "finder-ops": frozenset({"sweep", "health"}),
}
KEYS = ("session", "token", "identity", "contact", "ins")
CLIENTS = 16
AT_ONCE = 1  # search under way; the others wait in line, so that openings find a processor and a database that are free
POLITENESS = 10  # of the scheduler: where both programs want a processor, the door has it first
log = logging.getLogger("egide.keeper")


class Finding:
    """The finder's verbs. `door` is handed each search's row, for the trail, and whom it discovered, to be counted."""

    def __init__(self, keys: Masters, door: "DoorLine", at_once: int = AT_ONCE) -> None:
        self._masters = keys
        self._sessions = Sessions(keys)
        self._finder = Finder(keys, door.expect, door.count)
        self._line = threading.BoundedSemaphore(at_once)

    def answer(self, socket_kind: str, conn: "psycopg.Connection[Any]", request: dict[str, Any]) -> dict[str, Any]:
        """Dispatch one request; a verb this socket may not use, or a malformed request, is refused."""
        verb = request.pop("verb", None)
        if not isinstance(verb, str) or verb not in ALLOWED[socket_kind]:
            return {"refused": "wrong_socket"}
        handler = getattr(self, f"_{verb}")
        return answered(verb, lambda: handler(conn, **request))

    def _present(self, conn: Any, cookie: str, typed: dict[str, Any]) -> dict[str, Any]:
        """« Présents du site »: three rows at most, of people who lie on the actor's site."""
        session, account = self._sessions.read(conn, cookie)
        return self._told(lambda: self._finder.present(conn, session, account, typed))

    def _masks(self, conn: Any, cookie: str, opening: int, patient: bytes) -> dict[str, Any]:
        """Contacts of somebody whom this session holds open, masked: the web process does not see them whole."""
        session, account = self._sessions.read(conn, cookie)
        return {"masks": self._finder.masks(conn, session, account, int(opening), UUID(bytes=patient))}

    def _search(
        self, conn: Any, cookie: str, typed: dict[str, Any], unmask: bool = False, domain: str = "entity"
    ) -> dict[str, Any]:
        session, account = self._sessions.read(conn, cookie)
        return self._told(lambda: self._finder.search(conn, session, account, typed, unmask, domain))

    def _told(self, look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """In line, and with the end of a session told as such."""
        try:
            with self._line:
                answer = look()
        except Unclear as unclear:
            raise No(f"search_{unclear.code}") from None
        except Refused as refusal:
            raise No(refusal.code) from None  # past a ceiling: nothing is shown
        except KeeperDown:
            raise No("database_down") from None  # what is shown must be expected by the trail
        told = answer.pop("told")
        if told["code"] in ("session_ended", "session_frozen", "session_locked"):
            raise No(told["code"])
        return {"actor": actor_fields(told), **answer}

    def _sweep(self, conn: Any) -> dict[str, Any]:
        """Whole-base work, for the operator: out of the searches' line."""
        try:
            return dict(self._finder.sweep(conn))
        except KeeperDown:
            raise No("database_down") from None

    def _health(self, conn: Any) -> dict[str, Any]:
        conn.execute("SELECT 1")
        return {"base_id": self._masters.base_id, "keys": sorted(self._masters.keys)}


class DoorLine:
    """What the finder asks of the door and tells it: its keys; which leaf a search's row must get; whom it showed."""

    def __init__(self, home: Home) -> None:
        self._door = Keeper(home.keeper_socket("trail"))
        self._folder = home.keeper_masters
        self._epoch = ""

    def fresh_keys(self) -> Masters | None:
        """The keys of a search when they are not those handed out before (a rotation); raises KeeperDown, Refused."""
        with contextlib.suppress(OSError):
            if masters.epoch(self._folder) == self._epoch:
                return None
        said = self._door.call("masters", names=list(KEYS))
        self._epoch = said["epoch"]
        return Masters.handed(said)

    def expect(self, entry_id: int, leaf: bytes) -> None:
        """Raises KeeperDown when the door is away: the search is then not answered."""
        self._door.call("expect", entry=entry_id, leaf=leaf)

    def count(self, told: dict[str, Any], ids: list[UUID]) -> None:
        """Raises Refused (fresh_factor, counters_lost) where the keeper's ceilings say so; the door wrote it."""
        self._door.call(
            "count", session=told["session"].bytes, account=told["account"].bytes,
            site=(told["site"] or UUID(int=0)).bytes, entry=told["e_id"], ids=[one.bytes for one in ids],
        )  # fmt: skip


class Renewing:
    """Looks, before each request, whether the keys changed; the verbs are then made anew."""

    def __init__(self, line: DoorLine) -> None:
        self._line = line
        self._lock = threading.Lock()
        self._now: Answering = Waiting()

    def answer(self, socket_kind: str, conn: "psycopg.Connection[Any]", request: dict[str, Any]) -> dict[str, Any]:
        """As `Finding`; as locked until the door has its keys."""
        with self._lock:
            try:
                keys = self._line.fresh_keys()
                if keys is not None:
                    self._now = Finding(keys, self._line)
            except (KeeperDown, Refused):
                log.info("the door has no keys yet, or is away")
        return self._now.answer(socket_kind, conn, request)


def main() -> int:
    """Exit code 0 after SIGTERM. Its keys come from the door, when it has them."""
    parser = argparse.ArgumentParser(prog="egide.keeper.finding")
    parser.add_argument("--home", required=True, type=Path)
    arguments = parser.parse_args()
    logs.configure()
    home = Home(arguments.home.absolute())
    server.harden()
    os.nice(POLITENESS)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    listening = server.Server(home, Renewing(DoorLine(home)), FINDER_SOCKETS, CLIENTS)
    listening.start()
    log.info("finding")
    stop.wait()
    listening.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
