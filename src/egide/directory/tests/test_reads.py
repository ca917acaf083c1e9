"""The group's structure, read whole and kept a minute."""

import time
from uuid import uuid4

import pytest

from egide.gate.tests.browser import statements
from egide.gate.tests.factories import Hospital


def test_units_are_known_with_their_site_and_read_once(hospital: Hospital) -> None:
    from django.db import connection

    from egide.directory import reads

    unit = hospital.unit()
    connection.close()  # a new one is not asked whether it lives
    with statements() as first:
        found = reads.units()[unit]
    with statements() as again:
        assert reads.unit_name(unit) == found.name
    assert found.site_id == hospital.site
    assert len(first) == 1
    assert again == []


def test_a_unit_made_since_is_known_a_minute_later(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    from egide.directory import reads

    reads.units()
    kept, (at, _) = reads._kept, reads._kept or (0.0, {})
    unit = hospital.unit()
    reads._kept = kept
    assert reads.unit_name(unit) is None
    monkeypatch.setattr(time, "monotonic", lambda: at + 61)
    assert reads.unit_name(unit) is not None


def test_an_unknown_unit_has_no_name(hospital: Hospital) -> None:
    from egide.directory import reads

    assert reads.unit_name(uuid4()) is None
    assert reads.unit_name(None) is None


def test_a_unit_is_known_with_its_service_and_its_legal_entity(hospital: Hospital) -> None:
    from egide.directory import reads

    entity, service = uuid4(), uuid4()
    unit = hospital.unit()
    finess = f"{entity.int % 10**9:09}"
    hospital.sql("INSERT INTO directory_legalentity (id, name, finess) VALUES (%s, 'Groupe', %s)", entity, finess)
    hospital.sql("UPDATE directory_site SET entity_id = %s WHERE id = %s", entity, hospital.site)
    hospital.sql(
        "INSERT INTO directory_service (id, site_id, name, code, phone)"
        " VALUES (%s, %s, 'Médecine', %s, '02 61 91 00 00')",
        service, hospital.site, str(service)[:8],
    )  # fmt: skip
    assert reads.units()[unit].entity_id is None or reads.units()[unit].service == ""
    hospital.sql("UPDATE directory_unit SET service_id = %s, kind = 'residence' WHERE id = %s", service, unit)
    reads._kept = None
    found = reads.units()[unit]
    assert (found.service, found.phone, found.kind, found.entity_id) == (
        "Médecine",
        "02 61 91 00 00",
        "residence",
        entity,
    )
    here = next(site for site in reads.sites() if site.id == hospital.site)
    assert (here.entity_id, here.entity) == (entity, "Groupe")


def test_a_site_of_before_legal_entities_has_none(hospital: Hospital) -> None:
    from egide.directory import reads

    site = hospital.new_site()
    assert next(one.entity_id for one in reads.sites() if one.id == site) is None


def test_who_is_on_call_is_told_for_this_moment_and_site_only(hospital: Hospital) -> None:
    from egide.directory import reads

    site, turns = hospital.new_site(), uuid4()
    people = [uuid4() for _ in range(3)]
    hospital.sql(
        "INSERT INTO directory_oncall (id, site_id, name, kind, phone) VALUES (%s, %s, 'Chirurgie', 'astreinte', '')",
        turns,
        site,
    )
    for number, (person, begins, ends) in enumerate(
        zip(people, ("-2 days", "-1 hour", "1 hour"), ("-1 hour", "1 hour", "1 day"), strict=True)
    ):
        hospital.sql(
            "INSERT INTO directory_professional (id, family, given, title, profession, rpps)"
            " VALUES (%s, %s, 'Anne', 'Dr', 'physician', '')", person, f"Nom{number}",
        )  # fmt: skip
        hospital.sql(
            "INSERT INTO directory_oncallturn (id, on_call_id, professional_id, since, until)"
            " VALUES (gen_random_uuid(), %s, %s, now() + %s::interval, now() + %s::interval)",
            turns, person, begins, ends,
        )  # fmt: skip
    assert [(one.name, one.professional, one.professional_name) for one in reads.on_call(site)] == [
        ("Chirurgie", people[1], "Dr Anne Nom1")
    ]
    assert reads.on_call(hospital.site) == []
