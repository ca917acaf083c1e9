"""Who the opened patients are, from values with their dates."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.factories import Hospital, Patient
from egide.kernel.capabilities import Chart


@pytest.fixture
def patient(hospital: Hospital) -> Patient:
    return hospital.patient(hospital.unit(), birth_name="DURAND", first_name="Jeanne")


def chart(hospital: Hospital, patient: Patient) -> Chart:
    """As an admission clerk opens it: she writes identity."""
    from egide.gate.opening import chart_from

    (unit,) = hospital.sql("SELECT unit FROM gate.link WHERE patient_id = %s AND basis = 'stay'", patient.id)[0]
    _, cookie = hospital.signed_in("admission_clerk", unit)
    return chart_from(hospital.open(cookie, patient.id, read=("identity", "contact"), write=("identity",)))


def trait(hospital: Hospital, cap: Chart, kind: str, value: str, start: str | None, end: str | None = None) -> UUID:
    """One more value of a trait."""
    row, patient = uuid4(), cap.patient_id
    shape = {"v": value, "from": start, "to": end, "src": "test"}
    hospital.sql(
        "INSERT INTO identity_trait (id, patient_id, kind, sealed) VALUES (%s, %s, %s, %s)",
        row, patient, kind, cap.seal("identity", patient, "identity_trait", "sealed", row, shape),
    )  # fmt: skip
    return row


def identity(cap: Chart) -> Any:
    from egide.gate.reading import fetch
    from egide.identity.reads import identities

    (found,) = fetch(cap, identities(cap))
    return found[cap.patient_id]


def test_the_current_identity(hospital: Hospital, patient: Patient) -> None:
    who = identity(chart(hospital, patient))
    assert (who.birth_name, who.first_name, who.sex) == ("DURAND", "Jeanne", "F")
    assert (who.birth_date, who.status) == (date(1952, 3, 12), "validee")
    assert who.used_name is None


def test_of_two_values_the_later_is_current_and_an_ended_one_never(hospital: Hospital, patient: Patient) -> None:
    cap = chart(hospital, patient)
    trait(hospital, cap, "birth_name", "AVANT", "2019-01-01")
    trait(hospital, cap, "birth_name", "ANNULE", "2025-01-01", "2025-06-01")
    assert identity(cap).birth_name == "DURAND"
    trait(hospital, cap, "birth_name", "APRES", "2024-01-01")
    assert identity(cap).birth_name == "APRES"


def test_a_used_name_shows_only_when_it_differs(hospital: Hospital, patient: Patient) -> None:
    cap = chart(hospital, patient)
    trait(hospital, cap, "used_name", "DURAND", "2020-01-01")
    assert identity(cap).used_name is None
    trait(hospital, cap, "used_name", "MARTIN", "2021-01-01")
    trait(hospital, cap, "used_first_name", "Jo", "2021-01-01")
    assert (identity(cap).used_name, identity(cap).used_first_name) == ("MARTIN", "Jo")


@pytest.mark.parametrize("value", ["", "1952", "1952-13-45", "x", "12/03/1952"])
def test_a_birth_date_that_is_none_is_not_invented(hospital: Hospital, patient: Patient, value: str) -> None:
    cap = chart(hospital, patient)
    trait(hospital, cap, "birth_date", value, "2024-01-01")
    assert identity(cap).birth_date is None


def test_a_person_without_traits_is_not_shown(hospital: Hospital) -> None:
    from egide.gate.opening import chart_from
    from egide.gate.reading import fetch
    from egide.identity.reads import identities

    unit = hospital.unit()
    nobody = hospital.open_new().ids[0]
    hospital.sql("INSERT INTO identity_patient VALUES (%s, now())", nobody)
    hospital.past_link(nobody, unit, hospital.value("SELECT now() - interval '1 day'"), None)
    _, cookie = hospital.signed_in("nurse", unit)
    cap = chart_from(hospital.open(cookie, nobody))
    assert fetch(cap, identities(cap)) == [{}]


def test_the_base_holds_no_name_in_clear(hospital: Hospital, patient: Patient) -> None:
    rows = hospital.sql("SELECT sealed FROM identity_trait WHERE patient_id = %s", patient.id)
    assert rows
    for (sealed,) in rows:
        assert b"DURAND" not in bytes(sealed)
        assert b"Jeanne" not in bytes(sealed)
        assert b"1952" not in bytes(sealed)


def test_a_value_moved_to_another_patient_or_row_does_not_open(hospital: Hospital, patient: Patient) -> None:
    from egide.kernel.sealing import CannotUnseal

    other = hospital.patient(hospital.unit(), birth_name="AUTRE")
    mine, theirs = patient.trait_ids["birth_name"], other.trait_ids["birth_name"]
    for source, target in ((theirs, mine), (patient.trait_ids["first_name"], mine)):
        cap = chart(hospital, patient)
        kept = hospital.value("SELECT sealed FROM identity_trait WHERE id = %s", target)
        hospital.sql(
            "UPDATE identity_trait SET sealed = (SELECT sealed FROM identity_trait WHERE id = %s) WHERE id = %s",
            source, target,
        )  # fmt: skip
        with pytest.raises(CannotUnseal):
            identity(cap)
        hospital.sql("UPDATE identity_trait SET sealed = %s WHERE id = %s", kept, target)
    hospital.sql("UPDATE identity_trait SET patient_id = %s WHERE id = %s", patient.id, theirs)
    with pytest.raises(CannotUnseal):
        identity(chart(hospital, patient))


def test_an_import_sees_whether_one_of_its_slice_is_known_and_her_birth_dates(hospital: Hospital) -> None:
    from egide.gate.reading import fetch
    from egide.identity.reads import brought

    batch = hospital.open_new(3)
    known, dateless, new = batch.ids
    for one in (known, dateless):
        hospital.sql("INSERT INTO identity_patient VALUES (%s, now())", one)
    for kind, value in (("birth_date", "1952-03-12"), ("birth_date", "1953-03-12"), ("sex", "F")):
        row = uuid4()
        sealed = batch.seal("identity", known, "identity_trait", "sealed", row, {"v": value, "from": "", "to": None})
        hospital.sql(
            "INSERT INTO identity_trait (id, patient_id, kind, sealed) VALUES (%s, %s, %s, %s)",
            row,
            known,
            kind,
            sealed,
        )
    stranger = hospital.patient(hospital.unit()).id
    (here, births), *others = fetch(batch, *(brought(batch, one) for one in (known, dateless, new, stranger)))
    assert (here, sorted(births)) == (True, [date(1952, 3, 12), date(1953, 3, 12)])
    assert others == [(True, ()), (False, ()), (False, ())]
