"""A capability carries what was opened, and shows neither its ticket nor its keys."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.kernel.capabilities import Actor, Chart, Refused
from egide.kernel.sealing import CannotUnseal

PATIENT, OTHER = uuid4(), uuid4()
SECRET = "1." + "ab" * 32


@pytest.fixture
def chart() -> Chart:
    """One patient, two categories."""
    actor = Actor(uuid4(), "x", "X", "nurse", "person", "strong", uuid4(), None, ())
    keys = {(PATIENT, c): {1: secrets.token_bytes(32)} for c in ("identity", "clinical")}
    return Chart(
        actor=actor, opening=1, ids=(PATIENT,), reads=frozenset({"identity", "clinical"}),
        writes=frozenset({"clinical"}), basis="stay", until=datetime.now(UTC), ticket=SECRET, keys=keys,
    )  # fmt: skip


def test_neither_ticket_nor_keys_are_shown(chart: Chart) -> None:
    for shown in (repr(chart), str(chart), f"{chart}"):
        assert SECRET not in shown
        assert "keys" not in shown
        assert "ticket" not in shown


@pytest.mark.parametrize("value", ["été", {"v": "DURAND", "to": None}, [1, 2], None, 3, b"\x00", "🙂" * 200])
def test_a_value_comes_back_as_it_was(chart: Chart, value: Any) -> None:
    row = uuid4()
    sealed = chart.seal("identity", PATIENT, "t", "c", row, value)
    assert chart.unseal("identity", PATIENT, "t", "c", row, sealed) == value
    assert chart.unseal("identity", PATIENT, "t", "c", row, memoryview(sealed)) == value  # type: ignore[arg-type]


def test_what_was_not_opened_is_refused(chart: Chart) -> None:
    for category, patient in (("contact", PATIENT), ("identity", OTHER)):
        with pytest.raises(Refused, match="pas ouverte"):
            chart.seal(category, patient, "t", "c", uuid4(), "x")
        with pytest.raises(Refused, match="pas ouverte"):
            chart.unseal(category, patient, "t", "c", uuid4(), b"x")


@pytest.mark.parametrize(
    "moved",
    [
        lambda c, row, sealed: c.unseal("clinical", PATIENT, "t", "c", row, sealed),
        lambda c, row, sealed: c.unseal("identity", PATIENT, "u", "c", row, sealed),
        lambda c, row, sealed: c.unseal("identity", PATIENT, "t", "d", row, sealed),
        lambda c, _, sealed: c.unseal("identity", PATIENT, "t", "c", uuid4(), sealed),
    ],
    ids=["category", "table", "column", "row"],
)
def test_a_moved_value_does_not_open(chart: Chart, moved: Callable[[Chart, UUID, bytes], Any]) -> None:
    row = uuid4()
    with pytest.raises(CannotUnseal):
        moved(chart, row, chart.seal("identity", PATIENT, "t", "c", row, "DURAND"))


def test_row_ids_are_the_same_for_the_same_fact_and_tell_nothing(chart: Chart) -> None:
    first = chart.row_id("clinical", PATIENT, "Observation/1")
    assert first == chart.row_id("clinical", PATIENT, "Observation/1")
    others = {chart.row_id("clinical", PATIENT, "Observation/2"), chart.row_id("identity", PATIENT, "Observation/1")}
    assert len({first} | others) == 3
    with pytest.raises(Refused):
        chart.row_id("contact", PATIENT, "x")


def test_a_capability_cannot_be_changed(chart: Chart) -> None:
    with pytest.raises(AttributeError):
        chart.ids = (OTHER,)  # type: ignore[misc]
