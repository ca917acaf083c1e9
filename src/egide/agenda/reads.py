"""Appointments of the opened people: of one person, of a unit's day."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from egide.gate.days import day_bounds
from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Capability, Chart, Roster

_SHOWN = 60
_COLUMNS = (
    "a.id, a.patient_id, a.unit_id, trim(concat_ws(' ', p.title, p.given, p.family)), a.starts_at, a.minutes,"
    " a.state, a.reason FROM agenda_appointment a LEFT JOIN directory_professional p ON p.id = a.professional_id"
)


@dataclass(frozen=True, slots=True)
class Meeting:
    """One appointment; `with_whom` is a name or None; `reason` is None where this opening does not read it."""

    id: UUID
    patient_id: UUID
    unit_id: UUID
    with_whom: str | None
    starts_at: datetime
    minutes: int
    state: str
    reason: str | None


def appointments(chart: Chart) -> Read[list[Meeting]]:
    """Appointments of one person, the latest first, at most 60."""
    return Read(
        f"SELECT {_COLUMNS} WHERE a.patient_id = ANY(%s) ORDER BY a.starts_at DESC, a.id LIMIT %s",
        (list(chart.ids), _SHOWN),
        lambda rows: [_meeting(chart, row) for row in rows],
    )


def day_of(roster: Roster, unit_id: UUID, day: date) -> Read[list[Meeting]]:
    """Appointments of the opened people in one unit on one day of the clinic's calendar, in order."""
    since, until = day_bounds(day)
    return Read(
        f"SELECT {_COLUMNS} WHERE a.patient_id = ANY(%s) AND a.unit_id = %s AND a.starts_at >= %s"
        " AND a.starts_at < %s ORDER BY a.starts_at, a.id LIMIT 400",
        (list(roster.ids), unit_id, since, until),
        lambda rows: [_meeting(roster, row) for row in rows],
    )


def members(cap: Capability, unit_id: UUID) -> Read[list[tuple[UUID, str]]]:
    """Who takes care in a unit of my site: account and name, by name."""
    del cap  # the ticket is the caller's; no patient is named

    def decode(rows: Rows) -> list[tuple[UUID, str]]:
        return [(account, name) for account, name in rows]

    return Read(
        "SELECT p.id, trim(concat_ws(' ', p.title, p.given, p.family)) FROM door.members(%s) m"
        " JOIN directory_professional p ON p.id = m ORDER BY p.family, p.given",
        (unit_id,),
        decode,
    )


def _meeting(cap: Capability, row: tuple[Any, ...]) -> Meeting:
    key, patient_id, unit_id, name, starts_at, minutes, state, sealed = row
    reason = None
    if sealed is not None and cap.may_read("clinical"):
        reason = str(cap.unseal("clinical", patient_id, "agenda_appointment", "reason", key, sealed))
    return Meeting(key, patient_id, unit_id, name or None, starts_at, minutes, state, reason)
