"""Measured values: one reading of one person, or a round over a unit in one transaction."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError

from egide.gate.acting import acting, opened, record_act
from egide.kernel.capabilities import Capability, Chart, Refused, Roster
from egide.kernel.codes import BY_SLUG
from egide.record.models import Measurement


def record_measurements(chart: Chart, values: dict[str, Decimal], comment: str, at: datetime) -> bool:
    """Write one reading: slug → value in the unit of `kernel.codes`; the comment is sealed on its first value.

    The same values sent twice in the same minute of one session (a double click, a resent form) are one reading: False.
    Refuses `category_closed` when this opening does not write clinical data.
    """
    patient_id = chart.patient_id
    set_id, rows = _reading(chart, patient_id, values, comment, at)
    try:
        with acting(chart, "record:measurement:create", patient_id, str(set_id), "clinical"):
            Measurement.objects.bulk_create(rows)
    except IntegrityError:
        return False
    return True


def record_round(roster: Roster, readings: Mapping[UUID, dict[str, Decimal]], at: datetime) -> int:
    """Write the readings of a round over a unit: one transaction, one act for each patient; how many were written.

    A reading that the same session wrote in the same minute is not written again. Refuses `category_closed` when this
    opening does not write clinical data or does not hold one of them.
    """
    if not roster.may_write("clinical") or not readings.keys() <= set(roster.ids):
        raise Refused("category_closed")
    made = {patient: _reading(roster, patient, values, "", at) for patient, values in readings.items() if values}
    with opened(roster):
        sent = [row.id for _set, rows in made.values() for row in rows]
        there = set(Measurement.objects.filter(id__in=sent).values_list("patient_id", flat=True))
        fresh = {patient: reading for patient, reading in made.items() if patient not in there}
        Measurement.objects.bulk_create([row for _set, rows in fresh.values() for row in rows])
        for patient, (set_id, _rows) in fresh.items():
            record_act("record:measurement:create", patient, str(set_id))
    return len(fresh)


def _reading(
    cap: Capability, patient_id: UUID, values: dict[str, Decimal], comment: str, at: datetime
) -> tuple[UUID, list[Measurement]]:
    """Its id, the same for the same values of one session in one minute, and its rows."""
    minute = at.replace(second=0, microsecond=0).isoformat()
    reading = "|".join(f"{slug}={value.normalize()}" for slug, value in sorted(values.items())) + "|" + comment
    set_id = cap.row_id("clinical", patient_id, f"reading/{cap.actor.session}/{minute}/{reading}")
    rows = []
    for place, (slug, value) in enumerate(values.items()):
        sign = BY_SLUG[slug]
        row_id = cap.row_id("clinical", patient_id, f"measurement/{set_id}/{sign.loinc}")
        sealed = None
        if comment and place == 0:
            sealed = cap.seal("clinical", patient_id, "record_measurement", "comment", row_id, comment)
        rows.append(
            Measurement(
                id=row_id, patient_id=patient_id, code=sign.loinc, value=value, unit=sign.unit, taken_at=at,
                recorded_at=at, author=cap.actor.account, set_id=set_id, comment=sealed,
            )
        )  # fmt: skip
    return set_id, rows
