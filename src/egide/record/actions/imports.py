"""What another system tells of one person, written in the transaction of an import's act.

Row ids are drawn from her own keys over the source's ids, so that the same data again adds nothing.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, models

from egide.kernel.capabilities import Batch, Refused
from egide.record.models import Allergy, ImportedFact, Kept, Measurement, Problem
from egide.record.rules import Aside, BroughtAllergy, BroughtFact, BroughtMeasure, BroughtProblem

Brought = BroughtProblem | BroughtAllergy | BroughtMeasure | BroughtFact
_AT_ONCE = 1_000  # rows a statement
_CLINICAL = "clinical"


def bring_facts(
    batch: Batch, patient_id: UUID, source: str, facts: Sequence[Brought], here: Collection[UUID], at: datetime
) -> set[str]:
    """Write the facts that are not `here` (row ids); the `ref`s of those that were. `source` names the other system.

    To be called inside `opened(batch)`: the caller's act says what it was. Refuses `category_closed`.
    """
    _need(batch, _CLINICAL)
    made: dict[type[models.Model], list[Any]] = {Problem: [], Allergy: [], Measurement: [], ImportedFact: []}
    added: set[str] = set()
    for fact in facts:
        row = _row(batch, patient_id, source, fact, at)
        if row.pk not in here:
            made[type(row)].append(row)
            added.add(fact.ref)
    Problem.objects.bulk_create(made[Problem], batch_size=_AT_ONCE)
    Allergy.objects.bulk_create(made[Allergy], batch_size=_AT_ONCE)
    Measurement.objects.bulk_create(made[Measurement], batch_size=_AT_ONCE)
    ImportedFact.objects.bulk_create(made[ImportedFact], batch_size=_AT_ONCE)
    return added


def keep_aside(
    batch: Batch, patient_id: UUID, asides: Sequence[Aside], here: Collection[UUID], at: datetime
) -> list[bool]:  # fmt: skip
    """Keep resources aside, sealed; for each whether it was added. The same bytes are kept once.

    An import writes restricted ones and may not read which are there: the base itself leaves out those it holds.
    """
    known = set(here)
    added: list[bool] = []
    rows: list[Kept] = []
    for aside in asides:
        _need(batch, aside.category)
        row_id = batch.row_id(aside.category, patient_id, f"aside/{aside.type}/{aside.digest}")
        row = Kept(
            id=row_id, patient_id=patient_id, category=aside.category, type=aside.type, reason=aside.reason,
            at=aside.at, recorded_at=at, author=batch.actor.account,
            content=batch.seal(aside.category, patient_id, "record_kept", "content", row_id, aside.packed),
        )  # fmt: skip
        fresh = row_id not in known
        known.add(row_id)
        if fresh and not batch.may_read(aside.category):
            fresh = _insert_unseen(row)
        elif fresh:
            rows.append(row)
        added.append(fresh)
    Kept.objects.bulk_create(rows, batch_size=_AT_ONCE)
    return added


def _insert_unseen(row: Kept) -> bool:
    """Whether the row was added, where the opening writes this category and does not read it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO record_kept (id, patient_id, category, type, reason, at, content, recorded_at, author)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [row.id, row.patient_id, row.category, row.type, row.reason, row.at, bytes(row.content), row.recorded_at,
             row.author],
        )  # fmt: skip
        return bool(cursor.rowcount)


def _row(batch: Batch, patient_id: UUID, source: str, fact: Brought, at: datetime) -> models.Model:
    who = {"patient_id": patient_id, "author": batch.actor.account}

    def row_id(what: str) -> UUID:
        return batch.row_id(_CLINICAL, patient_id, f"{source}\n{what}")

    def sealed(table: str, column: str, of: UUID, value: Any) -> bytes:
        return batch.seal(_CLINICAL, patient_id, table, column, of, value)

    own = row_id(fact.ref)
    match fact:
        case BroughtMeasure():
            return Measurement(
                **who, id=row_id(f"{fact.ref}/{fact.code}"), code=fact.code, value=fact.value, unit=fact.unit,
                taken_at=fact.taken_at, recorded_at=fact.taken_at, set_id=own if fact.grouped else None,
            )  # fmt: skip
        case BroughtProblem():
            return Problem(
                **who, id=own, system=fact.system, code=fact.code, onset=fact.onset, ended=fact.ended,
                label=sealed("record_problem", "label", own, fact.label), recorded_at=fact.recorded_at or at,
            )  # fmt: skip
        case BroughtAllergy():
            return Allergy(
                **who, id=own, system=fact.system, code=fact.code, severity=fact.severity,
                substance=sealed("record_allergy", "substance", own, fact.substance),
                reaction=sealed("record_allergy", "reaction", own, fact.reaction) if fact.reaction else None,
                recorded_at=fact.recorded_at or at,
            )  # fmt: skip
        case BroughtFact():
            content = fact.text if fact.text is not None else fact.data
            body: dict[str, Any] = {"label": fact.label, "details": [list(pair) for pair in fact.details]}
            if fact.kind == "document":
                body |= {"media": fact.media, "size": _size(content), "text": fact.text is not None}
            return ImportedFact(
                **who, id=own, kind=fact.kind, system=fact.system, code=fact.code, state=fact.state, at=fact.at,
                until=fact.until, body=sealed("record_importedfact", "body", own, body), recorded_at=at,
                content=sealed("record_importedfact", "content", own, content) if content is not None else None,
            )  # fmt: skip


def _size(content: str | bytes | None) -> int:
    """In bytes, as its source counts them."""
    return len(content.encode() if isinstance(content, str) else content or b"")


def _need(batch: Batch, category: str) -> None:
    if not batch.may_write(category):
        raise Refused("category_closed", "L'application n'a pas le droit d'écrire ces données.")
