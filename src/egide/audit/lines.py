"""The trail's lines, read from the database as role auditor or from an export (NDJSON), and written to an export."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, LiteralString, TextIO

import psycopg
from psycopg.rows import TupleRow, tuple_row

from egide.audit.verifier import Line
from egide.kernel.leaf import COLUMNS, canonical

VERSION: Final = 1
_PAGE: Final = 5000

# As text, so that a value no program writes (an instant at infinity) is an altered row and not an unreadable one.
_ROW: Final[LiteralString] = """
    e.salt, e.id, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), e.kind, e.account::text,
    e.session::text, e.profession, e.site::text, e.unit::text, e.ids::text[], e.reads, e.writes, e.purpose, e.basis,
    e.verdict, e.reason, e.object, encode(e.nonce, 'hex'), encode(e.ticket_hash, 'hex')
"""
_LEAVES: Final[LiteralString] = (
    "SELECT l.seq, l.entry_id, l.hash," + _ROW + "FROM audit.leaf l LEFT JOIN audit.entry e ON e.id = l.entry_id"
    " ORDER BY l.seq"
)
_STRAYS: Final[LiteralString] = (
    "SELECT NULL::bigint, e.id, NULL::bytea,"  # noqa: S608 — constants only
    + _ROW
    + "FROM audit.entry e WHERE NOT EXISTS (SELECT FROM audit.leaf l WHERE l.entry_id = e.id) ORDER BY e.id"
)


class UnreadableError(Exception):
    """A line that is not one of an export; says which."""


def from_base(conn: psycopg.Connection[TupleRow]) -> Iterator[Line]:
    """Every leaf in order, then the rows without leaf, of one snapshot."""
    conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    for query in (_LEAVES, _STRAYS):
        with conn.cursor("trail", row_factory=tuple_row) as cursor:
            cursor.itersize = _PAGE
            for seq, entry_id, leaf, salt, *values in cursor.execute(query):
                row = dict(zip(COLUMNS, values, strict=True))
                yield Line(seq, entry_id, leaf, canonical(row) if row["id"] is not None else None, salt)
    conn.execute("COMMIT")


def size_in_base(conn: psycopg.Connection[TupleRow]) -> int:
    """How many leaves the base says it has; for the progress bar only."""
    row = conn.execute("SELECT size FROM audit.horizon").fetchone()
    return int(row[0]) if row else 0


def write_export(lines: Iterable[Line], file: TextIO, base_id: str) -> int:
    """One JSON object a line after a heading; returns the number of lines. Holds ids and codes, no patient's name."""
    file.write(json.dumps({"egide_trail": VERSION, "base": base_id}) + "\n")
    written = 0
    for line in lines:
        file.write(
            f'{{"seq":{json.dumps(line.seq)},"entry":{line.entry_id},"hash":{_hex(line.hash)},'
            f'"salt":{_hex(line.salt)},"row":{line.payload.decode() if line.payload is not None else "null"}}}\n'
        )
        written += 1
    return written


def from_export(file: Iterable[str]) -> Iterator[Line]:
    """The lines of an export; raises UnreadableError at the first that is none (not JSON, a foreign shape, cut)."""
    number = 0
    for number, text in enumerate(file, 1):
        try:
            fields: dict[str, Any] = json.loads(text)
            if number == 1:
                _check_heading(fields)
            else:
                yield _line(fields)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise UnreadableError(f"la ligne {number} n'est pas celle d'un export de la trace") from error
    if number == 0:
        raise UnreadableError("le fichier est vide")


def _check_heading(fields: dict[str, Any]) -> None:
    if fields["egide_trail"] != VERSION:
        raise ValueError("another version")


def _line(fields: dict[str, Any]) -> Line:
    row = fields["row"]
    # A row's own id counts, since its leaf holds it; `entry` is believed for gaps only.
    entry_id = fields["entry"] if row is None else row["id"]
    seq = fields["seq"]
    if type(entry_id) is not int or not (seq is None or type(seq) is int):
        raise ValueError("not a number")
    return Line(
        seq,
        entry_id,
        None if fields["hash"] is None else bytes.fromhex(fields["hash"]),
        None if row is None else canonical(row),
        None if fields["salt"] is None else bytes.fromhex(fields["salt"]),
    )


def _hex(data: bytes | None) -> str:
    return "null" if data is None else f'"{data.hex()}"'
