"""Contacts are masked until one is asked for; asking is an opening with its purpose, charged outside one's care."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.browser import text
from egide.identity.tests.people import Drawn, people
from egide.identity.tests.test_search import a_day, a_name, find, spent
from egide.keeper import masks
from egide.kernel.capabilities import Refused
from tests.journeys.clinic import eventually

PHONE, INS = "06 39 98 00 42", "252031711111187"


def reachable(hospital: Any, unit: UUID | None = None) -> tuple[UUID, str, str]:
    """Somebody with a phone and an INS, in a unit or in nobody's care; her name and date."""
    name, day = a_name(), a_day()
    (patient,) = people(hospital, Drawn(name, "JEANNE", day, ins=INS, phone=PHONE, unit=unit))
    return patient, name, day


def show(page: Any, patient: UUID, kind: str, **more: Any) -> Any:
    """« Voir »."""
    return page.post(f"/dossier/{patient}/coordonnees/voir/", {"kind": kind}, **more)


def numbered(hospital: Any) -> None:
    """Until what the trail holds is numbered: a row changed before would be an alarm, and rightly."""
    last = hospital.value("SELECT max(id) FROM audit.entry")
    eventually(lambda: hospital.value("SELECT numbered FROM audit.horizon") >= last)


def test_the_page_bears_masks_and_the_web_never_had_the_whole(hospital: Any, browser: Any) -> None:
    unit = hospital.unit()
    patient, *_ = reachable(hospital, unit)
    person, cookie = hospital.signed_in("physician", unit)
    page = browser(cookie)
    shown = page.get(f"/dossier/{patient}/coordonnees/")
    assert shown.status_code == 200
    words = text(shown)
    assert "06 •• •• •• 42" in words
    assert "2••••••••••••87" in words
    assert not re.search(r"39\s?98|0317111", shown.content.decode())
    assert all("contact" not in entry["reads"] for entry in hospital.entries(account=person.account, kind="open"))


def test_seeing_one_is_an_opening_of_its_category_with_its_purpose(hospital: Any, browser: Any) -> None:
    unit = hospital.unit()
    patient, *_ = reachable(hospital, unit)
    person, cookie = hospital.signed_in("physician", unit)
    page = browser(cookie)
    answer = show(page, patient, "phone", htmx=True)
    assert answer.status_code == 200
    assert PHONE in text(answer)
    assert INS not in answer.content.decode()
    (entry,) = hospital.entries(account=person.account, kind="open")
    assert (entry["ids"], entry["reads"], entry["purpose"]) == ([patient], ["contact"], "contact_phone")
    assert INS in text(show(page, patient, "ins"))
    assert [one["purpose"] for one in hospital.entries(account=person.account, kind="open")] == [
        "contact_phone", "contact_ins",
    ]  # fmt: skip
    assert spent(hospital, person.account) == 0  # in care: recorded, not scarce
    assert "téléphone affiché" in text(page.get(f"/dossier/{patient}/acces/"))


def test_a_nurse_sees_a_phone_and_no_ins(hospital: Any, browser: Any) -> None:
    unit = hospital.unit()
    patient, *_ = reachable(hospital, unit)
    _, cookie = hospital.signed_in("nurse", unit)
    page = browser(cookie)
    assert "matricule INS" not in text(page.get(f"/dossier/{patient}/coordonnees/"))
    assert PHONE in text(show(page, patient, "phone"))
    answer = show(page, patient, "ins")
    assert answer.status_code == 403
    assert INS not in answer.content.decode()


@pytest.mark.parametrize("profession", ["porter"])
def test_a_profession_without_contacts_finds_no_page(hospital: Any, browser: Any, profession: str) -> None:
    unit = hospital.unit()
    patient, *_ = reachable(hospital, unit)
    _, cookie = hospital.signed_in(profession, unit)
    page = browser(cookie)
    assert page.get(f"/dossier/{patient}/coordonnees/").status_code == 403
    assert show(page, patient, "phone").status_code == 403


def test_from_a_search_it_is_charged_as_discovered_and_lasts_a_minute(hospital: Any, browser: Any) -> None:
    patient, name, day = reachable(hospital)
    person, cookie = hospital.signed_in("admission_clerk")
    find(hospital, cookie, name=name, first_name="Jeanne", birth_date=day)
    assert (spent(hospital, person.account), spent(hospital, person.account, "confirmed")) == (0, 1)
    assert PHONE in text(show(browser(cookie), patient, "phone"))
    assert spent(hospital, person.account) == 1
    (entry,) = hospital.entries(account=person.account, kind="open")
    assert (entry["basis"], entry["purpose"], entry["reads"]) == ("search", "contact_phone", ["contact"])
    left = hospital.value(
        "SELECT extract(epoch FROM hard_until - clock_timestamp()) FROM gate.lease WHERE opening = %s", entry["id"]
    )
    assert 0 < left <= 60
    with pytest.raises(Refused, match="no_link"):
        hospital.open(cookie, patient, read=("contact",))


def test_whom_no_search_has_shown_is_refused_like_anybody(hospital: Any, browser: Any) -> None:
    patient, *_ = reachable(hospital)
    _, cookie = hospital.signed_in("admission_clerk")
    page = browser(cookie)
    refused, unknown = show(page, patient, "phone"), show(page, uuid4(), "phone")
    assert refused.status_code == unknown.status_code == 403
    assert text(refused) == text(unknown)


def test_ten_minutes_after_the_search_it_is_too_late(hospital: Any, browser: Any) -> None:
    patient, name, day = reachable(hospital)
    person, cookie = hospital.signed_in("medical_secretary")
    find(hospital, cookie, name=name, first_name="Jeanne", birth_date=day)
    numbered(hospital)
    aged = "UPDATE audit.entry SET at = at - %s * interval '10 minutes' WHERE account = %s AND kind = 'search'"
    hospital.sql("ALTER TABLE audit.entry DISABLE TRIGGER USER")
    hospital.sql(aged, 1, person.account)
    try:
        assert show(browser(cookie), patient, "phone").status_code == 403
    finally:  # the trail of all tests is verified later
        hospital.sql(aged, -1, person.account)
        hospital.sql("ALTER TABLE audit.entry ENABLE TRIGGER USER")


def test_the_scarce_budget_holds_and_nothing_is_shown_beyond_it(hospital: Any, browser: Any) -> None:
    person, cookie = hospital.signed_in("admission_clerk")
    page = browser(cookie)
    seen = 0
    for _ in range(11):
        patient, name, day = reachable(hospital)
        find(hospital, cookie, name=name, first_name="Jeanne", birth_date=day)
        seen += PHONE in text(show(page, patient, "phone"))
    assert seen == 10
    assert spent(hospital, person.account) == 10


@pytest.mark.parametrize("kind", ["", "fax", "contact", "phone'; --", "PHONE", "protected"])
def test_what_is_no_contact_is_refused(hospital: Any, browser: Any, kind: str) -> None:
    unit = hospital.unit()
    patient, *_ = reachable(hospital, unit)
    _, cookie = hospital.signed_in("physician", unit)
    assert show(browser(cookie), patient, kind).status_code == 400


def test_another_sessions_opening_gives_no_mask(hospital: Any) -> None:
    unit = hospital.unit()
    patient, *_ = reachable(hospital, unit)
    _, cookie = hospital.signed_in("physician", unit)
    opened = hospital.open(cookie, patient)["opening"]
    ask = {"opening": opened, "patient": patient.bytes}
    assert len(hospital.finder.call("masks", cookie=cookie, **ask)["masks"]) == 2
    _, other = hospital.signed_in("physician", unit)
    assert hospital.finder.call("masks", cookie=other, **ask)["masks"] == []
    ask["patient"] = uuid4().bytes
    assert hospital.finder.call("masks", cookie=cookie, **ask)["masks"] == []


@pytest.mark.parametrize(
    ("kind", "value", "mask"),
    [
        ("phone", "+33 6 39 98 00 42", "06 •• •• •• 42"), ("phone", "12", "••••"),
        ("phone", "+352 621 123 456", "••••"),
        ("email", "jeanne.durand@exemple.fr", "j•••@•••.fr"), ("email", "jeanne", "••••"), ("email", "@x.fr", "••••"),
        ("address", "12 rue du Port, 29200 Brest", "•••, 29200 Brest"), ("address", "Poste restante", "••••"),
        ("ins", INS, "2••••••••••••87"), ("ins", "12", "••••"),
    ],
)  # fmt: skip
def test_a_mask_leaves_what_confirms_and_no_more(kind: str, value: str, mask: str) -> None:
    assert masks.mask(kind, value) == mask
