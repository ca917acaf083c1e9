"""Entered in error, or corrected: a new row ends the former, with author, time and reason; nothing is edited."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError

from egide.gate.acting import acting
from egide.kernel.capabilities import Chart, Refused
from egide.record.models import Allergy, Amendment, Measurement, Note, Problem

_MODELS: dict[str, Any] = {"note": Note, "measurement": Measurement, "problem": Problem, "allergy": Allergy}


def mark_error(chart: Chart, fact: str, category: str, targets: Sequence[UUID], reason: str, at: datetime) -> None:
    """Say that these rows of one fact (a reading has several) were entered in error.

    Refuses `already_ended` when one of them was, `bad_request` when one is not a row of this patient.
    """
    try:
        with acting(chart, f"record:{fact}:mark_error", chart.patient_id, str(targets[0]), category):
            _end(chart, fact, category, dict.fromkeys(targets), reason, at)
    except IntegrityError:
        raise Refused("already_ended") from None


def replace_note(chart: Chart, target: UUID, sections: dict[str, str], reason: str, at: datetime) -> UUID:
    """Sign a note in the place of one of mine: same kind, same template, same moment."""
    try:
        with acting(chart, "record:note:replace", chart.patient_id, str(target), "clinical"):
            former = Note.objects.filter(id=target, patient_id__in=chart.ids, author=chart.actor.account).first()
            if former is None:
                raise Refused("bad_request")
            _need(chart, former.category)
            note_id = uuid4()
            sealed = chart.seal(former.category, chart.patient_id, "record_note", "body", note_id, sections)
            Note.objects.create(
                id=note_id, patient_id=chart.patient_id, category=former.category, kind=former.kind,
                template=former.template, written_at=former.written_at, recorded_at=at, author=chart.actor.account,
                body=sealed,
            )  # fmt: skip
            _end(chart, "note", former.category, {target: note_id}, reason, at)
    except IntegrityError:
        raise Refused("already_ended") from None
    return note_id


def replace_measurements(chart: Chart, values: dict[UUID, Decimal], reason: str, at: datetime) -> None:
    """Put other values in the place of these rows: same parameter, same unit, same moment, a new author."""
    try:
        with acting(chart, "record:measurement:replace", chart.patient_id, str(next(iter(values))), "clinical"):
            formers = list(Measurement.objects.filter(id__in=list(values), patient_id__in=chart.ids))
            if len(formers) != len(values):
                raise Refused("bad_request")
            _need(chart, formers[0].category)
            fresh = {
                former.id: Measurement(
                    id=uuid4(), patient_id=chart.patient_id, category=former.category, code=former.code,
                    value=values[former.id], unit=former.unit, taken_at=former.taken_at, recorded_at=at,
                    author=chart.actor.account, set_id=former.set_id,
                )
                for former in formers
            }  # fmt: skip
            Measurement.objects.bulk_create(fresh.values())
            _end(chart, "measurement", formers[0].category, {row: new.id for row, new in fresh.items()}, reason, at)
    except IntegrityError:
        raise Refused("already_ended") from None


def _need(chart: Chart, category: str) -> None:
    if not chart.may_write(category):
        raise Refused("category_closed")


def _end(
    chart: Chart, fact: str, category: str, targets: Mapping[UUID, UUID | None], reason: str, at: datetime
) -> None:  # fmt: skip
    """In the transaction of an act: one row of `amendment` for each target, under the patient id of the target."""
    found = dict(
        _MODELS[fact]
        .objects.filter(id__in=list(targets), patient_id__in=chart.ids, category=category)
        .values_list("id", "patient_id")
    )
    if len(found) != len(targets):
        raise Refused("bad_request")
    rows = []
    for target, replaced_by in targets.items():
        row_id, patient_id = uuid4(), found[target]
        sealed = chart.seal(category, patient_id, "record_amendment", "reason", row_id, reason) if reason else None
        rows.append(
            Amendment(
                id=row_id, patient_id=patient_id, category=category, fact=fact, target=target, kind="error",
                replaced_by=replaced_by, reason=sealed, recorded_at=at, author=chart.actor.account,
            )
        )  # fmt: skip
    Amendment.objects.bulk_create(rows)
