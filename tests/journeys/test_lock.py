"""The screen that one leaves for a moment: locked at once or by itself, in every tab; its owner's key opens it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.clinic import eventually
from tests.journeys.desk import Desk, shows
from tests.journeys.rescued import rescue_code

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]
LOCKED = "#locked-screen"
DEMO_KEY = "Rouvrir avec la clé de démonstration"


def test_alt_l_empties_every_tab_and_the_key_brings_back_what_was_typed(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("hugo.petit")
    names = nurse.page.locator("[data-row-link]").all_inner_texts()
    assert names
    second = nurse.new_tab()
    second.goto(nurse.page.url)
    nurse.page.bring_to_front()
    nurse.press("c")
    expect(nurse.page.get_by_label("Tension")).to_be_focused()
    nurse.type("138/7")
    written = nurse.clinic.readings()

    nurse.count_from_here()
    nurse.press("Alt+l")
    shows(nurse.page, "Hugo Petit")
    shows(nurse.page, "session verrouillée")
    expect(second.locator(LOCKED)).to_be_visible()
    for tab in (nurse.page, second):
        assert not [name for name in (*names, "138/7") if name in tab.content()]
    nurse.page.keyboard.press("Control+k")  # no palette, no list, no field behind it
    nurse.page.keyboard.press("p")
    expect(nurse.page.locator(LOCKED)).to_be_visible()
    assert nurse.accessibility_faults() == []
    third = nurse.new_tab()
    third.goto("/jour/")
    shows(third, "session verrouillée")
    third.close()

    nurse.page.bring_to_front()
    nurse.press("Enter")  # « Rouvrir » has the focus
    expect(nurse.page.get_by_label("Tension")).to_be_focused()
    assert nurse.actions == ["Alt+l", "Enter"]
    expect(second.locator("[data-row-link]").first).to_be_visible()
    nurse.type("9")
    nurse.press("Enter")
    expect(nurse.page.locator("[data-entry]:visible")).to_have_count(0)
    assert nurse.clinic.readings() == written + 2
    expect(nurse.page.get_by_text("138/79").first).to_be_visible()


def test_the_lock_is_the_keeper_s_and_outlives_the_page_and_the_keeper(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("hugo.petit")
    nurse.open_row(0)
    name, chart = nurse.page.locator(".banner-name").inner_text(), nurse.page.url
    nurse.page.get_by_role("button", name="Verrouiller l'écran").click()
    shows(nurse.page, "session verrouillée")
    _locked(nurse, "hugo.petit")
    nurse.page.reload()
    shows(nurse.page, "session verrouillée")
    nurse.says_nothing_of(name)
    nurse.clinic.kill("keeper", held=False)
    eventually(lambda: _answered(nurse, chart))
    shows(nurse.page, "session verrouillée")
    nurse.says_nothing_of(name)
    nurse.page.get_by_role("button", name=DEMO_KEY).click()
    expect(nurse.page.locator(".banner-name")).to_have_text(name)  # the page one was on


def test_three_minutes_without_a_hand_lock_the_page(desk: Sit) -> None:
    nurse = desk()
    nurse.page.clock.install()
    nurse.sign_in("hugo.petit")
    expect(nurse.rows.first).to_be_visible()
    nurse.page.clock.fast_forward(170_000)
    nurse.press("ArrowDown")  # somebody is there
    nurse.page.clock.fast_forward(170_000)
    expect(nurse.page.locator(LOCKED)).to_have_count(0)
    with nurse.page.expect_response(lambda answer: answer.url.endswith("/verrou/") and answer.ok):
        nurse.page.clock.fast_forward(20_000)
    expect(nurse.page.locator(LOCKED)).to_be_visible()
    _locked(nurse, "hugo.petit")


@pytest.mark.parametrize("status", [500, 403])
def test_a_lock_that_does_not_reach_the_server_still_asks_for_a_key(desk: Sit, status: int) -> None:
    nurse = desk()
    nurse.sign_in("hugo.petit")
    expect(nurse.rows.first).to_be_visible()
    second = nurse.new_tab()
    second.goto(nurse.page.url)
    nurse.page.bring_to_front()
    keys: list[str] = []
    nurse.page.on("request", lambda asked: keys.append(asked.url) if asked.url.endswith("/verrou/preuve/") else None)
    nurse.context.route("**/verrou/", lambda route: route.fulfill(status=status, body="{}"))
    with nurse.page.expect_response("**/verrou/"):
        nurse.press("Alt+l")
    expect(second.locator(LOCKED)).to_be_visible()
    for tab in (nurse.page, second):
        tab.get_by_role("button", name="Rouvrir", exact=True).click()
        expect(tab.locator("#locked-status")).to_have_attribute("data-state", "wrong")
        shows(tab, "Le serveur n'a pas encore reçu le verrouillage")
        tab.get_by_role("button", name="Changer d'utilisateur").click()
        expect(tab.locator("#locked-status")).to_have_attribute("data-state", "wrong")
        expect(tab.locator(LOCKED)).to_be_visible()  # nobody leaves a session open behind the door
    assert keys == []
    nurse.context.unroute("**/verrou/")
    nurse.page.bring_to_front()
    nurse.page.get_by_role("button", name="Rouvrir", exact=True).click()
    expect(nurse.rows.first).to_be_visible()
    assert len(keys) == 1
    expect(second.locator("[data-row-link]").first).to_be_visible()
    assert nurse.clinic.sql(
        "SELECT array_agg(kind ORDER BY id) FROM (SELECT kind, id FROM audit.entry WHERE kind IN ('lock', 'reopen')"
        " ORDER BY id DESC LIMIT 2) last"
    ) == [(["lock", "reopen"],)]


def test_a_page_that_comes_while_a_lock_is_owed_tells_it_before_it_shows_anything(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("hugo.petit")
    names = nurse.page.locator("[data-row-link]").all_inner_texts()
    address = nurse.page.url
    assert names
    nurse.context.route("**/verrou/", lambda route: route.fulfill(status=502, body="{}"))
    with nurse.page.expect_response("**/verrou/"):
        nurse.press("Alt+l")
    nurse.page.reload()
    shows(nurse.page, "Le serveur n'a pas encore reçu le verrouillage")
    nurse.page.close()
    late = nurse.new_tab()  # nobody is left to hear of it from another tab
    late.goto(address)
    shows(late, "Le serveur n'a pas encore reçu le verrouillage")
    assert not [name for name in names if name in late.content()]
    nurse.context.unroute("**/verrou/")
    shows(late, "session verrouillée")  # by itself
    assert not [name for name in names if name in late.content()]
    _locked(nurse, "hugo.petit")
    late.get_by_role("button", name=DEMO_KEY).click()
    expect(late.locator("[data-row-link]").first).to_be_visible()
    late.reload()  # nothing is owed any more
    expect(late.locator("[data-row-link]").first).to_be_visible()


def test_a_browser_without_a_line_between_tabs_signs_in_and_locks(desk: Sit) -> None:
    nurse = desk()
    nurse.context.add_init_script("delete window.BroadcastChannel")
    nurse.sign_in("hugo.petit")
    expect(nurse.rows.first).to_be_visible()
    nurse.press("Alt+l")
    shows(nurse.page, "session verrouillée")
    nurse.press("Enter")
    expect(nurse.rows.first).to_be_visible()


def test_a_session_that_the_keeper_locks_by_itself_empties_its_pages(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("hugo.petit")
    names = nurse.page.locator("[data-row-link]").all_inner_texts()
    nurse.clinic.sql(
        "UPDATE accounts.session SET locks_at = clock_timestamp() WHERE account ="
        " (SELECT id FROM accounts.account WHERE username = 'hugo.petit') AND ended_at IS NULL"
    )
    expect(nurse.page.locator(LOCKED)).to_be_visible(timeout=5_000)  # the live channel says so
    nurse.says_nothing_of(*names)


def test_a_note_that_was_being_written_is_kept_before_the_lock(desk: Sit) -> None:
    doctor = desk()
    doctor.sign_in_as("Dr Hélène Roux")
    doctor.open_row(1)
    doctor.press("n")
    field = doctor.page.locator("form[data-note] textarea").first
    expect(field).to_be_visible()
    field.fill("Surveillance rapprochée cette nuit")
    with doctor.page.expect_response(lambda answer: answer.url.endswith("/verrou/")):
        doctor.press("Alt+l")
    doctor.page.reload()  # the page's own memory is gone: the draft is on the server
    doctor.page.get_by_role("button", name=DEMO_KEY).click()
    doctor.page.wait_for_selector(".banner-name")
    doctor.page.wait_for_load_state("load")  # the keys are heard from then on
    doctor.press("n")
    expect(doctor.page.locator("form[data-note] textarea").first).to_have_value("Surveillance rapprochée cette nuit")


ROWS = "() => { globalThis.rows = [...document.querySelectorAll('tr[data-row]')].map((one) => new WeakRef(one)); }"
LEFT = "() => globalThis.rows.filter((one) => one.deref()).length"


@pytest.mark.parametrize("end", ["a quarter of an hour", "the session's end", "the session's end, locked"])
def test_nothing_of_the_page_is_left_in_memory(desk: Sit, end: str) -> None:
    nurse = desk()
    nurse.page.clock.install()
    nurse.sign_in("hugo.petit")
    expect(nurse.rows.first).to_be_visible()
    nurse.press("ArrowDown")  # the focus is on a line of the list
    nurse.page.evaluate(ROWS)
    assert nurse.page.evaluate(LEFT)
    if end != "the session's end":
        with nurse.page.expect_response(lambda answer: answer.url.endswith("/verrou/") and answer.ok):
            nurse.press("Alt+l")
    if end == "a quarter of an hour":
        assert _left(nurse)
        nurse.page.clock.fast_forward(901_000)
    else:
        nurse.clinic.sql(
            "UPDATE accounts.session SET ended_at = clock_timestamp() WHERE account ="
            " (SELECT id FROM accounts.account WHERE username = 'hugo.petit') AND ended_at IS NULL"
        )
        shows(nurse.page, "Votre session est terminée")
    assert _left(nurse) == 0


def test_a_page_that_came_locked_asks_again_once_somebody_signed_in(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in("hugo.petit")
    nurse.press("Alt+l")
    shows(nurse.page, "session verrouillée")
    late = nurse.new_tab()
    late.goto("/jour/")
    shows(late, "Hugo Petit")
    nurse.page.bring_to_front()
    nurse.page.goto("/connexion/")
    nurse.page.get_by_role("button", name="Dr Hélène Roux").click()
    nurse.page.wait_for_url(lambda url: "/connexion/" not in url)
    shows(late, "Hélène Roux")
    expect(late.locator(LOCKED)).to_have_count(0)


def test_a_session_of_rescue_is_not_locked_but_ends(desk: Sit) -> None:
    code = rescue_code(desk(), "nadia.benali", witness="Hugo Petit")
    nurse = desk()
    nurse.page.clock.install()
    nurse.page.goto("/connexion/secours/")
    nurse.page.get_by_label("Nom de compte").fill("nadia.benali")
    nurse.page.get_by_label("Code à six chiffres").fill(code)
    nurse.page.get_by_role("button", name="Ouvrir ma session de secours").click()
    shows(nurse.page, "elle finit après 15 minutes sans consultation")
    second = nurse.new_tab()
    second.goto(nurse.page.url)
    nurse.page.bring_to_front()
    nurse.page.clock.fast_forward(600_000)
    expect(nurse.page.locator(LOCKED)).to_have_count(0)  # three minutes, and more, are nothing
    expect(nurse.page.get_by_role("button", name="Terminer la session de secours")).to_be_visible()
    nurse.press("Alt+l")
    for tab in (nurse.page, second):
        shows(tab, "Votre session est terminée")
    assert nurse.clinic.sql(
        "SELECT end_reason FROM accounts.session WHERE grade = 'rescue' ORDER BY created_at DESC LIMIT 1"
    ) == [("locked",)]


def _left(desk: Desk) -> int:
    """How many lines of the list that was shown the browser still holds."""
    devtools = desk.context.new_cdp_session(desk.page)
    devtools.send("HeapProfiler.collectGarbage")
    devtools.detach()
    return int(desk.page.evaluate(LEFT))


def _locked(desk: Desk, username: str) -> None:
    """The newest session of this account is locked in the base."""
    found = desk.clinic.sql(
        "SELECT locks_at <= clock_timestamp() FROM accounts.session WHERE account ="
        " (SELECT id FROM accounts.account WHERE username = %s) ORDER BY created_at DESC LIMIT 1", username,
    )  # fmt: skip
    assert found == [(True,)]


def _answered(desk: Desk, address: str) -> bool:
    """Whether the keeper is back: it, and nobody else, knows that this session is locked."""
    answer = desk.page.goto(address)
    return answer is not None and answer.status == 423
