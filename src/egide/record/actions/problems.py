"""Problems, antecedents and allergies: added, ended."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError

from egide.gate.acting import acting
from egide.kernel.capabilities import Chart, Refused
from egide.record.models import Allergy, Amendment, Problem

CIM10 = "http://id.who.int/icd/release/10/2019"


def record_problem(
    chart: Chart, kind: str, code: str, label: str, onset: date | None, at: datetime
) -> UUID | None:  # fmt: skip
    """Inscribe a problem, or an antecedent of a kind; `code` of the CIM-10, empty when only words are known.

    The same one sent twice in the same minute of one session is one: None. Refuses `category_closed`.
    """
    patient_id = chart.patient_id
    row_id = _once(chart, at, f"problem/{kind}/{code}/{label}/{onset}")
    sealed = chart.seal("clinical", patient_id, "record_problem", "label", row_id, label)
    try:
        with acting(chart, "record:problem:create", patient_id, str(row_id), "clinical"):
            Problem.objects.create(
                id=row_id, patient_id=patient_id, kind=kind, system=CIM10 if code else "", code=code, label=sealed,
                onset=onset, recorded_at=at, author=chart.actor.account,
            )  # fmt: skip
    except IntegrityError:
        return None
    return row_id


def record_allergy(chart: Chart, substance: str, reaction: str, severity: str, at: datetime) -> UUID | None:
    """Inscribe an allergy or intolerance. Sent twice in the same minute of one session it is one: None."""
    patient_id = chart.patient_id
    row_id = _once(chart, at, f"allergy/{substance}/{reaction}/{severity}")

    def sealed(column: str, value: str) -> bytes:
        return chart.seal("clinical", patient_id, "record_allergy", column, row_id, value)

    try:
        with acting(chart, "record:allergy:create", patient_id, str(row_id), "clinical"):
            Allergy.objects.create(
                id=row_id, patient_id=patient_id, substance=sealed("substance", substance),
                reaction=sealed("reaction", reaction) if reaction else None, severity=severity, recorded_at=at,
                author=chart.actor.account,
            )  # fmt: skip
    except IntegrityError:
        return None
    return row_id


def end_fact(chart: Chart, fact: str, target: UUID, since: date, at: datetime) -> None:
    """A problem or an allergy is over since a date. `already_ended` when it was, `bad_request` when it is not hers."""
    models: dict[str, Any] = {"problem": Problem, "allergy": Allergy}
    try:
        with acting(chart, f"record:{fact}:end", chart.patient_id, str(target), "clinical"):
            row = models[fact].objects.filter(id=target, patient_id__in=chart.ids).first()
            if row is None:
                raise Refused("bad_request")
            if not chart.may_write(row.category):
                raise Refused("category_closed")
            Amendment.objects.create(
                id=uuid4(), patient_id=row.patient_id, category=row.category, fact=fact, target=target, kind="over",
                since=since, recorded_at=at, author=chart.actor.account,
            )  # fmt: skip
    except IntegrityError:
        raise Refused("already_ended") from None


def _once(chart: Chart, at: datetime, what: str) -> UUID:
    """The row id that the same fact gets when its form is sent again."""
    minute = at.replace(second=0, microsecond=0).isoformat()
    return chart.row_id("clinical", chart.patient_id, f"{chart.actor.session}/{minute}/{what}")
