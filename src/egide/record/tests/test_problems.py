"""Problems, antecedents, allergies, whom to call, directives: from the form to the base, and what is refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from egide.gate.tests.browser import Browser, text
from egide.gate.tests.factories import Hospital
from egide.record.tests.test_notes import Desk

Browse = Callable[..., Browser]


@pytest.fixture
def desk(hospital: Hospital, browser: Browse) -> Desk:
    """A physician and one patient."""
    return Desk(hospital, browser, "physician")


def problems(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.hospital.sql(
        "SELECT kind, code, onset, author FROM record_problem WHERE patient_id = %s ORDER BY recorded_at",
        desk.patient.id,
    )


def summary(desk: Desk, page: Browser | None = None) -> str:
    body = (page or desk.page).get(desk.chart).content.decode()
    return body[body.index('id="summary"') : body.index('id="curve"')]


@pytest.mark.usefixtures("instant")
def test_a_problem_is_found_by_words_and_inscribed_with_its_code(desk: Desk) -> None:
    found = desk.page.post("/reference/cim10/", {"q": "insuf CARDI"}, htmx=True).content.decode()
    assert 'value="I50.9"' in found
    typed = {"q": "insuf cardi", "code": "I50.9", "kind": "problem", "onset": "21/11/2024"}
    assert [desk.page.post(desk.chart + "probleme/", typed).status_code for _ in range(2)] == [302, 302]
    assert problems(desk) == [("problem", "I50.9", date(2024, 11, 21), desk.person.account)]
    assert desk.acts() == ["record:problem:create"]
    assert "Insuffisance cardiaque" in summary(desk)
    assert "Insuffisance cardiaque" in text(desk.page.get(f"/unite/{desk.unit}/"))
    sealed = desk.hospital.value("SELECT label FROM record_problem WHERE patient_id = %s", desk.patient.id)
    assert b"Insuffisance" not in bytes(sealed)


def test_words_alone_are_inscribed_and_an_antecedent_stands_apart(desk: Desk) -> None:
    for kind, words in (("problem", "Chute à domicile"), ("surgical", "Appendicectomie (1968)")):
        assert desk.page.post(desk.chart + "probleme/", {"q": words, "code": "", "kind": kind}).status_code == 302
    said = summary(desk)
    assert said.index("Chute à domicile") < said.index("Antécédents") < said.index("Appendicectomie (1968)")
    assert "Appendicectomie" not in text(desk.page.get(f"/unite/{desk.unit}/"))


def test_a_problem_is_ended_with_its_date_once(desk: Desk) -> None:
    row = desk.hospital.problem(desk.patient.id, "Pneumopathie")
    path = f"{desk.chart}terminer/problem/{row}/"
    tomorrow = f"{datetime.now(UTC) + timedelta(days=2):%d/%m/%Y}"
    for since in ("", "hier", "31/02/2024", "01/01/1850", tomorrow, "2024-01-01"):
        assert desk.page.post(path, {"since": since}).status_code == 422, since
    assert desk.page.post(path, {"since": "02/02/2024"}).status_code == 302
    assert "terminé le 02/02/2024" in " ".join(summary(desk).split())
    assert "Pneumopathie" not in text(desk.page.get(f"/unite/{desk.unit}/"))
    assert desk.page.post(path, {"since": "02/02/2024"}).status_code == 409
    assert desk.acts() == ["record:problem:end"]


def test_an_allergy_reaches_the_banner_and_leaves_it_when_over(desk: Desk) -> None:
    nurse = desk.another("nurse")
    assert nurse.post(desk.chart + "allergie/", {"substance": "  "}).status_code == 422
    typed = {"substance": "Pénicilline", "reaction": "œdème", "severity": "severe"}
    assert nurse.post(desk.chart + "allergie/", typed).status_code == 302

    def banner() -> str:
        body = desk.page.get(desk.chart + "probleme/").content.decode()
        return body[body.index('class="banner"') : body.index("</section>")]

    assert "Pénicilline" in banner()
    row = desk.hospital.value("SELECT id FROM record_allergy WHERE patient_id = %s", desk.patient.id)
    assert desk.page.post(f"{desk.chart}terminer/allergy/{row}/", {"since": "01/03/2024"}).status_code == 302
    assert "Pénicilline" not in banner()
    assert "Pénicilline" in text(desk.page.get(desk.chart + "?fil=problemes"))


def test_whom_to_call_is_sealed_under_contact_and_shown_on_its_own_page_only(desk: Desk) -> None:
    path = desk.chart + "proches/"
    typed = {"act": "person", "p-kind": "trusted", "p-name": "MARTIN Paul", "p-relation": "époux",
             "p-phone": "06 39 98 01 02"}  # fmt: skip
    assert desk.page.post(path, {**typed, "p-name": ""}).status_code == 422
    assert desk.page.post(path, {**typed, "p-phone": "appelez-moi"}).status_code == 422
    assert desk.page.post(path, typed).status_code == 302
    said = text(desk.page.get(path))
    assert "MARTIN Paul" in said
    assert "06 39 98 01 02" in said
    assert "MARTIN Paul" not in text(desk.page.get(desk.chart))
    (row, sealed) = desk.hospital.sql(
        "SELECT id, sealed FROM record_contactperson WHERE patient_id = %s", desk.patient.id
    )[0]
    assert b"MARTIN" not in bytes(sealed)
    clinical = desk.hospital.open(desk.cookie, desk.patient.id, read=("identity", "clinical"))["ticket"]
    with desk.hospital.as_web(clinical) as web:
        assert web.execute("SELECT count(*) FROM record_contactperson").fetchone() == (0,)
    for status in (302, 409):
        assert desk.page.post(f"{path}{row}/retirer/").status_code == status
    assert "MARTIN Paul" not in text(desk.page.get(path))
    assert desk.acts() == ["record:contact_person:create", "record:contact_person:end"]


def test_directives_stand_on_the_banner_and_the_last_said_holds(desk: Desk) -> None:
    path = desk.chart + "proches/"
    assert "directives anticipées" not in desk.page.get(desk.chart).content.decode()
    said = {"act": "directive", "d-kind": "written", "d-where": "Chez son notaire", "d-words": "Pas de réanimation."}
    assert desk.page.post(path, said).status_code == 302
    assert "directives anticipées" in desk.page.get(desk.chart).content.decode()
    assert "Pas de réanimation." in text(desk.page.get(path))
    assert desk.page.post(path, {"act": "directive", "d-kind": "unwilling"}).status_code == 302
    assert "directives anticipées" not in desk.page.get(desk.chart).content.decode()
    assert desk.page.post(path, {"act": "directive", "d-kind": "oui"}).status_code == 422


def test_who_may_inscribe_what(hospital: Hospital, browser: Browse) -> None:
    desk = Desk(hospital, browser, "nurse")
    body = desk.page.get(desk.chart + "probleme/").content.decode()
    assert 'value="surgical"' in body
    assert 'value="problem"' not in body
    assert desk.page.post(desk.chart + "probleme/", {"q": "Asthme", "kind": "problem"}).status_code == 422
    assert desk.page.post(desk.chart + "probleme/", {"q": "Asthme", "kind": "medical"}).status_code == 302
    clerk = desk.another("admission_clerk")
    seen = text(clerk.get(desk.chart + "proches/"))
    assert "Personnes à appeler" in seen
    assert "Ce qu'elles disent" not in seen.replace("&#39;", "'")
    told = {"act": "person", "p-kind": "notify", "p-name": "DURAND Zoé"}
    assert clerk.post(desk.chart + "proches/", told).status_code == 302
    assert clerk.post(desk.chart + "proches/", {"act": "directive", "d-kind": "none"}).status_code == 403
    for path in ("probleme/", "allergie/"):
        assert clerk.get(desk.chart + path).status_code == 403
        assert clerk.post(desk.chart + path, {"q": "a", "kind": "medical", "substance": "b"}).status_code == 403
    assistant = desk.another("care_assistant")
    assert assistant.post(desk.chart + "proches/", told).status_code == 403
    for profession in ("porter", "billing"):
        other = desk.another(profession)
        assert other.post(desk.chart + "allergie/", {"substance": "b"}).status_code == 403
        assert other.post(desk.chart + "proches/", told).status_code == 403


ODD = {
    "200 letters": "é" * 200, "emoji": "🙂👩‍⚕️", "HTML": "<b onload=alert(1)>&amp;\"'", "SQL": "'); DROP TABLE x; --",
    "format": "%s %(a)s {0} {{7*7}}", "bidi": "\u202e abc", "NUL": "a\x00b", "long": "a" * 5000, "LIKE": "%_\\%",
}  # fmt: skip
FIELDS = [
    ("probleme/", {"q": "a", "kind": "medical"}, ("q", "code", "kind", "onset")),
    ("allergie/", {"substance": "a"}, ("substance", "reaction", "severity")),
    (
        "proches/",
        {"act": "person", "p-kind": "notify", "p-name": "a"},
        ("act", "p-kind", "p-name", "p-relation", "p-phone"),
    ),
    ("proches/", {"act": "directive", "d-kind": "written"}, ("d-kind", "d-where", "d-words")),
]


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize(("path", "typed", "field"), [(p, t, f) for p, t, fields in FIELDS for f in fields])
def test_odd_text_in_any_field_is_refused_or_kept_whole(
    desk: Desk, path: str, typed: dict[str, str], field: str, kind: str
) -> None:
    answer = desk.page.post(desk.chart + path, {**typed, field: ODD[kind]})
    assert answer.status_code in {302, 403, 422}
    for page in (answer, desk.page.get(desk.chart), desk.page.get(desk.chart + "proches/")):
        assert page.status_code < 500
        assert "<b onload" not in page.content.decode()
    found = desk.page.post("/reference/cim10/", {"q": ODD[kind]}, htmx=True)
    assert found.status_code == 200
    assert "<b onload" not in found.content.decode()


def test_a_stranger_or_an_unknown_row_is_refused(desk: Desk) -> None:
    stranger = desk.hospital.stranger()
    row = desk.hospital.problem(stranger, "Secret")
    for one in (stranger, uuid4()):
        page = Desk(desk.hospital, desk.browse, "physician").page  # each its session: the third denial freezes it
        for path in ("probleme/", "allergie/", "proches/"):
            assert page.post(f"/dossier/{one}/{path}", {"q": "a"}).status_code == 403
    other = Desk(desk.hospital, desk.browse, "physician")
    for target in (row, uuid4()):
        assert other.page.post(f"{other.chart}terminer/problem/{target}/", {"since": "01/01/2024"}).status_code == 400
    assert other.page.post(f"{other.chart}proches/{uuid4()}/retirer/").status_code == 409
