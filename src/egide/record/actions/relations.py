"""Whom to call, and advance directives."""

from datetime import datetime
from uuid import UUID, uuid4

from django.db import IntegrityError

from egide.gate.acting import acting
from egide.kernel.capabilities import Chart, Refused
from egide.record.models import ContactPerson, Directive


def record_contact_person(
    chart: Chart, kind: str, name: str, relation: str, phone: str, at: datetime
) -> UUID | None:  # fmt: skip
    """A person to call, sealed whole in the category contact. Sent twice in the same minute it is one: None."""
    patient_id = chart.patient_id
    minute = at.replace(second=0, microsecond=0).isoformat()
    row_id = chart.row_id("contact", patient_id, f"{chart.actor.session}/{minute}/{kind}/{name}/{relation}/{phone}")
    said = {"name": name, "relation": relation, "phone": phone}
    sealed = chart.seal("contact", patient_id, "record_contactperson", "sealed", row_id, said)
    try:
        with acting(chart, "record:contact_person:create", patient_id, str(row_id), "contact"):
            ContactPerson.objects.create(
                id=row_id, patient_id=patient_id, kind=kind, sealed=sealed, recorded_at=at, author=chart.actor.account
            )
    except IntegrityError:
        return None
    return row_id


def end_contact_person(chart: Chart, target: UUID, at: datetime) -> None:
    """No longer to be called. `already_ended` when she was not."""
    with acting(chart, "record:contact_person:end", chart.patient_id, str(target), "contact"):
        stands = ContactPerson.objects.filter(id=target, patient_id__in=chart.ids, ended_at=None)
        if not stands.update(ended_at=at, ended_by=chart.actor.account):
            raise Refused("already_ended")


def record_directive(chart: Chart, kind: str, where: str, words: str, at: datetime) -> UUID:
    """What the patient says of advance directives; the last thing said stands."""
    row_id = uuid4()
    sealed = chart.seal(
        "clinical", chart.patient_id, "record_directive", "sealed", row_id, {"where": where, "words": words}
    )
    with acting(chart, "record:directive:create", chart.patient_id, str(row_id), "clinical"):
        Directive.objects.create(
            id=row_id, patient_id=chart.patient_id, kind=kind, sealed=sealed, recorded_at=at,
            author=chart.actor.account,
        )  # fmt: skip
    return row_id
