"""Records come from elsewhere (`egide import fhir`), and a physician of the unit opens one that same minute."""

import base64
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from egide.interop.fhir.tests import resources as make
from tests.journeys.clinic import Clinic
from tests.journeys.desk import Desk

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]
SHARED = Path(os.environ.get("EGIDE_SHARED_DATA") or Path(__file__).parents[2].parent / "shared" / "data")


def test_an_invented_bundle_born_in_the_future_enters_and_its_curve_shows(
    desk: Sit, clinic: Clinic, tmp_path: Path
) -> None:
    pressures = [make.pressure(f"o{day}", effectiveDateTime=f"2110-03-0{day}T09:00:00+01:00") for day in range(1, 7)]
    stay = make.encounter(period={"start": "2110-03-01T08:00:00+01:00", "end": "2110-03-08T12:00:00+01:00"})
    person = make.patient(birthDate="2083-02-28", name=[{"family": "Lointain", "given": ["Oscar"]}])
    bundle = make.bundle(person, stay, make.condition(onsetDateTime="2110-03-01"), make.allergy(), *pressures)
    path = tmp_path / "lointain.json"
    path.write_text(json.dumps(bundle), encoding="utf-8")
    account = _import(clinic, path)
    assert account["patients"] == {
        "new": 1, "known": 0, "admitted": 1, "unplaced": 0, "shifted": 1, "refused": 0,
    }  # fmt: skip
    assert _import(clinic, path)["patients"]["new"] == 0  # a second run adds nothing

    doctor = _finds(desk(), "lointain", "LOINTAIN Oscar")
    assert doctor.curve().startswith("6 mesures")
    assert "142/81" in doctor.curve()
    assert "2110" not in doctor.page.content()
    expect(doctor.page.locator(".banner")).to_contain_text("Arachide")


def test_a_mimic_patient_is_opened_and_her_blood_pressure_curve_shows(desk: Sit, clinic: Clinic) -> None:
    folder = SHARED / "mimic-iv-demo-fhir"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: set EGIDE_SHARED_DATA to the folder of shared data")
    account = _import(clinic, folder)
    assert account["balanced"]
    assert account["patients"]["shifted"] == account["patients"]["new"] == 100

    doctor = _finds(desk(), "10000032", "PATIENT_10000032|PATIENT 10000032")
    who = doctor.page.url.split("/")[4]
    ((shown,),) = clinic.sql(
        "SELECT count(DISTINCT taken_at)::int FROM record_measurement m WHERE code = '8480-6' AND patient_id = %s"
        " AND taken_at >= (SELECT max(taken_at) - interval '21 days' FROM record_measurement"
        " WHERE code = '8480-6' AND patient_id = m.patient_id)", who,
    )  # fmt: skip
    assert shown >= 2
    assert doctor.curve().startswith(f"{min(shown, 150)} mesures")
    assert re.search(r"la dernière : \d+/\d+ mmHg", doctor.curve())
    assert not re.search(r"/2[1-9]\d\d", doctor.page.locator("main").inner_text())  # no date of the next centuries
    _reads_what_came_along(doctor)
    doctor.page.set_viewport_size({"width": 390, "height": 844})
    doctor.page.reload()
    _reads_what_came_along(doctor)
    assert doctor.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_letter_that_came_along_is_text_and_nothing_else(desk: Sit, clinic: Clinic, tmp_path: Path) -> None:
    words = "Chère consœur,\n<img src=x onerror=alert(1)> Mme Courrier va mieux."
    attachment = {"contentType": "text/plain", "data": base64.b64encode(words.encode()).decode()}
    letter = make.other(
        "DocumentReference", "d1", status="current", date="2020-03-04", type={"text": "Lettre de sortie"},
        subject={"reference": "Patient/p9"}, content=[{"attachment": attachment}],
    )  # fmt: skip
    person = make.patient("p9", name=[{"family": "Courrier", "given": ["Ada"]}])
    path = tmp_path / "courrier.ndjson"
    path.write_bytes(make.ndjson(person, letter, make.other("Claim", "k9", patient={"reference": "Patient/p9"})))
    assert _import(clinic, path, "Médecine B")["balanced"]
    doctor = _finds(desk(), "courrier", "COURRIER Zo|COURRIER Ada", "Dr Hélène Roux")
    doctor.page.keyboard.press("End")  # the panel is fetched, and takes the place of what stood for it, when it is seen
    doctor.page.locator("#brought").get_by_role("link", name="Lettre de sortie").click()
    expect(doctor.page.locator(".told-text")).to_have_text(re.compile("<img src=x onerror=alert"))
    assert doctor.page.locator(".told-text img").count() == 0
    assert not doctor.accessibility_faults()
    answer = doctor.page.goto(doctor.page.url.rsplit("/", 2)[0] + "/")  # all that came along
    assert answer is not None
    assert answer.status == 200
    assert not doctor.accessibility_faults()
    assert doctor.too_wide() <= 0


def _reads_what_came_along(doctor: Desk) -> None:
    """The panel comes when it is scrolled to; the timeline shows one kind alone; what is not shown is counted."""
    panel = doctor.page.locator("#brought")
    panel.scroll_into_view_if_needed()
    expect(panel.get_by_role("heading", name="Traitements")).to_be_visible()
    expect(panel.get_by_role("heading", name="Actes")).to_be_visible()
    expect(panel.locator("summary")).to_have_text(re.compile(r"\d+ éléments conservés, non affichés"))
    doctor.page.get_by_role("link", name="Traitements", exact=True).click()
    expect(doctor.page.locator("#timeline .event").first).to_contain_text(re.compile("Prescrit ailleurs|déclaré"))


def _import(clinic: Clinic, path: Path, place: str = "Chirurgie A") -> dict[str, dict[str, int]]:
    unit = ("--site", "Clinique Sainte-Aldegonde", "--unit", place)
    account: dict[str, dict[str, int]] = json.loads(
        clinic.run("import", "fhir", str(path), *unit, "--shift-dates", "--json")
    )
    return account


def _finds(doctor: Desk, typed: str, name: str, who: str = "Dr Sophie Nguyen") -> Desk:
    """From her unit's list: /, a few letters, Enter twice."""
    doctor.sign_in_as(who)
    doctor.press("/")
    doctor.type(typed)
    expect(doctor.rows).to_have_count(1)
    doctor.press("Enter")
    doctor.press("Enter")
    doctor.page.wait_for_url(re.compile(r"/dossier/"))
    expect(doctor.page.locator(".banner-name")).to_contain_text(re.compile(name))
    return doctor
