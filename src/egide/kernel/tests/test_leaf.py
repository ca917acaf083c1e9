"""The bytes that are hashed: fixed once and for all, for signatures stand on them."""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from uuid import UUID

import pytest

from egide.kernel.leaf import COLUMNS, gap_leaf, payload, row_leaf

ROW: dict[str, object] = {
    "id": 7,
    "xid": "801",
    "at": datetime(2026, 1, 2, 3, 4, 5, 60, tzinfo=UTC),
    "kind": "open",
    "account": UUID(int=1),
    "session": None,
    "profession": "nurse",
    "site": None,
    "unit": None,
    "ids": [UUID(int=2), UUID(int=3)],
    "reads": ["identity"],
    "writes": [],
    "purpose": "care",
    "basis": "stay",
    "verdict": "allow",
    "reason": 'é\u2028"<',
    "object": None,
    "nonce": b"\x00\xff",
    "ticket_hash": None,
    "salt": bytes(range(32)),
}
PAYLOAD = (
    '{"account":"00000000-0000-0000-0000-000000000001","at":"2026-01-02T03:04:05.000060+00:00","basis":"stay","id":7,'
    '"ids":["00000000-0000-0000-0000-000000000002","00000000-0000-0000-0000-000000000003"],"kind":"open",'
    '"nonce":"00ff","object":null,"profession":"nurse","purpose":"care","reads":["identity"],"reason":"é\u2028\\"<",'
    '"session":null,"site":null,"ticket_hash":null,"unit":null,"verdict":"allow","writes":[]}'
).encode()


def test_the_payload_is_canonical() -> None:
    assert payload(ROW) == PAYLOAD
    assert row_leaf(ROW) == sha256(b"\x00" + bytes(range(32)) + PAYLOAD).digest()


def test_an_instant_is_the_same_in_any_zone() -> None:
    paris = datetime(2026, 1, 2, 4, 4, 5, 60, tzinfo=timezone(timedelta(hours=1)))
    assert payload(ROW | {"at": paris}) == PAYLOAD


@pytest.mark.parametrize("column", [*COLUMNS, "salt"])
def test_every_column_counts(column: str) -> None:
    other = b"\x01" * 32 if column == "salt" else "autre"
    assert row_leaf(ROW | {column: other}) != row_leaf(ROW)


def test_a_missing_column_or_a_foreign_type_is_refused() -> None:
    with pytest.raises(KeyError):
        payload({column: value for column, value in ROW.items() if column != "reason"})
    with pytest.raises(TypeError):
        payload(ROW | {"reason": 1.5})


def test_a_gap_names_its_id() -> None:
    assert gap_leaf(12) == sha256(b'\x00{"gap":12}').digest()
