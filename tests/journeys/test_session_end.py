"""A shared workstation: coming, leaving, and what stays on the screen, which is nothing."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.desk import Desk, shows

pytestmark = pytest.mark.journey
OTHER = re.compile("^Fermer(?! cette)")  # the button of a session that is not this one
Sit = Callable[..., Desk]
ENDED = "Votre session est terminée ; cette page a été vidée."
ASK_FOR_A_TOUCH = """(id) => {
  const get = navigator.credentials.get.bind(navigator.credentials);
  const bytes = Uint8Array.from(atob(id), (one) => one.charCodeAt(0));
  navigator.credentials.get = (asked) => get({
    publicKey: {
      ...asked.publicKey, userVerification: "discouraged", allowCredentials: [{ type: "public-key", id: bytes }],
    },
  });
}"""
ASK_NOW = "window.dispatchEvent(new Event('online'))"  # what the heartbeat does every 20 s, without the wait
# What Chromium says of a line that the other end let go, whenever in an exchange that was.
CUT = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE")


def test_signing_in_as_somebody_of_the_demonstration_is_the_same_ceremony(desk: Sit) -> None:
    visitor = desk()
    visitor.page.goto("/")
    shows(visitor.page, "Base de démonstration")
    posted: list[str] = []
    visitor.page.on("request", lambda asked: posted.append(asked.url) if asked.method == "POST" else None)
    visitor.count_from_here()
    visitor.click(visitor.page.get_by_role("button", name="Awa Diallo"))
    visitor.page.wait_for_url(lambda url: "/connexion/" not in url)
    assert [url.rsplit("/", 2)[-2] for url in posted if visitor.clinic.url in url] == ["defi", "preuve"]
    shows(visitor.page, "Awa Diallo")
    assert len(visitor.actions) == 1


def test_a_key_whose_holder_does_not_prove_who_she_is_opens_nothing(desk: Sit) -> None:
    thief = desk()
    thief.insert_key("helene.roux", verified=False)
    thief.page.goto("/connexion/")
    thief.page.get_by_role("button", name="Se connecter avec ma clé").click()
    expect(thief.page.locator("#door-status")).to_have_attribute("data-state", "wrong")
    assert not [one for one in thief.context.cookies() if one["name"] == "egide_session"]

    # a browser made to ask for a touch only: it is the keeper, not the page, that refuses what comes back
    thief.page.evaluate(ASK_FOR_A_TOUCH, thief.key_id)
    thief.page.get_by_role("button", name="Se connecter avec ma clé").click()
    shows(thief.page, "La clé n'a pas demandé votre code ou votre empreinte ; personne n'a été connecté.")
    assert not [one for one in thief.context.cookies() if one["name"] == "egide_session"]
    thief.page.goto("/")
    assert "/connexion/" in thief.page.url


def test_signing_out_in_one_tab_empties_the_other_and_the_way_back(desk: Sit) -> None:
    doctor = desk()
    doctor.sign_in_as("Dr Hélène Roux")
    names = doctor.page.locator("[data-row-link]").all_inner_texts()
    doctor.open_row(4)
    name = doctor.page.locator(".banner-name").inner_text()
    chart = doctor.page.url
    other = doctor.new_tab()
    other.goto(chart)
    shows(other, name)

    doctor.page.get_by_label("Compte de Dr Hélène Roux").click()
    doctor.page.get_by_role("button", name="Se déconnecter").click()
    shows(doctor.page, "Votre session est fermée. Rien de ce qu'elle montrait n'est resté sur ce poste.")
    shows(other, ENDED)
    assert other.title() == "Égide"
    assert not [trait for trait in (name, *names) if trait in other.content()]

    doctor.page.go_back()
    shows(doctor.page, ENDED)
    doctor.says_nothing_of(name, *names)
    doctor.page.go_back()
    doctor.says_nothing_of(name, *names)


def test_a_page_brought_back_from_the_browsers_memory_is_asked_for_again(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in_as("Yann Le Gall")
    names = nurse.page.locator("[data-row-link]").all_inner_texts()
    assert names
    nurse.context.clear_cookies(name="egide_session")  # as if the session had ended meanwhile
    nurse.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    shows(nurse.page, re.compile("Session terminée|Prendre mon poste"))
    nurse.says_nothing_of(*names)


def test_closing_a_session_from_elsewhere_empties_every_page_of_it_within_five_seconds(desk: Sit) -> None:
    forgotten = desk()
    forgotten.sign_in_as("Isabelle Fontaine")
    ward = forgotten.page.url
    forgotten.page.goto("/sessions/")  # what another journey left open
    for left in range(forgotten.page.get_by_role("button", name=OTHER).count(), 0, -1):
        forgotten.page.get_by_role("button", name=OTHER).first.click()
        expect(forgotten.page.get_by_role("button", name="Fermer")).to_have_count(left)
    forgotten.page.goto(ward)
    names = forgotten.page.locator("[data-row-link]").all_inner_texts()
    assert len(names) > 20
    second = forgotten.new_tab()
    second.goto(forgotten.page.url)
    expect(second.locator("html.unheard")).to_have_count(0)

    here = desk()
    here.sign_in_as("Isabelle Fontaine")
    here.page.goto("/sessions/")
    expect(here.page.get_by_role("button", name="Fermer")).to_have_count(2)
    here.page.get_by_role("button", name=OTHER).click()
    shows(here.page, "Session fermée.")
    expect(here.page.get_by_role("button", name="Fermer")).to_have_count(1)

    for page in (forgotten.page, second):  # nobody touches them
        expect(page.get_by_text(ENDED).first).to_be_visible(timeout=5_000)
        assert not [name for name in names if name in page.content()]
    here.to_unit()
    expect(here.rows.first).to_be_visible()


def test_a_session_that_expires_in_the_middle_of_typing_leaves_a_sentence_and_nothing_half_written(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in_as("Yann Le Gall")
    names = nurse.page.locator("[data-row-link]").all_inner_texts()
    written = nurse.clinic.readings()
    nurse.press("c")
    expect(nurse.page.get_by_label("Tension")).to_be_focused()
    nurse.type("148/8")
    _expire(nurse, "yann.legall")
    nurse.type("4")
    nurse.press("Enter")
    shows(nurse.page, ENDED)
    nurse.says_nothing_of(*names, "148/84")
    assert nurse.clinic.readings() == written

    nurse.page.get_by_role("link", name="Se connecter").click()
    nurse.page.get_by_role("button", name="Yann Le Gall").click()
    nurse.page.wait_for_url(lambda url: "/connexion/" not in url)
    nurse.to_unit()
    expect(nurse.rows.first).to_be_visible()


def test_an_open_page_empties_by_itself_when_its_session_ends(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in_as("Yann Le Gall")
    nurse.open_row(1)
    name = nurse.page.locator(".banner-name").inner_text()
    _expire(nurse, "yann.legall")
    nurse.page.evaluate(ASK_NOW)
    shows(nurse.page, ENDED)
    nurse.says_nothing_of(name)


def test_who_signs_in_on_the_same_browser_empties_what_the_other_left_open(desk: Sit) -> None:
    shared = desk()
    shared.sign_in_as("Yann Le Gall")
    shared.open_row(2)
    name = shared.page.locator(".banner-name").inner_text()
    written = shared.clinic.readings()
    shared.page.get_by_label("Tension").fill("145/85")

    left_open, shared.page = shared.page, shared.new_tab()
    shared.sign_in_as("Claire Morvan")  # another unit: this chart is not hers
    shows(left_open, ENDED)
    assert name not in left_open.content()
    assert shared.clinic.readings() == written


def test_a_form_opened_under_another_session_writes_nothing(desk: Sit) -> None:
    shared = desk()
    shared.sign_in_as("Awa Diallo")
    written = shared.clinic.readings()
    shared.press("c")
    expect(shared.page.get_by_label("Tension")).to_be_focused()
    other = shared.new_tab()
    other.goto("/connexion/")
    other.evaluate("BroadcastChannel.prototype.postMessage = () => {}")  # a browser whose tabs tell each other nothing
    other.get_by_role("button", name="Nadia Benali").click()
    other.wait_for_url(lambda url: "/connexion/" not in url)
    shows(shared.page, ENDED)  # her session ended when somebody else's began here
    shared.type("146/86")
    shared.press("Enter")
    shows(shared.page, ENDED)
    assert shared.clinic.readings() == written


def test_without_the_live_channel_the_page_says_so_and_goes_on(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in_as("Nadia Benali")
    nurse.clinic.kill("live")
    expect(nurse.page.get_by_text("mises à jour ralenties")).to_be_visible()
    expect(nurse.page.locator("html.masked")).to_have_count(0)
    nurse.open_row(0)
    expect(nurse.page.locator(".banner-name")).to_be_visible()
    _expire(nurse, "nadia.benali")
    shows(nurse.page, ENDED)  # it asks the server itself, every four seconds
    nurse.clinic.release()
    nurse.forgive(*CUT)


def test_where_nobody_answers_the_page_is_masked_within_five_seconds(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in_as("Nadia Benali")
    expect(nurse.rows.first).to_be_visible()
    nurse.page.evaluate("() => { globalThis.fetch = () => Promise.reject(new TypeError('nobody')); }")
    nurse.clinic.kill("live")
    expect(nurse.page.locator("html.masked")).to_have_count(1, timeout=5_000)
    nurse.clinic.release()
    nurse.forgive(*CUT)


def _expire(desk: Desk, username: str) -> None:
    desk.clinic.sql(
        "UPDATE accounts.session SET expires_at = clock_timestamp()"
        " WHERE account = (SELECT id FROM accounts.account WHERE username = %s) AND ended_at IS NULL",
        username,
    )
