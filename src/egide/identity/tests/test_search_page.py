"""The search page: what is posted, what it says, and that no trait ever stands in an address."""

from typing import Any

import pytest

from egide.gate.tests.browser import text
from egide.identity.forms import Search
from egide.identity.tests.people import Drawn, people
from egide.identity.tests.test_search import a_day, a_name


def french(day: str) -> str:
    year, month, at = day.split("-")
    return f"{at}/{month}/{year}"


def test_the_page_asks_and_shows_nothing(hospital: Any, browser: Any) -> None:
    _, cookie = hospital.signed_in("nurse")
    answer = browser(cookie).get("/patients/")
    assert answer.status_code == 200
    assert "Chercher une personne" in text(answer)
    assert "data-row" not in answer.content.decode()


def test_somebody_in_care_is_found_and_her_row_opens_the_chart(hospital: Any, browser: Any) -> None:
    unit, name, day = hospital.unit(), a_name(), a_day()
    (patient,) = people(hospital, Drawn(name, "JEANNE", day, unit=unit))
    _, cookie = hospital.signed_in("nurse", unit)
    answer = browser(cookie).post("/patients/", {"name": name, "first_name": "Jeanne", "birth_date": french(day)})
    body = answer.content.decode()
    assert answer.status_code == 200
    assert f'href="/dossier/{patient}/"' in body
    assert f"<mark>{name}</mark>" in body
    assert "dans votre équipe" in text(answer)
    assert answer["Cache-Control"] == "no-store"
    assert not answer.has_header("Location")


def test_htmx_gets_the_form_and_the_rows_alone(hospital: Any, browser: Any) -> None:
    name, day = a_name(), a_day()
    people(hospital, Drawn(name, "JEANNE", day))
    _, cookie = hospital.signed_in("medical_secretary")
    answer = browser(cookie).post("/patients/", {"name": name[:3], "birth_date": french(day)}, htmx=True)
    body = answer.content.decode()
    assert "<html" not in body
    assert name in body
    assert "hors de votre équipe" in text(answer)


def test_near_identities_are_a_count_until_asked_for(hospital: Any, browser: Any) -> None:
    name, day = a_name(), a_day()
    people(hospital, Drawn(name, "JEANNE", day))
    _, cookie = hospital.signed_in("nurse")
    typed = {"name": name, "first_name": "Jeanne", "birth_date": f"18/{day[5:7]}/{day[:4]}"}
    answer = browser(cookie).post("/patients/", typed)
    assert "Une identité proche." in text(answer)
    assert "data-row-link" not in answer.content.decode()
    answer = browser(cookie).post("/patients/", {**typed, "unmask": "1"})
    assert name in text(answer)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": "DU"}, "Donnez la date de naissance et trois lettres"),
        ({"name": "DURAND", "birth_date": "31/02/1952"}, "n'existe pas"),
        ({"name": "DURAND", "birth_date": "1952"}, "donnez le nom et le prénom"),
        ({}, "Donnez la date de naissance"),
    ],
)
def test_each_lack_has_its_sentence(hospital: Any, browser: Any, typed: dict[str, str], said: str) -> None:
    _, cookie = hospital.signed_in("nurse")
    assert said in text(browser(cookie).post("/patients/", typed))


@pytest.mark.parametrize("typed", [{"birth_date": "demain"}, {"name": "A" * 101}, {"birth_date": "12/03/52"}])
def test_what_has_no_sense_comes_back_beside_its_field(hospital: Any, browser: Any, typed: dict[str, str]) -> None:
    _, cookie = hospital.signed_in("nurse")
    answer = browser(cookie).post("/patients/", typed)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()


def test_who_was_shown_a_person_by_a_search_stands_in_her_record(hospital: Any, browser: Any) -> None:
    unit, name, day = hospital.unit(), a_name(), a_day()
    (patient,) = people(hospital, Drawn(name, "JEANNE", day, unit=unit))
    nurse, cookie = hospital.signed_in("nurse", unit)
    clerk, other = hospital.signed_in("admission_clerk")
    browser(other).post("/patients/", {"name": name[:3], "birth_date": french(day)})
    said = text(browser(cookie).get(f"/dossier/{patient}/acces/"))
    assert clerk.name in said
    assert nurse.name in said


def test_what_is_typed_is_written_back_as_text(hospital: Any, browser: Any) -> None:
    _, cookie = hospital.signed_in("nurse")
    answer = browser(cookie).post("/patients/", {"name": '"><script>alert(1)</script>', "birth_date": "12/03/1952"})
    assert "<script>alert" not in answer.content.decode()


def test_nobody_searches_without_a_session_nor_from_another_site(hospital: Any, browser: Any) -> None:
    assert browser().get("/patients/").status_code == 401
    _, cookie = hospital.signed_in("nurse")
    assert browser(cookie).post("/patients/", {"name": "DURAND"}, Sec_Fetch_Site="cross-site").status_code == 403


def test_a_profession_without_search_has_no_such_place_in_its_menu(hospital: Any, browser: Any) -> None:
    _, nurse = hospital.signed_in("nurse")
    _, dpo = hospital.signed_in("dpo")
    assert "/patients/" in browser(nurse).get("/sessions/").content.decode()
    assert "/patients/" not in browser(dpo).get("/sessions/").content.decode()


@pytest.mark.parametrize(
    ("typed", "iso"),
    [
        ("12/03/1952", "1952-03-12"), ("12031952", "1952-03-12"), ("1-3-1952", "1952-03-01"), ("1952", "1952-??-??"),
        ("?/03/1952", "1952-03-??"), ("03/1952", "1952-03-??"), ("??/??/1952", "1952-??-??"),
        ("1952-03-12", "1952-03-12"),
        ("", ""), (" 12 3 1952 ", "1952-03-12"),
    ],
)  # fmt: skip
def test_a_birth_date_is_read_as_people_say_it(django: None, typed: str, iso: str) -> None:
    form = Search({"birth_date": typed})
    assert form.is_valid()
    assert form.cleaned_data["birth_date"] == iso


def test_a_number_is_an_ins_when_it_has_its_shape(django: None) -> None:
    for number, field in (("2 52 03 44 109 001 23", "ins"), ("801234567", "ipp")):
        form = Search({"number": number})
        assert form.is_valid()
        assert list(form.typed()) == [field]
