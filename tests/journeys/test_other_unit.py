"""A chart of another unit stays shut, and the chart's own people see who tried."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.desk import Desk, shows

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]
REFUSAL = "Vous ne faites pas partie de l'équipe de soins de ce patient."


def test_a_nurse_of_the_other_unit_is_refused_and_who_opened_shows_both(desk: Sit) -> None:
    mine = desk()
    mine.sign_in("claire.morvan")
    mine.open_row(3)
    address = mine.page.url
    name = mine.page.locator(".banner-name").inner_text()
    ipp = mine.page.locator(".banner").inner_text().split("IPP")[1].split()[0]
    traits = (*name.split()[:2], ipp)

    other = desk()
    other.sign_in("nadia.benali")
    for path in ("", "constantes/", "courbe/", "acces/"):
        answer = other.page.goto(address + path)
        assert answer is not None
        assert answer.status == 403
        shows(other.page, REFUSAL)
        other.says_nothing_of(*traits)

    mine.page.get_by_role("link", name="Qui a ouvert ce dossier").click()
    lines = mine.page.locator("table.opened tbody tr")
    expect(lines.nth(5)).to_be_visible()
    # the bar of tabs names the charts she holds, which is an opening too, at a moment of its own
    told = [line for line in lines.all_inner_texts() if "palette" not in line]
    ours = [place for place, line in enumerate(told) if "Claire Morvan" in line]
    refused = [place for place, line in enumerate(told) if "Nadia Benali" in line]
    assert len(refused) == 4
    assert all("refusé, rien n'a été lu" in told[place] and "Chirurgie A" in told[place] for place in refused)
    # newest first: this page's own opening, then the four refusals, then the chart she had opened before
    assert ours[0] == 0
    assert "contrôle des accès" in told[0]
    assert refused == [1, 2, 3, 4]
    assert ours[1] == 5
    chart = next(line for line in told[5:] if "soins" in line)  # what she looked for by the bar may stand between
    assert "séjour dans l'unité" in chart


def test_the_list_of_another_unit_is_refused_too(desk: Sit) -> None:
    mine = desk()
    mine.sign_in("claire.morvan")
    address = mine.page.url
    names = mine.page.locator("[data-row-link]").all_inner_texts()
    assert len(names) > 20

    other = desk()
    other.sign_in("nadia.benali")
    answer = other.page.goto(address)
    assert answer is not None
    assert answer.status == 403
    shows(other.page, "Vous n'êtes pas en poste dans cette unité.")
    other.says_nothing_of(*names)
    other.page.get_by_role("link", name="Revenir à mon unité").click()
    other.page.wait_for_url(lambda url: url != address)
    other.to_unit()
    expect(other.page.get_by_role("heading", name="Chirurgie A")).to_be_visible()


def test_who_gives_no_care_finds_no_patient(desk: Sit) -> None:
    officer = desk()
    officer.sign_in_as("Odile Perrin")
    assert officer.page.locator("[data-row]").count() == 0
