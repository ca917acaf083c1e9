"""Leaves of the trail: the bytes that stand for one row, and for an id that was never committed.

Format: docs/decisions/0010-trail-leaf-and-checkpoint.md
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

SALT_SIZE = 32  # the table refuses any other

# Every column of audit.entry but xid (it says nothing of what happened) and salt (hashed beside the payload).
COLUMNS = (
    "id", "at", "kind", "account", "session", "profession", "site", "unit", "ids", "reads", "writes", "purpose",
    "basis", "verdict", "reason", "object", "nonce", "ticket_hash",
)  # fmt: skip

_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def plain(value: object) -> object:
    """One column as JSON holds it: uuid as text, bytes as hex, instants in UTC to the microsecond."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return value.hex()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    raise TypeError(f"a trail row holds no {type(value).__name__}")


def payload(row: Mapping[str, object]) -> bytes:
    """Canonical JSON of a row: sorted keys, no spaces, UTF-8, nulls kept. Refuses (KeyError) a row without a column."""
    return canonical({column: plain(row[column]) for column in COLUMNS})


def canonical(row: Mapping[str, object]) -> bytes:
    """The bytes of a row that already is plain JSON (an export)."""
    return _encode(row).encode()


def entry_leaf(salt: bytes, body: bytes) -> bytes:
    """SHA-256(0x00 ‖ salt ‖ payload). The salt keeps a leaf from telling its row to who guesses."""
    return sha256(b"\x00" + salt + body).digest()


def row_leaf(row: Mapping[str, object]) -> bytes:
    """The leaf hash of a row of audit.entry, as psycopg gives it."""
    salt = row["salt"]
    return entry_leaf(salt if isinstance(salt, bytes) else b"", payload(row))


def gap_leaf(entry_id: int) -> bytes:
    """The leaf of an id that never committed. Shorter than any salt, so it can never be mistaken for a row's."""
    return entry_leaf(b"", b'{"gap":%d}' % entry_id)
