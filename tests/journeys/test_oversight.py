"""What the DPO finds: every opening by filters, one name when there is a reason, the draw; and a nurse's palette."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.counted import promised
from tests.journeys.desk import NARROW, Desk, shows

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]


def test_a_nurse_reaches_a_bed_by_the_palette_in_three_actions(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("claire.morvan")
    bed = nurse.row(2).locator(".ward-bed").inner_text().split()[0]
    name = nurse.row(2).locator("[data-row-link]").inner_text()
    nurse.count_from_here()
    nurse.press("Control+k")
    nurse.type(f"tension {bed}")
    chosen = nurse.page.locator("#palette-rows [aria-selected=true]")
    expect(chosen).to_contain_text(f"lit {bed}")
    assert not nurse.accessibility_faults()
    nurse.press("Enter")
    nurse.page.wait_for_url(re.compile(r"/constantes/$"))
    assert len(nurse.actions) == promised("Aller à un lit par la barre"), nurse.actions
    nurse.press("Control+k")
    expect(nurse.page.locator("#palette-rows a").first).to_be_visible()
    nurse.page.keyboard.press("Escape")
    expect(nurse.page.locator("#palette-rows a")).to_have_count(0)  # nothing of the answers stays in the page
    assert name


def test_the_dpo_finds_an_opening_names_its_patient_and_prints_a_copy(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("claire.morvan")
    name = nurse.row(0).locator("[data-row-link]").inner_text()
    nurse.open_row(0)
    pseudonym = nurse.page.url.split("/")[-2]

    officer = desk()
    officer.sign_in_as("Odile Perrin")
    shows(officer.page, "Ce que je peux faire")
    officer.page.get_by_role("link", name="Trace", exact=True).first.click()
    officer.page.get_by_label("Personne").fill("claire morvan")
    officer.page.get_by_role("button", name="Lire la trace").click()
    officer.page.wait_for_url(lambda url: "?" in url)
    shows(officer.page, "Claire Morvan")
    officer.says_nothing_of(name)
    officer.page.locator(f"a.pseudo[title='{pseudonym}']").first.click()
    officer.page.get_by_label("Voir qui est ce patient").select_option("patient_request")
    officer.page.get_by_role("button", name="Voir qui").click()
    officer.page.wait_for_url(re.compile(r"/surveillance/dossier/"))
    shows(officer.page, name.split()[0])
    assert not officer.accessibility_faults()

    charted = officer.page.url
    officer.page.get_by_role("link", name="Copie avec les noms").click()
    officer.page.wait_for_url(re.compile(r"/surveillance/dossier/[0-9a-f-]+/copie/"))
    expect(officer.page.locator(".sheet")).to_contain_text("Claire Morvan")
    assert not officer.accessibility_faults()
    officer.page.goto(charted)
    officer.page.get_by_role("link", name="sans les noms").click()
    officer.page.wait_for_url(re.compile(r"/acces/copie/"))
    expect(officer.page.locator(".sheet")).to_contain_text("infirmier(ère)")
    expect(officer.page.locator(".sheet")).not_to_contain_text("Claire Morvan")


def test_the_pages_of_oversight_hold_on_a_phone_in_the_dark(desk: Sit) -> None:
    officer = desk(NARROW, "dark")
    officer.sign_in_as("Odile Perrin")
    for page in ("", "activite/", "urgences/", "tirage/"):
        officer.page.goto(f"/surveillance/{page}")
        officer.page.wait_for_load_state()
        assert not officer.accessibility_faults(), page
        wide = officer.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, page
