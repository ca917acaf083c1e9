"""A night's plan blanc signed by two keys at one screen; a commission's mandate signed at two workstations."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.journeys.desk import Desk, shows

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]
PHYSICIAN, SECOND, BESIDE = "helene.roux", "paul.marchand", "ines.caron"


def own_key(desk: Desk) -> None:
    """Sign the act on the screen with one's own key."""
    desk.click(desk.page.get_by_role("button", name="Signer avec ma clé"))


def test_two_keys_at_one_screen_declare_a_plan_blanc(desk: Sit) -> None:
    night = desk()
    night.sign_in(PHYSICIAN)
    page = night.page
    page.goto("/plan-blanc/")
    assert night.accessibility_faults() == []
    night.count_from_here()
    night.click(page.get_by_role("button", name="Déclarer le plan blanc"))
    shows(page, "l'accès d'urgence n'est plus limité en nombre")
    own_key(night)
    shows(page, "Une seconde personne lit et signe avec sa clé")
    assert night.accessibility_faults() == []
    page.locator("[data-colleagues]").select_option(BESIDE)
    shows(page, "C'est fait.")
    assert len(night.actions) <= 4, night.actions
    try:
        page.goto("/jour/")
        shows(page, "Plan blanc sur le site")
    finally:
        page.goto("/plan-blanc/")
        night.click(page.get_by_role("button", name="Terminer le plan blanc"))
        shows(page, "Plan blanc terminé.")


def test_a_mandate_is_signed_at_another_workstation(desk: Sit) -> None:
    asker, second = desk(), desk()
    asker.sign_in(PHYSICIAN)
    page = asker.page
    page.goto("/commissions/")
    asker.click(page.get_by_role("button", name="Relire avant de signer"))
    shows(page, "Choisissez à qui le mandat est donné.")
    assert asker.accessibility_faults() == []
    offered = page.locator("select[name=account] option").all_inner_texts()
    member = next(one for one in offered if "infirmier" in one)
    page.locator("select[name=account]").select_option(label=member)
    page.locator("input[name=until]").fill((datetime.now(UTC).date() + timedelta(days=20)).isoformat())
    asker.click(page.get_by_role("button", name="Relire avant de signer"))
    shows(page, "Prévention du risque infectieux")
    own_key(asker)
    shows(page, "L'acte attend une autre personne, sur un autre poste")

    second.sign_in(SECOND)
    second.page.goto("/approbations/")
    row = second.page.locator(".notice").filter(has_text=member.split(",")[0]).filter(has_text="mandat")
    second.click(row.get_by_role("link", name=re.compile("Lire et décider")).first)
    own_key(second)
    shows(second.page, "C'est fait.")
    page.goto("/commissions/")
    line = page.locator("tr").filter(has_text=member.split(",")[0])
    asker.click(line.get_by_role("button", name=re.compile("Terminer")).first)
    expect(page.get_by_text("Mandat terminé")).to_be_visible()
