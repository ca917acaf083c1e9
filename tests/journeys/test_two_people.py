"""Two people at one patient, one person in haste, a browser without htmx: nothing lost, nothing twice."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Request, Route, expect

from tests.journeys.desk import Desk, shows

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]


def sendings(nurse: Desk, typed: str) -> list[Request]:
    """Every form that her page sends from here on with these figures in it, as they leave."""
    sent: list[Request] = []
    nurse.page.on("request", lambda asked: sent.append(asked) if typed in (asked.post_data or "") else None)
    return sent


def test_two_people_write_at_once_and_both_readings_stand(desk: Sit) -> None:
    first, second = desk(), desk()
    first.sign_in_as("Hugo Petit")
    second.sign_in_as("Awa Diallo")
    for one in (first, second):
        one.open_row(7)
    first.page.get_by_label("Tension").fill("131/71")
    second.page.get_by_label("Tension").fill("132/72")
    first.page.get_by_label("Tension").press("Enter")
    expect(first.page.locator("#timeline li").first).to_contain_text("131/71")
    second.page.get_by_label("Tension").press("Enter")
    # her page was older than the first's reading; once hers is written she sees both
    latest = second.page.locator("#timeline .timeline-day").first
    expect(latest).to_contain_text("132/72")
    expect(latest).to_contain_text("131/71")
    expect(latest).to_contain_text("Hugo Petit")
    expect(latest).to_contain_text("Awa Diallo")
    first.page.reload()
    expect(first.page.locator("#timeline .timeline-day").first).to_contain_text("132/72")


def test_a_form_sent_twice_in_haste_is_one_reading(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in_as("Hugo Petit")
    nurse.open_row(8)
    written = nurse.clinic.readings()
    sent = sendings(nurse, "136")
    nurse.page.get_by_label("Tension").fill("136/76")
    nurse.page.keyboard.press("Enter")
    nurse.page.keyboard.press("Enter")
    expect(nurse.page.locator("#timeline li").first).to_contain_text("136/76")
    assert [one.response().status for one in sent] == [200]  # type: ignore[union-attr]
    assert nurse.clinic.readings() == written + 2


def test_a_form_sent_before_the_scripts_are_there_waits_for_them_and_is_one_reading(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in_as("Hugo Petit")
    written = nurse.clinic.readings()
    sent = sendings(nurse, "137")
    held: list[Route] = []
    nurse.context.route(re.compile(r"/egide\.js$"), lambda route: held.append(route))  # noqa: PLW0108 (a method of a list cannot be marked as handled)
    nurse.row(8).locator("[data-row-link]").click(no_wait_after=True)
    tension = nurse.page.get_by_label("Tension")
    tension.fill("137/77")
    tension.press("Enter")
    tension.press("Enter")
    expect(tension).to_have_value("137/77")  # neither sent nor lost
    assert nurse.clinic.readings() == written
    for one in held:
        one.continue_()
    expect(nurse.page.locator("#timeline li").first).to_contain_text("137/77")
    nurse.context.unroute_all()
    assert [one.response().status for one in sent] == [200]  # type: ignore[union-attr]
    assert nurse.clinic.readings() == written + 2


def test_every_step_works_by_links_and_forms_without_htmx(desk: Sit) -> None:
    """Sign-in and the workstation's proof need our scripts; nothing else does."""
    nurse = desk()
    nurse.sign_in_as("Hugo Petit")
    nurse.context.route(re.compile(r"/htmx\.js$"), lambda route: route.abort())
    page = nurse.page
    page.reload()
    assert page.evaluate("typeof window.htmx") == "undefined"
    nurse.row(9).get_by_role("link", name="Constantes").click()
    page.get_by_label("Tension").fill("999/1")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator(".field-wrong")).to_contain_text("Valeur impossible")
    expect(page.get_by_label("Tension")).to_have_value("999/1")
    expect(page.get_by_label("Tension")).to_be_focused()  # what was refused begins in its wrong field
    page.get_by_label("Tension").fill("119/73")
    page.get_by_role("button", name="Enregistrer").click()
    page.wait_for_url(re.compile(r"/dossier/.*\?fait=constantes$"))
    shows(page, "Constantes enregistrées.")
    expect(page.locator("#timeline li").first).to_contain_text("119/73")
    page.get_by_role("link", name="Qui a ouvert ce dossier").first.click()
    expect(page.locator("table.opened tbody tr").first).to_contain_text("Hugo Petit")
    nurse.forgive("ERR_FAILED")
