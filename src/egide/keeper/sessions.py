"""What the keeper's two programs share: the check of a cookie, the line to the gate, how a request is answered."""

import base64
import hashlib
import hmac
import logging
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from egide.keeper.masters import Masters
from egide.kernel.home import Home

log = logging.getLogger("egide.keeper")

# Bytes of what is given out, MAC included: session, account (and point; or time and how).
PROGRAM, PERSON, PASS = 64, 97, 73
SESSION: Final = "session"
PASS_MS = 120_000  # one request, however long a form takes


class No(Exception):
    """A refusal to be sent back: a code the pages know, never a datum."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Bound:
    """What a person's cookie says: her session, and the workstation's key that must prove itself (a P-256 point)."""

    session: UUID
    account: UUID
    point: bytes
    version: int = 1  # of the key of sessions: that of her whole session


class Tickets:
    """Secrets of tickets, under one version of their key: that of the session whose they are."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __repr__(self) -> str:
        return "Tickets()"

    def of_session(self, session: UUID) -> bytes:
        """Of `who`'s ticket, without patients."""
        return hmac.digest(self._key, b"egide/who/" + session.bytes, "sha256")

    def of_opening(self, nonce: bytes, session: UUID) -> bytes:
        """Of an opening's ticket; `nonce` stands in its row."""
        return hmac.digest(self._key, b"egide/opening/" + nonce + session.bytes, "sha256")


def ticket_hash(secret: bytes) -> bytes:
    """What the base keeps of a ticket's secret."""
    return hashlib.sha256(secret).digest()


class Sessions:
    """What this keeper made, told by its MAC; nothing is stored.

    While the key is being renewed each session goes on under the version it began under: its passes and tickets too.
    Any version that was not retired is believed for any session: nothing tells here when a session began. Whoever stole
    the former one forges cookies with it until it is retired, of sessions begun since too.

    A person's cookie names her session and the workstation's key, and opens nothing by itself; a *pass* is what one
    request of hers becomes once the key has proved itself (`possession`). A program's cookie names its session.
    """

    def __init__(self, masters: Masters) -> None:
        self._keys = masters.keys[SESSION]
        self._newest = masters.live(SESSION)
        ticket = masters.keys.get("ticket", {})  # the finder gives no ticket, and has no key of them
        self._tickets = {version: Tickets(ticket.get(version, ticket[max(ticket)])) for version in self._keys if ticket}

    def cookie(self, session: UUID, account: UUID, point: bytes = b"") -> str:
        """What the browser of a session bears, with its workstation's point; a program has none."""
        body = session.bytes + account.bytes + point
        return _text(body + self.mac(b"egide/session/" + body, self._newest))

    def passing(self, bound: Bound, *, asked: bool, now: int) -> str:
        """A pass of one request; `asked`: our own page sent it; `now` in milliseconds since 1970."""
        body = bound.session.bytes + bound.account.bytes + (now + PASS_MS).to_bytes(8, "big") + bytes((asked,))
        return _text(body + self.mac(b"egide/pass/" + body, bound.version))

    def bound(self, conn: Any, cookie: str) -> Bound:
        """What a genuine cookie of a person names. A false one leaves a row: forging is never silent."""
        raw = _bytes(cookie)
        if len(raw) != PERSON:
            raise No("session_ended")
        version = self._genuine(conn, b"egide/session/", raw)
        return Bound(UUID(bytes=raw[:16]), UUID(bytes=raw[16:32]), raw[32:65], version)

    def read(self, conn: Any, token: str, *, programs: bool = True) -> tuple[UUID, UUID]:
        """Session and account of a pass, or of a program's cookie (`programs`); a person's cookie alone is refused."""
        raw = _bytes(token)
        if len(raw) == PASS:
            self._genuine(conn, b"egide/pass/", raw)
            if int.from_bytes(raw[32:40], "big") < time.time() * 1000:
                raise No("proof_old")
        elif len(raw) == PROGRAM and programs:
            self._genuine(conn, b"egide/session/", raw)
        elif len(raw) == PERSON:
            self._genuine(conn, b"egide/session/", raw)
            raise No("proof_missing")
        else:
            raise No("session_ended")
        return UUID(bytes=raw[:16]), UUID(bytes=raw[16:32])

    @staticmethod
    def station_mark(station: str) -> bytes:
        """What the base keeps of a browser's own mark (128 random bits): whether two sessions began in the same one.

        Under no key: two sessions of one browser must not look like two because a key was renewed between them.
        """
        return hashlib.sha256(b"egide/station/" + station[:200].encode()).digest()

    def version(self, token: str) -> int:
        """Of a token that was read: the version its session began under."""
        raw = _bytes(token)
        domain = b"egide/pass/" if len(raw) == PASS else b"egide/session/"
        return self._version(domain, raw) or self._newest

    def tickets(self, token: str = "") -> Tickets:
        """Of the session of a token that was read; of a session that begins now without one."""
        return self._tickets[self.version(token) if token else self._newest]

    def fresh_hash(self, session: UUID) -> bytes:
        """What the base keeps of the ticket of a session that begins now."""
        return ticket_hash(self.tickets().of_session(session))

    def asked(self, token: str) -> bool:
        """Whether our own page sent the request of a pass that was read: only then does a refusal count as a denial."""
        raw = _bytes(token)
        return len(raw) == PASS and raw[40] == 1

    def _genuine(self, conn: Any, domain: bytes, raw: bytes) -> int:
        version = self._version(domain, raw)
        if version is None:
            conn.execute("SELECT gate.forged(%s)", (UUID(bytes=raw[16:32]),))
            raise No("session_ended")
        return version

    def _version(self, domain: bytes, raw: bytes) -> int | None:
        for version in sorted(self._keys, reverse=True):
            if hmac.compare_digest(self.mac(domain + raw[:-32], version), raw[-32:]):
                return version
        return None

    def mac(self, text: bytes, version: int) -> bytes:
        """Under one version of the key of sessions; `text` begins with its domain."""
        return hmac.digest(self._keys[version], text, "sha256")


class Lasting:
    """What a renewal of the key of sessions waits for: those that began before it, each until its own end."""

    def __init__(self, conn: Any, keys: Masters) -> None:
        self._conn = conn
        self._since = datetime.fromtimestamp(keys.since[SESSION], UTC)
        self.unreadable: dict[str, int] = {}

    def left(self) -> int:
        """Sessions that live under the former version."""
        row = self._conn.execute("SELECT accounts.sessions_before(%s) AS n", (self._since,)).fetchone()
        return int(row["n"])

    def run(self) -> Iterator[int]:
        """Brings nothing over."""
        yield 0

    def end(self) -> None:
        """Ends them now."""
        self._conn.execute("SELECT accounts.end_sessions_before(%s)", (self._since,))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode() + b"==", altchars=b"-_", validate=True)
    except ValueError:
        return b""


def answered(verb: object, handler: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer of one verb; a refusal is its code. Only a database's error goes further (see `server`)."""
    try:
        return handler()
    except No as refusal:
        return {"refused": refusal.code}
    except psycopg.Error:
        raise
    except Exception as error:  # noqa: BLE001 — whatever was sent, the line goes on
        # where and what kind, never the message: it may quote what was sent
        frame = traceback.extract_tb(error.__traceback__)[-1]
        log.warning("verb %s: %s at %s:%s", verb, type(error).__name__, frame.name, frame.lineno)
        return {"refused": "bad_request"}


def actor_fields(row: dict[str, Any]) -> dict[str, Any]:
    """Who acts, as the pages receive it."""
    return {
        "account": row["account"].bytes,
        "username": row["username"],
        "name": row["name"],
        "profession": row["profession"],
        "kind": row["kind"],
        "grade": row["grade"],
        "session": row["session"].bytes,
        "site": row["site"].bytes if row["site"] else None,
        "units": [unit.bytes for unit in row["units"]],
    }


def gate_conninfo(home: Home) -> str:
    """The gate connection: role keeper, its secret in the keeper's own folder."""
    return make_conninfo("", **{"connect_timeout": "5"} | home.connection("keeper"), application_name="egide-keeper")


def connect(home: Home) -> "psycopg.Connection[dict[str, Any]]":
    """Autocommit: a row is durable before anything is answered."""
    return psycopg.connect(gate_conninfo(home), autocommit=True, prepare_threshold=1, row_factory=dict_row)
