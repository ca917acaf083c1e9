"""The pages of a rescue session: its door, where it is opened and closed, what it shows and what it says no to."""

import base64
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from egide.gate.tests import rescued
from egide.gate.tests.browser import Browser, text
from egide.gate.tests.factories import Hospital, Person

Browse = Callable[..., Browser]
DOOR = "/connexion/secours/"
BAND = "Session de secours : un patient à la fois"


@pytest.fixture
def unit(hospital: Hospital) -> UUID:
    return hospital.unit()


@pytest.fixture
def nurse(hospital: Hospital, unit: UUID) -> Person:
    return hospital.person("nurse", unit)


def entered(page: Browser, person: Person, code: str) -> Any:
    """The door's answer to a name and a code."""
    return page.post(DOOR, {"username": person.username, "code": code})


@pytest.fixture
def inside(hospital: Hospital, browser: Browse, nurse: Person) -> Browser:
    """A browser where the nurse is in a rescue session."""
    page: Browser = browser()
    assert entered(page, nurse, rescued.opened(hospital, nurse).code()).status_code == 302
    return page


def test_the_second_door_leads_to_the_beds_and_says_what_the_session_is(
    hospital: Hospital, browser: Browse, nurse: Person, unit: UUID
) -> None:
    bed = hospital.bed(unit, "214", "F")
    patient = hospital.patient(unit, bed=bed, birth_name="SECOURUE")
    page = browser()
    assert DOOR in page.get("/connexion/").content.decode()
    code = rescued.opened(hospital, nurse).code()
    answer = entered(page, nurse, f" {code[:3]} {code[3:]} ")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    morsel = answer.cookies["egide_session"]
    assert (morsel["httponly"], morsel["samesite"]) == (True, "Strict")
    assert page.get("/")["Location"] == "/secours/lits/"
    beds = page.get("/secours/lits/")
    assert "214 F" in text(beds)
    assert f"/dossier/{patient.id}/" in beds.content.decode()
    assert "SECOURUE" not in text(beds)
    chart = page.get(f"/dossier/{patient.id}/")
    assert "SECOURUE" in text(chart)
    for shown in (
        beds,
        chart,
        page.get("/notifications/"),
        page.get("/aide/"),
        page.get("/patients/"),
        page.get("/sessions/"),
    ):
        assert BAND in text(shown)
        assert "secours" in text(shown)


def test_a_strong_session_has_no_band_and_no_beds(hospital: Hospital, browser: Browse, nurse: Person) -> None:
    page = browser(hospital.sign_in(nurse))
    assert BAND not in text(page.get("/aide/"))
    assert page.get("/secours/lits/").status_code == 403


@pytest.mark.parametrize(
    ("form", "said"),
    [({"username": "", "code": "123456"}, "Écrivez votre nom"),
     ({"username": "a.b", "code": ""}, "Écrivez le code"),
     ({"username": "a.b", "code": "12345"}, "six chiffres"), ({"username": "a.b", "code": "abcdef"}, "six chiffres"),
     ({"username": "a.b", "code": "١٢٣٤٥٦"}, "six chiffres"), ({"username": "x" * 62, "code": "123456"}, "61"),
     ({"username": "a\0b", "code": "123456"}, "nul")],
)  # fmt: skip
def test_what_is_no_name_or_no_code_is_said_beside_the_field(browser: Browse, form: dict[str, str], said: str) -> None:
    page = browser()
    answer = page.post(DOOR, form)
    assert answer.status_code == 422
    assert said in text(answer)
    assert "egide_session" not in answer.cookies or not answer.cookies["egide_session"].value


def test_an_unknown_field_is_refused(browser: Browse) -> None:
    assert browser().post(DOOR, {"username": "a.b", "code": "123456", "grade": "strong"}).status_code == 422


def test_a_wrong_code_says_the_same_for_every_name_and_keeps_the_name_typed(
    hospital: Hospital, browser: Browse, nurse: Person
) -> None:
    rescued.opened(hospital, nurse)
    other = hospital.person("nurse")
    pages = []
    for person in (nurse, other):
        answer = entered(browser(), person, "000000")
        assert answer.status_code == 403
        assert person.username in answer.content.decode()
        pages.append(text(answer))
    assert pages[0] == pages[1]
    assert "Attendez le code suivant" in pages[0]


def test_somebody_elses_page_cannot_post_a_code(hospital: Hospital, browser: Browse, nurse: Person) -> None:
    code = rescued.opened(hospital, nurse).code()
    for forged in ({"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": None}, {"X_CSRFToken": "b" * 32}):
        assert browser().post(DOOR, {"username": nurse.username, "code": code}, **forged).status_code == 403
    assert entered(browser(), nurse, code).status_code == 302


@pytest.mark.parametrize("path", ["/unite/{unit}/", "/unite/{unit}/releve/", "/unite/{unit}/transmission/"])
def test_lists_say_why_they_stay_shut(hospital: Hospital, inside: Browser, unit: UUID, path: str) -> None:
    hospital.patient(unit, birth_name="LISTEE")
    answer = inside.get(path.format(unit=unit))
    assert answer.status_code == 403
    assert "un par un" in text(answer)
    assert "LISTEE" not in text(answer)


def test_the_day_the_palette_and_the_tabs_show_nobody(hospital: Hospital, inside: Browser, unit: UUID) -> None:
    bed = hospital.bed(unit, "109", "P")
    patient = hospital.patient(unit, birth_name="JOURNEE", bed=bed)
    assert inside.get(f"/dossier/{patient.id}/").status_code == 200
    assert inside.get("/jour/")["Location"] == "/secours/lits/"
    palette, tabs = inside.post("/palette/", {"q": ""}, htmx=True), inside.get("/onglets/", htmx=True)
    for answer in (palette, tabs):
        assert answer.status_code == 200
        assert "JOURNEE" not in text(answer)
    assert "109 P" in text(tabs)
    assert "Mes patients, par lit" in text(palette)
    assert "Prendre mon poste" not in text(palette)


def test_the_present_of_the_site_are_not_told(hospital: Hospital, browser: Browse, unit: UUID) -> None:
    hospital.patient(unit, birth_name="PRESENTE")
    desk = hospital.person("switchboard")
    page = browser()
    entered(page, desk, rescued.opened(hospital, desk).code())
    for answer in (page.get("/presents/"), page.post("/presents/", {"name": "PRESENTE", "first_name": ""})):
        assert answer.status_code == 403
        assert "PRESENTE" not in text(answer)


def test_taking_a_shift_elsewhere_says_why_not(hospital: Hospital, inside: Browser, nurse: Person) -> None:
    answer = inside.post("/poste/prendre/", {"unit": str(hospital.unit())})
    assert answer.status_code == 403
    assert "secours" in text(answer)
    assert hospital.sql("SELECT 1 FROM accounts.shift WHERE account = %s", nurse.account) == []


def test_a_stranger_is_closed_without_an_emergency_door(hospital: Hospital, inside: Browser) -> None:
    answer = inside.get(f"/dossier/{hospital.stranger()}/")
    assert answer.status_code == 403
    assert "Accès d'urgence" not in answer.content.decode()


def test_the_eleventh_patient_is_told_to_wait(hospital: Hospital, inside: Browser, unit: UUID) -> None:
    patients = hospital.patients(unit, 11)
    for one in patients[:10]:
        assert inside.get(f"/dossier/{one.id}/").status_code == 200
    answer = inside.get(f"/dossier/{patients[10].id}/")
    assert answer.status_code == 429
    assert "quart d'heure" in text(answer).replace("’", "'")
    assert "10 sur 10" in text(inside.get("/secours/lits/"))
    assert inside.get(f"/dossier/{patients[0].id}/").status_code == 200


# ── opening and closing ─────────────────────────────────────────────────────────────────────────────────────────────


def asked(page: Browser, path: str, body: dict[str, Any]) -> Any:
    """A POST of the page's script."""
    return page.post_json(path, body)


def test_an_administrator_and_a_colleague_open_it_and_see_the_secret_once(
    hospital: Hospital, browser: Browse, nurse: Person
) -> None:
    administrator, witness = hospital.person("administrator"), hospital.person("physician")
    page = browser(hospital.sign_in(administrator))
    assert "Ouvrir une session de secours" in text(page.get("/secours/"))
    begun = asked(page, "/secours/defi/", {"username": f" {nurse.username.upper()} ", "reason": "key_lost"}).json()
    assert begun["name"] == nurse.name
    first = administrator.key.assertion(begun["options"], hospital.origin)
    again = asked(page, "/secours/preuve/", {"act": begun["act"], "response": first}).json()
    assert again["state"] == "colleague_needed"
    second = witness.key.assertion(again["options"], hospital.origin)
    shown = asked(page, "/secours/preuve/", {"act": again["act"], "response": second})
    assert shown["Cache-Control"] == "no-store"
    body = shown.json()
    assert body["qr"].startswith("data:image/svg+xml")
    secret = base64.b32decode(body["secret"].replace(" ", ""))
    assert len(secret) == 20
    assert shown.cookies["egide_secours"]["path"] == DOOR
    assert asked(page, "/secours/preuve/", {"act": again["act"], "response": second}).status_code == 410
    listed = page.get("/secours/")
    assert nurse.name in text(listed)
    assert body["secret"] not in listed.content.decode()
    assert entered(browser(), nurse, rescued.Telephone(secret, "").code()).status_code == 302
    assert "utilisée" in text(page.get("/secours/"))
    closed = page.post(f"/secours/{nurse.account}/fermer/")
    assert (closed.status_code, closed["Location"]) == (302, "/secours/?fait=secours_ferme")
    assert nurse.name not in text(page.get("/secours/"))


def test_others_are_not_offered_it_and_see_only_their_own(hospital: Hospital, browser: Browse, nurse: Person) -> None:
    rescued.opened(hospital, nurse)
    _, cookie = hospital.signed_in("physician", hospital.unit())
    page = browser(cookie)
    shown = text(page.get("/secours/"))
    assert "Ouvrir une session de secours" not in shown
    assert nurse.name not in shown
    assert page.post(f"/secours/{nurse.account}/fermer/").status_code == 422
    own = browser(hospital.sign_in(nurse))
    assert nurse.name in text(own.get("/secours/"))
    assert "session de secours ouverte à votre nom" in text(own.get("/notifications/"))
    assert own.post(f"/secours/{nurse.account}/fermer/").status_code == 302


@pytest.mark.parametrize(
    "body",
    [{}, {"username": "x"}, {"username": 1, "reason": "key_lost"}, {"username": "x", "reason": "key_lost", "h": "48"},
     {"username": "a\0b", "reason": "key_lost"}, {"username": "x", "reason": "n'importe"}, []],
)  # fmt: skip
def test_a_malformed_opening_is_refused_with_a_sentence(hospital: Hospital, browser: Browse, body: Any) -> None:
    page = browser(hospital.sign_in(hospital.person("administrator")))
    answer = asked(page, "/secours/defi/", body)
    assert 400 <= answer.status_code < 500
    assert answer.json()["message"]
    assert hospital.sql("SELECT 1 FROM accounts.act WHERE kind = 'open_rescue' AND session = %s",
                        rescued.session_of(page.client.cookies["egide_session"].value)) == []  # fmt: skip
