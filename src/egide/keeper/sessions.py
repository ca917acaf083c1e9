"""What the keeper's two programs share: the check of a cookie, the line to the gate, how a request is answered."""

import base64
import hmac
import logging
import traceback
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from egide.keeper.masters import Masters
from egide.kernel.home import Home

log = logging.getLogger("egide.keeper")


class No(Exception):
    """A refusal to be sent back: a code the pages know, never a datum."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Sessions:
    """Cookies that this keeper made: session, account and their MAC; nothing is stored."""

    def __init__(self, masters: Masters) -> None:
        self._key = masters.newest("session")

    def cookie(self, session: UUID, account: UUID) -> str:
        """What the browser of a session bears."""
        body = session.bytes + account.bytes
        return base64.urlsafe_b64encode(body + self._mac(body)).rstrip(b"=").decode()

    def read(self, conn: Any, cookie: str) -> tuple[UUID, UUID]:
        """Session and account of a genuine cookie. A false one leaves a row: forging is never silent."""
        try:
            raw = base64.b64decode(cookie.encode() + b"==", altchars=b"-_", validate=True)
        except ValueError:
            raw = b""
        if len(raw) != 64:
            raise No("session_ended")
        if not hmac.compare_digest(self._mac(raw[:32]), raw[32:]):
            conn.execute("SELECT gate.forged(%s)", (UUID(bytes=raw[16:32]),))
            raise No("session_ended")
        return UUID(bytes=raw[:16]), UUID(bytes=raw[16:32])

    def station_mark(self, station: str) -> bytes:
        """What the base keeps of a browser's own mark: whether two sessions began in the same one."""
        return hmac.digest(self._key, b"egide/station/" + station[:200].encode(), "sha256")

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, b"egide/session/" + body, "sha256")


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
