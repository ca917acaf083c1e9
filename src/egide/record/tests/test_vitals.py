"""Vital signs from the form to the base and back: what is written, by whom, once; what is refused leaves nothing."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.browser import Browser, text
from egide.gate.tests.factories import Hospital, Patient, Person

Browse = Callable[..., Browser]


class Ward:
    """A unit, its patient, a nurse signed in, her browser."""

    def __init__(self, hospital: Hospital, browser: Browse, profession: str = "nurse") -> None:
        self.hospital = hospital
        self.unit: UUID = hospital.unit()
        self.patient: Patient = hospital.patient(self.unit)
        self.person: Person
        self.person, self.cookie = hospital.signed_in(profession, self.unit)
        self.page = browser(self.cookie)
        self.path = f"/dossier/{self.patient.id}/constantes/"

    def rows(self) -> list[tuple[Any, ...]]:
        return self.hospital.sql(
            "SELECT code, value, unit, category, author, set_id, comment FROM record_measurement"
            " WHERE patient_id = %s ORDER BY code",
            self.patient.id,
        )

    def acts(self) -> list[dict[str, Any]]:
        return self.hospital.entries(patient=self.patient.id, kind="act")


@pytest.fixture
def ward(hospital: Hospital, browser: Browse) -> Ward:
    """A nurse and one patient."""
    return Ward(hospital, browser)


def test_a_nurse_writes_a_reading_and_reads_it_back(ward: Ward) -> None:
    answer = ward.page.post(ward.path, {"bp": "142/81", "temperature": "37,2", "comment": "après l'effort, été"})
    assert answer.status_code == 302
    assert answer["Location"] == f"/dossier/{ward.patient.id}/?fait=constantes"
    rows = ward.rows()
    assert [(code, value, unit) for code, value, unit, *_ in rows] == [
        ("8310-5", Decimal("37.200"), "Cel"), ("8462-4", Decimal("81.000"), "mm[Hg]"),
        ("8480-6", Decimal("142.000"), "mm[Hg]"),
    ]  # fmt: skip
    assert {row[3] for row in rows} == {"clinical"}
    assert {row[4] for row in rows} == {ward.person.account}
    assert len({row[5] for row in rows}) == 1  # one reading
    sealed = [bytes(row[6]) for row in rows if row[6] is not None]
    assert len(sealed) == 1
    assert b"effort" not in sealed[0]
    (act,) = ward.acts()
    assert (act["reason"], act["object"]) == ("record:measurement:create", str(rows[0][5]))
    shown = text(ward.page.get(answer["Location"]))
    assert "142/81" in shown
    assert "37,2" in shown
    assert "après l&#39;effort, été" in shown
    assert "Enregistré" in shown or "enregistr" in shown.lower()


def test_htmx_gets_what_was_written_and_an_empty_form(ward: Ward) -> None:
    answer = ward.page.post(ward.path, {"bp": "142/81"}, htmx=True)
    assert answer.status_code == 200
    assert answer["HX-Trigger"] == "vitals-saved"
    body = answer.content.decode()
    assert "<html" not in body
    assert "142/81" in body
    assert 'value="142/81"' not in body


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"bp": "400/81", "pulse": "80"}, "Valeur impossible"),
        ({"bp": "81/142"}, "doit dépasser la seconde"),
        ({"temperature": "372"}, "attendue entre 25 et 45 °C"),
        ({"pulse": "abc"}, "Écrivez un nombre"),
        ({"spo2": "101"}, "attendue entre 30 et 100 %"),
        ({}, "au moins une valeur"),
        ({"comment": "seul"}, "au moins une valeur"),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_what_cannot_be_is_refused_beside_the_field_and_nothing_is_written(
    ward: Ward, typed: dict[str, str], words: str, htmx: bool
) -> None:
    answer = ward.page.post(ward.path, typed, htmx=htmx)
    assert answer.status_code == 422
    shown = text(answer)
    assert words in shown
    for value in typed.values():
        assert value in answer.content.decode()  # what was typed stays
    assert ward.patient.birth_name in shown
    assert ward.rows() == []
    assert ward.acts() == []


ODD = {
    "200 letters": "é" * 200, "emoji": "🙂👩‍⚕️", "NUL": "a\x00b", "HTML": "<b onload=alert(1)>&amp;\"'",
    "SQL": "'); DROP TABLE x; --", "format": "%s %(a)s {0} {{7*7}}", "lines": "a\r\nb\nc", "bidi": "\u202e abc",
}  # fmt: skip
FIELDS = ("bp", "pulse", "temperature", "spo2", "respiratory_rate", "pain", "weight", "height", "comment")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("kind", ODD)
def test_odd_text_in_any_field_is_refused_or_kept_whole(ward: Ward, field: str, kind: str) -> None:
    typed = {"spo2" if field != "spo2" else "pulse": "97", field: ODD[kind]}
    answer = ward.page.post(ward.path, typed)
    body = answer.content.decode()
    assert "<b onload" not in body
    assert "Traceback" not in body
    if answer.status_code == 302:
        assert field == "comment"
        shown = ward.page.get(f"/dossier/{ward.patient.id}/")
        assert shown.status_code == 200
        assert "<b onload" not in shown.content.decode()
        assert len(ward.rows()) == 1
        (seen,) = ward.hospital.comments(ward.patient.id)
        assert seen == ODD[kind]
    else:
        assert answer.status_code == 422
        assert ward.rows() == []


@pytest.mark.parametrize(
    "raw", [b"pulse=80&comment=%FF%FE", b"pulse=80&comment=a%ED%A0%80", b"pulse=80&comment=%", b"\xff"]
)
def test_bytes_that_are_no_text_are_refused_or_replaced(ward: Ward, raw: bytes) -> None:
    answer = ward.page.post_raw(ward.path, raw)
    assert answer.status_code == (302 if raw.startswith(b"pulse") else 422)
    assert ward.page.get(f"/dossier/{ward.patient.id}/").status_code == 200
    assert len(ward.rows()) == raw.startswith(b"pulse")


@pytest.mark.usefixtures("instant")
def test_the_same_form_sent_twice_is_one_reading(ward: Ward) -> None:
    typed = {"bp": "142/81", "pulse": "80", "comment": "deux fois"}
    assert [ward.page.post(ward.path, typed).status_code for _ in range(3)] == [302, 302, 302]
    assert len(ward.rows()) == 3
    assert len(ward.acts()) == 1


def test_another_value_in_the_same_minute_is_another_reading(ward: Ward) -> None:
    ward.page.post(ward.path, {"pulse": "80"})
    ward.page.post(ward.path, {"pulse": "82"})
    assert sorted(row[1] for row in ward.rows()) == [80, 82]
    assert len(ward.acts()) == 2


def test_two_people_who_write_at_once_both_write(ward: Ward, hospital: Hospital, browser: Browse) -> None:
    _, other = hospital.signed_in("nurse", ward.unit)
    assert ward.page.post(ward.path, {"pulse": "80"}).status_code == 302
    assert browser(other).post(ward.path, {"pulse": "80"}).status_code == 302
    assert len(ward.rows()) == 2


@pytest.mark.parametrize(
    "site", [None, "cross-site", "same-site", "none", "", "Same-Origin", "same-origin, cross-site"]
)
def test_a_form_that_our_page_did_not_send_is_refused(ward: Ward, site: str | None) -> None:
    answer = ward.page.post(ward.path, {"pulse": "80"}, Sec_Fetch_Site=site)
    assert answer.status_code == 403
    assert ward.rows() == []
    assert ward.hospital.entries(account=ward.person.account, kind="open") == []


@pytest.mark.parametrize("token", [None, "", "b" * 32, "x"])
def test_a_form_without_our_token_is_refused(ward: Ward, token: str | None) -> None:
    answer = ward.page.post(ward.path, {"pulse": "80"}, X_CSRFToken=token)
    assert answer.status_code == 403
    assert ward.rows() == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PURGE"])
def test_other_methods_and_overrides_do_nothing(ward: Ward, method: str) -> None:
    answer = ward.page.client.generic(method, ward.path, b"pulse=80", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 405
    ward.page.get(ward.path, X_HTTP_Method_Override="POST")
    assert ward.rows() == []


@pytest.mark.parametrize("profession", ["medical_secretary", "admission_clerk", "porter", "billing", "student"])
def test_who_does_not_write_clinical_facts_is_refused(hospital: Hospital, browser: Browse, profession: str) -> None:
    ward = Ward(hospital, browser, profession)
    for answer in (ward.page.get(ward.path), ward.page.post(ward.path, {"pulse": "80"})):
        assert answer.status_code == 403
        assert "Votre profession n'ouvre pas" in answer.content.decode().replace("&#39;", "'")
    assert ward.rows() == []
    assert ward.acts() == []


@pytest.mark.parametrize(
    "profession",
    [
        "physician",
        "midwife",
        "intern",
        "nurse",
        "care_assistant",
        "physiotherapist",
        "psychologist",
        "dietician",
        "social_worker",
    ],
)
def test_who_takes_care_writes(hospital: Hospital, browser: Browse, profession: str) -> None:
    ward = Ward(hospital, browser, profession)
    assert ward.page.post(ward.path, {"pulse": "80"}).status_code == 302
    assert len(ward.rows()) == 1


def test_an_admission_clerk_sees_no_clinical_panel(hospital: Hospital, browser: Browse) -> None:
    ward = Ward(hospital, browser, "admission_clerk")
    hospital.problem(ward.patient.id, "Dépression sévère")
    hospital.allergy(ward.patient.id, "Pénicilline")
    nurse = Ward(hospital, browser)
    nurse.page = browser(hospital.signed_in("nurse", ward.unit)[1])
    nurse.page.post(ward.path, {"bp": "142/81", "comment": "confidence"})
    body = text(ward.page.get(f"/dossier/{ward.patient.id}/"))
    assert ward.patient.birth_name in body
    for hidden in ("Dépression", "Pénicilline", "142/81", "confidence", "Enregistrer"):
        assert hidden not in body, hidden
    assert ward.page.get(f"/dossier/{ward.patient.id}/courbe/").status_code == 403
    seen = text(nurse.page.get(f"/dossier/{ward.patient.id}/"))
    for shown in ("Dépression", "Pénicilline", "142/81", "confidence"):
        assert shown in seen, shown


def test_a_patient_of_another_unit_is_refused_for_writing_too(ward: Ward, hospital: Hospital) -> None:
    stranger = hospital.stranger()
    for one in (stranger, uuid4()):
        answer = ward.page.post(f"/dossier/{one}/constantes/", {"pulse": "80"}, Sec_Fetch_Site="same-origin")
        assert answer.status_code == 403
    assert hospital.value("SELECT count(*) FROM record_measurement WHERE patient_id = %s", stranger) == 0


def test_a_session_that_ends_in_the_middle_of_a_sentence_keeps_the_sentence_out_of_the_answer(ward: Ward) -> None:
    ward.page.get(ward.path)
    ward.hospital.web.call("revoke", cookie=ward.cookie)
    answer = ward.page.post(ward.path, {"pulse": "80", "comment": "phrase commencée"}, htmx=True)
    assert answer.status_code == 401
    assert answer["HX-Trigger"] == "session-ended"
    assert "phrase commencée" not in answer.content.decode()
    assert ward.rows() == []
