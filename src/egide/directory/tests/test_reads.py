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
