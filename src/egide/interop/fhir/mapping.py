"""One FHIR resource becomes plain values, or is Left with a reason, or is Invalid. No clock, no file, no table."""

import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from egide.identity.rules import storage_case
from egide.interop.fhir import fields, measures
from egide.interop.fhir.fields import Invalid, Left, Node
from egide.interop.fhir.values import Allergy, Aside, Measurement, Problem, Stay, Trait
from egide.kernel.codes import VitalSign

RESTRICTED = frozenset({"R", "V"})  # http://terminology.hl7.org/CodeSystem/v3-Confidentiality
_LONGEST_SYSTEM, _LONGEST_CODE = 100, 40  # columns of the record
_HUGE = 10**9  # further than any unit can bring back
_SEX = {"male": "M", "female": "F"}
_INSEE = "insee-code"
_UNKNOWN_PLACE = "99999"

# Identifiers that name a person to one care system. Social security numbers, passports and the INS do not serve to
# recognise a foreign record: the INS has its own way in, and an outside identity enters provisional (RNIV EXI SI 34).
_RECORD_NUMBERS = frozenset({"", "MR", "PI", "PT", "RRI", "U"})
_NOT_RECORD_NUMBERS = ("us-ssn", "1.2.250.1.213.1.4.", "passport")

_NO_KNOWN_ALLERGY = frozenset({"716186003", "409137002", "429625007", "428607008"})  # SNOMED CT


@dataclass(frozen=True, slots=True)
class Identity:
    """A Patient resource: traits and contacts, record numbers, and what is still to be completed or resolved."""

    numbers: tuple[tuple[str, str], ...]
    other_numbers: int
    traits: tuple[Trait, ...]
    contacts: tuple[Trait, ...]
    birth: tuple[int, int | None, int | None] | None


def restricted(resource: Node) -> bool:
    """Whether its source marks it so: it is kept aside in the protected category, for a person to decide."""
    labels = fields.nodes(fields.node(resource, "meta"), "security")
    return any(fields.text(label, "code", 100) in RESTRICTED for label in labels)


_DATES = (
    "effectiveDateTime", "performedDateTime", "occurrenceDateTime", "authoredOn", "date", "issued", "recordedDate",
    "whenHandedOver", "whenPrepared", "dateAsserted", "started", "created", "onsetDateTime", "receivedTime",
)  # fmt: skip
_PERIODS = ("period", "effectivePeriod", "performedPeriod", "billablePeriod", "servicedPeriod")


def some_date(resource: Node) -> datetime | None:
    """The first date that can be read in a resource kept aside; None rather than broken."""

    def read(found: Node, field: str) -> datetime | None:
        try:
            return fields.instant(found, field)
        except Invalid:
            return None

    for field in _DATES:
        if field in resource and (moment := read(resource, field)):
            return moment
    for field in (*_PERIODS, "collection"):
        inside = resource.get(field)
        if isinstance(inside, dict) and (moment := read(inside, "start") or read(inside, "collectedDateTime")):
            return moment
    return None


def aside(kind: str, resource: Node, raw: bytes) -> Aside:
    """The resource whole, as it would be kept aside."""
    try:
        secret = restricted(resource)
    except Invalid:
        secret = True  # it cannot be told: the careful side
    category = "ins" if kind == "Patient" else "clinical"  # it bears numbers that few may read
    return Aside(
        kind, "type", "protected" if secret else category, some_date(resource),
        hashlib.sha256(raw).hexdigest(), zlib.compress(raw, 1),
    )  # fmt: skip


_HOLDERS = ("subject", "patient", "beneficiary", "individual", "for")


def holder(resource: Node, urns: dict[str, str]) -> str:
    """`Patient/id` whom a resource of any type says it concerns; empty when it names none."""
    for field in _HOLDERS:
        if isinstance(resource.get(field), dict):
            ref = fields.reference(resource, field, urns, "Patient")
            if ref.startswith("Patient/"):
                return ref
    return ""


def identity(resource: Node) -> Identity:
    """A Patient. The birth name is the maiden one where the source gives it, else the official one."""
    numbers, others = _numbers(resource)
    return Identity(
        numbers,
        others,
        tuple(_traits(resource)),
        tuple(_contacts(resource)),
        fields.partial_date(resource, "birthDate"),
    )


def birth_date(parts: tuple[int, int | None, int | None]) -> date:
    """RNIV EXI PP 19: day unknown → the 1st of the month; day and month unknown → 31 December."""
    year, month, day = parts
    if month is None:
        return date(year, 12, 31)
    return date(year, month, day or 1)


def stay(resource: Node, ref: str) -> Stay:
    """An Encounter that took or takes place and is not a part of another."""
    state = fields.text(resource, "status", 40)
    if state in ("planned", "cancelled", "entered-in-error"):
        raise Left("status")
    if fields.node(resource, "partOf"):
        raise Left("part_of")
    start, end = fields.period(resource, "period")
    if start is None or (end is None and state in ("finished", "completed", "discharged", "unknown", "")):
        raise Left("no_date")
    return Stay(ref, start, end)


def problem(resource: Node, ref: str) -> Problem:
    """A Condition; dates that only its encounter can give are completed by the caller."""
    if fields.status(resource, "verificationStatus") in ("refuted", "entered-in-error"):
        raise Left("refuted")
    system, code, label = _concept(resource, "code")
    onset = fields.day(resource, "onsetDateTime") or fields.day(fields.node(resource, "onsetPeriod"), "start")
    ended = fields.day(resource, "abatementDateTime") or fields.day(fields.node(resource, "abatementPeriod"), "end")
    recorded = fields.instant(resource, "recordedDate")
    if ended is not None and onset is not None and ended < onset:
        raise Invalid("period", "abatementDateTime")
    if ended is None and fields.status(resource, "clinicalStatus") in ("resolved", "inactive", "remission"):
        # Over, without saying when: a day is needed so that it does not stand among the active ones.
        ended = recorded.date() if recorded else onset
        if ended is None:
            raise Left("no_date")
    return Problem(ref, system, code, label, onset, ended, recorded)


def allergy(resource: Node, ref: str) -> Allergy:
    """An AllergyIntolerance that still holds; an unconfirmed one is taken, for hiding it would be the danger."""
    if fields.status(resource, "verificationStatus") in ("refuted", "entered-in-error"):
        raise Left("refuted")
    if fields.status(resource, "clinicalStatus") in ("resolved", "inactive"):
        raise Left("ended")
    reactions = fields.nodes(resource, "reaction")
    system, code, substance = _concept(resource, "code")
    if code in _NO_KNOWN_ALLERGY:
        raise Left("no_known")
    signs = [words(shown) for reaction in reactions for shown in fields.nodes(reaction, "manifestation")]
    severities = {fields.text(reaction, "severity", 20) for reaction in reactions}
    severity = next((level for level in ("severe", "moderate", "mild") if level in severities), "")
    seen = fields.instant(resource, "recordedDate") or fields.instant(resource, "onsetDateTime")
    return Allergy(ref, system, code, substance, ", ".join(filter(None, signs)) or None, severity, seen)


def measurements(resource: Node, ref: str) -> tuple[list[Measurement], list[str]]:
    """The numbers of an Observation that the record keeps, and why its other components were left out."""
    if fields.text(resource, "status", 40) not in ("final", "amended", "corrected"):
        raise Left("status")
    taken_at = _taken_at(resource)
    signs: list[tuple[str, VitalSign, Node]] = []
    unknown = 0
    panel = False
    for part in (resource, *fields.nodes(resource, "component")):
        codes = list(fields.codings(part, "code"))
        sign = next(filter(None, (measures.sign_of(system, code) for system, code, _ in codes)), None)
        panel = panel or any(system == measures.LOINC and code in measures.PANELS for system, code, _ in codes)
        if sign is not None:
            signs.append((ref, sign, part))
        elif part is not resource:
            unknown += 1
    if not signs:
        raise Left("no_value" if panel else "code")
    if taken_at is None:
        raise Left("no_date")
    found: list[tuple[str, Decimal, str]] = []
    reasons = ["code"] * unknown
    for _, sign, part in signs:
        try:
            found.append((sign.loinc, _value(sign, part), sign.unit))
        except Left as left:
            reasons.append(left.reason)
    if not found:
        raise Left(reasons[-1])
    grouped = len(found) > 1
    return [Measurement(ref, grouped, code, value, unit, taken_at) for code, value, unit in found], reasons


def _value(sign: VitalSign, part: Node) -> Decimal:
    quantity = fields.node(part, "valueQuantity")
    value = fields.number(quantity, "value")
    if value is None:
        raise Left("no_value")
    if fields.text(quantity, "comparator", 10):
        raise Left("comparator")
    if abs(value) > _HUGE:
        raise Left("range")
    unit = fields.text(quantity, "code", 100) or fields.text(quantity, "unit", 100)
    converted = measures.converted(sign, value, unit)
    if converted is None:
        raise Left("unit")
    if not measures.possible(sign, converted):
        raise Left("range")
    return converted


def _taken_at(resource: Node) -> datetime | None:
    for field in ("effectiveDateTime", "effectiveInstant"):
        moment = fields.instant(resource, field)
        if moment is not None:
            return moment
    return fields.period(resource, "effectivePeriod")[0]


def coding(resource: Node, field: str) -> tuple[str, str]:
    """System and code of a concept that the record can hold; both empty when there are none."""
    system, code, _ = next((found for found in fields.codings(resource, field) if _fits(*found)), ("", "", ""))
    return system, code


def _concept(resource: Node, field: str) -> tuple[str, str, str]:
    system, code = coding(resource, field)
    label = words(fields.node(resource, field))
    if not label:
        raise Left("no_code")
    return system, code, label


def _fits(system: str, code: str, _shown: str) -> bool:
    """Whether the record can hold the coding; of one too long only the words are kept."""
    return 0 < len(code) <= _LONGEST_CODE and len(system) <= _LONGEST_SYSTEM


def words(concept: Node) -> str:
    """What a concept is called: its text, else what its codes are shown as, else a code."""
    said = fields.text(concept, "text")
    for one in fields.nodes(concept, "coding"):
        said = said or fields.text(one, "display")
    for one in fields.nodes(concept, "coding"):
        said = said or fields.text(one, "code", 100)
    return said


def _numbers(resource: Node) -> tuple[tuple[tuple[str, str], ...], int]:
    numbers: list[tuple[str, str]] = []
    others = 0
    for identifier in fields.nodes(resource, "identifier"):
        system, value = fields.text(identifier, "system", 400), fields.text(identifier, "value", 200)
        usable = system and value and fields.status(identifier, "type") in _RECORD_NUMBERS
        if usable and not any(mark in system for mark in _NOT_RECORD_NUMBERS):
            numbers.append((system, value))
        else:
            others += 1
    return tuple(dict.fromkeys(numbers)), others


def _traits(resource: Node) -> Iterator[Trait]:
    names = fields.nodes(resource, "name")
    by_use = {fields.text(name, "use", 20): name for name in reversed(names)}  # the first of each use wins
    official = next((by_use[use] for use in ("official", "", "usual") if use in by_use), names[0] if names else {})
    maiden = by_use.get("maiden", official)
    usual = by_use.get("usual", official)
    family = storage_case(fields.text(official, "family"))
    given = [part for part in map(storage_case, _given(official)) if part]
    birth_name = storage_case(fields.text(maiden, "family")) or family or "SANSNOM"
    first_name = given[0] if given else "SANSPRENOM"
    yield Trait("birth_name", birth_name, _days(maiden)[0])
    yield Trait("first_name", first_name, _days(official)[0])
    yield Trait("first_names", " ".join(given) or first_name, _days(official)[0])
    # EXI SI 21: the used name and first name only where they differ.
    usual_family = storage_case(fields.text(usual, "family"))
    if used := next((name for name in (usual_family, family) if name not in ("", birth_name)), ""):
        yield Trait("used_name", used, *_days(usual if used == usual_family else official))
    usual_given = next(map(storage_case, fields.texts(usual, "given")), "")
    if usual_given not in ("", first_name):
        yield Trait("used_first_name", usual_given, *_days(usual))
    yield Trait("sex", _SEX.get(fields.text(resource, "gender", 20), "I"))
    yield Trait("birth_place", _birth_place(resource))
    yield Trait("status", "provisoire")
    death = fields.day(resource, "deceasedDateTime")
    if death is not None:
        yield Trait("deceased", death.isoformat())
    elif resource.get("deceasedBoolean") is True:
        yield Trait("deceased", "oui")


def _given(name: Node) -> list[str]:
    for extension in fields.nodes(name, "extension"):
        if fields.text(extension, "url").endswith("birth-list-given-name"):
            listed = fields.text(extension, "valueString")
            if listed:
                return listed.replace(",", " ").split()
    return [part.replace(",", " ") for part in fields.texts(name, "given")]


def _birth_place(resource: Node) -> str:
    for extension in fields.nodes(resource, "extension"):
        if not fields.text(extension, "url").lower().endswith("birthplace"):
            continue
        address = fields.node(extension, "valueAddress")
        codes = [
            fields.status(part, "valueCodeableConcept") or fields.text(fields.node(part, "valueCoding"), "code", 10)
            for holder in (address, fields.node(address, "_city"))
            for part in fields.nodes(holder, "extension")
            if _INSEE in fields.text(part, "url")
        ]
        label = ", ".join(filter(None, (fields.text(address, part) for part in ("city", "state", "country"))))
        code = next((code for code in codes if re.fullmatch(r"\d[0-9AB]\d{3}", code)), _UNKNOWN_PLACE)
        return f"{code}|{label.replace('|', ' ')}" if label else code
    return _UNKNOWN_PLACE


def _contacts(resource: Node) -> Iterator[Trait]:
    for telecom in fields.nodes(resource, "telecom"):
        kind = fields.text(telecom, "system", 20)
        value = fields.text(telecom, "value", 300)
        if value and kind in ("phone", "email") and fields.text(telecom, "use", 20) != "old":
            yield Trait(kind, value, *_days(telecom))
    for address in fields.nodes(resource, "address"):
        town = " ".join(filter(None, (fields.text(address, "postalCode"), fields.text(address, "city"))))
        parts = (*fields.texts(address, "line"), town, fields.text(address, "state"), fields.text(address, "country"))
        value = ", ".join(filter(None, parts)) or fields.text(address, "text")
        if value:
            yield Trait("address", value, *_days(address))


def _days(holder: Node) -> tuple[date | None, date | None]:
    span = fields.node(holder, "period")
    start, end = fields.day(span, "start"), fields.day(span, "end")
    if start is not None and end is not None and end < start:
        raise Invalid("period", "period")
    return start, end
