"""The gate's own pages: what stands instead of a closed chart, shifts, notices; typed by people and by hostile ones."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.browser import Browser, text
from egide.gate.tests.factories import Hospital, Person
from egide.gate.tests.test_links import links, notices, opens

Browse = Callable[..., Browser]
HUGE = 10**30
UNKNOWN = "00000000-0000-0000-0000-000000000000"


def plain(answer: Any) -> str:
    return text(answer).replace("&#39;", "'")


@pytest.fixture
def nurse(hospital: Hospital, browser: Browse) -> tuple[Person, str, Browser]:
    """A nurse of some unit, her cookie, her browser."""
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    return person, cookie, browser(cookie)


def test_a_closed_chart_offers_doors_and_no_datum(hospital: Hospital, nurse: tuple[Person, str, Browser]) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit, birth_name="INVISIBLE")
    answer = nurse[2].get(f"/dossier/{patient.id}/")
    assert answer.status_code == 403
    shown = plain(answer)
    assert "Vous ne faites pas partie de l'équipe de soins" in shown
    assert "INVISIBLE" not in answer.content.decode()
    assert f"/dossier/{patient.id}/acceder/equipe/" in answer.content.decode()


def test_who_gives_no_care_is_not_offered_the_glass(hospital: Hospital, browser: Browse) -> None:
    _, cookie = hospital.signed_in("admission_clerk", hospital.unit())
    answer = browser(cookie).get(f"/dossier/{hospital.stranger()}/")
    assert answer.status_code == 403
    assert "urgence/defi" not in answer.content.decode()


def test_joining_a_team_from_the_page_to_the_chart(
    hospital: Hospital, browser: Browse, nurse: tuple[Person, str, Browser]
) -> None:
    person, cookie, page = nurse
    unit = hospital.unit()
    patient = hospital.patient(unit)
    physician, hers = hospital.signed_in("physician", unit)
    answer = page.post(f"/dossier/{patient.id}/acceder/equipe/")
    assert answer.status_code == 302
    assert page.get(answer["Location"]).status_code == 403
    inbox = browser(hers)
    shown = plain(inbox.get("/notifications/"))
    assert person.name in shown
    taken = inbox.post(f"/dossier/{patient.id}/equipe/", {"account": str(person.account)})
    assert taken.status_code == 302
    assert opens(hospital, cookie, patient.id) == "team"
    assert page.get(f"/dossier/{patient.id}/").status_code == 200
    assert notices(hospital, physician) == ["join_team"]


def test_a_shift_from_the_page_to_the_unit(hospital: Hospital, nurse: tuple[Person, str, Browser]) -> None:
    _, _, page = nurse
    unit = hospital.unit()
    hospital.patient(unit, birth_name="DELUNITE")
    assert page.get(f"/unite/{unit}/").status_code == 403
    answer = page.post("/poste/prendre/", {"unit": str(unit)})
    assert (answer.status_code, answer["Location"]) == (302, f"/unite/{unit}/")
    assert "DELUNITE" in text(page.get(f"/unite/{unit}/"))
    assert page.get("/poste/").status_code == 200
    assert page.post("/poste/quitter/", {"unit": str(unit)}).status_code == 302
    assert page.get(f"/unite/{unit}/").status_code == 403


@pytest.mark.parametrize("unit", ["", "x", "'; DROP TABLE x; --", UNKNOWN, "é" * 200, "\x00"])
def test_a_shift_in_no_unit_is_refused_with_a_sentence(nurse: tuple[Person, str, Browser], unit: str) -> None:
    answer = nurse[2].post("/poste/prendre/", {"unit": unit})
    assert answer.status_code == (403 if unit == UNKNOWN else 400)
    assert plain(answer)


@pytest.mark.parametrize("verdict", ["", "x", "accepted'", "é" * 300, "\x00"])
def test_a_review_of_nothing_is_refused(nurse: tuple[Person, str, Browser], verdict: str) -> None:
    answer = nurse[2].post("/notifications/acces/1/relire/", {"verdict": verdict})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "path",
    [f"/notifications/{HUGE}/lue/", f"/notifications/acces/{HUGE}/motif/", f"/notifications/acces/{HUGE}/relire/",
     f"/notifications/{2**63}/lue/", f"/notifications/acces/{2**63}/motif/", f"/notifications/acces/{2**64}/motif/",
     "/notifications/0/lue/"],
)  # fmt: skip
def test_a_number_that_is_none_is_refused_with_a_sentence(nurse: tuple[Person, str, Browser], path: str) -> None:
    answer = nurse[2].post(path, {"verdict": "accepted"})
    assert answer.status_code == 400


def emergency(page: Browser, patient: UUID, body: Any, step: str = "defi") -> Any:
    return page.post_json(f"/dossier/{patient}/acceder/urgence/{step}/", body)


def test_breaking_the_glass_from_the_page_to_the_chart(hospital: Hospital, nurse: tuple[Person, str, Browser]) -> None:
    person, _, page = nurse
    patient = hospital.patient(hospital.unit(), birth_name="URGENTE")
    asked = emergency(page, patient.id, {"reason": "vital_emergency", "words": ""}).json()
    response = person.key.assertion(asked["options"], hospital.origin)
    done = emergency(page, patient.id, {"act": asked["act"], "response": response, "words": ""}, "preuve")
    assert done.json() == {"state": "ok"}
    shown = page.get(f"/dossier/{patient.id}/")
    assert shown.status_code == 200
    assert "URGENTE" in text(shown)
    assert len(links(hospital, patient.id, "break_glass")) == 1


@pytest.mark.parametrize(
    "body",
    [
        {}, [], None, 1, "x", {"reason": "vital_emergency"}, {"reason": "nothing", "words": ""},
        {"reason": "other", "words": ""}, {"reason": "other", "words": "   x "},
        {"reason": ["vital_emergency"], "words": ""}, {"reason": None, "words": None},
        {"reason": "vital_emergency", "words": "", "patient": "x"}, {"reason": {"a": 1}, "words": ""},
    ],
)  # fmt: skip
def test_an_emergency_without_its_reason_is_refused(
    hospital: Hospital, nurse: tuple[Person, str, Browser], body: Any
) -> None:
    answer = emergency(nurse[2], hospital.stranger(), body)
    # a reason of the list that lacks its words, or is none of it, is put right beside its field
    beside = isinstance(body, dict) and body.keys() == {"reason", "words"} and isinstance(body["reason"], str)
    assert answer.status_code == (422 if beside and isinstance(body["words"], str) else 400)
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"act": "x"}, 400), ({"act": ""}, 400), ({"act": None}, 400), ({"act": "00" * 16}, 410),
        ({"act": "é" * 200}, 400), ({"response": None}, 400), ({"response": []}, 400), ({"response": {}}, 403),
        ({"response": {"rawId": 1}}, 403), ({"words": "others"}, 400), ({"words": "x" * 5000}, 400), ({"more": 1}, 400),
    ],
)  # fmt: skip
def test_an_emergencys_proof_that_is_none_is_refused(
    hospital: Hospital, nurse: tuple[Person, str, Browser], change: dict[str, Any], status: int
) -> None:
    person, _, page = nurse
    patient = hospital.stranger()
    asked = emergency(page, patient, {"reason": "on_call", "words": "w"}).json()
    sane = {"act": asked["act"], "response": person.key.assertion(asked["options"], hospital.origin), "words": "w"}
    answer = emergency(page, patient, sane | change, "preuve")
    assert answer.status_code == status
    assert answer.json()["message"]
    assert links(hospital, patient, "break_glass") == []


@pytest.mark.parametrize(
    "path", ["acceder/equipe/", "acceder/urgence/defi/", "acceder/urgence/preuve/", "equipe/", "constantes/", "avis/"]
)
@pytest.mark.parametrize("site", ["cross-site", "none", None])
def test_no_other_page_opens_a_door(
    hospital: Hospital, nurse: tuple[Person, str, Browser], path: str, site: str | None
) -> None:
    patient = hospital.stranger()
    answer = nurse[2].post(f"/dossier/{patient}/{path}", {"unit": str(uuid4())}, Sec_Fetch_Site=site)
    assert answer.status_code == 403
    assert hospital.entries(account=nurse[0].account, kind="join_team") == []
    assert hospital.entries(account=nurse[0].account, kind="refuse") == []


@pytest.mark.parametrize("account", ["", "x", UNKNOWN, "\x00"])
def test_nobody_is_taken_into_a_team_by_mistake(hospital: Hospital, browser: Browse, account: str) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, cookie = hospital.signed_in("physician", unit)
    answer = browser(cookie).post(f"/dossier/{patient.id}/equipe/", {"account": account})
    assert answer.status_code == (422 if account == UNKNOWN else 400)
    assert links(hospital, patient.id, "team") == []


def test_advice_from_the_page_to_the_colleagues_chart(hospital: Hospital, browser: Browse) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, cookie = hospital.signed_in("nurse", unit)
    page = browser(cookie)
    body = page.get(f"/dossier/{patient.id}/avis/").content.decode()
    assert "<form" in body
    for typed in (
        {},
        {"account": "x"},
        {"unit": "x"},
        {"account": str(uuid4())},
        {"unit": str(uuid4())},
        {"account": "\x00"},
    ):
        assert page.post(f"/dossier/{patient.id}/avis/", typed).status_code == 400, typed
    assert links(hospital, patient.id, "advice") == []


@pytest.mark.parametrize(
    "onward", ["//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example/", "evil"]
)
def test_confirming_that_it_is_oneself_leads_nowhere_else(nurse: tuple[Person, str, Browser], onward: str) -> None:
    from urllib.parse import quote

    page = nurse[2].get(f"/confirmer/?suite={quote(onward)}").content.decode()
    assert "evil" not in page
    assert "/jour/" in nurse[2].get("/confirmer/?suite=/jour/").content.decode()
