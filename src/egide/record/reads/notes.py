"""Notes and transmissions that were signed, and my drafts."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Capability, Chart, Roster
from egide.record.reads.pieces import ERROR, JOINS, NEVER, WRITER, Mistake, Page

TIMELINE_NOTES = 40


@dataclass(frozen=True, slots=True)
class Written:
    """A signed note or transmission: its sections by slug, in the order of its template."""

    id: UUID
    category: str
    kind: str
    template: str
    at: datetime
    author: str | None
    author_id: UUID
    sections: dict[str, str]
    error: Mistake | None = None


@dataclass(frozen=True, slots=True)
class MyDraft:
    """What the acting account is writing about this patient."""

    id: UUID
    kind: str
    revision: int
    saved_at: datetime
    sections: dict[str, str]


_COLUMNS = f"r.id, r.patient_id, r.category, r.kind, r.template, r.written_at, {WRITER}, r.author, r.body, {ERROR}"


def note(chart: Chart, row_id: UUID) -> Read[list[Written]]:
    """One note or transmission by its id; nothing for another."""
    return Read(
        f"SELECT {_COLUMNS} FROM record_note r{JOINS} WHERE r.patient_id = ANY(%s) AND r.id = %s",
        (list(chart.ids), row_id),
        lambda rows: [_written(chart, row) for row in rows],
    )


def notes(
    chart: Chart, before: datetime | None = None, limit: int = TIMELINE_NOTES
) -> Read[tuple[Page[Written], Counter[str]]]:
    """The latest notes and transmissions written before an instant, newest first; my drafts, by kind."""

    def decode(rows: Rows) -> tuple[Page[Written], Counter[str]]:
        found = [_written(chart, row[:-1]) for row in rows if row[0] is not None]
        drafts = Counter({row[3]: row[-1] for row in rows if row[0] is None})
        return Page(found, found[-1].at if len(found) >= limit else None), drafts

    # one statement for both: a chart makes at most twelve
    return Read(
        f"(SELECT {_COLUMNS}, 0 FROM (SELECT * FROM record_note n WHERE n.patient_id = ANY(%s)"
        f" AND n.written_at < %s ORDER BY n.written_at DESC FETCH FIRST (%s) ROWS WITH TIES) r{JOINS}"
        " ORDER BY r.written_at DESC, r.id)"
        " UNION ALL SELECT NULL, NULL, NULL, d.kind, NULL, NULL, NULL, NULL, NULL, NULL, count(*) FROM record_draft d"
        " WHERE d.patient_id = ANY(%s) AND d.ended_at IS NULL GROUP BY d.kind",
        (list(chart.ids), before or NEVER, limit, list(chart.ids)),
        decode,
    )


def last_notes(roster: Roster, since: datetime) -> Read[dict[UUID, list[Written]]]:
    """Transmissions and notes of a list written since an instant, newest first, at most 600 in all, errors left out."""

    def decode(rows: Rows) -> dict[UUID, list[Written]]:
        found: dict[UUID, list[Written]] = defaultdict(list)
        for row in rows:
            found[row[1]].append(_written(roster, row))
        return found

    return Read(
        f"SELECT {_COLUMNS} FROM record_note r{JOINS} WHERE r.patient_id = ANY(%s) AND r.written_at >= %s"
        " AND e.id IS NULL ORDER BY r.written_at DESC, r.id LIMIT 600",
        (list(roster.ids), since),
        decode,
    )


def my_drafts(chart: Chart) -> Read[list[MyDraft]]:
    """My open drafts about this patient, the last saved first, at most 20. Nobody else's: the policy holds it."""

    def decode(rows: Rows) -> list[MyDraft]:
        return [
            MyDraft(
                row_id, kind, revision, at, chart.unseal("clinical", patient_id, "record_draft", "body", row_id, body)
            )
            for row_id, patient_id, kind, revision, at, body in rows
        ]

    return Read(
        "SELECT id, patient_id, kind, revision, saved_at, body FROM record_draft"
        " WHERE patient_id = ANY(%s) AND ended_at IS NULL ORDER BY saved_at DESC LIMIT 20",
        (list(chart.ids),),
        decode,
    )


def _written(cap: Capability, row: tuple[Any, ...]) -> Written:
    row_id, patient_id, category, kind, template, at, author, author_id, body, error = row
    sections = cap.unseal(category, patient_id, "record_note", "body", row_id, body)
    return Written(row_id, category, kind, template, at, author, author_id, sections, Mistake.of(cap, error))
