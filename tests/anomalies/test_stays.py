"""Admit, move and discharge with their nth statement failing, for each n; and two desks at once.

Nothing is half-written: stay, care link and act are there together or not at all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from egide.gate.opening import chart_from
from egide.gate.tests.factories import Hospital
from egide.kernel.capabilities import Chart, Refused
from tests.anomalies.faults import ending, failing_each

STAY = ("identity", "stay")


def chart_of(hospital: Hospital, patient: UUID, cookie: str) -> Chart:
    """Opened for a clerk who may write the stay."""
    return chart_from(hospital.open(cookie, patient, read=STAY, write=("stay",)))


def outside(hospital: Hospital, site_unit: UUID) -> tuple[UUID, str]:
    """Somebody whose stay is over, and the cookie of a clerk who has received her."""
    now = datetime.now(UTC)
    patient = hospital.patient(site_unit, until=now).id
    person, cookie = hospital.signed_in("admission_clerk")
    hospital.past_link(patient, None, now, datetime(2099, 1, 1, tzinfo=UTC), basis="arrival", account=person.account)
    return patient, cookie


def state(hospital: Hospital, patient: UUID) -> tuple[Any, ...]:
    """Stays, stay links and acts of one person."""
    return (
        hospital.sql(
            "SELECT unit_id, bed_id, discharged_at FROM stays_stay WHERE patient_id = %s ORDER BY admitted_at, id",
            patient,
        ),
        hospital.sql("SELECT unit, until FROM gate.link WHERE patient_id = %s AND basis = 'stay' ORDER BY id", patient),
        len(hospital.entries(patient=patient, kind="act")),
    )


def test_each_statement_of_an_admission_a_move_and_a_discharge_failing_writes_nothing(hospital: Hospital) -> None:
    from egide.stays import actions

    unit, other = hospital.unit(), hospital.unit()
    bed = hospital.bed(unit)
    patient, cookie = outside(hospital, hospital.unit())
    chart = chart_of(hospital, patient, cookie)

    def each(act: Callable[[], Any]) -> int:
        return failing_each(act, lambda: state(hospital, patient))[0]

    assert each(lambda: actions.admit(chart, unit, bed, datetime.now(UTC))) >= 5
    assert each(lambda: actions.move(chart, other, None)) >= 6
    assert each(lambda: actions.discharge(chart, datetime.now(UTC))) >= 4
    stays, links, acts = state(hospital, patient)
    assert [row[:2] for row in stays[1:]] == [(unit, bed), (other, None)]
    assert all(row[2] is not None for row in stays)
    assert all(until is not None for _, until in links)
    assert acts == 3


def test_an_opening_that_ends_in_the_middle_admits_nobody(hospital: Hospital) -> None:
    from django.db import DatabaseError

    from egide.stays import actions

    patient, cookie = outside(hospital, hospital.unit())
    chart, unit, before = chart_of(hospital, patient, cookie), hospital.unit(), state(hospital, patient)

    with ending(hospital, chart.opening), pytest.raises(DatabaseError):
        actions.admit(chart, unit, None, datetime.now(UTC))
    assert state(hospital, patient) == before


def at_once(*acts: Callable[[], Any]) -> list[str]:
    """What each of several threads was told: ok, or the refusal's code."""
    from django.db import connection

    start, told = threading.Barrier(len(acts)), []

    def run(act: Callable[[], Any]) -> None:
        start.wait()
        try:
            act()
            told.append("ok")
        except Refused as refusal:
            told.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(told)


def test_one_person_admitted_by_two_desks_at_once_is_admitted_once(hospital: Hospital) -> None:
    from egide.stays import actions

    patient, cookie = outside(hospital, hospital.unit())
    chart, units = chart_of(hospital, patient, cookie), [hospital.unit() for _ in range(4)]
    told = at_once(*(lambda unit=unit: actions.admit(chart, unit, None, datetime.now(UTC)) for unit in units))
    assert told == ["already_in", "already_in", "already_in", "ok"]
    assert len(state(hospital, patient)[0]) == 2


def test_one_bed_given_to_four_people_at_once_holds_one(hospital: Hospital) -> None:
    from egide.stays import actions

    unit = hospital.unit()
    bed = hospital.bed(unit)
    charts = [chart_of(hospital, *outside(hospital, hospital.unit())) for _ in range(4)]
    told = at_once(*(lambda chart=chart: actions.admit(chart, unit, bed, datetime.now(UTC)) for chart in charts))
    assert told == ["bed_taken", "bed_taken", "bed_taken", "ok"]
    assert hospital.value("SELECT count(*) FROM stays_stay WHERE bed_id = %s AND discharged_at IS NULL", bed) == 1
    assert hospital.value("SELECT count(*) FROM gate.link WHERE unit = %s AND until IS NULL", unit) == 1
