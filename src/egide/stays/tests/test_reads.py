"""Where the opened patients lie, and where they have lain."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from egide.gate.tests.factories import Hospital

NOW = datetime.now(UTC)


def test_the_stays_of_a_person_newest_first(hospital: Hospital) -> None:
    from egide.gate.opening import chart_from
    from egide.gate.reading import fetch
    from egide.stays.reads import stays

    unit, before = hospital.unit(), hospital.unit()
    bed = hospital.bed(unit, "12", "P")
    patient = hospital.patient(unit, bed=bed, since=NOW - timedelta(days=1))
    hospital.sql(
        "INSERT INTO stays_stay (id, patient_id, unit_id, nda, admitted_at, discharged_at)"
        " VALUES (gen_random_uuid(), %s, %s, '', %s, %s)",
        patient.id, before, NOW - timedelta(days=9), NOW - timedelta(days=8),
    )  # fmt: skip
    _, cookie = hospital.signed_in("nurse", unit)
    cap = chart_from(hospital.open(cookie, patient.id))
    (found,) = fetch(cap, stays(cap))
    assert [(one.unit_id, one.bed, one.until is None) for one in found] == [(unit, "12 P", True), (before, None, False)]


def test_present_patients_of_a_unit_and_nobody_who_left(hospital: Hospital) -> None:
    from egide.gate.opening import roster_from
    from egide.gate.reading import fetch
    from egide.stays.reads import present

    unit = hospital.unit()
    here = hospital.patient(unit, bed=hospital.bed(unit))
    gone = hospital.patient(unit, since=NOW - timedelta(days=5), until=NOW - timedelta(days=1))
    _, cookie = hospital.signed_in("nurse", unit)
    roster = roster_from(hospital.open_unit(cookie, unit), unit)
    assert roster.ids == (here.id,)
    assert gone.id not in roster.ids
    (found,) = fetch(roster, present(roster))
    assert {patient: place.bed for patient, place in found.items()} == {here.id: "101 F"}


def test_an_import_sees_the_stays_of_one_person_of_its_slice_and_of_nobody_else(hospital: Hospital) -> None:
    from egide.gate.reading import fetch
    from egide.stays.reads import brought

    unit, batch = hospital.unit(), hospital.open_new(2)
    one, other = batch.ids
    rows = [
        (uuid4(), one, NOW - timedelta(days=9), NOW - timedelta(days=8)), (uuid4(), one, NOW, None),
        (uuid4(), other, NOW - timedelta(days=3), NOW),
    ]  # fmt: skip
    assert fetch(batch, brought(batch, one)) == [(frozenset(), False)]
    for patient in (one, other):
        hospital.sql("INSERT INTO identity_patient VALUES (%s, now())", patient)
    for row in rows:
        hospital.sql(
            "INSERT INTO stays_stay (id, patient_id, unit_id, nda, admitted_at, discharged_at)"
            " VALUES (%s, %s, %s, '', %s, %s)", row[0], row[1], unit, *row[2:],
        )  # fmt: skip
    stranger = hospital.patient(unit).id
    found = fetch(batch, brought(batch, one), brought(batch, other), brought(batch, stranger))
    assert found == [
        (frozenset({rows[0][0], rows[1][0]}), True),
        (frozenset({rows[2][0]}), False),
        (frozenset(), False),
    ]


def test_one_bed_holds_one_person(hospital: Hospital) -> None:
    unit = hospital.unit()
    bed = hospital.bed(unit)
    hospital.patient(unit, bed=bed)
    with pytest.raises(psycopg.errors.UniqueViolation):
        hospital.patient(unit, bed=bed)
    hospital.sql("UPDATE stays_stay SET discharged_at = now() WHERE bed_id = %s", bed)
    assert hospital.patient(unit, bed=bed)


def test_nobody_leaves_before_she_came(hospital: Hospital) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        hospital.patient(hospital.unit(), since=NOW, until=NOW - timedelta(days=1))
