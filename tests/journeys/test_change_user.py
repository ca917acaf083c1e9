"""A shared workstation of the site: enrolled once, then people follow one another at it, a touch each."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.counted import promised
from tests.journeys.desk import Desk, shows
from tests.journeys.rescued import rescue_code

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]
MACHINE = """() => new Promise((give) => {
  const asked = indexedDB.open("egide", 1);
  asked.onsuccess = () => {
    const found = asked.result.transaction("keys").objectStore("keys").get("machine");
    found.onsuccess = () => give(found.result ? found.result.key.extractable : null);
  };
})"""


def enrolled(desk: Sit, name: str) -> Desk:
    """A workstation that an administrator has just enrolled from itself; nobody is signed in there."""
    there = desk()
    there.sign_in_as("Inès Caron")
    there.page.goto("/postes/")
    there.page.get_by_text("Enrôler ce poste").first.click()
    there.page.get_by_label("Nom du poste").fill(name)
    there.page.get_by_label("Emplacement").fill("Poste de soins")
    there.page.get_by_role("button", name="Relire avant de signer").click()
    shows(there.page, "Enrôler un poste de travail")
    there.page.get_by_role("button", name="avec ma clé de démonstration").click()
    shows(there.page, "C'est fait.")
    there.page.get_by_label("Compte de Inès Caron").click()
    there.page.get_by_role("button", name="Se déconnecter").click()
    shows(there.page, "Votre session est fermée.")
    assert there.page.evaluate(MACHINE) is False  # its key is there, and no script reads it out
    return there


def signed_in(there: Desk, username: str) -> None:
    """By key and code, in an empty workstation."""
    there.insert_key(username)
    there.page.goto("/connexion/")
    there.page.get_by_role("button", name="Se connecter avec ma clé").click()
    there.page.wait_for_url(lambda url: "/connexion/" not in url)


def test_people_follow_one_another_with_a_touch_and_see_nothing_of_each_other(desk: Sit) -> None:
    there = enrolled(desk, "JOURNEY-01")
    signed_in(there, "hugo.petit")
    there.to_unit()
    there.open_row(0)
    patient, chart = there.page.locator(".banner-name").inner_text(), there.page.url
    there.insert_key("hugo.petit", verified=False)
    there.press("Alt+l")
    shows(there.page, "session verrouillée")
    there.press("Enter")
    expect(there.page.locator(".banner-name")).to_have_text(patient)  # a touch was enough

    # somebody else, for the first time today: her key, and its code
    there.insert_key("nadia.benali")
    there.count_from_here()
    there.press("Alt+u")
    expect(there.page.locator("#here")).to_contain_text("Hugo Petit")
    shows(there.page, "L'écran précédent est verrouillé")
    expect(there.page.locator("[data-key]")).to_be_focused()
    there.press("Enter")
    expect(there.page.locator(".who-name")).to_have_text("Nadia Benali")
    assert there.actions == ["Alt+u", "Enter"]
    assert len(there.actions) == promised("Changer d'utilisateur")
    there.says_nothing_of(patient)
    late = there.new_tab()
    late.goto("/connexion/?changer")  # her own session is open: nothing says that it is locked
    shows(late, "Changer d'utilisateur")
    expect(late.get_by_text("L'écran précédent est verrouillé")).to_have_count(0)
    late.close()
    there.page.bring_to_front()
    there.press("Control+k")
    expect(there.page.locator("#palette-rows")).not_to_be_empty()
    there.says_nothing_of(patient)
    there.press("Escape")
    there.page.go_back()
    shows(there.page, re.compile("Changer d'utilisateur|Prendre mon poste|Nadia Benali"))
    there.says_nothing_of(patient)
    there.page.goto(chart)
    there.says_nothing_of(patient)

    # and he comes back: his session waited, his charts are open
    there.insert_key("hugo.petit", verified=False)
    there.page.goto("/jour/")
    there.count_from_here()
    there.press("Alt+u")
    first = there.page.locator("#here button").first
    expect(first).to_be_focused()
    expect(first).to_contain_text("Hugo Petit")  # who has just left comes last
    there.press("Enter")
    expect(there.page.locator(".who-name")).to_have_text("Hugo Petit")
    assert there.actions == ["Alt+u", "Enter"]
    there.page.goto(chart)
    expect(there.page.locator(".banner-name")).to_have_text(patient)
    held = "SELECT count(*) FROM accounts.session WHERE ended_at IS NULL AND workstation IS NOT NULL"
    assert there.clinic.sql(held) == [(2,)]

    # signing out ends his own alone, and the machine stays what it is
    there.page.get_by_label("Compte de Hugo Petit").click()
    there.page.get_by_role("button", name="Se déconnecter").click()
    shows(there.page, "Votre session est fermée.")
    expect(there.page.locator("#here")).to_contain_text("Nadia Benali")
    expect(there.page.locator("#here")).not_to_contain_text("Hugo Petit")
    assert there.clinic.sql(held) == [(1,)]
    assert there.accessibility_faults() == []


def test_a_workstation_that_is_removed_empties_its_pages_and_is_one_no_more(desk: Sit) -> None:
    there = enrolled(desk, "JOURNEY-02")
    signed_in(there, "hugo.petit")
    there.to_unit()
    expect(there.rows.first).to_be_visible()

    office = desk()
    office.sign_in_as("Paul Marchand")
    office.page.goto("/postes/")
    line = office.page.locator("tr", has_text="JOURNEY-02")
    expect(line).to_contain_text("Inès Caron")
    assert office.accessibility_faults() == []
    line.get_by_role("button", name=re.compile("Retirer")).click()
    shows(office.page, "Toutes les sessions de ce poste se ferment à l'instant.")
    office.page.get_by_role("button", name="avec ma clé de démonstration").click()
    shows(office.page, "C'est fait.")
    expect(there.page.get_by_text("Votre session est terminée").first).to_be_visible(timeout=5_000)

    signed_in(there, "hugo.petit")
    there.press("Alt+l")
    shows(there.page, "session verrouillée")
    there.insert_key("hugo.petit", verified=False)
    there.page.get_by_role("button", name="Rouvrir", exact=True).click()
    expect(there.page.locator("#locked-status")).to_have_attribute("data-state", "wrong")
    there.insert_key("hugo.petit")
    there.page.get_by_role("button", name="Rouvrir", exact=True).click()
    expect(there.page.locator(".who-name")).to_have_text("Hugo Petit")


def test_who_comes_by_a_code_sits_there_too_and_who_was_there_waits(desk: Sit) -> None:
    there = enrolled(desk, "JOURNEY-03")
    signed_in(there, "nadia.benali")
    code = rescue_code(desk(), "hugo.petit", witness="Nadia Benali")
    there.page.goto("/connexion/")
    there.page.get_by_role("link", name="session de secours").click()
    there.page.get_by_label("Nom de compte").fill("hugo.petit")
    there.page.get_by_label("Code à six chiffres").fill(code)
    there.page.get_by_role("button", name="Ouvrir ma session de secours").click()
    expect(there.page.locator(".who-name")).to_have_text("Hugo Petit")
    shows(there.page, "Session de secours : un patient à la fois")
    seated = (
        "SELECT s.grade, s.locks_at <= clock_timestamp() FROM accounts.session s JOIN accounts.workstation w"
        " ON w.id = s.workstation WHERE w.name = 'JOURNEY-03' AND s.ended_at IS NULL AND s.grade <> 'application'"
        " AND s.account <> w.enrolled_by ORDER BY 1"
    )
    assert there.clinic.sql(seated) == [("rescue", False), ("strong", True)]
    there.press("Alt+u")  # a code's session cannot be taken up again: it ends
    expect(there.page.locator("#here")).to_contain_text("Nadia Benali")
    expect(there.page.locator("#here")).not_to_contain_text("Hugo Petit")
    assert there.clinic.sql(seated) == [("strong", True)]
