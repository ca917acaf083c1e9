"""Notes and transmissions that were signed, and my drafts."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Capability, Chart, Roster
from egide.record.reads.imports import Told
from egide.record.reads.pieces import ERROR, JOINS, NEVER, WRITER, Mistake, Page

_NOTES, _DRAFTS, _IMPORTED, _ANY = range(4)
_NULLS = "NULL, NULL, NULL, {kind}, NULL, NULL, NULL, NULL, NULL, NULL"
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


@dataclass(frozen=True, slots=True)
class Writings:
    """The written part of a chart: a page of notes, my drafts by kind, a page of what other systems told, and whether
    anything at all came from one."""

    notes: Page[Written]
    drafts: Counter[str]
    imported: Page[Told]
    anything_imported: bool


def notes(
    chart: Chart, before: datetime | None = None, limit: int = TIMELINE_NOTES, kinds: Collection[str] = ()
) -> Read[Writings]:
    """The latest notes and transmissions written before an instant, newest first; my drafts; of what other systems
    told, the kinds named, before the same instant."""

    def decode(rows: Rows) -> Writings:
        by_source: dict[int, list[Any]] = defaultdict(list)
        for *row, source, count in rows:
            by_source[source].append((tuple(row), count))
        found = [_written(chart, row) for row, _count in by_source[_NOTES]]
        drafts = Counter({row[3]: count for row, count in by_source[_DRAFTS]})
        elsewhere = [Told.of(chart, (*row[:5], row[6], row[5], None, row[8])) for row, _count in by_source[_IMPORTED]]
        return Writings(
            Page(found, found[-1].at if len(found) >= limit else None), drafts,
            Page(elsewhere, elsewhere[-1].at if len(elsewhere) >= limit else None), bool(by_source[_ANY]),
        )  # fmt: skip

    # one statement for all: a chart makes at most twelve
    return Read(
        f"(SELECT {_COLUMNS}, {_NOTES}, 0 FROM (SELECT * FROM record_note n WHERE n.patient_id = ANY(%s)"
        f" AND n.written_at < %s ORDER BY n.written_at DESC FETCH FIRST (%s) ROWS WITH TIES) r{JOINS}"
        " ORDER BY r.written_at DESC, r.id)"
        f" UNION ALL SELECT {_NULLS.format(kind='d.kind')}, {_DRAFTS}, count(*) FROM record_draft d"
        " WHERE d.patient_id = ANY(%s) AND d.ended_at IS NULL GROUP BY d.kind"
        " UNION ALL (SELECT r.id, r.patient_id, r.category, r.kind, r.code, r.at, r.state, r.author, r.body, NULL,"
        f" {_IMPORTED}, 0 FROM (SELECT * FROM record_importedfact f WHERE f.patient_id = ANY(%s) AND f.kind = ANY(%s)"
        " AND f.at < %s ORDER BY f.at DESC FETCH FIRST (%s) ROWS WITH TIES) r ORDER BY r.at DESC, r.id)"
        f" UNION ALL SELECT {_NULLS.format(kind='NULL')}, {_ANY}, 0 WHERE EXISTS (SELECT FROM record_importedfact f"
        " WHERE f.patient_id = ANY(%s)) OR EXISTS (SELECT FROM record_kept k WHERE k.patient_id = ANY(%s))",
        (
            list(chart.ids), before or NEVER, limit, list(chart.ids), list(chart.ids), list(kinds), before or NEVER,
            limit, list(chart.ids), list(chart.ids),
        ),
        decode,
    )  # fmt: skip


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
