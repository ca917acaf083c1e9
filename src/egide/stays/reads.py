"""Where the opened patients lie, and where they have lain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Batch, Capability, Chart, Roster


@dataclass(frozen=True, slots=True)
class StayPlace:
    """One stay: the unit (id), the bed as said on the ward ("214 F"), its dates."""

    unit_id: UUID
    bed: str | None
    since: datetime
    until: datetime | None
    kept_secret: bool = False


def stays(chart: Chart) -> Read[list[StayPlace]]:
    """Every stay of this person, newest first, at most 200."""

    def decode(rows: Rows) -> list[StayPlace]:
        return [StayPlace(*row) for row in rows]

    return Read(
        "SELECT s.unit_id, rtrim(b.room || ' ' || b.label), s.admitted_at, s.discharged_at, s.kept_secret"
        " FROM stays_stay s LEFT JOIN directory_bed b ON b.id = s.bed_id"
        " WHERE s.patient_id = ANY(%s) ORDER BY s.admitted_at DESC LIMIT 200",
        (list(chart.ids),),
        decode,
    )


def present_in(roster: Roster, units: Sequence[UUID]) -> Read[dict[UUID, StayPlace]]:
    """The current stay of each person of a list in any of these units, by person; of two, the later."""

    def decode(rows: Rows) -> dict[UUID, StayPlace]:
        return {patient_id: StayPlace(unit_id, bed, since, None) for patient_id, unit_id, bed, since in rows}

    return Read(
        "SELECT s.patient_id, s.unit_id, rtrim(b.room || ' ' || b.label), s.admitted_at"
        " FROM stays_stay s LEFT JOIN directory_bed b ON b.id = s.bed_id"
        " WHERE s.patient_id = ANY(%s) AND s.unit_id = ANY(%s) AND s.discharged_at IS NULL ORDER BY s.admitted_at",
        (list(roster.ids), list(units)),
        decode,
    )


def present(roster: Roster) -> Read[dict[UUID, StayPlace]]:
    """The current stay of each person of a unit's list, by person."""
    return present_in(roster, [roster.list_id] if roster.list_id else [])


def free_beds(cap: Capability, unit_id: UUID) -> Read[frozenset[UUID]]:
    """Beds of a unit of my site that hold nobody; none to who admits nobody. Nothing of who lies in the others."""
    del cap  # the ticket is the caller's; no patient is named

    def decode(rows: Rows) -> frozenset[UUID]:
        return frozenset(row[0] for row in rows)

    return Read("SELECT door.free_beds(%s)", (unit_id,), decode)


def brought(batch: Batch, patient_id: UUID) -> Read[tuple[frozenset[UUID], bool]]:
    """Of one person of an import's slice: the row ids of her stays, and whether one lasts. Nothing of others."""
    ids = [one for one in batch.ids if one == patient_id][:1]

    def decode(rows: Rows) -> tuple[frozenset[UUID], bool]:
        return frozenset(row_id for row_id, _lasts in rows), any(lasts for _id, lasts in rows)

    return Read("SELECT id, discharged_at IS NULL FROM stays_stay WHERE patient_id = ANY (%s)", (ids,), decode)
