"""A nurse's round: she signs in with her key, and writes blood pressures from her unit's list."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.counted import promised
from tests.journeys.desk import Desk, shows

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]


def test_a_nurse_writes_a_blood_pressure_by_keyboard_alone_in_three_actions(desk: Sit) -> None:
    nurse = desk()
    nurse.insert_key("claire.morvan")
    nurse.page.goto("/")
    nurse.press("Enter")  # the button of the key has the focus
    nurse.page.wait_for_url(lambda url: "/connexion/" not in url)
    nurse.to_unit()

    nurse.press("Enter")  # the first patient of the list has it now
    nurse.page.wait_for_url(re.compile(r"/dossier/"))
    before = nurse.curve()
    nurse.page.go_back()

    row = nurse.row(0)
    expect(row.locator("[data-row-link]")).to_be_focused()
    nurse.count_from_here()
    nurse.press("c")
    expect(nurse.page.get_by_label("Tension")).to_be_focused()
    nurse.type("163/97")
    nurse.press("Enter")
    expect(row.locator(".ward-last")).to_contain_text("163/97")
    assert nurse.actions == ["c", "163/97", "Enter"]
    assert len(nurse.actions) == promised("Écrire une tension")

    # the focus is back on the row: the same hand goes on to the chart, or to the next patient
    expect(row.locator("[data-row-link]")).to_be_focused()
    nurse.press("Enter")
    nurse.page.wait_for_url(re.compile(r"/dossier/"))
    after = nurse.curve()
    assert after != before
    assert _count(after) == _count(before) + 1
    assert "163/97" in after
    expect(nurse.page.locator("#timeline li").first).to_contain_text("163/97")
    expect(nurse.page.locator("#timeline li").first).to_contain_text("Claire Morvan")


def test_she_writes_one_by_mouse_in_three_actions(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("hugo.petit")
    row = nurse.row(1)
    nurse.count_from_here()
    nurse.click(row.get_by_role("link", name="Constantes"))
    expect(nurse.page.get_by_label("Tension")).to_be_focused()
    nurse.type("128/74")
    nurse.click(nurse.page.get_by_role("button", name="Enregistrer"))
    expect(row.locator(".ward-last")).to_contain_text("128/74")
    assert len(nurse.actions) == promised("Écrire une tension")


def test_in_the_chart_the_curve_and_the_timeline_follow_what_is_written(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("hugo.petit")
    nurse.open_row(2)
    before = _count(nurse.curve())
    nurse.press("c")
    nurse.type("151/88")
    nurse.press("Tab")
    nurse.type("77")
    nurse.press("Tab")
    nurse.type("37,4")
    nurse.press("Enter")
    expect(nurse.page.locator("#timeline li").first).to_contain_text("TA 151/88")
    expect(nurse.page.locator("#timeline li").first).to_contain_text("37,4")
    assert _count(nurse.curve()) == before + 1
    shows(nurse.page, re.compile(r"Enregistré à \d\d:\d\d"))


IMPOSSIBLE = [
    ("Tension", "420/81", "Valeur impossible : systolique attendue entre 30 et 300"),
    ("Tension", "81/142", "La première valeur (systolique) doit dépasser la seconde"),
    ("Tension", "cent quarante", "Écrivez les deux valeurs avec une barre : 142/81."),
    ("Pouls", "7", "attendue entre 15 et 300 /min"),
    ("Température", "377", "attendue entre 25 et 45 °C"),
    ("Température", "trente-sept et demi", "Écrivez un nombre, par exemple 37,2."),
]


def test_an_impossible_value_is_refused_beside_its_field_and_stays_typed(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("hugo.petit")
    written = nurse.clinic.readings()
    nurse.press("ArrowDown")
    nurse.press("c")
    nurse.page.get_by_label("SpO₂").fill("96")
    wrong = nurse.page.locator(".field-wrong")
    for field, typed, sentence in IMPOSSIBLE:
        nurse.page.get_by_label(field).fill(typed)
        nurse.page.get_by_label(field).press("Enter")
        expect(wrong).to_contain_text(sentence)
        box = wrong.get_by_role("textbox")
        expect(box).to_have_value(typed)
        expect(box).to_be_focused()
        expect(nurse.page.get_by_label("SpO₂")).to_have_value("96")
        box.fill("")
    assert nurse.clinic.readings() == written

    nurse.press("Enter")  # she has taken it all back: the rest is written
    expect(nurse.page.locator("[data-entry]:visible")).to_have_count(0)
    assert nurse.clinic.readings() == written + 1


def test_a_form_sent_empty_says_so(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("hugo.petit")
    nurse.press("c")
    expect(nurse.page.get_by_label("Tension")).to_be_focused()
    nurse.press("Enter")
    shows(nurse.page, "Rien n'a été saisi : écrivez au moins une valeur.")


def _count(described: str) -> int:
    found = re.match(r"(\d+) mesures", described)
    assert found, described
    return int(found[1])
