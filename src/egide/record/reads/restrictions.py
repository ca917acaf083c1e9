"""Who restricted a fact, and gave it back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from egide.gate.reading import Read
from egide.kernel.capabilities import Chart
from egide.record.reads.pieces import WRITER


@dataclass(frozen=True, slots=True)
class Restriction:
    """One restriction, or its end (`kind`: restrict, release), with its reason's code."""

    kind: str
    why: str
    at: datetime
    author: str | None


def restrictions(chart: Chart, target: UUID) -> Read[list[Restriction]]:
    """What became of the access to one fact, newest first; nothing to an opening without the category protected."""
    return Read(
        f"SELECT r.kind, r.why, r.recorded_at, {WRITER} FROM record_restriction r"
        " LEFT JOIN directory_professional p ON p.id = r.author"
        " WHERE r.patient_id = ANY(%s) AND r.target = %s ORDER BY r.recorded_at DESC LIMIT 50",
        (list(chart.ids), target),
        lambda rows: [Restriction(*row) for row in rows],
    )
