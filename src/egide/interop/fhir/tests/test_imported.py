"""Treatments, vaccinations, acts, documents: what each resource becomes, and why others are kept aside."""

import base64
from decimal import Decimal
from typing import Any

import pytest

from egide.interop.fhir import imported
from egide.interop.fhir.fields import Invalid, Left
from egide.interop.fhir.tests import resources as make
from egide.interop.fhir.values import Imported


def told(kind: str, **changes: Any) -> Imported:
    whole = {"subject": {"reference": "Patient/p1"}, "status": "completed", **changes}
    found, refers = imported.fact(kind, whole, f"{kind}/x", {})
    return imported.named(found, refers, {})


def test_a_prescription_tells_dose_route_and_its_days() -> None:
    found, refers = imported.fact("MedicationRequest", make.prescription(), "MedicationRequest/m1", {})
    assert (found.kind, found.label, found.state, refers) == ("prescription", "Amoxicilline 1 g", "active", "")
    assert found.details == (("dose", "2 g"), ("route", "orale"))
    assert found.until is not None
    assert (found.until - found.at).days == 10


@pytest.mark.parametrize(
    "changes",
    [{"status": "cancelled"}, {"status": "draft"}, {"intent": "plan"}, {"doNotPerform": True}],
)
def test_what_was_never_ordered_is_no_treatment(changes: make.Resource) -> None:
    with pytest.raises(Left, match="status"):
        imported.fact("MedicationRequest", make.prescription(**changes), "r", {})


def test_a_reference_takes_the_words_of_its_medication_and_a_mix_those_of_its_parts() -> None:
    known = {
        "Medication/a": imported.Medication("s", "1", "Noradrénaline", ()),
        "Medication/b": imported.Medication("s", "2", "Glucose 5 %", ()),
        "Medication/m": imported.Medication("", "", "", ("Medication/a", "Medication/b", "Medication/gone")),
    }
    for ref, label in (("Medication/a", "Noradrénaline"), ("Medication/m", "Noradrénaline + Glucose 5 %")):
        whole = make.prescription(medicationCodeableConcept=None, medicationReference={"reference": ref})
        assert imported.named(*imported.fact("MedicationRequest", whole, "r", {}), known).label == label
    lost = make.prescription(medicationCodeableConcept=None, medicationReference={"reference": "Medication/gone"})
    with pytest.raises(Left, match="no_code"):
        imported.named(*imported.fact("MedicationRequest", lost, "r", {}), known)


def test_a_contained_medication_is_found() -> None:
    inside = {"resourceType": "Medication", "id": "k", "code": {"text": "Warfarine"}}
    whole = make.prescription(
        medicationCodeableConcept=None, medicationReference={"reference": "#k"}, contained=[inside]
    )  # fmt: skip
    assert imported.named(*imported.fact("MedicationRequest", whole, "r", {}), {}).label == "Warfarine"


def test_vaccinations_and_acts() -> None:
    shot = told("Immunization", vaccineCode={"text": "Grippe"}, occurrenceDateTime="2021-10-05", lotNumber="L1",
                protocolApplied=[{"doseNumberPositiveInt": 2}])  # fmt: skip
    assert (shot.kind, shot.label, shot.details) == ("vaccination", "Grippe", (("rank", "2"), ("lot", "L1")))
    act = told("Procedure", code={"text": "Appendicectomie"}, performedPeriod={"start": "2021-10-05T10:00:00Z"},
               bodySite=[{"text": "abdomen"}])  # fmt: skip
    assert (act.kind, act.details, act.until) == ("act", (("site", "abdomen"),), None)
    with pytest.raises(Left, match="no_date"):
        told("Procedure", code={"text": "Appendicectomie"})
    with pytest.raises(Left, match="status"):
        told("Immunization", status="not-done", vaccineCode={"text": "Grippe"}, occurrenceDateTime="2021-10-05")


def attached(data: bytes | str | None, media: str, **more: Any) -> make.Resource:
    inline = base64.b64encode(data).decode() if isinstance(data, bytes) else data
    attachment = {"contentType": media, "data": inline, **more}
    return {"type": {"text": "Lettre"}, "date": "2021-10-05", "content": [{"attachment": attachment}]}


def test_plain_text_is_text_and_anything_else_stays_bytes() -> None:
    letter = told("DocumentReference", **attached("Été\r\n<b>gras</b>".encode(), "text/plain; charset=utf-8"))
    assert (letter.text, letter.data) == ("Été\n<b>gras</b>", None)
    page = told("DocumentReference", **attached(b"<script>1</script>", "text/html"))
    assert (page.text, page.data, page.media) == (None, b"<script>1</script>", "text/html")
    odd = told("DocumentReference", **attached(b"\xff\x00", "text/plain"))
    assert (odd.text, odd.data) == (None, b"\xff\x00")
    away = told("DocumentReference", **attached(None, "application/pdf", url="http://10.0.0.1/x"))
    assert (away.text, away.data, away.details) == (None, None, (("elsewhere", "1"),))


@pytest.mark.parametrize("data", ["%%%", "YWJj*", "é", "a"])
def test_base64_that_is_none_breaks_the_line(data: str) -> None:
    with pytest.raises(Invalid):
        told("DocumentReference", **attached(data, "text/plain"))


def test_doses_are_said_as_french_says_numbers() -> None:
    dose = {"dose": {"value": Decimal("0.50"), "unit": "mg"}}
    given = told("MedicationAdministration", medicationCodeableConcept={"text": "X"}, dosage=dose,
                 effectiveDateTime="2021-10-05")  # fmt: skip
    assert given.details == (("dose", "0,5 mg"),)
