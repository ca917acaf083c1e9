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

    entity, service, site = uuid4(), uuid4(), hospital.new_site()
    unit = hospital.unit(site)
    finess = f"{entity.int % 10**9:09}"
    hospital.sql("INSERT INTO directory_legalentity (id, name, finess) VALUES (%s, 'Groupe', %s)", entity, finess)
    hospital.sql("UPDATE directory_site SET entity_id = %s WHERE id = %s", entity, site)
    hospital.sql(
        "INSERT INTO directory_service (id, site_id, name, code, phone)"
        " VALUES (%s, %s, 'Médecine', %s, '02 61 91 00 00')",
        service, site, str(service)[:8],
    )  # fmt: skip
    reads._kept = None
    assert (reads.units()[unit].service, reads.units()[unit].entity_id) == ("", entity)
    hospital.sql("UPDATE directory_unit SET service_id = %s, kind = 'residence' WHERE id = %s", service, unit)
    reads._kept = None
    found = reads.units()[unit]
    assert (found.service, found.phone, found.kind, found.entity_id) == (
        "Médecine",
        "02 61 91 00 00",
        "residence",
        entity,
    )


def test_a_unit_of_a_site_of_before_legal_entities_has_none(hospital: Hospital) -> None:
    from egide.directory import reads

    unit = hospital.unit(hospital.new_site())  # the units known are forgotten with it
    assert reads.units()[unit].entity_id is None
