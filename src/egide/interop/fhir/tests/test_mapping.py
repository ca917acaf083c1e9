from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from egide.identity.rules import storage_case
from egide.interop.fhir import mapping
from egide.interop.fhir.fields import Invalid, Left
from egide.interop.fhir.tests import resources as make


def traits(**changes: Any) -> dict[str, str]:
    found = mapping.identity(make.patient(**changes)).traits
    return {trait.kind: trait.value for trait in found}


def left(kind: Any, resource: make.Resource) -> str:
    with pytest.raises(Left) as reason:
        kind(resource, "Type/x")
    return reason.value.reason


def broken(kind: Any, resource: make.Resource) -> str:
    with pytest.raises(Invalid) as reason:
        kind(resource, "Type/x")
    return reason.value.reason


def values(resource: make.Resource) -> list[tuple[str, Decimal, str]]:
    found, _ = mapping.measurements(resource, "Observation/x")
    return [(number.code, number.value, number.unit) for number in found]


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("L'Hévéder-Œuf", "L'HEVEDER-OEUF"),
        ("d’Août", "D'AOUT"),
        ("Müller/Groß", "MULLER GROSS"),
        ("  Nguyễn   Thị ", "NGUYEN THI"),
        ("Patient_10007795", "PATIENT 10007795"),
        ("Ægir <b>x</b> 😀", "AEGIR B X B"),
        ("Łukasz; DROP TABLE", "LUKASZ DROP TABLE"),
        ("😀", ""),
    ],
)
def test_names_are_stored_in_rniv_case(name: str, stored: str) -> None:
    assert storage_case(name) == stored


def test_an_outside_identity_enters_provisional_with_the_five_traits() -> None:
    found = traits()
    assert found["birth_name"] == "L'HEVEDER-OEUF"
    assert found["first_name"] == "ZOE"
    assert found["first_names"] == "ZOE ANNE-MARIE"
    assert found["sex"] == "F"
    assert found["birth_place"] == "99999"
    assert found["status"] == "provisoire"
    assert "used_name" not in found


def test_missing_names_and_sex_have_their_rniv_words() -> None:
    assert {"birth_name": "SANSNOM", "first_name": "SANSPRENOM"}.items() <= traits(name=[]).items()
    assert traits(name=[{"family": "😀", "given": ["!"]}])["birth_name"] == "SANSNOM"
    assert traits(gender="other")["sex"] == "I"
    assert traits(gender=None)["sex"] == "I"


def test_the_maiden_name_is_the_birth_name_and_the_official_one_becomes_used() -> None:
    names = [
        {"use": "official", "family": "Duval", "given": ["Ada"]},
        {"use": "maiden", "family": "Roux", "given": ["Ada"]},
    ]
    found = traits(name=names)
    assert (found["birth_name"], found["used_name"]) == ("ROUX", "DUVAL")


def test_a_usual_name_counts_only_where_it_differs() -> None:
    names = [
        {"use": "official", "family": "Roux", "given": ["Ada", "Lise"]},
        {"use": "usual", "family": "Roux", "given": ["Lise"]},
    ]
    found = traits(name=names)
    assert "used_name" not in found
    assert found["used_first_name"] == "LISE"


def test_the_birth_place_keeps_its_insee_code() -> None:
    code = {"url": "https://hl7.fr/x/fr-core-address-insee-code", "valueCoding": {"code": "29019"}}
    address = {"city": "Brest", "extension": [code]}
    extension = {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": address}
    assert traits(extension=[extension])["birth_place"] == "29019|Brest"


@pytest.mark.parametrize(
    ("given", "stored"),
    [("1980-02-29", date(1980, 2, 29)), ("1980-02", date(1980, 2, 1)), ("1980", date(1980, 12, 31))],
)
def test_a_partial_birth_date_is_completed_as_rniv_says(given: str, stored: date) -> None:
    parts = mapping.identity(make.patient(birthDate=given)).birth
    assert parts is not None
    assert mapping.birth_date(parts) == stored


def test_only_record_numbers_recognise_a_person() -> None:
    def typed(code: str, system: str) -> dict[str, Any]:
        return {"type": {"coding": [{"code": code}]}, "system": system, "value": "9"}

    given = [typed("MR", "urn:a"), typed("SS", "urn:b"), typed("NH", "urn:c"), {"system": "urn:d", "value": "8"}]
    given += [{"value": "7"}, {"system": "urn:oid:1.2.250.1.213.1.4.8", "value": "6"}]
    found = mapping.identity(make.patient(identifier=given))
    assert found.numbers == (("urn:a", "9"), ("urn:d", "8"))
    assert found.other_numbers == 4


def test_contacts_are_lines_with_their_days() -> None:
    telecom = [{"system": "phone", "value": "0102030405", "period": {"start": "2019"}}, {"system": "fax", "value": "1"}]
    address = [{"line": ["1 rue Haute"], "postalCode": "29200", "city": "Brest"}]
    phone, home = mapping.identity(make.patient(telecom=telecom, address=address)).contacts
    assert (phone.kind, phone.value, phone.since) == ("phone", "0102030405", date(2019, 1, 1))
    assert (home.kind, home.value) == ("address", "1 rue Haute, 29200 Brest")


def test_a_stay_has_its_instants_in_utc() -> None:
    stay = mapping.stay(make.encounter(), "Encounter/e1")
    assert (stay.start, stay.end) == (datetime(2020, 3, 1, 7, tzinfo=UTC), datetime(2020, 3, 4, 11, tzinfo=UTC))
    assert mapping.stay(make.encounter(status="in-progress", period={"start": "2020-03-01"}), "x").end is None


def test_encounters_that_are_no_stay_are_left_with_a_reason() -> None:
    assert left(mapping.stay, make.encounter(status="cancelled")) == "status"
    assert left(mapping.stay, make.encounter(partOf={"reference": "Encounter/e0"})) == "part_of"
    assert left(mapping.stay, make.encounter(period={"start": "2020-03-01"})) == "no_date"
    upside_down = {"start": "2020-03-02", "end": "2020-03-01"}
    assert broken(mapping.stay, make.encounter(period=upside_down)) == "period"


def test_problems_keep_code_words_and_days() -> None:
    found = mapping.problem(make.condition(abatementDateTime="2020-01-02"), "Condition/c1")
    assert (found.code, found.label, found.onset, found.ended) == (
        "I10",
        "Hypertension",
        date(2019, 5, 1),
        date(2020, 1, 2),
    )
    resolved = mapping.problem(make.condition(clinicalStatus={"coding": [{"code": "resolved"}]}), "Condition/c1")
    assert resolved.ended == date(2019, 5, 1)


def test_a_code_wider_than_the_column_leaves_its_words() -> None:
    coding = [{"system": "urn:x", "code": "9" * 60, "display": "Long"}]
    found = mapping.problem(make.condition(code={"coding": coding}), "Condition/c1")
    assert (found.system, found.code, found.label) == ("", "", "Long")


def test_refuted_or_wordless_conditions_are_left() -> None:
    refuted = {"coding": [{"code": "refuted"}]}
    assert left(mapping.problem, make.condition(verificationStatus=refuted)) == "refuted"
    assert left(mapping.problem, make.condition(code={})) == "no_code"
    assert broken(mapping.problem, make.condition(abatementDateTime="2001")) == "period"


def test_allergies_keep_reaction_and_worst_severity() -> None:
    found = mapping.allergy(make.allergy(), "AllergyIntolerance/a1")
    assert (found.substance, found.reaction, found.severity) == ("Arachide", "Urticaire", "moderate")
    assert left(mapping.allergy, make.allergy(clinicalStatus={"coding": [{"code": "resolved"}]})) == "ended"
    no_known = {"coding": [{"system": "http://snomed.info/sct", "code": "716186003", "display": "No known allergy"}]}
    assert left(mapping.allergy, make.allergy(code=no_known)) == "no_known"


def test_a_blood_pressure_panel_gives_two_numbers_of_one_set() -> None:
    found, reasons = mapping.measurements(make.pressure(), "Observation/o2")
    assert [(number.code, number.value, number.grouped) for number in found] == [
        ("8480-6", Decimal(142), True),
        ("8462-4", Decimal(81), True),
    ]
    assert reasons == []


@pytest.mark.parametrize(
    ("part", "value", "unit"),
    [
        (make.quantity("8310-5", Decimal("98.6"), "[degF]"), Decimal(37), "Cel"),
        (make.quantity("29463-7", 154, "[lb_av]"), Decimal("69.85"), "kg"),
        (make.quantity("8302-2", 70, "[in_i]"), Decimal("177.8"), "cm"),
        (make.quantity("29463-7", 3500, "g"), Decimal("3.5"), "kg"),
        (make.quantity("8480-6", 16, "kPa"), Decimal("120.01"), "mm[Hg]"),
        (make.quantity("2708-6", 97, "%"), Decimal(97), "%"),
        (make.quantity("72514-3", 3, ""), Decimal(3), "{score}"),
        (
            make.quantity("220179", 118, "mmHg", "http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-d-items"),
            Decimal(118),
            "mm[Hg]",
        ),
        (make.quantity("8480-6", Decimal("185.18882387645817"), "mm[Hg]"), Decimal("185.19"), "mm[Hg]"),
    ],
)
def test_units_become_the_records_own(part: make.Resource, value: Decimal, unit: str) -> None:
    [(_, found, in_unit)] = values(make.observation(**part))
    assert (found, in_unit) == (value, unit)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (make.quantity("2093-3", 200, "mg/dL"), "code"),
        (make.quantity("8480-6", 142, "mm[Hg]", "urn:other"), "code"),
        ({"valueQuantity": None, "valueString": "72"}, "no_value"),
        ({"valueQuantity": {"code": "/min"}}, "no_value"),
        (make.quantity("8867-4", 72, "Hz"), "unit"),
        (make.quantity("8867-4", 7200, "/min"), "range"),
        (make.quantity("8867-4", Decimal("1E+400"), "/min"), "range"),
        (make.quantity("8310-5", Decimal("31.4"), "[degF]"), "range"),
        ({"valueQuantity": {"value": 72, "code": "/min", "comparator": ">"}}, "comparator"),
        ({"effectiveDateTime": None}, "no_date"),
        ({"status": "preliminary"}, "status"),
        ({"status": "entered-in-error"}, "status"),
    ],
)
def test_observations_that_are_not_taken_say_why(changes: make.Resource, reason: str) -> None:
    assert left(mapping.measurements, make.observation(**changes)) == reason


def test_one_impossible_half_of_a_pressure_leaves_the_other() -> None:
    parts = [
        make.quantity("8480-6", 142, "mm[Hg]"),
        make.quantity("8462-4", 879, "mm[Hg]"),
        make.quantity("8478-0", 99, "mm[Hg]"),
    ]
    found, reasons = mapping.measurements(make.pressure(component=parts), "Observation/o2")
    assert [(number.code, number.grouped) for number in found] == [("8480-6", False)]
    assert sorted(reasons) == ["code", "range"]
    assert left(mapping.measurements, make.pressure(component=None)) == "no_value"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"valueQuantity": {"value": "72", "code": "/min"}}, "number"),
        ({"valueQuantity": [1]}, "shape"),
        ({"effectiveDateTime": "2020-03-02T09:00:00"}, "date"),
        ({"effectiveDateTime": "2020-13-02"}, "date"),
        ({"effectiveDateTime": 2020}, "shape"),
        ({"code": "8867-4"}, "shape"),
        ({"status": "fi\x00nal"}, "text"),
        ({"status": "\ud800"}, "text"),
    ],
)
def test_values_against_the_norm_break_the_line(changes: make.Resource, reason: str) -> None:
    assert broken(mapping.measurements, make.observation(**changes)) == reason


def test_restricted_data_are_known_by_their_label() -> None:
    assert mapping.restricted(make.condition(meta={"security": [{"code": "R"}]}))
    assert not mapping.restricted(make.condition(meta={"security": [{"code": "N"}]}))
