"""« Ma journée »: my patients, those whose vital signs are due first; what waits; one opening."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from egide.gate.tests.browser import Browser, statements, text
from egide.gate.tests.factories import Hospital
from egide.kernel.codes import Profession

Browse = Callable[..., Browser]
PEOPLE = [profession for profession in Profession if profession is not Profession.APPLICATION]


def measured(hospital: Hospital, patient: UUID, hours: float) -> None:
    """A pulse taken so many hours ago."""
    hospital.sql(
        "INSERT INTO record_measurement (id, patient_id, category, code, value, unit, taken_at, recorded_at, author)"
        " VALUES (gen_random_uuid(), %s, 'clinical', '8867-4', 72, '/min', %s, now(), gen_random_uuid())",
        patient, datetime.now(UTC) - timedelta(hours=hours),
    )  # fmt: skip


def test_a_nurse_sees_whom_to_measure_first_over_all_her_units(hospital: Hospital, browser: Browse) -> None:
    here, there, elsewhere = hospital.unit(), hospital.unit(), hospital.unit()
    fresh, old = hospital.patient(here, birth_name="FRAICHE"), hospital.patient(here, birth_name="ANCIENNE")
    never = hospital.patient(there, birth_name="JAMAIS")
    hospital.patient(elsewhere, birth_name="AUTREUNITE")
    measured(hospital, fresh.id, 1)
    measured(hospital, old.id, 9)
    person, cookie = hospital.signed_in("nurse", here, there)
    body = text(browser(cookie).get("/jour/"))
    assert body.index("JAMAIS") < body.index("ANCIENNE") < body.index("FRAICHE")
    assert "AUTREUNITE" not in body
    assert "2 à mesurer" in body
    opened = hospital.entries(account=person.account, kind="open")
    assert [(set(one["ids"]), one["purpose"]) for one in opened] == [({fresh.id, old.id, never.id}, "my_day")]
    physician = text(browser(hospital.signed_in("physician", here)[1]).get("/jour/"))
    assert physician.index("ANCIENNE") < physician.index("FRAICHE")
    assert "à mesurer" not in physician


def test_the_page_makes_at_most_twelve_statements_however_many_patients(
    hospital: Hospital, browser: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egide.gate.plan.KEPT_SECONDS", 3600.0)  # that no plan blanc is under way is known
    unit, other = hospital.unit(), hospital.unit()
    hospital.patients(unit, 30)
    hospital.patients(other, 30)
    page = browser(hospital.signed_in("nurse", unit, other)[1])
    page.get("/jour/")
    with statements() as found:
        body = page.get("/jour/").content.decode()
    assert body.count("ward-row") == 60
    assert len(found) <= 12, found


@pytest.mark.parametrize("profession", PEOPLE)
def test_every_profession_begins_somewhere(hospital: Hospital, browser: Browse, profession: Profession) -> None:
    unit = hospital.unit()
    hospital.patient(unit, birth_name="PRESENTE")
    person, cookie = hospital.signed_in(profession, unit)
    page = browser(cookie)
    begins = {Profession.SWITCHBOARD: "/presents/", Profession.LABORATORY: "/examens/", Profession.IMAGING: "/examens/"}
    assert page.get("/")["Location"] == begins.get(profession, "/jour/")
    answer = page.get("/jour/")
    assert answer.status_code == 200
    reads = hospital.value(
        "SELECT count(*) FROM gate.rule WHERE profession = %s AND basis = 'stay' AND act = 'read' AND allowed",
        profession,
    )
    assert ("PRESENTE" in answer.content.decode()) == bool(reads)
    assert hospital.entries(account=person.account, kind="refuse") == []


def test_without_a_unit_the_page_says_what_one_may_do(hospital: Hospital, browser: Browse) -> None:
    clerk = text(browser(hospital.signed_in("admission_clerk")[1]).get("/jour/"))
    assert "Chercher une personne" in clerk
    dpo = text(browser(hospital.signed_in("dpo")[1]).get("/jour/"))
    assert "Trace des accès" in dpo
    assert "Chercher une personne" not in dpo


def test_a_break_glass_to_review_waits_in_red(hospital: Hospital, browser: Browse) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit, birth_name="SECRETE")
    doctor, cookie = hospital.signed_in("physician", hospital.unit())
    nurse = hospital.person("nurse", hospital.unit())
    hospital.sql(
        "INSERT INTO gate.notice (account, kind, entry, patient_id, by_account) VALUES (%s, 'break_glass', 7, %s, %s)",
        doctor.account, patient.id, nurse.account,
    )  # fmt: skip
    body = browser(cookie).get("/jour/").content.decode()
    assert "1 accès d&#39;urgence à relire" in body or "1 accès d’urgence à relire" in body
    assert "due-late" in body
    assert "SECRETE" not in body


def test_a_stay_that_ended_leaves_the_day(hospital: Hospital, browser: Browse) -> None:
    unit = hospital.unit()
    now = datetime.now(UTC)
    hospital.patient(unit, birth_name="SORTIE", since=now - timedelta(days=3), until=now - timedelta(hours=1))
    page = browser(hospital.signed_in("nurse", unit)[1])
    assert "SORTIE" not in text(page.get("/jour/"))
    assert page.get("/jour/").status_code == 200
