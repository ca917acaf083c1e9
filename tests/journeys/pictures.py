"""Takes the pictures of the guide and of the README again: `tools/env --dev python -m tests.journeys.pictures`.

A throwaway clinic with the demonstration's invented people; nothing here shows anybody who exists. With pngquant
installed (apt-get install pngquant) the files are a third of the size.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.journeys.clinic import Clinic
from tests.journeys.conftest import FLAGS, chromium_path
from tests.journeys.desk import NARROW, Desk

IMAGES = Path(__file__).parents[2] / "docs" / "images"
GUIDE = (1280, 800)


def main(folder: Path) -> None:
    """Every picture, in the order of the guide."""
    folder.mkdir(parents=True, exist_ok=True)
    clinic = Clinic()
    try:
        clinic.open()
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=chromium_path(), args=FLAGS)
            nurse = Desk(browser, clinic, GUIDE)
            _at_the_door(nurse, folder)
            _on_the_ward(nurse, folder)
            _in_the_chart(nurse, folder)
            _refused(Desk(browser, clinic, GUIDE), nurse.page.url, folder)
            _who_opened(nurse, folder)
            _ended(nurse, folder)
            seat = Desk(browser, clinic, GUIDE)
            seat.sign_in_as("Hugo Petit")
            _locked(seat, folder)
            _on_a_phone(Desk(browser, clinic, NARROW), folder)
            _at_night(Desk(browser, clinic, GUIDE, "dark"), folder)
            browser.close()
    finally:
        clinic.close()


def _shoot(tab: Page, folder: Path, name: str) -> None:
    tab.wait_for_load_state("load")
    path = folder / f"{name}.png"
    tab.screenshot(path=path)
    if quantise := shutil.which("pngquant"):
        subprocess.run([quantise, "--force", "--skip-if-larger", "--ext", ".png", "96", str(path)], check=False)
    print(f"{name}.png", flush=True)


def _at_the_door(nurse: Desk, folder: Path) -> None:
    nurse.page.goto("/connexion/")
    _shoot(nurse.page, folder, "sign-in")


def _on_the_ward(nurse: Desk, folder: Path) -> None:
    nurse.sign_in("claire.morvan")
    nurse.page.goto("/")
    _shoot(nurse.page, folder, "day")
    nurse.to_unit()
    _shoot(nurse.page, folder, "unit")
    nurse.press("ArrowDown")
    nurse.press("c")
    expect(nurse.page.get_by_label("Tension")).to_be_focused()
    nurse.type("420/81")
    nurse.press("Enter")
    expect(nurse.page.locator(".field-wrong")).to_be_visible()
    _shoot(nurse.page, folder, "value-refused")
    nurse.page.get_by_label("Tension").fill("142/81")
    nurse.press("Enter")
    expect(nurse.page.locator("[data-entry]:visible")).to_have_count(0)
    nurse.press("?")
    _shoot(nurse.page, folder, "keys")
    nurse.press("Escape")


def _in_the_chart(nurse: Desk, folder: Path) -> None:
    """A chart with an allergy and a used name, when the day's ward has one."""
    addresses = [row.get_attribute("href") or "" for row in nurse.page.locator("[data-row-link]").all()]
    named = nurse.page.locator("tr[data-row]:has(.ward-used) [data-row-link]").all()
    first = [row.get_attribute("href") or "" for row in named]
    for address in [*first, *addresses]:
        nurse.page.goto(address)
        if nurse.page.locator(".banner-alerts").count():
            break
    nurse.page.get_by_label("Tension").fill("138/84")
    nurse.page.get_by_label("Pouls").fill("76")
    nurse.page.get_by_label("Température").fill("37,2")
    nurse.page.get_by_label("Tension").press("Enter")
    expect(nurse.page.locator("#timeline li").first).to_contain_text("138/84")
    nurse.page.set_viewport_size({"width": 1440, "height": 900})
    nurse.page.reload()
    _shoot(nurse.page, folder, "chart")
    nurse.page.set_viewport_size({"width": GUIDE[0], "height": GUIDE[1]})
    nurse.page.keyboard.press("t")
    nurse.page.get_by_label("Cible").fill("Douleur")
    nurse.page.get_by_label("Données").fill("EN 6/10 au lever, hanche droite.")
    nurse.page.get_by_label("Actions").fill("Antalgique selon la prescription, installation revue.")
    nurse.page.wait_for_timeout(1500)
    _shoot(nurse.page, folder, "transmission")


def _refused(other: Desk, chart: str, folder: Path) -> None:
    other.sign_in("nadia.benali")
    other.page.goto(chart)
    _shoot(other.page, folder, "refused")


def _who_opened(nurse: Desk, folder: Path) -> None:
    nurse.page.get_by_role("link", name="Qui a ouvert ce dossier").click()
    expect(nurse.page.locator("table.opened")).to_be_visible()
    _shoot(nurse.page, folder, "openings")


def _locked(nurse: Desk, folder: Path) -> None:
    nurse.to_unit()
    nurse.press("Alt+l")
    expect(nurse.page.get_by_text("session verrouillée").first).to_be_visible()
    _shoot(nurse.page, folder, "locked")


def _ended(nurse: Desk, folder: Path) -> None:
    nurse.page.goto("/sessions/")
    _shoot(nurse.page, folder, "sessions")
    forgotten = nurse.new_tab()
    forgotten.goto("/aide/")
    nurse.page.get_by_label(re.compile("^Compte de")).click()
    nurse.page.get_by_role("button", name="Se déconnecter").click()
    expect(forgotten.get_by_text("Session terminée").first).to_be_visible()
    forgotten.set_viewport_size({"width": GUIDE[0], "height": 420})
    _shoot(forgotten, folder, "session-ended")


def _on_a_phone(nurse: Desk, folder: Path) -> None:
    nurse.sign_in_as("Hugo Petit")
    nurse.row(2).locator("[data-act=vitals]").click()
    nurse.page.get_by_label("Tension").fill("142/81")
    _shoot(nurse.page, folder, "phone-entry")
    nurse.to_unit()
    nurse.open_row(2)
    _shoot(nurse.page, folder, "phone-chart")


def _at_night(nurse: Desk, folder: Path) -> None:
    nurse.sign_in_as("Hugo Petit")
    nurse.open_row(3)
    _shoot(nurse.page, folder, "chart-dark")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
