"""Book, and say what became of it: each one transaction, with the care link it makes or ends and one trail entry."""

import uuid
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from egide.agenda.models import Appointment
from egide.agenda.rules import refused_change, refused_time
from egide.directory.reads import person_named, units
from egide.gate import acting
from egide.kernel.capabilities import Chart, Refused


def book(chart: Chart, unit_id: UUID, professional: UUID | None, at: datetime, minutes: int, reason: str) -> UUID:
    """A new appointment in a unit of the actor's site; the unit takes care thirty days before and after.

    `reason` is sealed as clinical, and refused from whoever opens no clinical data. Returns the appointment's id.
    Refuses `category_closed`, `unknown_unit`, `not_received_here`, `past`, `too_far`, `links_pace`.
    """
    _refuse(refused_time(at, timezone.now()))
    unit = units().get(unit_id)
    if unit is None or unit.site_id != chart.actor.site:
        raise Refused("unknown_unit")
    if professional is not None and person_named(professional) is None:
        raise Refused("not_received_here")
    if reason and not chart.may_read("clinical"):
        raise Refused("category_closed")
    key, patient = uuid.uuid4(), chart.patient_id
    sealed = chart.seal("clinical", patient, "agenda_appointment", "reason", key, reason) if reason else None
    with acting.acting(chart, "agenda:appointment:book", patient, str(key), "stay"):
        row = Appointment(
            id=key, patient_id=patient, unit_id=unit_id, professional_id=professional, starts_at=at, minutes=minutes,
            reason=sealed, recorded_at=timezone.now(), author=chart.actor.account,
        )  # fmt: skip
        Appointment.objects.bulk_create([row])
        acting.book(patient, at, unit_id)
    return key


def change(chart: Chart, appointment: UUID, to: str) -> UUID:
    """An appointment becomes arrived, kept, missed or cancelled; a cancelled one's care link ends. Returns its unit.

    `to` is one of those; anything else is a KeyError. Refuses `category_closed`, `unknown_appointment`,
    `changed_already` (somebody was quicker), `not_yet`.
    """
    verb = f"agenda:appointment:{_VERBS[to]}"
    with acting.acting(chart, verb, chart.patient_id, str(appointment), "stay"):
        found = Appointment.objects.filter(id=appointment, patient_id__in=chart.ids).select_for_update().first()
        if found is None:
            raise Refused("unknown_appointment")
        now = timezone.now()
        _refuse(refused_change(found.state, to, found.starts_at, now))
        Appointment.objects.filter(id=appointment).update(state=to, changed_at=now, changed_by=chart.actor.account)
        if to == "cancelled":
            acting.unbook(found.patient_id, found.starts_at, found.unit_id)
    return found.unit_id


_VERBS = {"arrived": "receive", "kept": "keep", "missed": "miss", "cancelled": "cancel"}


def _refuse(code: str | None) -> None:
    if code is not None:
        raise Refused(code)
