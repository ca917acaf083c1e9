"""Measured values: one reading, one act."""

from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError

from egide.gate.acting import acting
from egide.kernel.capabilities import Chart
from egide.kernel.codes import BY_SLUG
from egide.record.models import Measurement


def record_measurements(chart: Chart, values: dict[str, Decimal], comment: str, at: datetime) -> bool:
    """Write one reading: slug → value in the unit of `kernel.codes`; the comment is sealed on its first value.

    The same values sent twice in the same minute of one session (a double click, a resent form) are one reading: False.
    Refuses `category_closed` when this opening does not write clinical data.
    """
    patient_id = chart.patient_id
    minute = at.replace(second=0, microsecond=0).isoformat()
    reading = "|".join(f"{slug}={value.normalize()}" for slug, value in sorted(values.items())) + "|" + comment
    set_id = chart.row_id("clinical", patient_id, f"reading/{chart.actor.session}/{minute}/{reading}")
    rows = []
    for place, (slug, value) in enumerate(values.items()):
        sign = BY_SLUG[slug]
        row_id = chart.row_id("clinical", patient_id, f"measurement/{set_id}/{sign.loinc}")
        sealed = None
        if comment and place == 0:
            sealed = chart.seal("clinical", patient_id, "record_measurement", "comment", row_id, comment)
        rows.append(
            Measurement(
                id=row_id, patient_id=patient_id, code=sign.loinc, value=value, unit=sign.unit, taken_at=at,
                recorded_at=at, author=chart.actor.account, set_id=set_id, comment=sealed,
            )
        )  # fmt: skip
    try:
        with acting(chart, "record:measurement:create", patient_id, str(set_id), "clinical"):
            Measurement.objects.bulk_create(rows)
    except IntegrityError:
        return False
    return True
