"""A nurse writes: a targeted transmission, a note that comes back unfinished, a round; actions counted."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.counted import promised
from tests.journeys.desk import Desk

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]


def test_a_transmission_from_the_list_takes_five_actions(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("claire.morvan")
    nurse.to_unit()
    row = nurse.row(0)
    row.locator("[data-row-link]").focus()
    nurse.count_from_here()
    nurse.press("t")
    expect(nurse.page.get_by_label("Cible")).to_be_focused()
    nurse.type("Douleur")
    nurse.press("Tab")
    nurse.type("EN 7/10, épaule ;ta ")
    expect(nurse.page.get_by_label("Données")).to_have_value(re.compile(r"épaule TA \d+/\d+ mmHg"))
    nurse.press("Control+Enter")
    expect(row.locator("[data-row-link]")).to_be_focused()
    assert len(nurse.actions) == promised("Signer une transmission ciblée")
    nurse.open_row(0)
    first = nurse.page.locator("#timeline li").first
    expect(first).to_contain_text("Transmission ciblée")
    expect(first).to_contain_text("EN 7/10, épaule TA")


def test_a_note_takes_three_actions_and_an_unfinished_one_comes_back(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("hugo.petit")
    nurse.to_unit()
    nurse.open_row(1)
    nurse.count_from_here()
    nurse.press("n")
    expect(nurse.page.get_by_label("Observation")).to_be_focused()
    nurse.type("Nuit calme.")
    nurse.press("Control+Enter")
    expect(nurse.page.locator("#timeline li").first).to_contain_text("Nuit calme.")
    assert nurse.actions == ["n", "Nuit calme.", "Control+Enter"]
    assert len(nurse.actions) == promised("Signer une note")

    nurse.type("Levée à 7 h, a dit que")
    expect(nurse.page.locator(".draft-said")).to_contain_text("Brouillon gardé", timeout=4000)
    nurse.page.reload()
    nurse.press("n")
    expect(nurse.page.get_by_label("Observation")).to_have_value("Levée à 7 h, a dit que")

    other = desk()
    other.sign_in("claire.morvan")
    other.page.goto(nurse.page.url)
    other.says_nothing_of("a dit que")


def test_a_round_of_three_pressures_takes_eight_actions(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("claire.morvan")
    nurse.to_unit()
    nurse.row(0).locator("[data-row-link]").focus()
    nurse.count_from_here()
    nurse.press("g")
    nurse.page.wait_for_url(re.compile(r"/releve/"))
    expect(nurse.page.locator("[data-grid] input[name=bp]").first).to_be_focused()
    for pressure in ("121/71", "122/72", "123/73"):
        nurse.type(pressure)
        nurse.press("Enter")
    nurse.press("Control+Enter")
    nurse.page.wait_for_url(re.compile(r"fait=releve"))
    assert len(nurse.actions) == promised("Relever trois tensions d'affilée")
    for place, pressure in enumerate(("121/71", "122/72", "123/73")):
        expect(nurse.row(place).locator(".ward-last")).to_contain_text(pressure)
    assert nurse.accessibility_faults() == []
