"""Appointments of the opened people."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Chart

_SHOWN = 60


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

    def decode(rows: Rows) -> list[Meeting]:
        return [_meeting(chart, row) for row in rows]

    return Read(
        "SELECT a.id, a.patient_id, a.unit_id, trim(concat_ws(' ', p.title, p.given, p.family)), a.starts_at,"
        " a.minutes, a.state, a.reason"
        " FROM agenda_appointment a LEFT JOIN directory_professional p ON p.id = a.professional_id"
        " WHERE a.patient_id = ANY(%s) ORDER BY a.starts_at DESC, a.id LIMIT %s",
        (list(chart.ids), _SHOWN),
        decode,
    )


def _meeting(chart: Chart, row: tuple[object, ...]) -> Meeting:
    key, patient_id, unit_id, name, starts_at, minutes, state, sealed = row
    reason = None
    if sealed is not None and chart.may_read("clinical"):
        reason = chart.unseal("clinical", patient_id, "agenda_appointment", "reason", key, sealed)  # type: ignore[arg-type]
    return Meeting(key, patient_id, unit_id, name or None, starts_at, minutes, state, reason)  # type: ignore[arg-type]
