"""What a person's plain values become in the tables: rows with ids that the same facts always get, words sealed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from egide.identity.models import Contact, Patient
from egide.identity.models import Trait as TraitRow
from egide.interop.fhir.values import Person, Trait
from egide.kernel.capabilities import Batch
from egide.kernel.codes import Category
from egide.record.models import Allergy, Measurement, Problem
from egide.stays.models import Stay

Rows = Iterator[tuple[str, models.Model]]


@dataclass(frozen=True, slots=True)
class PersonRows:
    """Rows of one person, each with the resource (`Type/id`) it comes from. Nothing is written here."""

    batch: Batch
    patient_id: UUID
    person: Person
    unit_id: UUID
    now: datetime

    def identity(self) -> Rows:
        """The patient, traits and contacts: for a person's first import only, since staff correct them afterwards."""
        ref = self.person.ref
        yield ref, Patient(patient_id=self.patient_id, created_at=self.now)
        for trait in self.person.traits:
            row_id = self._id(Category.IDENTITY, _key(ref, trait))
            sealed = self._seal(Category.IDENTITY, "identity_trait", "sealed", row_id, self._form(trait))
            yield ref, TraitRow(id=row_id, patient_id=self.patient_id, kind=trait.kind, sealed=sealed)
        for contact in self.person.contacts:
            row_id = self._id(Category.CONTACT, _key(ref, contact))
            sealed = self._seal(Category.CONTACT, "identity_contact", "sealed", row_id, self._form(contact))
            yield ref, Contact(id=row_id, patient_id=self.patient_id, kind=contact.kind, sealed=sealed)

    def facts(self) -> Rows:
        """Stays, problems, allergies, measurements."""
        for stay in self.person.stays:
            yield stay.ref, self._stay(stay.ref, stay.start, stay.end)
        yield from self._problems()
        yield from self._allergies()
        yield from self._measurements()

    def admission(self) -> Stay:
        """The stay that makes an imported person appear in the unit, from now on, where the source tells of none."""
        return self._stay("admission", self.now, None)

    def _problems(self) -> Rows:
        for problem in self.person.problems:
            row_id = self._id(Category.CLINICAL, problem.ref)
            yield (
                problem.ref,
                Problem(
                    id=row_id,
                    patient_id=self.patient_id,
                    system=problem.system,
                    code=problem.code,
                    label=self._seal(Category.CLINICAL, "record_problem", "label", row_id, problem.label),
                    onset=problem.onset,
                    ended=problem.ended,
                    recorded_at=problem.recorded_at or self.now,
                    author=self.batch.actor.account,
                ),
            )

    def _allergies(self) -> Rows:
        for allergy in self.person.allergies:
            row_id = self._id(Category.CLINICAL, allergy.ref)
            reaction = allergy.reaction
            yield (
                allergy.ref,
                Allergy(
                    id=row_id,
                    patient_id=self.patient_id,
                    system=allergy.system,
                    code=allergy.code,
                    substance=self._seal(Category.CLINICAL, "record_allergy", "substance", row_id, allergy.substance),
                    reaction=self._seal(Category.CLINICAL, "record_allergy", "reaction", row_id, reaction)
                    if reaction
                    else None,
                    severity=allergy.severity,
                    recorded_at=allergy.recorded_at or self.now,
                    author=self.batch.actor.account,
                ),
            )

    def _measurements(self) -> Rows:
        for number in self.person.measurements:
            yield (
                number.ref,
                Measurement(
                    id=self._id(Category.CLINICAL, f"{number.ref}/{number.code}"),
                    patient_id=self.patient_id,
                    code=number.code,
                    value=number.value,
                    unit=number.unit,
                    taken_at=number.taken_at,
                    recorded_at=number.taken_at,
                    author=self.batch.actor.account,
                    set_id=self._id(Category.CLINICAL, number.ref) if number.grouped else None,
                ),
            )

    def _stay(self, what: str, start: datetime, end: datetime | None) -> Stay:
        """No bed, and no file number (NDA): the source's is not ours."""
        row_id = self._id(Category.STAY, what)
        return Stay(
            id=row_id,
            patient_id=self.patient_id,
            unit_id=self.unit_id,
            nda=self._seal(Category.STAY, "stays_stay", "nda", row_id, ""),
            admitted_at=start,
            discharged_at=end,
        )

    def _id(self, category: Category, what: str) -> UUID:
        return self.batch.row_id(category, self.patient_id, f"{self.person.sources[0][0]}\n{what}")

    def _seal(self, category: Category, table: str, column: str, row_id: UUID, value: Any) -> bytes:
        return self.batch.seal(category, self.patient_id, table, column, row_id, value)

    def _form(self, value: Trait) -> dict[str, Any]:
        return {
            "v": value.value,
            "from": value.since.isoformat() if value.since else None,
            "to": value.until.isoformat() if value.until else None,
            "src": self.person.sources[0][0],
        }


def _key(ref: str, value: Trait) -> str:
    return f"{ref}/{value.kind}/{value.value}/{value.since}"
