"""What is said of somebody away from her chart: on paper, on the emergency sheet, after a save; marks fit her age."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.browser import Browser, text
from egide.gate.tests.factories import Hospital
from egide.gate.tests.test_emergency import Night
from egide.record.rules import marks

Browse = Callable[..., Browser]
NOW = datetime.now(UTC)


def told(hospital: Hospital, patient: UUID, kind: str, label: str, state: str, until: datetime | None = None) -> None:
    """A fact that another system told, as an import writes it."""
    row = uuid4()
    body = hospital.physician_of(patient).seal(
        "clinical", patient, "record_importedfact", "body", row, {"label": label, "details": [["dose", "1 g"]]}
    )
    hospital.sql(
        "INSERT INTO record_importedfact (id, patient_id, category, kind, system, code, state, at, until, body,"
        " recorded_at, author) VALUES (%s, %s, 'clinical', %s, '', '', %s, %s, %s, %s, now(), %s)",
        row, patient, kind, state, NOW - timedelta(days=20), until, body, uuid4(),
    )  # fmt: skip


@pytest.fixture
def infant(hospital: Hospital) -> tuple[UUID, UUID, str]:
    """Six months old, her unit, and a pulse that is an adult's alarm and a baby's rest."""
    unit = hospital.unit()
    born = (NOW - timedelta(days=183)).date().isoformat()
    adult, child = marks("pulse", None)[1], marks("pulse", 6)[1]
    assert adult is not None
    assert child is not None
    assert adult < child
    return hospital.patient(unit, birth_date=born).id, unit, str(int(adult) + 1)


def test_a_childs_pulse_is_marked_by_her_age_wherever_it_is_said(
    hospital: Hospital, browser: Browse, infant: tuple[UUID, UUID, str]
) -> None:
    patient, unit, pulse = infant
    page = browser(hospital.signed_in("nurse", unit)[1])
    saved = page.post(f"/dossier/{patient}/constantes/", {"pulse": pulse}, htmx=True).content.decode()
    assert pulse in saved
    assert "value-alert" not in saved
    paper = text(page.get(f"/dossier/{patient}/impression/"))
    assert f"Pouls {pulse} /min" in paper
    assert "↑" not in paper
    assert "value-alert" not in page.get(f"/dossier/{patient}/").content.decode()


def test_paper_says_what_other_systems_told(hospital: Hospital, browser: Browse) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit).id
    told(hospital, patient, "prescription", "Amoxicilline", "active")
    told(hospital, patient, "administration", "Une dose parmi mille", "completed")
    paper = text(browser(hospital.signed_in("physician", unit)[1]).get(f"/dossier/{patient}/impression/"))
    assert "Amoxicilline, 1 g (importé)" in paper
    assert "Une dose parmi mille" not in paper


def test_the_emergency_sheet_says_treatments_that_nothing_ended(hospital: Hospital, browser: Browse) -> None:
    night = Night(hospital)
    for label, state, until in (
        ("Apixaban", "active", None), ("Insuline", "", NOW + timedelta(days=9)), ("Ramipril", "stopped", None),
        ("Cefalexine", "active", NOW - timedelta(days=1)),
    ):  # fmt: skip
        told(hospital, night.patient.id, "prescription", label, state, until)
    told(hospital, night.patient.id, "vaccination", "Tétanos", "completed")
    assert night.sheet() == {"state": "ok"}
    said = text(browser(night.cookie).get(f"/dossier/{night.patient.id}/fiche/"))
    assert "Apixaban , 1 g" in said or "Apixaban, 1 g" in said
    assert "Insuline" in said
    for label in ("Ramipril", "Cefalexine", "Tétanos", "Aucun traitement renseigné"):
        assert label not in said
