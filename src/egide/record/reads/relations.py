"""Whom to call, and what is known of the patient's advance directives."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Chart
from egide.record.reads.pieces import WRITER


@dataclass(frozen=True, slots=True)
class Called:
    """A person to call: trusted, notify or guardian."""

    id: UUID
    kind: str
    name: str
    relation: str
    phone: str
    at: datetime
    author: str | None


@dataclass(frozen=True, slots=True)
class Directives:
    """written, none or unwilling; where they are kept and what they say, as told."""

    kind: str
    where: str
    words: str
    at: datetime
    author: str | None


def contact_people(chart: Chart) -> Read[list[Called]]:
    """Those who stand, the trusted person first."""

    def decode(rows: Rows) -> list[Called]:
        found = []
        for row_id, patient_id, kind, sealed, at, author in rows:
            said = chart.unseal("contact", patient_id, "record_contactperson", "sealed", row_id, sealed)
            found.append(Called(row_id, kind, said["name"], said["relation"], said["phone"], at, author))
        order = {"trusted": 0, "guardian": 1, "notify": 2}
        return sorted(found, key=lambda one: (order[one.kind], one.name))

    return Read(
        f"SELECT r.id, r.patient_id, r.kind, r.sealed, r.recorded_at, {WRITER} FROM record_contactperson r"
        " LEFT JOIN directory_professional p ON p.id = r.author WHERE r.patient_id = ANY(%s) AND r.ended_at IS NULL",
        (list(chart.ids),),
        decode,
    )


def directives(chart: Chart) -> Read[list[Directives]]:
    """What was said of them, the last first: that one stands."""

    def decode(rows: Rows) -> list[Directives]:
        found = []
        for row_id, patient_id, category, kind, sealed, at, author in rows:
            said = chart.unseal(category, patient_id, "record_directive", "sealed", row_id, sealed)
            found.append(Directives(kind, said["where"], said["words"], at, author))
        return found

    return Read(
        f"SELECT r.id, r.patient_id, r.category, r.kind, r.sealed, r.recorded_at, {WRITER} FROM record_directive r"
        " LEFT JOIN directory_professional p ON p.id = r.author WHERE r.patient_id = ANY(%s)"
        " ORDER BY r.recorded_at DESC LIMIT 20",
        (list(chart.ids),),
        decode,
    )
