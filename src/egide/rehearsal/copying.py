"""Rows in PostgreSQL's binary COPY format: what a load at full scale writes, a block of people at a time.

https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-BINARY-FORMAT
"""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from struct import Struct
from typing import Any

import psycopg
from psycopg.adapt import PyFormat

_BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_SIXTEEN = b"\x00\x00\x00\x10"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(2000, 1, 1).toordinal()
_LENGTH = Struct(">i").pack
_LONG = Struct(">iq").pack
_WORD = Struct(">ii").pack
_SHORT = Struct(">ih").pack
_COUNT = Struct(">h").pack
_decimals = psycopg.adapters.get_dumper(Decimal, PyFormat.BINARY)(Decimal)


def _uuid(value: bytes | None) -> bytes:
    return _NULL if value is None else _SIXTEEN + value


def _bytea(value: bytes | None) -> bytes:
    return _NULL if value is None else _LENGTH(len(value)) + value


@lru_cache(maxsize=4096)
def _text(value: str | None) -> bytes:
    return _NULL if value is None else _bytea(value.encode())


def _timestamptz(value: datetime | None) -> bytes:
    if value is None:
        return _NULL
    since = value - _EPOCH
    return _LONG(8, since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds)


@lru_cache(maxsize=32768)
def _date(value: date | None) -> bytes:
    return _NULL if value is None else _WORD(4, value.toordinal() - _EPOCH_DAY)


@lru_cache(maxsize=8192)
def _numeric(value: Decimal | None) -> bytes:
    return _NULL if value is None else _bytea(bytes(_decimals.dump(value) or b""))


def _int2(value: int) -> bytes:
    return _SHORT(2, value)


def _int8(value: int) -> bytes:
    return _LONG(8, value)


_ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "uuid": _uuid, "bytea": _bytea, "text": _text, "timestamptz": _timestamptz, "date": _date, "numeric": _numeric,
    "int2": _int2, "int8": _int8,
}  # fmt: skip


class Copy:
    """Rows of some tables, gathered, then copied each table at once in the caller's transaction."""

    def __init__(self, tables: dict[str, list[tuple[str, str]]]) -> None:
        """`tables`: table → its columns (name, type)."""
        self._names = {table: ", ".join(name for name, _ in columns) for table, columns in tables.items()}
        self._encoders = {table: [_ENCODERS[kind] for _, kind in columns] for table, columns in tables.items()}
        self._heads = {table: _COUNT(len(columns)) for table, columns in tables.items()}
        self._rows: dict[str, list[bytes]] = {table: [] for table in tables}

    def add(self, table: str, row: Iterable[Any]) -> None:
        """One row, its values in the order of the table's columns; uuids as 16 bytes."""
        encoded = [encode(value) for encode, value in zip(self._encoders[table], row, strict=True)]
        self._rows[table].append(self._heads[table] + b"".join(encoded))

    def send(self, cursor: "psycopg.Cursor[Any]") -> dict[str, int]:
        """Copy what was gathered and forget it; rows by table."""
        sent = {}
        for table, lines in self._rows.items():
            if lines:
                with cursor.copy(f"COPY {table} ({self._names[table]}) FROM STDIN (FORMAT BINARY)") as copy:
                    copy.write(_BEGIN + b"".join(lines) + _END)
                sent[table] = len(lines)
                self._rows[table] = []
        return sent
