"""Reads under an opening: every statement of a page in one pipeline, inside one transaction that holds the ticket."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import psycopg
from django.db import connection

from egide.kernel.capabilities import Capability
from egide.ui import rendering_active

T = TypeVar("T")
U = TypeVar("U")
# The connection is thrown away: SQL prepared a statement on it, or a statement that psycopg prepared on it is gone.
SPOILED = frozenset({"EG004", "26000"})
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """A read not yet made: one statement, its parameters, and how its rows become values."""

    sql: str
    params: Sequence[Any]
    decode: Callable[[Rows], T]


class RenderingReads(Exception):
    """A template tried to read: pages read before they render."""


def together(first: Read[T], second: Read[U]) -> Read[tuple[T, U]]:
    """Two small reads as one statement, each row whole and in its order: a page makes twelve statements at most."""

    def decode(rows: Rows) -> tuple[T, U]:
        found: tuple[Rows, Rows] = ([], [])
        for place, _order, row in rows:
            found[place].append(row)
        return first.decode(found[0]), second.decode(found[1])

    return Read(
        f"SELECT 0, row_number() OVER (), a FROM ({first.sql}) a UNION ALL"  # noqa: S608 — both are constants of their rooms
        f" SELECT 1, row_number() OVER (), b FROM ({second.sql}) b ORDER BY 1, 2",
        (*first.params, *second.params),
        decode,
    )


def fetch(cap: Capability, *reads: Read[Any]) -> list[Any]:
    """Make the reads in one round trip, in order; each result is decoded (unsealed) after the transaction ended.

    Statements: BEGIN, CLOSE ALL, use_opening, the reads, COMMIT. A connection lost before is replaced once.
    """
    return fetch_with(cap.ticket, *reads)


def fetch_with(ticket: str, *reads: Read[Any]) -> list[Any]:
    """As `fetch`, with a bare ticket (that of `who`, for what concerns the actor alone)."""
    if rendering_active():
        raise RenderingReads("a template may not read")
    try:
        rows = _pipeline(ticket, reads)
    except psycopg.Error as error:
        if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and error.sqlstate not in SPOILED:
            raise
        connection.close()
        rows = _pipeline(ticket, reads)
    return [read.decode(found) for read, found in zip(reads, rows, strict=True)]


def use_opening(raw: psycopg.Connection[Any], ticket: str) -> None:
    """The first statements of a transaction. Never prepared: what an injected statement left on this connection under a
    prepared name must not run in their place (attack 22); `use_opening` then refuses any name prepared by SQL."""
    raw.execute("CLOSE ALL", prepare=False)
    raw.execute("SELECT door.use_opening(%s)", (ticket,), prepare=False)


def _pipeline(ticket: str, reads: Sequence[Read[Any]]) -> list[Rows]:
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    try:
        with raw.pipeline():
            raw.execute("RESET ALL", prepare=False)
            raw.execute("BEGIN READ ONLY", prepare=False)
            use_opening(raw, ticket)
            cursors = [psycopg.Cursor(raw).execute(read.sql.encode(), read.params, binary=True) for read in reads]
            raw.execute("COMMIT")
        return [cursor.fetchall() for cursor in cursors]
    except BaseException:
        if not raw.closed and raw.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            raw.execute("ROLLBACK")
        raise
