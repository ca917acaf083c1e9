"""What other systems told of opened patients: treatments, vaccinations, acts, documents; and what is kept aside."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Batch, Capability, Chart
from egide.record.reads.pieces import NEVER, Page

_TABLES = ("record_problem", "record_allergy", "record_measurement", "record_importedfact", "record_kept")
IMPORTED_PAGE = 60
_LATEST = 40  # of a kind, before those of one name are put together
TOLD = "r.id, r.patient_id, r.category, r.kind, r.code, r.state, r.at, r.until, r.body"
"""Columns of a `Told`, with `r` the table's row."""


@dataclass(frozen=True, slots=True)
class Told:
    """One dated fact as its source told it. `details` are pairs (slug, words); of a document: media, size, text."""

    id: UUID
    category: str
    kind: str
    label: str
    code: str
    state: str
    at: datetime
    until: datetime | None
    details: list[tuple[str, str]]
    media: str = ""
    size: int = 0
    text: bool = False

    @classmethod
    def of(cls, cap: Capability, row: tuple[Any, ...]) -> "Told":
        """A row of the columns `TOLD`, unsealed."""
        row_id, patient_id, category, kind, code, state, at, until, body = row
        said = cap.unseal(category, patient_id, "record_importedfact", "body", row_id, body)
        details = [(slug, words) for slug, words in said["details"]]
        return cls(
            row_id, category, kind, said["label"], code, state, at, until, details, said.get("media", ""),
            said.get("size", 0), said.get("text", False),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Aside:
    """How many resources of one type are kept aside for one reason, between which dates."""

    type: str
    reason: str
    count: int
    first: datetime | None
    last: datetime | None


def brought(batch: Batch, patient_id: UUID) -> Read[frozenset[UUID]]:
    """Row ids of one person of an import's slice: what the same data would get again. None of somebody else's."""
    ids = [one for one in batch.ids if one == patient_id][:1]
    return Read(
        " UNION ALL ".join(f"SELECT id FROM {table} WHERE patient_id = ANY (%s)" for table in _TABLES),
        [ids] * len(_TABLES),
        lambda rows: frozenset(row_id for (row_id,) in rows),
    )


def imported(
    chart: Chart, kinds: Collection[str], before: datetime | None = None, limit: int = IMPORTED_PAGE
) -> Read[Page[Told]]:
    """Imported facts of some kinds before an instant, newest first."""

    def decode(rows: Rows) -> Page[Told]:
        found = [Told.of(chart, row) for row in rows]
        return Page(found, found[-1].at if len(found) >= limit else None)

    return Read(
        f"SELECT {TOLD} FROM (SELECT * FROM record_importedfact f WHERE f.patient_id = ANY(%s) AND f.kind = ANY(%s)"
        " AND f.at < %s ORDER BY f.at DESC FETCH FIRST (%s) ROWS WITH TIES) r ORDER BY r.at DESC, r.id",
        (list(chart.ids), list(kinds), before or NEVER, limit),
        decode,
    )


def latest_imported(chart: Chart) -> Read[tuple[dict[str, list[Told]], dict[str, int]]]:
    """Of each kind the latest 40, newest first, and how many there are."""

    def decode(rows: Rows) -> tuple[dict[str, list[Told]], dict[str, int]]:
        found: dict[str, list[Told]] = {}
        counts: dict[str, int] = {}
        for *row, total in rows:
            one = Told.of(chart, tuple(row))
            found.setdefault(one.kind, []).append(one)
            counts[one.kind] = total
        return found, counts

    return Read(
        f"SELECT {TOLD}, r.total FROM (SELECT *, row_number() OVER (PARTITION BY f.kind ORDER BY f.at DESC, f.id) AS n,"
        " count(*) OVER (PARTITION BY f.kind) AS total FROM record_importedfact f WHERE f.patient_id = ANY(%s)) r"
        " WHERE r.n <= %s ORDER BY r.at DESC, r.id",
        (list(chart.ids), _LATEST),
        decode,
    )


def imported_one(chart: Chart, row_id: UUID) -> Read[tuple[Told, str | bytes | None] | None]:
    """One fact by its id and, of a document, what it holds; None for another's."""

    def decode(rows: Rows) -> tuple[Told, str | bytes | None] | None:
        if not rows:
            return None
        *row, content = rows[0]
        one = Told.of(chart, tuple(row))
        held = (
            chart.unseal(one.category, row[1], "record_importedfact", "content", one.id, content) if content else None
        )
        return one, held

    return Read(
        f"SELECT {TOLD}, r.content FROM record_importedfact r WHERE r.patient_id = ANY(%s) AND r.id = %s",
        (list(chart.ids), row_id),
        decode,
    )


def kept_aside(chart: Chart) -> Read[list[Aside]]:
    """What is kept and not shown, by type and reason, the most first. Whole resources kept beside what was taken of
    them are not counted: nothing of theirs is missing from what is shown but parts."""
    return Read(
        "SELECT k.type, k.reason, count(*), min(k.at), max(k.at) FROM record_kept k WHERE k.patient_id = ANY(%s)"
        " AND k.reason <> 'parts' GROUP BY k.type, k.reason ORDER BY count(*) DESC, k.type, k.reason",
        (list(chart.ids),),
        lambda rows: [Aside(*row) for row in rows],
    )
