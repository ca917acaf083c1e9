"""Small invented FHIR resources for the tests; nothing here comes from anyone's data."""

import json
from typing import Any

Resource = dict[str, Any]
SYSTEM = "urn:test:dossier"
LOINC = "http://loinc.org"


def patient(ident: str = "p1", **changes: Any) -> Resource:
    """A patient born in 1980, with a record number."""
    return {
        "resourceType": "Patient",
        "id": ident,
        "identifier": [{"system": SYSTEM, "value": f"N-{ident}"}],
        "name": [{"use": "official", "family": "L'Hévéder-Œuf", "given": ["Zoé", "Anne-Marie"]}],
        "gender": "female",
        "birthDate": "1980-02-29",
        **changes,
    }


def encounter(ident: str = "e1", holder: str = "p1", **changes: Any) -> Resource:
    """A finished stay of three days."""
    return {
        "resourceType": "Encounter",
        "id": ident,
        "status": "finished",
        "subject": {"reference": f"Patient/{holder}"},
        "period": {"start": "2020-03-01T08:00:00+01:00", "end": "2020-03-04T12:00:00+01:00"},
        **changes,
    }


def condition(ident: str = "c1", holder: str = "p1", **changes: Any) -> Resource:
    """An active problem."""
    return {
        "resourceType": "Condition",
        "id": ident,
        "subject": {"reference": f"Patient/{holder}"},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "I10", "display": "Hypertension"}]},
        "onsetDateTime": "2019-05",
        **changes,
    }


def allergy(ident: str = "a1", holder: str = "p1", **changes: Any) -> Resource:
    """An allergy with a reaction."""
    return {
        "resourceType": "AllergyIntolerance",
        "id": ident,
        "patient": {"reference": f"Patient/{holder}"},
        "code": {"text": "Arachide"},
        "reaction": [{"manifestation": [{"text": "Urticaire"}], "severity": "moderate"}],
        **changes,
    }


def quantity(code: str, value: Any, unit: str, system: str = LOINC) -> Resource:
    """The coded value of an observation or of a component."""
    return {"code": {"coding": [{"system": system, "code": code}]}, "valueQuantity": {"value": value, "code": unit}}


def observation(ident: str = "o1", holder: str = "p1", **changes: Any) -> Resource:
    """A pulse of 72."""
    return {
        "resourceType": "Observation",
        "id": ident,
        "status": "final",
        "subject": {"reference": f"Patient/{holder}"},
        "effectiveDateTime": "2020-03-02T09:00:00+01:00",
        **quantity("8867-4", 72, "/min"),
        **changes,
    }


def pressure(ident: str = "o2", holder: str = "p1", **changes: Any) -> Resource:
    """A blood pressure panel, 142/81."""
    parts = [quantity("8480-6", 142, "mm[Hg]"), quantity("8462-4", 81, "mm[Hg]")]
    panel = {"coding": [{"system": LOINC, "code": "85354-9"}]}
    return {**observation(ident, holder), "code": panel, "valueQuantity": None, "component": parts, **changes}


def prescription(ident: str = "m1", holder: str = "p1", **changes: Any) -> Resource:
    """A treatment by mouth, for ten days."""
    return {
        "resourceType": "MedicationRequest",
        "id": ident,
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{holder}"},
        "authoredOn": "2020-03-02T10:00:00+01:00",
        "medicationCodeableConcept": {"text": "Amoxicilline 1 g"},
        "dosageInstruction": [
            {"route": {"text": "orale"}, "doseAndRate": [{"doseQuantity": {"value": 2, "unit": "g"}}]}
        ],
        "dispenseRequest": {"validityPeriod": {"start": "2020-03-02", "end": "2020-03-12"}},
        **changes,
    }


def other(kind: str, ident: str = "x1", **fields: Any) -> Resource:
    """A resource of a type that the record does not take."""
    return {"resourceType": kind, "id": ident, **fields}


def bundle(*resources: Resource) -> Resource:
    """A transaction whose references are urn:uuid, as generators write them."""
    text = json.dumps([{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in resources])
    for each in resources:
        if each["resourceType"] == "Patient":
            text = text.replace(f'"Patient/{each["id"]}"', f'"urn:uuid:{each["id"]}"')
    return {"resourceType": "Bundle", "type": "transaction", "entry": json.loads(text)}


def ndjson(*resources: Resource) -> bytes:
    """One resource a line."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in resources)
