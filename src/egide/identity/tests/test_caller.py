"""A caller's number is answered from the agenda of one's team only; nobody else is told of, not even as a number."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from egide.gate.tests.browser import text
from egide.identity.forms import Search
from egide.identity.tests.people import Drawn, people
from egide.identity.tests.test_search import a_day, a_name, ids, spent

NOW = datetime.now(UTC)


def a_number() -> str:
    return f"06 39 98 {secrets.randbelow(100):02} {secrets.randbelow(100):02}"


def booked(hospital: Any, patient: UUID, unit: UUID, at: datetime) -> None:
    """The link that an appointment makes."""
    hospital.sql(
        "INSERT INTO gate.link (patient_id, basis, unit, since, until, entry)"
        " VALUES (%s, 'appointment', %s, %s, %s, 1)",
        patient, unit, at - timedelta(days=30), at + timedelta(days=30),
    )  # fmt: skip


def find(hospital: Any, cookie: str, phone: str) -> dict[str, Any]:
    return dict(hospital.finder.call("search", cookie=cookie, typed={"phone": phone}))


def test_who_has_an_appointment_in_my_team_is_shown_and_costs_nothing(hospital: Any) -> None:
    unit, number = hospital.unit(), a_number()
    expected, stranger = people(
        hospital, Drawn(a_name(), "JEANNE", a_day(), phone=number), Drawn(a_name(), "PAUL", a_day(), phone=number)
    )
    booked(hospital, expected, unit, NOW + timedelta(days=3))
    person, cookie = hospital.signed_in("medical_secretary", unit)
    answer = find(hospital, cookie, number)
    assert ids(answer) == [expected]
    assert (answer["code"], answer["door"], answer["full"], answer["near"], answer["masked"]) == (
        "ok",
        "phone",
        0,
        0,
        0,
    )
    assert spent(hospital, person.account) == spent(hospital, person.account, "confirmed") == 0
    (entry,) = hospital.entries(account=person.account, kind="search")
    assert entry["ids"] == [expected]
    assert stranger not in entry["ids"]
    assert number.replace(" ", "") not in str(entry)


@pytest.mark.parametrize("away", [-31, 31])
def test_thirty_days_before_and_after_and_no_more(hospital: Any, away: int) -> None:
    unit, number = hospital.unit(), a_number()
    (patient,) = people(hospital, Drawn(a_name(), "JEANNE", a_day(), phone=number))
    booked(hospital, patient, unit, NOW + timedelta(days=away))
    _, cookie = hospital.signed_in("medical_secretary", unit)
    assert find(hospital, cookie, number)["rows"] == []


def test_a_stay_or_another_teams_appointment_does_not_answer_and_the_answer_is_that_of_nobody(hospital: Any) -> None:
    unit, other, number = hospital.unit(), hospital.unit(), a_number()
    lying, elsewhere = people(
        hospital, Drawn(a_name(), "JEANNE", a_day(), phone=number, unit=unit),
        Drawn(a_name(), "PAUL", a_day(), phone=number),
    )  # fmt: skip
    booked(hospital, elsewhere, other, NOW)
    _, cookie = hospital.signed_in("medical_secretary", unit)
    assert find(hospital, cookie, number) == find(hospital, cookie, a_number())
    del lying


@pytest.mark.parametrize("profession", ["nurse", "physician", "billing", "switchboard", "dpo"])
def test_the_desk_and_the_secretariat_alone(hospital: Any, profession: str) -> None:
    unit = hospital.unit()
    _, cookie = hospital.signed_in(profession, unit)
    assert find(hospital, cookie, a_number())["code"] == "search_closed"


@pytest.mark.parametrize(
    "typed", ["06 39 98 00 42", "0639980042", "06.39.98.00.42", "+33 6 39 98 00 42", "0033639980042"]
)
def test_a_number_is_a_phone_when_it_looks_like_one(typed: str) -> None:
    form = Search({"number": typed})
    assert form.is_valid()
    assert set(form.typed()) == {"phone"}


@pytest.mark.parametrize("typed", ["2100000001", "8001", "252031711111187", "0042"])
def test_an_ipp_or_an_ins_is_none(typed: str) -> None:
    form = Search({"number": typed})
    assert form.is_valid()
    assert "phone" not in form.typed()


def test_the_page_says_that_nobody_is_expected_under_it(hospital: Any, browser: Any) -> None:
    _, cookie = hospital.signed_in("medical_secretary", hospital.unit())
    shown = browser(cookie).post("/patients/", {"number": a_number()})
    assert "rendez-vous dans votre équipe" in text(shown)
    assert "Dans tout le groupe" not in text(shown)
