"""Resources in any order and from any file become whole persons: who is broken, absent or repeated is decided here."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from egide.interop.fhir import fields, mapping
from egide.interop.fhir.fields import Invalid, Left, Node
from egide.interop.fhir.limits import MAX_TYPES
from egide.interop.fhir.tally import UNREADABLE, Broken, Place, Tally
from egide.interop.fhir.values import Allergy, Measurement, Person, Problem, Stay, Trait

EMPTY = "(vide)"
OTHERS = "(autres)"

_TYPE = re.compile(r"[A-Z][A-Za-z]{1,39}\Z")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_BUNDLES_IN_BUNDLES = 3
_LIKELY_AGE = 40


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


class Gathering:
    """Takes documents with their place, then gives persons. `tally` counts what will not reach a person."""

    def __init__(self, source: str = "") -> None:
        self.tally = Tally()
        self._source = source
        self._drafts: dict[str, _Draft] = {}
        self._facts = {
            "Encounter": self._encounter,
            "Condition": self._condition,
            "AllergyIntolerance": self._allergy,
            "Observation": self._observation,
        }

    def take(self, place: Place, document: Any) -> None:
        """One document: a resource, or a bundle of them, or Invalid when it could not be read."""
        if isinstance(document, Invalid):
            self._unreadable(place, document)
        elif _is_bundle(document):
            self._bundle(place, document, 0)
        else:
            self._resource(place, document, {}, "")

    def count(self) -> int:
        """How many patients the files name, for the progress bar."""
        return sum(draft.identity is not None for draft in self._drafts.values())

    def check_sources(self) -> None:
        """Raises NeedsSource when some patient could not be told from another of the same id elsewhere."""
        for ref, draft in self._drafts.items():
            if draft.identity is not None and not self._label(ref, draft.identity):
                raise NeedsSource

    def persons(self) -> Iterator[Person]:
        """Persons in the order their first resource came; the account of the others is made on the way."""
        shared = self._shared_numbers()
        for ref, draft in self._drafts.items():
            if draft.broken:
                self.tally.leave_refs(draft.refs, "patient_broken")
            elif draft.identity is None:
                self.tally.leave_refs(draft.refs, "patient_absent")
            else:
                try:
                    yield self._person(ref, draft, draft.identity, shared)
                except Left as left:
                    self.tally.leave_refs(draft.refs, left.reason)

    # One document

    def _bundle(self, place: Place, bundle: Node, level: int) -> None:
        try:
            entries = fields.nodes(bundle, "entry")
            urls = {fields.text(entry, "fullUrl"): entry for entry in entries}
            urns = {url: ref for url, entry in urls.items() if url and (ref := _ref(entry, url))}
        except Invalid as invalid:
            self._unreadable(place, invalid)
            return
        touched: list[_Draft] = []
        nobodys = False
        for number, entry in enumerate(entries, start=1):
            here = replace(place, entry=place.entry or number)
            resource = entry.get("resource")
            if resource is None:
                self._read(EMPTY)
                self.tally.leave(EMPTY, "empty")
            elif _is_bundle(resource) and level < _BUNDLES_IN_BUNDLES:
                self._bundle(here, resource, level + 1)
            else:
                draft, good = self._resource(here, resource, urns, _id_of_url(fields.text(entry, "fullUrl")))
                touched += [draft] if draft else []
                nobodys = nobodys or (draft is None and not good)
        if nobodys:  # a bundle is one act: a broken entry that names nobody may concern each person in it
            for draft in touched:
                draft.broken = True

    def _resource(self, place: Place, resource: Any, urns: dict[str, str], url_id: str) -> tuple[_Draft | None, bool]:
        """Take one resource: the person it concerns, if known, and whether it is sound."""
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(kind, str) or not _TYPE.match(kind):
            self._unreadable(place, Invalid("no_type"))
            return None, False
        kind = self._read(kind)
        if kind != "Patient" and kind not in self._facts:
            self.tally.leave(kind, "type")
            return None, True
        draft: _Draft | None = None
        try:
            ref = f"{kind}/{_ident(resource, url_id)}"
            draft = self._draft_of(kind, ref, resource, urns)
            self._fact(draft, kind, ref, resource, urns)
        except Left as left:
            self.tally.leave(kind, left.reason)
        except Invalid as invalid:
            self.tally.breaks(Broken(place, kind, invalid.reason, invalid.field))
            if draft is not None:
                draft.broken = True
            return draft, False
        return draft, True

    def _fact(self, draft: _Draft, kind: str, ref: str, resource: Node, urns: dict[str, str]) -> None:
        if kind == "Patient":
            self._patient(draft, resource)
        elif ref in draft.refs:
            raise Left("repeated")
        else:
            self._facts[kind](draft, ref, resource, urns)
        draft.refs.add(ref)

    def _draft_of(self, kind: str, ref: str, resource: Node, urns: dict[str, str]) -> _Draft:
        if kind != "Patient":
            holder = "patient" if kind == "AllergyIntolerance" else "subject"
            if not fields.node(resource, holder):
                raise Invalid("no_subject", holder)
            ref = fields.reference(resource, holder, urns, "Patient")
            if not ref:
                raise Left("patient_absent")
            if not ref.startswith("Patient/"):
                raise Left("not_a_patient")
        return self._drafts.setdefault(ref, _Draft())

    def _patient(self, draft: _Draft, resource: Node) -> None:
        mapping.kept(resource)
        identity = mapping.identity(resource)
        if draft.identity is not None:
            if draft.identity == identity:
                raise Left("repeated")
            raise Invalid("two_patients", "id")
        self.tally.left_out["identifier"] += identity.other_numbers
        draft.identity = identity

    def _encounter(self, draft: _Draft, ref: str, resource: Node, _urns: dict[str, str]) -> None:
        draft.spans[ref] = fields.period(resource, "period")  # a part of a stay dates its conditions too
        mapping.kept(resource)
        draft.stays.append(mapping.stay(resource, ref))

    def _condition(self, draft: _Draft, ref: str, resource: Node, urns: dict[str, str]) -> None:
        mapping.kept(resource)
        encounter = fields.reference(resource, "encounter", urns, "Encounter")
        draft.problems.append((mapping.problem(resource, ref), encounter))

    def _allergy(self, draft: _Draft, ref: str, resource: Node, _urns: dict[str, str]) -> None:
        mapping.kept(resource)
        draft.allergies.append(mapping.allergy(resource, ref))

    def _observation(self, draft: _Draft, ref: str, resource: Node, _urns: dict[str, str]) -> None:
        mapping.kept(resource)
        found, left_out = mapping.measurements(resource, ref)
        draft.measurements += found
        self.tally.left_out.update(left_out)

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
        facts = (*draft.allergies, *draft.measurements)
        first = min(
            (
                *(stay.start.date() for stay in stays),
                *(found for problem in problems if (found := problem.onset)),
                *(fact.taken_at.date() for fact in facts if isinstance(fact, Measurement)),
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
        )

    def _label(self, ref: str, identity: mapping.Identity) -> str:
        """What makes an id of this source unlike the same id elsewhere; empty when nothing does."""
        named = self._source or (identity.numbers[0][0] if identity.numbers else "")
        return named or ("uuid" if _UUID.match(ref.partition("/")[2]) else "")

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

    def _leave(self, draft: _Draft, refs: set[str], reason: str) -> None:
        self.tally.leave_refs(refs, reason)
        draft.refs -= refs


def _birth(identity: mapping.Identity, first_fact: date | None) -> date:
    """EXI PP 19: with nothing known, 31 December of a plausible year: an adult at her first dated fact."""
    if identity.birth is not None:
        return mapping.birth_date(identity.birth)
    if first_fact is None:
        raise Left("no_birth")
    return date(first_fact.year - _LIKELY_AGE, 12, 31)


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
