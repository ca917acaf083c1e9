"""On paper: the chart under its own purpose, counted; the patient's copy without names unless the DPO decides."""

from collections import Counter
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.browser import Browser, statements, text
from egide.gate.tests.factories import Hospital, Patient, Person

Browse = Callable[..., Browser]


@pytest.fixture
def unit(hospital: Hospital) -> UUID:
    return hospital.unit()


@pytest.fixture
def patient(hospital: Hospital, unit: UUID) -> Patient:
    return hospital.patient(unit, birth_name="IMPRIMÉE", first_name="Zoé")


@pytest.fixture
def nurse(hospital: Hospital, browser: Browse, unit: UUID) -> tuple[Person, Browser]:
    person, cookie = hospital.signed_in("nurse", unit)
    return person, browser(cookie)


def named(hospital: Hospital, browser: Browse, patient: UUID) -> tuple[Person, Browser]:
    """A DPO who asked who this patient is."""
    person, cookie = hospital.signed_in("dpo")
    page = browser(cookie)
    page.post("/surveillance/nommer/", {"patient": str(patient), "reason": "patient_request"})
    return person, page


def test_the_print_view_is_an_opening_of_its_own_and_says_who_printed(
    hospital: Hospital, nurse: tuple[Person, Browser], patient: Patient
) -> None:
    person, page = nurse
    page.get(f"/dossier/{patient.id}/")
    answer = page.get(f"/dossier/{patient.id}/impression/")
    body = answer.content.decode()
    assert '<body class="print-view"' in body
    assert "IMPRIMÉE" in body
    assert f"{person.name}, infirmier" in text(answer)
    opened = hospital.entries(account=person.account, kind="open")
    assert [one["purpose"] for one in opened] == ["care", "print"]
    assert opened[-1]["writes"] == []
    assert str(opened[-1]["id"]) in body
    assert 'class="print-view"' not in page.get(f"/dossier/{patient.id}/").content.decode()


def test_a_copy_that_is_not_whole_says_so(
    hospital: Hospital, nurse: tuple[Person, Browser], unit: UUID, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egide.gate.trail.SHOWN", 3)
    said = "Plus de 500 lignes"
    for path in ("acces/", "acces/copie/"):
        answers = [text(nurse[1].get(f"/dossier/{patient.id}/{path}")) for _ in range(2)]
        told = [said in answer for answer in answers]
        assert told == ([False, False] if path == "acces/" else [False, True])
    usual = hospital.value("SELECT value FROM gate.limits WHERE name = 'openings_shown'")
    hospital.sql("UPDATE gate.limits SET value = 1 WHERE name = 'openings_shown'")
    try:
        ticket = hospital.open(hospital.signed_in("nurse", unit)[1], patient.id)["ticket"]
        with hospital.as_web(ticket) as web:
            assert len(web.execute("SELECT 1 FROM door.openings_of(%s)", (patient.id,)).fetchall()) == 2
    finally:
        hospital.sql("UPDATE gate.limits SET value = %s WHERE name = 'openings_shown'", usual)


def test_each_print_is_a_row_and_a_page_on_screen_is_prolonged(
    hospital: Hospital, nurse: tuple[Person, Browser], patient: Patient, unit: UUID
) -> None:
    person, page = nurse
    for _ in range(2):
        for path in ("", "impression/", "acces/copie/"):
            assert page.get(f"/dossier/{patient.id}/{path}").status_code == 200
        assert page.get(f"/unite/{unit}/transmission/").status_code == 200
    counted = Counter(one["purpose"] for one in hospital.entries(account=person.account, kind="open"))
    assert counted == {"care": 1, "print": 4, "access_copy": 2}


def test_charts_on_paper_have_a_pace_and_care_has_none(
    hospital: Hospital, nurse: tuple[Person, Browser], unit: UUID
) -> None:
    person, page = nurse
    most = int(hospital.value("SELECT value FROM gate.limits WHERE name = 'printed_minute'"))
    patients = [one.id for one in hospital.patients(unit, most + 1)]
    said = [page.get(f"/dossier/{one}/impression/").status_code for one in patients]
    assert said == [200] * most + [429]
    assert page.get(f"/dossier/{patients[0]}/impression/").status_code == 200  # counted already
    assert page.get(f"/dossier/{patients[-1]}/").status_code == 200  # on screen
    assert page.get(f"/unite/{unit}/transmission/").status_code == 200  # a list of all of them
    (row,) = hospital.entries(account=person.account, kind="refuse")
    assert (row["reason"], row["ids"], row["purpose"]) == ("print_pace", [patients[-1]], "print")
    assert "Trop de dossiers imprimés" in text(page.get(f"/dossier/{patients[-1]}/impression/"))


def test_who_may_not_know_who_opened_a_record_gets_no_paper_that_says_nobody_did(
    hospital: Hospital, browser: Browse, patient: Patient
) -> None:
    person, cookie = hospital.signed_in("identity_cell")
    page = browser(cookie)
    page.post("/surveillance/nommer/", {"patient": str(patient.id), "reason": "homonym"})
    shown = page.get(f"/surveillance/dossier/{patient.id}/")
    assert shown.status_code == 200
    assert "copie" not in shown.content.decode()
    for path in (f"/dossier/{patient.id}/acces/copie/", f"/surveillance/dossier/{patient.id}/copie/"):
        assert page.get(path).status_code == 403
    rows = hospital.entries(account=person.account, kind="refuse")
    assert [(one["reason"], one["purpose"], one["ids"]) for one in rows] == [
        ("category_closed", "access_copy", [patient.id]),
        ("category_closed", "access_copy_names", [patient.id]),
    ]


def test_an_erroneous_line_and_a_stranger_stay_out_of_paper(
    hospital: Hospital, nurse: tuple[Person, Browser], patient: Patient
) -> None:
    assert nurse[1].get(f"/dossier/{hospital.stranger()}/impression/").status_code == 403
    assert nurse[1].get(f"/dossier/{uuid4()}/acces/copie/").status_code == 403
    with statements() as found:
        assert nurse[1].get(f"/dossier/{patient.id}/impression/").status_code == 200
    assert len(found) <= 12, found


def test_the_patients_copy_says_professions_and_no_names(
    hospital: Hospital, nurse: tuple[Person, Browser], patient: Patient
) -> None:
    person, page = nurse
    page.get(f"/dossier/{patient.id}/")
    body = page.get(f"/dossier/{patient.id}/acces/copie/").content.decode()
    sheet = body[body.index('<article class="sheet">') : body.index("</article>")]
    assert "infirmier(ère)" in sheet
    assert person.name not in sheet
    assert hospital.entries(account=person.account, kind="open")[-1]["purpose"] == "access_copy"
    assert page.get(f"/surveillance/dossier/{patient.id}/copie/").status_code == 403


def test_the_dpo_may_give_names_and_that_is_a_line(
    hospital: Hospital, browser: Browse, nurse: tuple[Person, Browser], patient: Patient
) -> None:
    nurse[1].get(f"/dossier/{patient.id}/")
    person, page = named(hospital, browser, patient.id)
    without = page.get(f"/dossier/{patient.id}/acces/copie/").content.decode()
    assert nurse[0].name not in without
    body = page.get(f"/surveillance/dossier/{patient.id}/copie/").content.decode()
    assert nurse[0].name in body
    assert hospital.entries(account=person.account, kind="open")[-1]["purpose"] == "access_copy_names"
    assert page.get(f"/dossier/{patient.id}/impression/").status_code == 200
    sheet = page.get(f"/dossier/{patient.id}/impression/").content.decode()
    assert "Allergies" not in sheet[sheet.index('<article class="sheet">') :]
