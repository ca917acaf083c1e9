"""Treatments, vaccinations, acts and documents: one FHIR resource becomes a dated fact, or is Left with a reason.

R4 pages: medicationrequest, medicationstatement, medicationadministration, immunization, procedure, documentreference.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from egide.interop.fhir import fields, mapping
from egide.interop.fhir.fields import Invalid, Left, Node
from egide.interop.fhir.limits import MAX_CONTENT
from egide.interop.fhir.values import Imported

NEVER_DONE = frozenset({"entered-in-error", "not-done", "not-taken", "cancelled", "draft", "preparation"})
_NO_ORDER = frozenset({"proposal", "plan", "option"})
_MEDIA = 60
_BOM = b"\xef\xbb\xbf"

Medications = dict[str, "Medication"]


@dataclass(frozen=True, slots=True)
class Medication:
    """What a Medication resource says that a prescription refers to."""

    system: str
    code: str
    label: str
    parts: tuple[str, ...]


def medication(resource: Node, urns: dict[str, str]) -> Medication:
    """A Medication: its words, its code, and of a mix the Medications it is made of."""
    system, code, label = _coded(resource, "code")
    named = next(
        (fields.text(one, "value", 200) for one in fields.nodes(resource, "identifier")
         if fields.text(one, "system", 400).endswith("name")), ""
    )  # fmt: skip
    parts = [fields.reference(one, "itemReference", urns, "Medication") for one in fields.nodes(resource, "ingredient")]
    if named and label == code:
        label = named
    return Medication(system, code, label, tuple(filter(None, parts)))


def fact(kind: str, resource: Node, ref: str, urns: dict[str, str]) -> tuple[Imported, str]:
    """One of READERS' types, and the Medication it refers to, to be looked up once all are read (or empty)."""
    state = fields.text(resource, "status", 20)
    if state in NEVER_DONE:
        raise Left("status")
    return READERS[kind](resource, ref, state, urns)


def named(found: Imported, refers: str, known: Medications) -> Imported:
    """The fact with the words of the Medication it refers to; Left when nothing names it."""
    if found.label or not refers:
        if not found.label:
            raise Left("no_code")
        return found
    seen = known.get(refers)
    label = _words(seen, known) if seen else ""
    if seen is None or not label:
        raise Left("no_code")
    return replace(found, system=seen.system, code=seen.code, label=label)


def _words(one: Medication, known: Medications) -> str:
    parts = [known[ref].label for ref in one.parts if ref in known]
    return one.label or " + ".join(filter(None, parts))


def _prescription(resource: Node, ref: str, state: str, urns: dict[str, str]) -> tuple[Imported, str]:
    if fields.text(resource, "intent", 20) in _NO_ORDER or resource.get("doNotPerform") is True:
        raise Left("status")
    valid = fields.period(fields.node(resource, "dispenseRequest"), "validityPeriod")
    at = fields.instant(resource, "authoredOn") or valid[0]
    details = [pair for dosage in fields.nodes(resource, "dosageInstruction") for pair in _dosage(dosage)]
    return _treatment(resource, ref, state, urns, "prescription", (at, valid[1]), details)


def _statement(resource: Node, ref: str, state: str, urns: dict[str, str]) -> tuple[Imported, str]:
    start, end = _when(resource, "effective")
    at = start or fields.instant(resource, "dateAsserted")
    details = [pair for dosage in fields.nodes(resource, "dosage") for pair in _dosage(dosage)]
    return _treatment(resource, ref, state, urns, "statement", (at, end), details)


def _administration(resource: Node, ref: str, state: str, urns: dict[str, str]) -> tuple[Imported, str]:
    dosage = fields.node(resource, "dosage")
    details = [
        ("dose", _quantity(fields.node(dosage, "dose"))), ("rate", _quantity(fields.node(dosage, "rateQuantity"))),
        ("route", mapping.words(fields.node(dosage, "route"))),
        ("method", mapping.words(fields.node(dosage, "method"))),
        ("text", fields.text(dosage, "text")),
    ]  # fmt: skip
    return _treatment(resource, ref, state, urns, "administration", _when(resource, "effective"), details)


def _vaccination(resource: Node, ref: str, state: str, _urns: dict[str, str]) -> tuple[Imported, str]:
    system, code, label = _coded(resource, "vaccineCode")
    rank = [str(one.get("doseNumberPositiveInt") or "") for one in fields.nodes(resource, "protocolApplied")]
    details = [
        ("dose", _quantity(fields.node(resource, "doseQuantity"))), ("rank", ", ".join(filter(None, rank))[:40]),
        ("lot", fields.text(resource, "lotNumber", 100)), ("site", mapping.words(fields.node(resource, "site"))),
        ("route", mapping.words(fields.node(resource, "route"))),
        ("maker", fields.text(fields.node(resource, "manufacturer"), "display", 300)),
    ]  # fmt: skip
    at = fields.instant(resource, "occurrenceDateTime")
    return _made(ref, "vaccination", (system, code, label), state, (at, None), details), ""


def _act(resource: Node, ref: str, state: str, _urns: dict[str, str]) -> tuple[Imported, str]:
    details = [
        *(("site", mapping.words(site)) for site in fields.nodes(resource, "bodySite")),
        ("category", mapping.words(fields.node(resource, "category"))),
        ("outcome", mapping.words(fields.node(resource, "outcome"))),
        *(("by", _who(one, "actor")) for one in fields.nodes(resource, "performer")),
        *(("text", fields.text(one, "text")) for one in fields.nodes(resource, "note")),
    ]
    return _made(ref, "act", _coded(resource, "code"), state, _when(resource, "performed"), details), ""


def _document(resource: Node, ref: str, state: str, _urns: dict[str, str]) -> tuple[Imported, str]:
    system, code, label = _coded(resource, "type")
    contents = [fields.node(one, "attachment") for one in fields.nodes(resource, "content")]
    first = contents[0] if contents else {}
    media = fields.text(first, "contentType", 200).lower()[:_MEDIA]
    text, data = _content(first, media)
    details = [
        ("title", fields.text(first, "title")), ("text", fields.text(resource, "description")),
        *(("by", fields.text(one, "display", 300)) for one in fields.nodes(resource, "author")),
        ("elsewhere", "1" if data is None and text is None and first.get("url") else ""),
    ]  # fmt: skip
    label = label or fields.text(first, "title") or fields.text(resource, "description")
    at = fields.instant(resource, "date") or fields.instant(first, "creation")
    made = _made(ref, "document", (system, code, label), state, (at, None), details)
    return replace(made, media=media, text=text, data=data), ""


READERS = {
    "MedicationRequest": _prescription,
    "MedicationStatement": _statement,
    "MedicationAdministration": _administration,
    "Immunization": _vaccination,
    "Procedure": _act,
    "DocumentReference": _document,
}


def has_parts_left(resource: Node) -> bool:
    """Whether a document has more attachments than the one that is taken."""
    return resource.get("resourceType") == "DocumentReference" and len(fields.nodes(resource, "content")) > 1


def _treatment(
    resource: Node, ref: str, state: str, urns: dict[str, str], kind: str,
    when: tuple[datetime | None, datetime | None], details: list[tuple[str, str]],
) -> tuple[Imported, str]:  # fmt: skip
    refers = fields.reference(resource, "medicationReference", urns, "Medication")
    coded = _coded(resource, "medicationCodeableConcept")
    inside = fields.text(fields.node(resource, "medicationReference"), "reference", 1000)
    if inside.startswith("#"):
        for one in fields.nodes(resource, "contained"):
            if fields.text(one, "id", 64) == inside[1:]:
                found = medication(one, urns)
                coded = found.system, found.code, found.label
    shown = fields.text(fields.node(resource, "medicationReference"), "display", 300)
    if not coded[2] and not refers:
        coded = "", "", shown
    return _made(ref, kind, coded, state, when, details), "" if coded[2] else refers


def _made(
    ref: str, kind: str, coded: tuple[str, str, str], state: str, when: tuple[datetime | None, datetime | None],
    details: list[tuple[str, str]],
) -> Imported:  # fmt: skip
    at, until = when
    if at is None:
        raise Left("no_date")
    kept = tuple((slug, said) for slug, said in dict.fromkeys(details) if said)
    return Imported(ref, kind, *coded, state, at, until, kept)


def _coded(resource: Node, field: str) -> tuple[str, str, str]:
    """System and code that the record can hold (else empty), and the words (else empty)."""
    system, code = mapping.coding(resource, field)
    return system, code, mapping.words(fields.node(resource, field))


def _when(resource: Node, stem: str) -> tuple[datetime | None, datetime | None]:
    moment = fields.instant(resource, f"{stem}DateTime")
    return (moment, None) if moment else fields.period(resource, f"{stem}Period")


def _dosage(dosage: Node) -> Iterator[tuple[str, str]]:
    yield "text", fields.text(dosage, "text")
    for rate in fields.nodes(dosage, "doseAndRate"):
        yield "dose", _quantity(fields.node(rate, "doseQuantity"))
        yield "rate", _quantity(fields.node(rate, "rateQuantity"))
    yield "route", mapping.words(fields.node(dosage, "route"))
    yield "rhythm", mapping.words(fields.node(fields.node(dosage, "timing"), "code"))
    if dosage.get("asNeededBoolean") is True:
        yield "as_needed", "1"


def _quantity(found: Node) -> str:
    value = fields.number(found, "value")
    if value is None or abs(value) >= 10**12 or (value != 0 and abs(value) < 1 and len(str(value)) > 30):
        return ""
    number = f"{value.normalize():f}"[:30].replace(".", ",")
    unit = fields.text(found, "unit", 100) or fields.text(found, "code", 100)
    return f"{number} {unit}".strip()


def _who(parent: Node, field: str) -> str:
    return fields.text(fields.node(parent, field), "display", 300)


def _content(attachment: Node, media: str) -> tuple[str | None, bytes | None]:
    """The text of a plain one; the bytes of any other, or of what is not UTF-8 without control characters."""
    raw: Any = attachment.get("data")
    if raw is None:
        return None, None
    if not isinstance(raw, str) or len(raw) > MAX_CONTENT:
        raise Invalid("text", "data")
    try:
        data = base64.b64decode("".join(raw.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("shape", "data") from None
    if media.partition(";")[0].strip() == "text/plain":
        try:
            text = data.removeprefix(_BOM).decode()  # no other codec: they load lazily, and no file can be opened here
            return fields.clean(text.replace("\r\n", "\n"), "data", MAX_CONTENT), None
        except (UnicodeDecodeError, Invalid):
            return None, data
    return None, data
