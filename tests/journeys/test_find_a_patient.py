"""Finding a person: from the first key to the chart without a mouse, and what a search refuses to tell."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from egide.rehearsal import people
from egide.rehearsal.people import Person
from tests.journeys.clinic import Clinic
from tests.journeys.counted import promised
from tests.journeys.desk import NARROW, Desk, shows

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]
SEED, COUNT = 1, 300  # what `egide run --demo` loads


def french(one: Person) -> str:
    """The birth date as a clerk types it."""
    return f"{one.birth_date:%d%m%Y}"


def lying_in_her_unit(nurse: Desk) -> Person:
    """The first patient of the list on screen, from the seed."""
    shown = nurse.row(0).inner_text()
    return next(
        one
        for one in people.people(SEED, COUNT)
        if shown.find(str(one.trait("birth_name"))) >= 0 and f"{one.birth_date:%d/%m/%Y}" in shown
    )


def test_a_nurse_finds_her_patient_by_keyboard_alone_in_five_actions(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("claire.morvan")
    one = lying_in_her_unit(nurse)
    nurse.count_from_here()
    nurse.press("p")
    nurse.page.wait_for_url(re.compile(r"/patients/"))
    expect(nurse.page.get_by_label("Nom", exact=True)).to_be_focused()
    nurse.type(str(one.trait("birth_name")).lower()[:3])
    nurse.page.keyboard.press("Tab")
    nurse.page.keyboard.press("Tab")
    nurse.type(french(one))
    nurse.press("Enter")
    mine = nurse.page.locator("[data-row-link]", has_text=str(one.trait("birth_name")))
    expect(mine.first).to_be_focused()
    assert re.fullmatch(r"http://[^/]+/patients/", nurse.page.url)  # nothing of what was typed stands in the address
    assert not nurse.accessibility_faults()
    nurse.press("Enter")
    nurse.page.wait_for_url(re.compile(r"/dossier/[0-9a-f-]+/$"))
    shows(nurse.page, str(one.trait("birth_name")))
    assert len(nurse.actions) == promised("Retrouver un de ses patients"), nurse.actions


def test_a_clerk_confirms_who_is_known_and_finds_the_doors_not_the_chart(desk: Sit) -> None:
    clerk = desk(NARROW, "dark")
    clerk.sign_in_as("Thomas Girard")
    one = next(one for one in people.people(SEED, COUNT) if one.trait("used_name") is None)
    clerk.page.goto("/patients/")
    clerk.page.get_by_label("Nom", exact=True).fill(str(one.trait("birth_name")))
    clerk.page.get_by_label("Prénom").fill(str(one.trait("first_name")))
    clerk.page.get_by_label("Date de naissance").fill(f"{one.birth_date:%d/%m/%Y}")
    clerk.page.get_by_label("Date de naissance").press("Enter")
    shows(clerk.page, "identité connue ici")
    clerk.says_nothing_of(str(one.trait("ipp")), one.contacts[0].text)
    assert not clerk.accessibility_faults()
    assert clerk.too_wide() == 0
    clerk.page.locator("[data-row-link]").click()
    clerk.page.wait_for_url(re.compile(r"/acceder/$"))
    clerk.says_nothing_of(str(one.trait("birth_name")), str(one.trait("ipp")))


def test_a_slip_in_the_date_is_a_count_until_the_clerk_asks(desk: Sit) -> None:
    clerk = desk()
    clerk.sign_in_as("Thomas Girard")
    one = next(one for one in people.people(SEED, COUNT) if 2 < one.birth_date.day < 27 and one.index > 20)
    other = one.birth_date.replace(day=one.birth_date.day + 1)
    clerk.page.goto("/patients/")
    clerk.page.get_by_label("Nom", exact=True).fill(str(one.trait("birth_name")))
    clerk.page.get_by_label("Prénom").fill(str(one.trait("first_name")))
    clerk.page.get_by_label("Date de naissance").fill(f"{other:%d/%m/%Y}")
    clerk.page.get_by_label("Date de naissance").press("Enter")
    shows(clerk.page, re.compile("identités? proches?"))
    clerk.says_nothing_of(f"{one.birth_date:%d/%m/%Y}", str(one.trait("ipp")))
    assert not clerk.accessibility_faults()
    clerk.page.get_by_role("button", name="Afficher").click()
    shows(clerk.page, f"{one.birth_date:%d/%m/%Y}")


def test_the_whole_group_is_one_more_key_and_a_phone_is_seen_on_purpose(desk: Sit) -> None:
    clerk = desk()
    clerk.sign_in_as("Thomas Girard")
    one = next(one for one in people.people(SEED, COUNT) if any(each.kind == "phone" for each in one.contacts))
    clerk.page.goto("/patients/")
    clerk.page.get_by_label("Nom", exact=True).fill(str(one.trait("birth_name")).lower()[:3])
    clerk.page.get_by_label("Date de naissance").fill(f"{one.birth_date:%d/%m/%Y}")
    clerk.page.get_by_label("Date de naissance").press("Enter")
    shows(clerk.page, "Dans tout le groupe")
    clerk.count_from_here()
    clerk.press("Alt+g")
    shows(clerk.page, "Cherché dans tout le groupe")
    assert len(clerk.actions) == 1
    row = clerk.page.locator("tr", has_text=str(one.trait("birth_name"))).first
    masked = row.locator(".masked", has_text="••").last
    clerk.says_nothing_of(one.contacts[0].text)
    assert not clerk.accessibility_faults()
    masked.get_by_role("button").press("Enter")
    expect(row.locator(".unmasked")).to_be_visible()
    assert re.search(r"[0-9]{2} [0-9]{2}|[0-9]{10}", row.locator(".unmasked").inner_text())
    assert re.fullmatch(r"http://[^/]+/patients/", clerk.page.url)


def test_a_nurse_sees_a_contact_and_the_record_says_so(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("claire.morvan")
    nurse.open_row()
    nurse.page.get_by_role("link", name="Coordonnées").click()
    shows(nurse.page, "Faites-les dire")
    assert not nurse.accessibility_faults()
    assert nurse.too_wide() == 0
    nurse.page.get_by_role("button", name=re.compile("^Voir : ")).first.press("Enter")
    expect(nurse.page.locator(".unmasked").first).to_be_focused()
    assert "•" not in nurse.page.locator(".unmasked").first.inner_text()
    nurse.page.get_by_role("link", name="Qui a ouvert ce dossier").click()
    shows(nurse.page, re.compile("affichée?"))


def test_the_switchboard_says_where_somebody_lies_in_two_actions(desk: Sit, clinic: Clinic) -> None:
    nurse = desk()
    nurse.sign_in("claire.morvan")
    one = lying_in_her_unit(nurse)
    name = str(one.trait("used_name") or one.trait("birth_name"))
    board = desk()
    accounts = json.loads(clinic.home.demo_accounts.read_text(encoding="utf-8"))["accounts"]
    here = next(one["site"] for one in accounts if one["username"] == "claire.morvan")
    board.sign_in_as(next(a["name"] for a in accounts if a["profession"] == "switchboard" and a["site"] == here))
    expect(board.page.get_by_label("Nom", exact=True)).to_be_focused()
    assert not board.accessibility_faults()
    board.count_from_here()
    board.type(name.lower())
    board.press("Enter")
    shows(board.page, re.compile(f"{name}|personnes répondent"))
    board.says_nothing_of(f"{one.birth_date:%d/%m/%Y}", str(one.trait("ipp")))
    assert len(board.actions) == promised("Dire où quelqu'un se trouve, au standard"), board.actions
    assert re.fullmatch(r"http://[^/]+/presents/", board.page.url)
    assert not board.accessibility_faults()
    board.page.goto("/patients/")
    shows(board.page, "Chercher une personne")
    board.page.get_by_label("Nom", exact=True).fill(name)
    board.page.get_by_label("Date de naissance").fill(f"{one.birth_date:%d/%m/%Y}")
    board.page.get_by_label("Date de naissance").press("Enter")
    shows(board.page, "ne cherche pas")
