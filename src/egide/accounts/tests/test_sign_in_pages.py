"""Sign-in, sign-out and the list of sessions, as the browser does them."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from egide.gate.tests.browser import Browser, text
from egide.gate.tests.factories import Hospital, Person
from egide.rehearsal.softkey import SoftKey
from egide.rehearsal.workstation import Bearer, Workstation

Browse = Callable[..., Browser]
COOKIE = "egide_session"


def ceremony(page: Browser, person: Person, origin: str, **played: Any) -> Any:
    """The two calls of the sign-in script; the answer of the second."""
    begun = page.post_json("/connexion/defi/", {}).json()
    response, workstation = person.key.assertion(begun["options"], origin, **played), Workstation()
    body = {"challenge_id": begun["challenge_id"], "response": response, "device_key": workstation.named}
    answer = page.post_json("/connexion/preuve/", body)
    page.workstation = workstation
    return answer


def copy_of(page: Browser) -> Bearer:
    """Another tab of the same browser: its cookie, its key."""
    assert page.workstation is not None
    return Bearer.of(page.client.cookies[COOKIE].value, page.workstation)


def outside(page: Browser) -> bool:
    """Nobody is signed in here: the first page leads to the sign-in page, every other says so."""
    home = page.get("/")
    led = home.status_code == 302 and home["Location"] == "/connexion/"
    return (led or home.status_code == 401) and page.get("/aide/").status_code == 401


def test_a_person_signs_in_sees_her_unit_and_signs_out(hospital: Hospital, browser: Browse) -> None:
    unit = hospital.unit()
    person, page = hospital.person("nurse", unit), browser()
    assert outside(page)
    assert page.get("/connexion/").status_code == 200
    answer = ceremony(page, person, hospital.origin)
    assert answer.json() == {"ok": True, "now": answer.json()["now"]}
    morsel = answer.cookies[COOKIE]
    assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "Strict", "/")
    assert answer["Cache-Control"] == "no-store"
    home = page.get("/")
    assert (home.status_code, home["Location"]) == (302, "/jour/")
    assert person.name in text(page.get(home["Location"]))

    out = page.post("/deconnexion/")
    assert (out.status_code, out["Location"]) == (302, "/connexion/?fin")
    assert "cache" in out["Clear-Site-Data"]
    assert out.cookies[COOKIE].value == ""
    assert page.get("/connexion/?fin").status_code == 200
    assert outside(page)
    assert len(hospital.entries(account=person.account, kind="sign_out")) == 1


def test_the_next_request_of_any_open_page_is_refused_and_empties_it(hospital: Hospital, browser: Browse) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit, birth_name="AFFICHE")
    person = hospital.person("nurse", unit)
    here = browser()
    ceremony(here, person, hospital.origin)
    copy = browser(copy_of(here))
    assert "AFFICHE" in text(copy.get(f"/dossier/{patient.id}/"))
    here.post("/deconnexion/")
    for path in (f"/dossier/{patient.id}/", f"/unite/{unit}/", "/vivant/", "/aide/", "/sessions/", "/"):
        for htmx in (False, True):
            answer = copy.get(path, htmx=htmx)
            assert answer.status_code == 401, path
            assert answer["HX-Trigger"] == "session-ended"
            assert "AFFICHE" not in answer.content.decode()
            assert person.name not in answer.content.decode()


def test_a_session_is_closed_from_the_list_of_sessions(hospital: Hospital, browser: Browse) -> None:
    person = hospital.person("nurse", hospital.unit())
    first, second = browser(), browser()
    ceremony(first, person, hospital.origin)
    ceremony(second, person, hospital.origin)
    listed = first.get("/sessions/")
    assert listed.status_code == 200
    ids = hospital.sql("SELECT id FROM accounts.session WHERE account = %s ORDER BY created_at", person.account)
    assert all(str(one) in listed.content.decode() for (one,) in ids[1:])
    answer = first.post(f"/sessions/{ids[1][0]}/revoquer/")
    assert (answer.status_code, answer["Location"]) == (302, "/sessions/?fait=session")
    assert second.get("/").status_code == 401
    assert first.get("/").status_code == 302
    assert len(hospital.entries(account=person.account, kind="revoke")) == 1
    assert str(ids[1][0]) not in first.get("/sessions/").content.decode()


def test_nobody_closes_anothers_session(hospital: Hospital, browser: Browse) -> None:
    thief, victim = hospital.person("nurse", hospital.unit()), hospital.person("nurse", hospital.unit())
    one, other = browser(), browser()
    ceremony(one, thief, hospital.origin)
    ceremony(other, victim, hospital.origin)
    session = hospital.value("SELECT id FROM accounts.session WHERE account = %s", victim.account)
    answers = [one.post(f"/sessions/{target}/revoquer/") for target in (session, uuid4())]
    assert answers[0].status_code == answers[1].status_code == 403
    assert other.get("/").status_code == 302
    assert hospital.entries(account=thief.account, kind="revoke") == []


def test_the_list_shows_my_sessions_only(hospital: Hospital, browser: Browse) -> None:
    person, other = hospital.person("nurse", hospital.unit()), hospital.person("nurse", hospital.unit())
    page = browser(hospital.sign_in(person, device="Poste du bureau"))
    hospital.sign_in(other, device="Poste d'un autre")
    shown = text(page.get("/sessions/"))
    assert "Poste du bureau" in shown
    assert "Poste d" + "un autre" not in shown.replace("&#39;", "")


def test_a_device_that_calls_itself_something_is_shown_as_letters(hospital: Hospital, browser: Browse) -> None:
    person = hospital.person("nurse", hospital.unit())
    page = browser(hospital.sign_in(person, device="<script>x</script>" + "é" * 300))
    body = page.get("/sessions/").content.decode()
    assert "<script>x" not in body
    assert "&lt;script&gt;x" in body


def test_a_key_without_a_verified_user_is_told_so(hospital: Hospital, browser: Browse) -> None:
    page = browser()
    answer = ceremony(page, hospital.person(), hospital.origin, verified=False)
    assert (answer.status_code, answer.json()["code"]) == (403, "no_user_verification")
    assert "code ou votre empreinte" in answer.json()["message"]
    assert COOKIE not in answer.cookies
    assert outside(page)


def test_an_unknown_key_is_told_so(hospital: Hospital, browser: Browse) -> None:
    page, key = browser(), SoftKey.make("x", uuid4(), "localhost")
    begun = page.post_json("/connexion/defi/", {}).json()
    response = key.assertion(begun["options"], hospital.origin)
    body = {"challenge_id": begun["challenge_id"], "response": response, "device_key": Workstation().named}
    answer = page.post_json("/connexion/preuve/", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "unknown_key")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b'{"challenge_id": 1, "response": {}}', b'{"challenge_id": "x"}', b"\xff",
        b'{"challenge_id": "x", "response": []}', b'{"challenge_id": "x", "response": {}, "more": 1}', b"[" * 100_000,
        b'{"challenge_id": "x", "response": {"rawId": {"a": 1}}}', b"NaN",
        b'{"challenge_id": "\\u0000", "response": {"rawId": "\\u0000"}}',
        b'{"challenge_id": "' + b"x" * 90_000 + b'", "response": {}}',
        b'{"challenge_id": "x", "response": {"rawId": NaN}}',
    ],
)  # fmt: skip
def test_what_is_no_answer_of_a_key_is_refused_in_a_sentence(browser: Browse, body: bytes) -> None:
    page = browser()
    answer = page.client.post(
        "/connexion/preuve/", body, content_type="application/json",
        headers={"Sec-Fetch-Site": "same-origin", "X-CSRFToken": "a" * 32},
    )  # fmt: skip
    assert answer.status_code == 400, answer.content[:200]
    assert answer.json()["message"].endswith(".")


@pytest.mark.parametrize("path", ["/connexion/defi/", "/connexion/preuve/", "/deconnexion/"])
@pytest.mark.parametrize("site", [None, "cross-site", "none"])
def test_no_other_page_starts_or_ends_a_sign_in(
    hospital: Hospital, browser: Browse, path: str, site: str | None
) -> None:
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    page = browser(cookie)
    assert page.post(path, Sec_Fetch_Site=site).status_code == 403
    assert page.get("/").status_code == 302


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ("/aide/", "/aide/"), ("//evil.example/", "/"), ("https://evil.example/", "/"), ("/\\evil.example", "/"),
        ("javascript:x", "/"), ("", "/"), ("evil", "/"), ("/unite/x?y=1", "/unite/x?y=1"),
    ],
)  # fmt: skip
def test_after_sign_in_one_stays_here(browser: Browse, asked: str, goes: str) -> None:
    from html import unescape
    from urllib.parse import quote

    body = unescape(browser().get(f"/connexion/?suite={quote(asked)}").content.decode())
    assert f'"{goes}"' in body
    assert "evil.example" not in body


def test_the_csrf_cookie_changes_at_sign_in(hospital: Hospital, browser: Browse) -> None:
    page = browser()
    answer = ceremony(page, hospital.person("nurse", hospital.unit()), hospital.origin)
    assert answer.cookies["csrftoken"].value not in {"", "a" * 32}


@pytest.mark.parametrize("cookie", ["x", "A" * 86, "é", "A" * 300, "' OR 1=1 --"])
def test_a_cookie_that_is_none_is_an_ended_session(browser: Browse, cookie: str) -> None:
    answer = browser(cookie).get("/")
    assert answer.status_code == 401
    assert answer["HX-Trigger"] == "session-ended"


def test_the_frozen_are_told_why(hospital: Hospital, browser: Browse) -> None:
    unit = hospital.unit()
    _, cookie = hospital.signed_in("nurse", unit)
    page = browser(cookie)
    for allowed in ({403}, {403}, {401, 403}):
        assert page.get(f"/dossier/{uuid4()}/").status_code in allowed
    answer = page.get(f"/unite/{unit}/")
    assert answer.status_code == 401
    assert "suspendue" in text(answer)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
def test_a_page_full_of_hostile_links_freezes_nobody(hospital: Hospital, browser: Browse, site: str | None) -> None:
    unit = hospital.unit()
    _, cookie = hospital.signed_in("nurse", unit)
    page = browser(cookie)
    for _ in range(8):
        assert page.get(f"/dossier/{uuid4()}/", Sec_Fetch_Site=site).status_code == 403
    assert page.get(f"/unite/{unit}/").status_code == 200
