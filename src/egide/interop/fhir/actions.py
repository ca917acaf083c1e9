"""Persons read from FHIR enter the base: one transaction and one trail entry a person, in slices of one opening each.

Row ids are drawn from the patient's own keys over the source's ids, so that the same data again adds nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import DataError, IntegrityError, models

from egide.gate.acting import link, opened, record_act
from egide.gate.applications import SLICE, Application
from egide.gate.reading import Read, fetch
from egide.identity.models import Contact, Patient, Trait
from egide.identity.rules import found_by
from egide.interop.fhir import dating
from egide.interop.fhir.rows import PersonRows
from egide.interop.fhir.tally import Tally
from egide.interop.fhir.values import Person
from egide.kernel.capabilities import Batch, Refused
from egide.kernel.codes import Category
from egide.record.models import Allergy, Measurement, Problem
from egide.stays.models import Stay

VERB = "interop:patient:import"
_NEEDED = (Category.IDENTITY, Category.CONTACT, Category.STAY, Category.CLINICAL)
_SLICE_FACTS = 20_000  # an opening lives fifteen minutes: a slice ends long before
_AT_ONCE = 1_000  # rows a statement
_MANAGERS: dict[type[models.Model], models.Manager[Any]] = {
    Patient: Patient.objects,
    Trait: Trait.objects,
    Contact: Contact.objects,
    Stay: Stay.objects,
    Problem: Problem.objects,
    Allergy: Allergy.objects,
    Measurement: Measurement.objects,
}
_FACT_TABLES = ("stays_stay", "record_problem", "record_allergy", "record_measurement")


@dataclass(slots=True)
class Import:
    """One run: who acts, where the imported are admitted, and the account that is kept."""

    app: Application
    manifest: str
    unit_id: UUID
    now: datetime
    shift: bool
    tally: Tally = field(default_factory=Tally)
    rows: Counter[str] = field(default_factory=Counter)
    """Rows written, by model."""
    patients: Counter[str] = field(default_factory=Counter)
    """Persons by what became of them: new, known, admitted, shifted, refused."""

    def take(self, persons: Iterable[Person]) -> Iterator[int]:
        """Write the persons, each committed by herself; tells after each how many were handled so far."""
        handled = 0
        for people in _slices(self._datable(persons)):
            batch = self.app.open_new(
                [list(person.sources) for person in people], [self._traits(one) for one in people]
            )
            if not all(batch.may_read(category) and batch.may_write(category) for category in _NEEDED):
                raise Refused("category_closed", "L'application n'a pas le droit d'écrire ces données.")
            for person, patient_id, known in zip(people, batch.ids, batch.known, strict=True):
                self._take_or_refuse(batch, person, patient_id, known=known)
                handled += 1
                yield handled

    def _traits(self, person: Person) -> dict[str, list[str]]:
        """What she will be found by, as it will be stored: a shifted import moves birth dates too."""
        stored = dating.moved(person, dating.days_back(person, self.now)) if self.shift else person
        return found_by((trait.kind, trait.value) for trait in (*stored.traits, *stored.contacts))

    def _take_or_refuse(self, batch: Batch, person: Person, patient_id: UUID, *, known: bool) -> None:
        try:
            try:
                self._take(batch, person, patient_id, known=known)
            except IntegrityError:  # another import of the same person was faster: look again at what is here
                self._take(batch, person, patient_id, known=True)
        except (DataError, IntegrityError):
            self._refuse(person, "base")

    def _datable(self, persons: Iterable[Person]) -> Iterator[Person]:
        """Leaves those dated after now, before any id is drawn for them: the record holds no future."""
        for person in persons:
            if not self.shift and dating.lies_ahead(person, self.now):
                self._refuse(person, "in_future")
            else:
                yield person

    def _take(self, batch: Batch, person: Person, patient_id: UUID, *, known: bool) -> None:
        here = _here(batch, patient_id) if known else _Here()
        days = 0
        if self.shift:
            days = here.days_moved(person) if here.identified else dating.days_back(person, self.now)
            person = dating.moved(person, days)
            if dating.lies_ahead(person, self.now):
                self._refuse(person, "in_future")
                return
        made = PersonRows(batch, patient_id, person, self.unit_id, self.now)
        rows = [*(() if here.identified else made.identity()), *made.facts()]
        admission = next((row for _, row in rows if isinstance(row, Stay) and row.discharged_at is None), None)
        if admission is None and not here.admitted:
            admission = made.admission()
            rows.append((person.ref, admission))
        missing = [(ref, row) for ref, row in rows if row.pk not in here.present]
        if missing:
            with opened(batch):
                for model, manager in _MANAGERS.items():
                    manager.bulk_create([row for _, row in missing if isinstance(row, model)], batch_size=_AT_ONCE)
                if admission is not None and any(row is admission for _, row in missing):
                    link(patient_id, self.unit_id, admission.admitted_at)
                record_act(VERB, patient_id, f"fhir:{self.manifest}")
        self.patients["known" if here.identified else "new"] += 1
        self.patients["shifted"] += bool(days and missing)
        self.patients["admitted"] += any(row is admission for _, row in missing)
        self.rows.update(type(row).__name__ for _, row in missing)
        added = {ref for ref, _ in missing}
        for ref in person.refs():
            counts = self.tally.stored if ref in added else self.tally.already
            counts[ref.partition("/")[0]] += 1

    def _refuse(self, person: Person, reason: str) -> None:
        self.patients["refused"] += 1
        self.tally.leave_refs(person.refs(), reason)


@dataclass(frozen=True, slots=True)
class _Here:
    """What the base already holds of one person: nothing, unless the keeper knows one of her ids."""

    identified: bool = False
    admitted: bool = False
    present: frozenset[UUID] = frozenset()
    births: tuple[date, ...] = ()

    def days_moved(self, person: Person) -> int:
        """By how many days this person was moved when she first came: what comes later moves with her."""
        return max((dating.birth(person) - self.births[0]).days, 0) if self.births else 0


def _here(batch: Batch, patient_id: UUID) -> _Here:
    ids = [patient_id]
    patient, staying, births, *facts = fetch(
        batch,
        Read("SELECT patient_id FROM identity_patient WHERE patient_id = ANY (%s)", [ids], list),
        Read("SELECT id FROM stays_stay WHERE patient_id = ANY (%s) AND discharged_at IS NULL", [ids], list),
        Read("SELECT id, sealed FROM identity_trait WHERE patient_id = ANY (%s) AND kind = 'birth_date'", [ids], list),
        *(Read(f"SELECT id FROM {table} WHERE patient_id = ANY (%s)", [ids], list) for table in _FACT_TABLES),  # noqa: S608 — the names stand above
    )
    days = [
        batch.unseal(Category.IDENTITY, patient_id, "identity_trait", "sealed", row_id, sealed)["v"]
        for row_id, sealed in births
    ]
    present = frozenset(row_id for rows in (patient, *facts) for (row_id,) in rows)
    return _Here(bool(patient), bool(staying), present, tuple(date.fromisoformat(day) for day in days))


def _slices(persons: Iterable[Person]) -> Iterator[list[Person]]:
    people: list[Person] = []
    facts = 0
    for person in persons:
        people.append(person)
        facts += len(person.problems) + len(person.allergies) + len(person.measurements) + len(person.stays)
        if len(people) == SLICE or facts > _SLICE_FACTS:
            yield people
            people, facts = [], 0
    if people:
        yield people
