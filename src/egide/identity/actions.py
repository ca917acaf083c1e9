"""Acts on an identity: creating a person with the strict traits (RNIV 01 v2.0, EXI PP 02)."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from egide.gate.acting import acting
from egide.identity.models import Contact, Patient, Trait
from egide.identity.rules import Told
from egide.kernel.capabilities import Batch, Chart, Refused


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


def bring(
    batch: Batch, patient_id: UUID, source: tuple[str, str], traits: Sequence[Told], contacts: Sequence[Told],
    at: datetime,
) -> None:  # fmt: skip
    """A person whom another system tells, in the transaction of an import's act: for her first import only.

    `source` is (system, her id there). Staff correct identities afterwards: a later import never writes them again.
    Refuses `category_closed`.
    """
    if not batch.may_write("identity") or not batch.may_write("contact"):
        raise Refused("category_closed", "L'application n'a pas le droit d'écrire ces données.")

    def row(model: type[Trait] | type[Contact], category: str, table: str, told: Told) -> Any:
        row_id = batch.row_id(category, patient_id, f"{source[0]}\n{source[1]}/{told.kind}/{told.value}/{told.since}")
        shape = {
            "v": told.value,
            "from": told.since.isoformat() if told.since else None,
            "to": told.until.isoformat() if told.until else None,
            "src": source[0],
        }
        sealed = batch.seal(category, patient_id, table, "sealed", row_id, shape)
        return model(id=row_id, patient_id=patient_id, kind=told.kind, sealed=sealed)

    Patient.objects.bulk_create([Patient(patient_id=patient_id, created_at=at)])
    Trait.objects.bulk_create([row(Trait, "identity", "identity_trait", told) for told in traits])
    Contact.objects.bulk_create([row(Contact, "contact", "identity_contact", told) for told in contacts])
