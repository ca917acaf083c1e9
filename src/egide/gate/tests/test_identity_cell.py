"""The identity cell: finds people and is shown who one of them is, for a reason; no chart, nothing clinical."""

from typing import Any
from uuid import UUID

import pytest

from egide.accounts.tests.people import Office
from egide.gate.tests.browser import text
from egide.gate.tests.factories import Hospital
from egide.gate.tests.test_links import door, opens
from egide.identity.tests.people import Drawn, people
from egide.identity.tests.test_search import a_day, a_name, find
from egide.kernel.capabilities import Refused

CELL = "identity_cell"


class Case:
    """A patient of a unit and somebody of the identity cell."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital = hospital
        self.unit = hospital.unit()
        self.name, self.day = a_name(), a_day()
        (self.patient,) = people(hospital, Drawn(self.name, "JEANNE", self.day, unit=self.unit))
        self.person, self.cookie = hospital.signed_in(CELL)

    def names(self, reason: str, patient: UUID | None = None) -> str:
        return str(door(self.hospital, self.cookie, "name_patient(%s, %s)", patient or self.patient, reason))


@pytest.fixture
def case(hospital: Hospital) -> Case:
    return Case(hospital)


def test_it_finds_a_person_and_opens_neither_chart_nor_unit(case: Case) -> None:
    found = find(case.hospital, case.cookie, name=case.name, first_name="Jeanne", birth_date=case.day)
    assert [UUID(bytes=row["id"]) for row in found["rows"]] == [case.patient]
    assert opens(case.hospital, case.cookie, case.patient) == "no_link"
    with pytest.raises(Refused):
        case.hospital.open_unit(case.cookie, case.unit)


def test_it_is_shown_an_identity_for_a_reason_of_its_own_and_nothing_else(case: Case) -> None:
    assert [case.names(reason) for reason in ("", "complaint", "patient_request")] == ["bad_request"] * 3
    assert case.names("homonym") == "ok"
    read = ["identity", "stay", "contact", "ins", "coding", "clinical", "protected"]
    answer = case.hospital.open(
        case.cookie, case.patient, read=read, write=("clinical", "identity"), purpose="oversight"
    )
    assert (answer["basis"], answer["reads"], answer["writes"]) == ("oversight", ["identity"], [])
    (line,) = case.hospital.entries(account=case.person.account, kind="link")
    assert (line["basis"], line["reason"], line["ids"]) == ("oversight", "homonym", [case.patient])
    with case.hospital.as_web(answer["ticket"]) as web:
        assert web.execute("SELECT * FROM door.openings_of(%s)", (case.patient,)).fetchall() == []


def test_the_dpo_keeps_reasons_of_his_own(case: Case) -> None:
    _, dpo = case.hospital.signed_in("dpo")
    assert door(case.hospital, dpo, "name_patient(%s, 'homonym')", case.patient) == "bad_request"
    assert door(case.hospital, dpo, "name_patient(%s, 'complaint')", case.patient) == "ok"


def test_so_many_persons_a_day(case: Case) -> None:
    before = case.hospital.value("SELECT value FROM gate.limits WHERE name = 'oversight_day_identity_cell'")
    case.hospital.sql("UPDATE gate.limits SET value = 2 WHERE name = 'oversight_day_identity_cell'")
    try:
        told = [case.names("possible_duplicate", one.id) for one in case.hospital.patients(case.unit, 3)]
    finally:
        case.hospital.sql("UPDATE gate.limits SET value = %s WHERE name = 'oversight_day_identity_cell'", before)
    assert told == ["ok", "ok", "budget"]
    assert before == 30


def test_it_is_an_office_alone_on_its_account_granted_for_tomorrow_and_sees_no_staff(hospital: Hospital) -> None:
    office = Office(hospital)
    body = office.new(CELL)
    person = office.arrived(body, office.done("create_person", body))
    with pytest.raises(Refused, match="bad_assertion"):
        hospital.sign_in(person)  # from tomorrow on
    nurse = office.staff("nurse", hospital.unit(office.site))
    also = {"account": str(nurse.account), "profession": CELL, "unit": "", "since": "", "until": ""}
    with pytest.raises(Refused, match="office_and_care"):
        office.ask("grant", also)
    _, cookie = hospital.signed_in(CELL)
    assert door(hospital, cookie, "sees_staff()") is False


def test_a_mandate_of_the_commission_opens_it_identities_for_a_week(hospital: Hospital) -> None:
    allowed = hospital.sql(
        "SELECT category FROM gate.rule WHERE profession = %s AND allowed AND basis = 'commission_identity'", CELL
    )
    assert {one for (one,) in allowed} == {"identity", "stay", "contact", "ins"}
    everything = hospital.sql("SELECT DISTINCT category FROM gate.rule WHERE profession = %s AND allowed", CELL)
    assert not {"clinical", "protected", "coding"} & {one for (one,) in everything}
    assert not hospital.sql("SELECT 1 FROM gate.rule WHERE profession = %s AND act = 'write' AND allowed", CELL)


def test_its_pages_lead_from_the_search_to_the_identity(case: Case, browser: Any) -> None:
    page = browser(case.cookie)
    assert "Patients" in text(page.get("/jour/"))
    assert page.get(f"/dossier/{case.patient}/").status_code == 403
    doors = text(page.get(f"/dossier/{case.patient}/acceder/"))
    assert "Vérifier cette identité" in doors
    assert "rejoindre" not in doors
    assert page.post("/surveillance/nommer/", {"patient": str(case.patient), "reason": ""}).status_code == 422
    answer = page.post("/surveillance/nommer/", {"patient": str(case.patient), "reason": "homonym"})
    assert answer.status_code == 302
    shown = text(page.get(answer["Location"]))
    assert case.name in shown
    assert "Qui a ouvert" not in shown
    assert page.get("/surveillance/").status_code == 403
    assert page.get("/personnel/").status_code == 403
