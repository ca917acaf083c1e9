"""Nights: four units and a patient of another site; an advice asked at home; emergencies to the sixth and the sheet.

The DPO finds all of it.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.journeys.clinic import Clinic
from tests.journeys.desk import NARROW, Desk, shows

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]
CLOSED = "Vous ne faites pas partie de l'équipe de soins de ce patient."


def wards(clinic: Clinic, count: int) -> list[str]:
    """More wards of the hospital's site, without patients."""
    (site,) = clinic.sql("SELECT site_id FROM directory_unit ORDER BY name LIMIT 1")[0]
    made = [uuid4() for _ in range(count)]
    for place, unit in enumerate(made):
        clinic.sql(
            "INSERT INTO directory_unit (id, site_id, name, code, specialty) VALUES (%s, %s, %s, %s, '')",
            unit, site, f"Nuit {place} {unit.hex[:4]}", f"N{unit.hex[:6]}",
        )  # fmt: skip
    return [str(unit) for unit in made]


@contextmanager
def elsewhere(clinic: Clinic, username: str) -> Iterator[None]:
    """For a while this physician's unit, with its patients, belongs to another site of the group."""
    (unit, site), other = clinic.sql(
        "SELECT u.id, u.site_id FROM accounts.membership m JOIN accounts.account c ON c.id = m.account"
        " JOIN directory_unit u ON u.id = m.unit WHERE c.username = %s LIMIT 1", username,
    )[0], uuid4()  # fmt: skip
    clinic.sql(
        "INSERT INTO directory_site (id, name, finess, kind, city) VALUES (%s, %s, %s, 'MCO', 'Quimper')",
        other, "Clinique de l'Odet", f"29{uuid4().int % 10**7:07d}",
    )  # fmt: skip
    clinic.sql("UPDATE directory_unit SET site_id = %s WHERE id = %s", other, unit)
    try:
        yield
    finally:
        clinic.sql("UPDATE directory_unit SET site_id = %s WHERE id = %s", site, unit)


def charts(desk: Desk, count: int) -> list[str]:
    """Addresses of the charts that a person's own list leads to."""
    found = desk.page.locator("[data-row-link]")
    expect(found.nth(count - 1)).to_be_visible()
    return [str(found.nth(place).get_attribute("href")) for place in range(count)]


def break_glass(desk: Desk, address: str, why: str = "vital_emergency") -> None:
    """The reason, then one's own demonstration key."""
    desk.page.goto(address)
    shows(desk.page, CLOSED)
    form = desk.page.locator("form[data-approve]").first
    form.locator("[name=reason]").select_option(why)
    form.get_by_role("button", name="avec ma clé de démonstration").click()


def test_a_night_over_four_units_and_somebody_of_another_site(desk: Sit, clinic: Clinic) -> None:
    units = wards(clinic, 3)
    day = desk()
    day.sign_in("sophie.nguyen")
    (address,) = charts(day, 1)
    night = desk()
    night.sign_in("hugo.petit")
    (who,) = clinic.sql("SELECT id FROM accounts.account WHERE username = 'hugo.petit'")[0]
    for unit in units:
        clinic.sql(
            "INSERT INTO accounts.shift (account, profession, unit, since, until)"
            " VALUES (%s, 'nurse', %s, now(), now() + interval '12 hours')", who, unit,
        )  # fmt: skip
    night.page.goto("/poste/")
    night.page.wait_for_load_state()
    assert not night.accessibility_faults()
    with elsewhere(clinic, "sophie.nguyen"):
        _joins(night, day, address)
    clinic.sql("UPDATE accounts.shift SET until = now() WHERE account = %s", who)


def _joins(night: Desk, day: Desk, address: str) -> None:
    """The chart is shut, asking is one click, her physician takes the nurse in."""
    night.page.goto(address)
    shows(night.page, CLOSED)
    night.count_from_here()
    night.click(night.page.get_by_role("button", name="Demander à rejoindre l'équipe"))
    shows(night.page, "Demande envoyée.")
    assert len(night.actions) == 1
    day.page.goto("/notifications/")
    day.page.locator("li", has_text="Hugo Petit").get_by_role("button", name="Faire entrer dans l'équipe").first.click()
    day.page.wait_for_url(re.compile("fait=equipe"))
    night.page.goto(address)
    expect(night.page.locator(".banner-name")).to_be_visible()
    night.page.get_by_role("link", name="Équipe", exact=True).click()
    shows(night.page, "équipe de soins")
    assert not night.accessibility_faults()
    assert night.too_wide() <= 0


def test_an_advice_asked_of_a_physician_at_home(desk: Sit) -> None:
    ward = desk()
    ward.sign_in("helene.roux")
    (address,) = charts(ward, 1)
    ward.page.goto(address)
    ward.count_from_here()
    ward.click(ward.page.get_by_role("link", name="Demander un avis"))
    named = ward.page.locator("#to option", has_text="Delattre").first.get_attribute("value")
    ward.page.get_by_label("À qui").select_option(named)
    ward.click(ward.page.get_by_role("button", name="Demander l'avis"))
    ward.page.wait_for_url(re.compile("fait=avis"))
    home = desk(NARROW, "dark")
    home.sign_in("marc.delattre")
    home.page.goto("/notifications/")
    shows(home.page, "demande d'avis")
    home.page.locator("li", has_text="demande d'avis").get_by_role("link", name="Ouvrir le dossier").first.click()
    expect(home.page.locator(".banner-name")).to_be_visible()
    assert home.too_wide() <= 0
    assert not home.accessibility_faults()


def test_emergencies_to_the_sixth_then_the_sheet_and_the_dpo_finds_them(desk: Sit, clinic: Clinic) -> None:
    of_the_unit = desk()
    of_the_unit.sign_in("claire.morvan")
    addresses = charts(of_the_unit, 7)
    alone = desk()
    alone.sign_in_as("Yann Le Gall")
    for address in addresses[:5]:
        break_glass(alone, address)
        expect(alone.page.locator(".banner-name")).to_be_visible()
    break_glass(alone, addresses[5])
    shows(alone.page, "un collègue présent doit confirmer avec sa clé")
    alone.page.goto(addresses[5])
    shows(alone.page, "Personne avec moi : fiche d'urgence")
    assert not alone.accessibility_faults()
    sheet = alone.page.locator("form[data-sheet]")
    sheet.locator("[name=reason]").select_option("vital_emergency")
    sheet.locator("[name=words]").fill("Seul au service, patient en détresse")
    sheet.get_by_role("button", name="avec ma clé de démonstration").click()
    alone.page.wait_for_url(re.compile(r"/fiche/$"))
    shows(alone.page, "Allergies")
    shows(alone.page, "Personnes à prévenir")
    assert not alone.accessibility_faults()
    assert alone.too_wide() <= 0
    answer = alone.page.goto(addresses[5])
    assert answer is not None
    assert answer.status == 403  # the sheet is not the chart

    officer = desk()
    officer.sign_in_as("Odile Perrin")
    officer.page.goto("/surveillance/urgences/")
    lines = officer.page.locator("tbody tr", has_text="Yann Le Gall")
    expect(lines).to_have_count(6)
    officer.page.goto("/surveillance/?who=yann+le+gall&basis=sheet")
    expect(officer.page.locator("tbody tr", has_text="Yann Le Gall").first).to_be_visible()
    clinic.sql(
        "UPDATE gate.link SET since = since - interval '2 days', until = until - interval '2 days' WHERE account ="
        " (SELECT id FROM accounts.account WHERE username = 'yann.legall')"
    )
