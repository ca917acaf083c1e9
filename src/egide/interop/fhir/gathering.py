"""Resources in any order and from any file become whole persons: who is broken, absent or repeated is decided here."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from egide.interop.fhir import fields, imported, lines, mapping
from egide.interop.fhir.fields import Invalid, Left, Node
from egide.interop.fhir.limits import MAX_TYPES
from egide.interop.fhir.tally import UNREADABLE, Broken, Place, Tally
from egide.interop.fhir.values import Allergy, Aside, Imported, Measurement, Person, Problem, Stay, Trait

EMPTY = "(vide)"
OTHERS = "(autres)"

_TYPE = re.compile(r"[A-Z][A-Za-z]{1,39}\Z")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_BUNDLES_IN_BUNDLES = 3
_LIKELY_AGE = 40
_AT_ONCE = 5_000  # resources of nobody in one transaction
_NOBODY = "(partagé)"
_UNKNOWN = "inconnue"


Number = tuple[str, str]  # system, identifier


class NeedsSource(Exception):
    """Patients have neither a record number nor a universal id: the operator must name the source."""


@dataclass(slots=True)
class _Draft:
    """One patient while her resources come in."""

    identity: mapping.Identity | None = None
    broken: bool = False
    refs: set[str] = field(default_factory=set)
    stays: list[Stay] = field(default_factory=list)
    spans: dict[str, tuple[datetime | None, datetime | None]] = field(default_factory=dict)
    problems: list[tuple[Problem, str]] = field(default_factory=list)
    allergies: list[Allergy] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    imported: list[tuple[Imported, str]] = field(default_factory=list)
    held: dict[str, Aside] = field(default_factory=dict)
    """Each resource of `refs`, whole: it may still have to be kept aside."""
    asides: list[Aside] = field(default_factory=list)

    def all_aside(self, reason: str) -> tuple[Aside, ...]:
        """All of hers, kept for want of a person."""
        whole = (aside for aside in self.asides if aside.reason != "parts")  # those stand among the held
        return (*(replace(aside, reason=reason) for aside in self.held.values()), *whole)


class Gathering:
    """Takes documents with their place, then gives persons. `tally` counts what will not reach a person."""

    def __init__(self, source: str = "") -> None:
        self.tally = Tally()
        self._source = source
        self._drafts: dict[str, _Draft] = {}
        self._medications: imported.Medications = {}
        self._nobodys: list[Aside] = []
        self._facts = {
            **dict.fromkeys(imported.READERS, self._imported),
            "Encounter": self._encounter,
            "Condition": self._condition,
            "AllergyIntolerance": self._allergy,
            "Observation": self._observation,
        }

    def take(self, place: Place, document: Any, raw: bytes) -> None:
        """One document with its bytes: a resource, or a bundle of them, or Invalid when it could not be read."""
        if isinstance(document, Invalid):
            self._unreadable(place, document)
        elif _is_bundle(document):
            self._bundle(place, document, raw, 0)
        else:
            self._resource(place, document, raw, {}, "")

    def count(self) -> tuple[int, int]:
        """How many patients the files name, and how many resources will reach the writer: for the progress bar."""
        patients = sum(draft.identity is not None for draft in self._drafts.values())
        held = sum(len(draft.held) + len(draft.asides) for draft in self._drafts.values() if not draft.broken)
        return patients, held + len(self._nobodys)

    def check_sources(self) -> None:
        """Raises NeedsSource when some patient could not be told from another of the same id elsewhere."""
        for ref, draft in self._drafts.items():
            if draft.identity is not None and not self._label(ref, draft.identity):
                raise NeedsSource

    def persons(self) -> Iterator[Person]:
        """Persons in the order their first resource came, then what names nobody; the broken ones are accounted for.

        Of a subject who is not among the files, or of whom no birth can be told, all is kept aside under her id there.
        """
        shared, common = self._shared_numbers(), self._common_label()
        for ref, draft in self._drafts.items():
            if draft.broken:
                self.tally.leave_refs((aside.type for aside in draft.all_aside("")), "patient_broken")
                continue
            reason = "patient_absent"
            if draft.identity is not None:
                try:
                    yield self._person(ref, draft, draft.identity, shared)
                    continue
                except Left as left:
                    reason = left.reason
            label = self._label(ref, draft.identity) if draft.identity else common or _universal(ref)
            yield Person(ref, ((f"fhir:{label}", ref),), (), (), asides=draft.all_aside(reason))
        source = ((f"fhir:{common or _UNKNOWN}", _NOBODY),)
        for start in range(0, len(self._nobodys), _AT_ONCE):
            yield Person(_NOBODY, source, (), (), asides=tuple(self._nobodys[start : start + _AT_ONCE]))

    # One document

    def _bundle(self, place: Place, bundle: Node, raw: bytes, level: int) -> None:
        try:
            entries = fields.nodes(bundle, "entry")
            urls = {fields.text(entry, "fullUrl"): entry for entry in entries}
            urns = {url: ref for url, entry in urls.items() if url and (ref := _ref(entry, url))}
        except Invalid as invalid:
            self._unreadable(place, invalid)
            return
        touched: list[_Draft] = []
        nobodys = False
        texts = lines.resources(raw)
        for number, (entry, text) in enumerate(zip(entries, texts, strict=True), start=1):
            here = replace(place, entry=place.entry or number)
            resource = entry.get("resource")
            if resource is None:
                self._read(EMPTY)
                self.tally.leave(EMPTY, "empty")
            elif _is_bundle(resource) and level < _BUNDLES_IN_BUNDLES:
                self._bundle(here, resource, text, level + 1)
            else:
                draft, good = self._resource(here, resource, text, urns, _id_of_url(fields.text(entry, "fullUrl")))
                touched += [draft] if draft else []
                nobodys = nobodys or (draft is None and not good)
        if nobodys:  # a bundle is one act: a broken entry that names nobody may concern each person in it
            for draft in touched:
                draft.broken = True

    def _resource(
        self, place: Place, resource: Any, raw: bytes, urns: dict[str, str], url_id: str
    ) -> tuple[_Draft | None, bool]:
        """Take one resource: the person it concerns, if known, and whether it is sound."""
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(kind, str) or not _TYPE.match(kind):
            self._unreadable(place, Invalid("no_type"))
            return None, False
        kind = self._read(kind)
        draft: _Draft | None = None
        aside: Aside | None = None
        try:
            aside = mapping.aside(kind, resource, raw)
            if kind != "Patient" and kind not in self._facts:
                draft = self._other(kind, resource, aside, urns, url_id)
                return draft, True
            ref = f"{kind}/{_ident(resource, url_id)}"
            draft = self._draft_of(kind, ref, resource, urns)
            self._fact(draft, kind, ref, resource, aside, urns)
        except Left as left:
            if aside is not None:
                (draft.asides if draft else self._nobodys).append(replace(aside, reason=left.reason))
        except Invalid as invalid:
            self.tally.breaks(Broken(place, kind, invalid.reason, invalid.field))
            if draft is not None:
                draft.broken = True
            return draft, False
        return draft, True

    def _other(self, kind: str, resource: Node, aside: Aside, urns: dict[str, str], url_id: str) -> _Draft | None:
        """A type that the record does not take: its patient's, or nobody's."""
        if kind == "Medication":
            ident = fields.text(resource, "id", 64) or url_id
            self._medications[f"Medication/{ident}"] = imported.medication(resource, urns)
        ref = mapping.holder(resource, urns)
        if not ref:
            self._nobodys.append(replace(aside, reason="no_patient"))
            return None
        draft = self._drafts.setdefault(ref, _Draft())
        draft.asides.append(aside)
        return draft

    def _fact(
        self, draft: _Draft, kind: str, ref: str, resource: Node, aside: Aside, urns: dict[str, str]
    ) -> None:  # fmt: skip
        if ref in draft.held and draft.held[ref].digest == aside.digest:
            self.tally.leave(kind, "repeated")
            return
        if kind == "Encounter":
            draft.spans[ref] = fields.period(resource, "period")  # a part of a stay dates its conditions too
        if aside.category == "protected":
            raise Left("restricted")
        if kind == "Patient":
            self._patient(draft, resource, aside)
        elif ref in draft.refs:
            raise Left("repeated")
        else:
            self._facts[kind](draft, ref, resource, aside, urns)
        draft.refs.add(ref)
        draft.held[ref] = aside

    def _draft_of(self, kind: str, ref: str, resource: Node, urns: dict[str, str]) -> _Draft:
        if kind != "Patient":
            holder = "patient" if kind in ("AllergyIntolerance", "Immunization") else "subject"
            if not fields.node(resource, holder):
                raise Invalid("no_subject", holder)
            ref = fields.reference(resource, holder, urns, "Patient")
            if not ref:
                raise Left("patient_absent")
            if not ref.startswith("Patient/"):
                raise Left("not_a_patient")
        return self._drafts.setdefault(ref, _Draft())

    def _patient(self, draft: _Draft, resource: Node, aside: Aside) -> None:
        identity = mapping.identity(resource)
        if draft.identity is not None:
            if draft.identity == identity:
                raise Left("repeated")
            raise Invalid("two_patients", "id")
        if identity.other_numbers:
            self.tally.left_out["identifier"] += identity.other_numbers
            draft.asides.append(replace(aside, reason="parts"))
        draft.identity = identity

    def _encounter(self, draft: _Draft, ref: str, resource: Node, _aside: Aside, _urns: dict[str, str]) -> None:
        draft.stays.append(mapping.stay(resource, ref))

    def _condition(self, draft: _Draft, ref: str, resource: Node, _aside: Aside, urns: dict[str, str]) -> None:
        encounter = fields.reference(resource, "encounter", urns, "Encounter")
        draft.problems.append((mapping.problem(resource, ref), encounter))

    def _allergy(self, draft: _Draft, ref: str, resource: Node, _aside: Aside, _urns: dict[str, str]) -> None:
        draft.allergies.append(mapping.allergy(resource, ref))

    def _observation(self, draft: _Draft, ref: str, resource: Node, aside: Aside, _urns: dict[str, str]) -> None:
        found, left_out = mapping.measurements(resource, ref)
        draft.measurements += found
        self.tally.left_out.update(left_out)
        if left_out:
            draft.asides.append(replace(aside, reason="parts"))

    def _imported(self, draft: _Draft, ref: str, resource: Node, aside: Aside, urns: dict[str, str]) -> None:
        draft.imported.append(imported.fact(aside.type, resource, ref, urns))
        if imported.has_parts_left(resource):
            self.tally.left_out["attachment"] += 1
            draft.asides.append(replace(aside, reason="parts"))

    def _read(self, kind: str) -> str:
        if kind not in self.tally.read and len(self.tally.read) >= MAX_TYPES:
            kind = OTHERS
        self.tally.read[kind] += 1
        return kind

    def _unreadable(self, place: Place, invalid: Invalid) -> None:
        self._read(UNREADABLE)
        self.tally.breaks(Broken(place, UNREADABLE, invalid.reason, invalid.field))

    # One person

    def _shared_numbers(self) -> set[Number]:
        """Record numbers that two patients claim: they recognise nobody."""
        holders = Counter(n for draft in self._drafts.values() if draft.identity for n in draft.identity.numbers)
        return {number for number, count in holders.items() if count > 1}

    def _person(self, ref: str, draft: _Draft, identity: mapping.Identity, shared: set[Number]) -> Person:
        stays = self._stays(draft)
        problems = self._problems(draft)
        told = list(self._named(draft))
        first = min(
            (
                *(stay.start.date() for stay in stays),
                *(found for problem in problems if (found := problem.onset)),
                *(fact.taken_at.date() for fact in draft.measurements),
                *(fact.at.date() for fact in told),
            ),
            default=None,
        )
        birth = Trait("birth_date", _birth(identity, first).isoformat())
        return Person(
            ref,
            self._sources(ref, identity, shared),
            (*identity.traits, birth),
            identity.contacts,
            tuple(stays),
            tuple(problems),
            tuple(draft.allergies),
            tuple(draft.measurements),
            tuple(told),
            tuple(draft.asides),
        )

    def _named(self, draft: _Draft) -> Iterator[Imported]:
        """Treatments by the names of the Medications they refer to; those of no name are kept aside."""
        for found, refers in draft.imported:
            try:
                yield imported.named(found, refers, self._medications)
            except Left as left:
                self._leave(draft, {found.ref}, left.reason)

    def _label(self, ref: str, identity: mapping.Identity) -> str:
        """What makes an id of this source unlike the same id elsewhere; empty when nothing does."""
        named = self._source or (identity.numbers[0][0] if identity.numbers else "")
        return named or (_universal(ref) if _universal(ref) != _UNKNOWN else "")

    def _sources(self, ref: str, identity: mapping.Identity, shared: set[Number]) -> tuple[Number, ...]:
        numbers = [number for number in identity.numbers if number not in shared]
        return (f"fhir:{self._label(ref, identity)}", ref), *numbers

    def _stays(self, draft: _Draft) -> list[Stay]:
        """Past stays, and of those that last only the latest: a person lies in one bed."""
        lasting = max((stay for stay in draft.stays if stay.end is None), key=lambda s: (s.start, s.ref), default=None)
        kept = [stay for stay in draft.stays if stay.end is not None or stay is lasting]
        self._leave(draft, {stay.ref for stay in draft.stays} - {stay.ref for stay in kept}, "several_open")
        return sorted(kept, key=lambda stay: (stay.start, stay.ref))

    def _problems(self, draft: _Draft) -> list[Problem]:
        """Problems with the dates of their encounter where they have none; one line for each that is active."""
        dated: list[Problem] = []
        for problem, encounter in draft.problems:
            start, _ = draft.spans.get(encounter, (None, None))
            recorded = problem.recorded_at or start
            onset = problem.onset or (recorded.date() if recorded else None)
            if onset and problem.ended and problem.ended < onset:
                onset = problem.ended
            dated.append(replace(problem, onset=onset, recorded_at=recorded))
        dated.sort(key=lambda problem: (problem.onset or date.max, problem.ref))
        active: set[tuple[str, str]] = set()
        kept: list[Problem] = []
        for problem in dated:
            what = (problem.system, problem.code or problem.label)
            if problem.ended is None and what in active:
                self._leave(draft, {problem.ref}, "same_problem")
                continue
            if problem.ended is None:
                active.add(what)
            kept.append(problem)
        return kept

    def _common_label(self) -> str:
        """What the ids of subjects who are not among the files are told by: the label most of the others have."""
        labels = Counter(self._label(one, d.identity) for one, d in self._drafts.items() if d.identity is not None)
        return self._source or max(labels, key=lambda label: labels[label], default="")

    def _leave(self, draft: _Draft, refs: set[str], reason: str) -> None:
        draft.asides += [replace(draft.held.pop(ref), reason=reason) for ref in sorted(refs)]
        draft.refs -= refs


def _birth(identity: mapping.Identity, first_fact: date | None) -> date:
    """EXI PP 19: with nothing known, 31 December of a plausible year: an adult at her first dated fact."""
    if identity.birth is not None:
        return mapping.birth_date(identity.birth)
    if first_fact is None:
        raise Left("no_birth")
    return date(first_fact.year - _LIKELY_AGE, 12, 31)


def _universal(ref: str) -> str:
    """The label of an id that no other system gives; of another, that its system is not known."""
    return "uuid" if _UUID.match(ref.partition("/")[2]) else _UNKNOWN


def _ident(resource: Node, url_id: str) -> str:
    ident = fields.text(resource, "id", 64) or url_id
    if not _ID.match(ident):
        raise Invalid("no_id", "id")
    return ident


def _ref(entry: Node, url: str) -> str:
    resource = entry.get("resource")
    if not isinstance(resource, dict):
        return ""
    kind = resource.get("resourceType")
    ident = fields.text(resource, "id", 64) or _id_of_url(url)
    return f"{kind}/{ident}" if isinstance(kind, str) and _TYPE.match(kind) and _ID.match(ident) else ""


def _is_bundle(document: Any) -> bool:
    return isinstance(document, dict) and document.get("resourceType") == "Bundle"


def _id_of_url(url: str) -> str:
    return re.split(r"[/:]", url)[-1]
