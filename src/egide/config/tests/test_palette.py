"""Ctrl-K: my patients only, acts and pages; posted, one opening however many keys, no name in an address."""

from collections.abc import Callable
from uuid import UUID

import pytest

from egide.gate.tests.browser import Browser, statements, text
from egide.gate.tests.factories import Hospital, Patient, Person

Browse = Callable[..., Browser]


@pytest.fixture
def unit(hospital: Hospital) -> UUID:
    return hospital.unit()


@pytest.fixture
def patient(hospital: Hospital, unit: UUID) -> Patient:
    return hospital.patient(unit, bed=hospital.bed(unit, "214", "F"), birth_name="LEFÈVRE", first_name="Zoé")


@pytest.fixture
def nurse(hospital: Hospital, browser: Browse, unit: UUID, patient: Patient) -> tuple[Person, Browser]:
    person, cookie = hospital.signed_in("nurse", unit)
    return person, browser(cookie)


def asked(page: Browser, typed: str) -> str:
    answer = page.post("/palette/", {"q": typed}, htmx=True)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    body = answer.content.decode()
    assert "<html" not in body
    return body


@pytest.mark.parametrize("typed", ["lefevre", "LEFÈ", "zoe lef", "214", "zoé 214", "  lef  "])
def test_a_patient_of_mine_is_found_by_name_or_bed(nurse: tuple[Person, Browser], patient: Patient, typed: str) -> None:
    assert f'href="/dossier/{patient.id}/"' in asked(nurse[1], typed)


@pytest.mark.parametrize(
    ("typed", "route"), [("tension 214", "constantes"), ("lef const", "constantes"), ("avis zoe", "avis")]
)
def test_an_act_is_typed_with_the_patient(
    nurse: tuple[Person, Browser], patient: Patient, typed: str, route: str
) -> None:
    assert f'href="/dossier/{patient.id}/{route}/"' in asked(nurse[1], typed)


def test_pages_are_found_and_nobody_elses_patient(
    hospital: Hospital, nurse: tuple[Person, Browser], browser: Browse
) -> None:
    hospital.patient(hospital.unit(), birth_name="ETRANGERE")
    assert 'href="/aide/"' in asked(nurse[1], "aide")
    assert "ETRANGERE" not in asked(nurse[1], "etrangere")
    dpo = browser(hospital.signed_in("dpo")[1])
    assert "/surveillance/" in asked(dpo, "trace")
    assert "LEFÈVRE" not in asked(dpo, "lef")


def test_typing_is_one_opening_and_few_statements(hospital: Hospital, nurse: tuple[Person, Browser]) -> None:
    person, page = nurse
    for typed in ("", "l", "le", "lef"):
        asked(page, typed)
    opened = hospital.entries(account=person.account, kind="open", purpose="palette")
    assert len(opened) == 1
    assert set(opened[0]["reads"]) == {"identity", "stay"}
    with statements() as found:
        asked(page, "lefe")
    assert len(found) <= 8, found


@pytest.mark.parametrize("typed", ["\x00", "x" * 5000, "<script>", "' OR 1=1 --", "🫀", "%", "\u202e", "tension"])
def test_anything_typed_is_answered(nurse: tuple[Person, Browser], typed: str) -> None:
    assert "<script>" not in asked(nurse[1], typed)


def test_an_address_holds_nothing_typed(nurse: tuple[Person, Browser]) -> None:
    assert nurse[1].get("/palette/?q=lefevre").status_code == 405
    assert nurse[1].post("/palette/", {"q": "x"}, Sec_Fetch_Site="cross-site").status_code == 403


def test_without_htmx_the_answer_is_a_page(nurse: tuple[Person, Browser]) -> None:
    assert "Chercher ou agir" in text(nurse[1].post("/palette/", {"q": ""}))
