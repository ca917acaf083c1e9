"""Persons read from FHIR enter the base: one transaction and one trail entry a person, in slices of one opening each.

Rows are written by the rooms' own actions; their ids are drawn from the patient's keys, so that the same data again
adds nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import DataError, IntegrityError

from egide.gate.acting import opened, record_act
from egide.gate.applications import SLICE, Application
from egide.gate.reading import fetch
from egide.identity import reads as identity
from egide.identity.actions import bring
from egide.interop.fhir import dating
from egide.interop.fhir.tally import Tally
from egide.interop.fhir.values import Person, Stay
from egide.kernel.capabilities import Batch, Refused
from egide.kernel.codes import Category
from egide.kernel.tokens import found_by
from egide.record.actions import bring_facts, keep_aside
from egide.record.reads import brought
from egide.stays import actions as stays
from egide.stays import reads as stay_reads

VERB = "interop:patient:import"
_NEEDED = (Category.IDENTITY, Category.CONTACT, Category.STAY, Category.CLINICAL)
_SLICE_FACTS = 20_000  # an opening lives fifteen minutes: a slice ends long before
_ADMISSION = "admission"


@dataclass(slots=True)
class Import:
    """One run: who acts, where the imported are admitted, and the account that is kept."""

    app: Application
    manifest: str
    unit_id: UUID
    now: datetime
    shift: bool
    tally: Tally = field(default_factory=Tally)
    patients: Counter[str] = field(default_factory=Counter)
    """Persons by what became of them: new, known, admitted, unplaced, shifted, refused."""
    full: bool = False
    """The unit holds as many as its beds allow: who comes now is not admitted."""

    def take(self, persons: Iterable[Person]) -> Iterator[int]:
        """Write the persons, each committed by herself; tells after each how many resources were handled so far."""
        handled = 0
        for people in _slices(self._datable(persons)):
            batch = self.app.open_new(
                [list(person.sources) for person in people], [self._traits(one) for one in people]
            )
            if not all(batch.may_read(category) and batch.may_write(category) for category in _NEEDED):
                raise Refused("category_closed", "L'application n'a pas le droit d'écrire ces données.")
            for person, patient_id, known in zip(people, batch.ids, batch.known, strict=True):
                self._take_or_refuse(batch, person, patient_id, known=known)
                handled += _weight(person)
                yield handled

    def _traits(self, person: Person) -> dict[str, list[str]]:
        """What she will be found by, as it will be stored: a shifted import moves birth dates too."""
        if not person.identified:
            return {}
        stored = dating.moved(person, dating.days_back(person, self.now)) if self.shift else person
        return found_by((trait.kind, trait.value) for trait in (*stored.traits, *stored.contacts))

    def _take_or_refuse(self, batch: Batch, person: Person, patient_id: UUID, *, known: bool) -> None:
        try:
            try:
                self._take(batch, person, patient_id, known=known)
            except IntegrityError:  # another import of the same person was faster: look again at what is here
                self._take(batch, person, patient_id, known=True)
            except Refused as refused:
                if refused.code != "unit_full" or self.full:
                    raise
                self.full = True
                self._take(batch, person, patient_id, known=known)
        except (DataError, IntegrityError):
            self._refuse(person, "base")

    def _datable(self, persons: Iterable[Person]) -> Iterator[Person]:
        """Leaves those dated after now, before any id is drawn for them: the record holds no future."""
        for person in persons:
            if not self.shift and person.identified and dating.lies_ahead(person, self.now):
                self._refuse(person, "in_future")
            else:
                yield person

    def _take(self, batch: Batch, person: Person, patient_id: UUID, *, known: bool) -> None:
        here = _here(batch, patient_id) if known else _Here()
        days = 0
        if self.shift and person.identified:
            days = here.days_moved(person) if here.identified else dating.days_back(person, self.now)
            person = dating.moved(person, days)
            if dating.lies_ahead(person, self.now):
                self._refuse(person, "in_future")
                return
        if self.full and not here.admitted and any(stay.end is None for stay in person.stays):
            self._refuse(person, "unit_full")
            return
        with opened(batch):
            added = self._write(batch, person, patient_id, here)
            kept = keep_aside(batch, patient_id, person.asides, here.present, self.now)
            if added or any(kept):
                record_act(VERB, patient_id, f"fhir:{self.manifest}")
        if person.identified:
            self.patients["known" if here.identified else "new"] += 1
            self.patients["shifted"] += bool(days and added)
            staying = {stay.ref for stay in person.stays if stay.end is None} | {_ADMISSION}
            self.patients["admitted"] += bool(staying & added)
            self.patients["unplaced"] += self.full and not here.admitted
        self._count(person, added, kept)

    def _write(self, batch: Batch, person: Person, patient_id: UUID, here: "_Here") -> set[str]:
        """In her transaction: who she is, her stays, her facts; the resources of which a row was added."""
        added: set[str] = set()
        if not person.identified:
            return added
        source = person.sources[0]
        if not here.identified:
            bring(batch, patient_id, (source[0], person.ref), person.traits, person.contacts, self.now)
            added.add(person.ref)
        told = list(person.stays)
        if not self.full and not here.admitted and all(stay.end is not None for stay in told):
            # what makes an imported person appear in the unit where the source tells of no stay that lasts
            told.append(Stay(_ADMISSION, self.now, None))
        added |= stays.bring(batch, patient_id, self.unit_id, source[0], told, here.present)
        return added | bring_facts(batch, patient_id, source[0], person.facts, here.present, self.now)

    def _count(self, person: Person, added: set[str], kept: list[bool]) -> None:
        for ref in person.refs():
            counts = self.tally.stored if ref in added else self.tally.already
            counts[ref.partition("/")[0]] += 1
        for aside, fresh in zip(person.asides, kept, strict=True):
            if aside.reason == "parts":
                self.tally.whole += fresh
            elif fresh:
                self.tally.kept[aside.type, aside.reason] += 1
            else:
                self.tally.already[aside.type] += 1

    def _refuse(self, person: Person, reason: str) -> None:
        self.patients["refused"] += 1
        self.tally.leave_refs(person.refs(), reason)
        self.tally.leave_refs((aside.type for aside in person.asides if aside.reason != "parts"), reason)


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
    (known, births), (staid, staying), facts = fetch(
        batch, identity.brought(batch, patient_id), stay_reads.brought(batch, patient_id), brought(batch, patient_id)
    )
    return _Here(known, staying, staid | facts, births)


def _weight(person: Person) -> int:
    return len(person.refs()) + len(person.asides)


def _slices(persons: Iterable[Person]) -> Iterator[list[Person]]:
    people: list[Person] = []
    facts = 0
    for person in persons:
        people.append(person)
        facts += _weight(person)
        if len(people) == SLICE or facts > _SLICE_FACTS:
            yield people
            people, facts = [], 0
    if people:
        yield people
