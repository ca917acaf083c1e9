"""A process dies under a page: the page says so, nothing is read, and all comes back by itself, session included."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.journeys.clinic import Clinic, eventually
from tests.journeys.desk import Desk, shows

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]
ASK_NOW = "window.dispatchEvent(new Event('online'))"


@pytest.fixture(autouse=True)
def _awake(clinic: Clinic) -> Iterator[None]:
    yield
    clinic.release()


@pytest.mark.parametrize("name", ["keeper", "postgres"])
def test_a_killed_process_shows_a_sentence_and_comes_back_with_the_same_session(desk: Sit, name: str) -> None:
    nurse = desk()
    nurse.sign_in("claire.morvan" if name == "keeper" else "nadia.benali")
    unit = nurse.page.url
    session = _session(nurse)
    patients = nurse.page.locator("[data-row-link]").all_inner_texts()
    written = nurse.clinic.readings()
    nurse.press("c")
    expect(nurse.page.get_by_label("Tension")).to_be_focused()
    nurse.type("146/83")

    nurse.clinic.kill(name)
    nurse.press("Enter")
    shows(nurse.page, re.compile("momentanément impossible"))
    expect(nurse.page.get_by_label("Tension")).to_have_value("146/83")  # what was typed stays typed

    nurse.page.evaluate(ASK_NOW)
    shows(nurse.page, "Écran masqué : le serveur ne répond pas.")
    expect(nurse.row(0)).not_to_be_in_viewport()

    elsewhere = nurse.new_tab()
    answer = elsewhere.goto(unit)
    assert answer is not None
    assert answer.status == 503
    shows(elsewhere, re.compile("momentanément impossible"))
    shows(elsewhere, re.compile("rien n'est lu"))
    assert not [one for one in patients if one in elsewhere.content()]
    elsewhere.close()

    nurse.clinic.release()
    expect(nurse.page.locator("html.masked")).to_have_count(0, timeout=20_000)
    assert nurse.page.url == unit
    nurse.page.get_by_label("Tension").press("Enter")
    expect(nurse.row(0).locator(".ward-last")).to_contain_text("146/83", timeout=20_000)
    assert nurse.clinic.readings() == written + 2
    assert _session(nurse) == session


def test_signing_in_while_the_keeper_is_down_says_so_and_works_a_moment_later(desk: Sit) -> None:
    nurse = desk()
    nurse.page.goto("/connexion/")
    nurse.clinic.kill("keeper")
    nurse.page.get_by_role("button", name="Yann Le Gall").click()
    shows(nurse.page, re.compile("le gardien (des clés )?ne répond pas"))
    nurse.clinic.release()

    def again() -> bool:
        with nurse.page.expect_response(re.compile(r"/connexion/defi/$")) as answer:
            nurse.page.get_by_role("button", name="Yann Le Gall").click()
        return answer.value.ok

    eventually(again, 20)
    nurse.page.wait_for_url(lambda url: "/connexion/" not in url)


def test_a_lost_line_keeps_what_was_typed_and_the_screen_comes_back_with_it(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in_as("Awa Diallo")
    written = nurse.clinic.readings()
    nurse.press("c")
    expect(nurse.page.get_by_label("Tension")).to_be_focused()
    nurse.type("133/82")
    nurse.context.set_offline(True)
    shows(nurse.page, "Écran masqué : le serveur ne répond pas.")
    nurse.context.set_offline(False)
    expect(nurse.page.locator("html.masked")).to_have_count(0)
    expect(nurse.page.get_by_label("Tension")).to_have_value("133/82")
    nurse.page.get_by_label("Tension").press("Enter")
    expect(nurse.row(0).locator(".ward-last")).to_contain_text("133/82")
    assert nurse.clinic.readings() == written + 2


def test_an_answer_lost_with_the_web_says_to_look_before_writing_again(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in_as("Awa Diallo")
    nurse.press("c")
    expect(nurse.page.get_by_label("Tension")).to_be_focused()
    nurse.type("134/83")
    nurse.clinic.kill("web")
    nurse.press("Enter")
    shows(nurse.page, "La réponse s'est perdue.")
    expect(nurse.page.get_by_label("Tension")).to_have_value("134/83")
    nurse.clinic.release()
    eventually(nurse.clinic.answers)
    nurse.page.evaluate(ASK_NOW)
    expect(nurse.page.locator("html.masked")).to_have_count(0, timeout=20_000)
    nurse.page.get_by_label("Tension").press("Enter")
    expect(nurse.row(0).locator(".ward-last")).to_contain_text("134/83", timeout=20_000)
    nurse.complaints.clear()  # a refused connection is what was played


def _session(desk: Desk) -> str:
    return next(str(one["value"]) for one in desk.context.cookies() if one["name"] == "egide_session")
