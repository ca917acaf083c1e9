"""What the keeper's two programs share: the check of a cookie, the line to the gate, how a request is answered."""

import base64
import hmac
import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from egide.keeper.masters import Masters
from egide.kernel.home import Home

log = logging.getLogger("egide.keeper")

# Bytes of what is given out, MAC included: session, account (and point; or time and how).
PROGRAM, PERSON, PASS = 64, 97, 73
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


class Sessions:
    """What this keeper made, told by its MAC; nothing is stored.

    A person's cookie names her session and the workstation's key, and opens nothing by itself; a *pass* is what one
    request of hers becomes once the key has proved itself (`possession`). A program's cookie names its session.
    """

    def __init__(self, masters: Masters) -> None:
        self._key = masters.newest("session")

    def cookie(self, session: UUID, account: UUID, point: bytes = b"") -> str:
        """What the browser of a session bears, with its workstation's point; a program has none."""
        body = session.bytes + account.bytes + point
        return _text(body + self.mac(b"egide/session/" + body))

    def passing(self, session: UUID, account: UUID, *, asked: bool, now: int) -> str:
        """A pass of one request; `asked`: our own page sent it; `now` in milliseconds since 1970."""
        body = session.bytes + account.bytes + (now + PASS_MS).to_bytes(8, "big") + bytes((asked,))
        return _text(body + self.mac(b"egide/pass/" + body))

    def bound(self, conn: Any, cookie: str) -> Bound:
        """What a genuine cookie of a person names. A false one leaves a row: forging is never silent."""
        raw = _bytes(cookie)
        if len(raw) != PERSON:
            raise No("session_ended")
        self._genuine(conn, b"egide/session/", raw)
        return Bound(UUID(bytes=raw[:16]), UUID(bytes=raw[16:32]), raw[32:65])

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

    def station_mark(self, station: str) -> bytes:
        """What the base keeps of a browser's own mark: whether two sessions began in the same one."""
        return self.mac(b"egide/station/" + station[:200].encode())

    def asked(self, token: str) -> bool:
        """Whether our own page sent the request of a pass that was read: only then does a refusal count as a denial."""
        raw = _bytes(token)
        return len(raw) == PASS and raw[40] == 1

    def _genuine(self, conn: Any, domain: bytes, raw: bytes) -> None:
        if not hmac.compare_digest(self.mac(domain + raw[:-32]), raw[-32:]):
            conn.execute("SELECT gate.forged(%s)", (UUID(bytes=raw[16:32]),))
            raise No("session_ended")

    def mac(self, text: bytes) -> bytes:
        """Under the key of sessions; `text` begins with its domain."""
        return hmac.digest(self._key, text, "sha256")


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
