"""Acts on an identity: creating a person with the strict traits (RNIV 01 v2.0, EXI PP 02)."""

import uuid
from uuid import UUID

from django.utils import timezone

from egide.gate.acting import acting
from egide.identity.models import Patient, Trait
from egide.kernel.capabilities import Chart


def create(chart: Chart, traits: dict[str, str]) -> UUID:
    """Write a new person under the chart that the keeper opened for her: kind of trait → value as RNIV stores it.

    Her id, tokens and the desk's link are committed before. If the rows then fail to be written, none is found by those
    tokens (a person without identity rows is unknown), and the act begins anew. Refuses `category_closed`.
    """
    now = timezone.now()
    patient_id = chart.patient_id
    since = timezone.localdate(now).isoformat()
    rows = []
    for kind, value in traits.items():
        row_id = uuid.uuid4()
        shape = {"v": value, "from": since, "to": None, "src": "arrival"}
        sealed = chart.seal("identity", patient_id, "identity_trait", "sealed", row_id, shape)
        rows.append(Trait(id=row_id, patient_id=patient_id, kind=kind, sealed=sealed))
    with acting(chart, "identity:patient:create", patient_id, str(patient_id), "identity"):
        Patient.objects.bulk_create([Patient(patient_id=patient_id, created_at=now)])
        Trait.objects.bulk_create(rows)
    return patient_id
