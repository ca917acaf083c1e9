"""Appointments through the pages: a secretary gives, follows and cancels them; who sees what for; what each opens."""

from datetime import UTC, datetime, timedelta
from functools import cache
from html import unescape
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from egide.gate.tests import browser as pages

PARIS = ZoneInfo("Europe/Paris")
REASON = "Palpitations nocturnes"


def text(answer: Any) -> str:
    return unescape(pages.text(answer)).replace("’", "'").replace("\u00a0", " ").replace("\u202f", " ")


@cache
def to_come() -> datetime:
    """The day after tomorrow, of one run: a midnight that passes meanwhile brings it no nearer than tomorrow."""
    return (datetime.now(PARIS) + timedelta(days=2)).replace(hour=10, minute=30, second=0, microsecond=0)


def asked(unit: UUID, at: datetime | None = None, **more: str) -> dict[str, str]:
    return {"unit": str(unit), "at": f"{at or to_come():%d/%m/%Y %H:%M}", "minutes": "20", "reason": REASON, **more}


class Clinic:
    """A ward where a patient lies, a consultation of the same site, a secretary of both."""

    def __init__(self, hospital: Any, browser: Any) -> None:
        self.hospital, self.browser = hospital, browser
        self.ward, self.unit = hospital.unit(), hospital.unit()
        hospital.sql("UPDATE directory_unit SET kind = 'consultation' WHERE id = %s", self.unit)
        self.patient = hospital.patient(self.ward)
        self.path = f"/dossier/{self.patient.id}/rendez-vous/"
        self.desk = browser(hospital.signed_in("medical_secretary", self.ward, self.unit)[1])

    def signed_in(self, profession: str, *units: UUID) -> Any:
        return self.browser(self.hospital.signed_in(profession, *units)[1])

    def rows(self) -> list[tuple[Any, ...]]:
        return self.hospital.sql(  # type: ignore[no-any-return]
            "SELECT id, unit_id, starts_at, minutes, state FROM agenda_appointment WHERE patient_id = %s"
            " ORDER BY starts_at", self.patient.id,
        )  # fmt: skip

    def links(self) -> list[tuple[Any, ...]]:
        return self.hospital.sql(  # type: ignore[no-any-return]
            "SELECT unit, since, until FROM gate.link WHERE patient_id = %s AND basis = 'appointment'", self.patient.id
        )


@pytest.fixture
def clinic(hospital: Any, browser: Any) -> Clinic:
    return Clinic(hospital, browser)


def test_a_secretary_gives_an_appointment_and_the_units_day_shows_it(clinic: Clinic) -> None:
    answer = clinic.desk.post(clinic.path, asked(clinic.unit))
    assert answer.status_code == 302, text(answer)
    ((_, unit, at, minutes, state),) = clinic.rows()
    assert (unit, at, minutes, state) == (clinic.unit, to_come(), 20, "booked")
    assert clinic.links() == [(clinic.unit, at - timedelta(days=30), at + timedelta(days=30))]
    shown = clinic.desk.get(f"/unite/{clinic.unit}/agenda/?jour={to_come().date().isoformat()}")
    assert shown.status_code == 200
    assert clinic.patient.birth_name in text(shown)
    assert REASON in text(shown)
    assert clinic.patient.birth_name not in text(clinic.desk.get(f"/unite/{clinic.unit}/agenda/"))
    acts = clinic.hospital.sql(
        "SELECT object FROM audit.entry WHERE kind = 'act' AND ids @> ARRAY[%s] AND reason LIKE 'agenda:%%'",
        clinic.patient.id,
    )
    assert len(acts) == 1


def test_it_opens_the_chart_to_the_units_physician_and_its_cancelling_closes_it(clinic: Clinic) -> None:
    physician = clinic.signed_in("physician", clinic.unit)
    chart = f"/dossier/{clinic.patient.id}/"
    closed = physician.get(chart)
    assert closed.status_code == 403
    assert "Vous ne faites pas partie de l'équipe de soins" in text(closed)
    clinic.desk.post(clinic.path, asked(clinic.unit))
    opened = physician.get(clinic.path)
    assert opened.status_code == 200
    assert REASON in text(opened)
    assert "Donner un rendez-vous" not in text(opened)
    ((row, *_),) = clinic.rows()
    began = datetime.now(UTC)
    assert clinic.desk.post(f"{clinic.path}{row}/", {"state": "cancelled"}).status_code == 302
    ((_, _, _, _, state),) = clinic.rows()
    ((_, _, until),) = clinic.links()
    assert state == "cancelled"
    assert began <= until <= datetime.now(UTC)
    assert REASON not in text(physician.get(clinic.path))


def test_admissions_see_that_somebody_comes_never_why(clinic: Clinic) -> None:
    clinic.desk.post(clinic.path, asked(clinic.unit))
    clerk = clinic.signed_in("admission_clerk", clinic.ward)
    shown = text(clerk.get(clinic.path))
    assert "10:30" in shown
    assert REASON not in shown
    assert "n'est pas ouvert à votre profession" in shown
    refused = clerk.post(clinic.path, asked(clinic.unit, to_come() + timedelta(days=1)))
    assert refused.status_code == 403
    assert len(clinic.rows()) == 1
    assert clerk.post(clinic.path, asked(clinic.unit, to_come() + timedelta(days=1), reason="")).status_code == 302
    assert len(clinic.rows()) == 2


def test_a_nurse_gives_none_and_changes_none(clinic: Clinic) -> None:
    clinic.desk.post(clinic.path, asked(clinic.unit))
    ((row, *_),) = clinic.rows()
    nurse = clinic.signed_in("nurse", clinic.ward)
    assert nurse.get(clinic.path).status_code == 200
    assert nurse.post(clinic.path, asked(clinic.unit)).status_code == 403
    assert nurse.post(f"{clinic.path}{row}/", {"state": "cancelled"}).status_code == 403
    assert [state for *_, state in clinic.rows()] == ["booked"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"at": "hier"}, "24/11/2026"),
        ({"at": "01/02/2020 10:00"}, "Cette heure est passée"),
        ({"at": "01/02/2031 10:00"}, "deux ans"),
        ({"minutes": "2"}, "au moins 5 minutes"),
        ({"minutes": "9999"}, "au plus 480"),
        ({"minutes": "vingt"}, "durée en minutes"),
        ({"unit": "x"}, "Choisissez l'unité"),
        ({"professional": "00000000-0000-0000-0000-000000000001"}, "ne reçoit pas"),
        ({"reason": "x" * 201}, "200 signes"),
    ],
)
def test_what_is_typed_wrong_is_said_and_nothing_is_written(clinic: Clinic, wrong: dict[str, str], said: str) -> None:
    answer = clinic.desk.post(clinic.path, asked(clinic.unit) | wrong)
    assert answer.status_code == 422
    assert said in text(answer)
    assert clinic.rows() == []
    assert clinic.links() == []


def test_a_unit_of_another_site_is_refused(clinic: Clinic) -> None:
    elsewhere = clinic.hospital.unit(clinic.hospital.new_site())
    assert clinic.desk.post(clinic.path, asked(elsewhere)).status_code == 422
    assert clinic.rows() == []


def test_the_second_of_two_who_say_what_became_of_it_is_told(clinic: Clinic) -> None:
    soon = (datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=2)).astimezone(PARIS)
    clinic.desk.post(clinic.path, asked(clinic.unit, soon))
    ((row, *_),) = clinic.rows()
    assert clinic.desk.post(f"{clinic.path}{row}/", {"state": "kept"}).status_code == 409  # not yet
    assert clinic.desk.post(f"{clinic.path}{row}/", {"state": "arrived"}).status_code == 302
    assert clinic.desk.post(f"{clinic.path}{row}/", {"state": "arrived"}).status_code == 409
    assert clinic.desk.post(f"{clinic.path}{row}/", {"state": "booked"}).status_code == 400
    assert [state for *_, state in clinic.rows()] == ["arrived"]


def test_the_day_of_a_unit_that_is_not_mine_is_closed(clinic: Clinic) -> None:
    clinic.desk.post(clinic.path, asked(clinic.unit))
    stranger = clinic.signed_in("medical_secretary", clinic.hospital.unit())
    shown = stranger.get(f"/unite/{clinic.unit}/agenda/?jour={to_come().date().isoformat()}")
    assert shown.status_code == 403
    assert clinic.patient.birth_name not in text(shown)
    assert clinic.desk.get(f"/unite/{clinic.unit}/agenda/?jour=demain").status_code == 400


def test_another_patients_appointment_is_not_changed_from_this_chart(clinic: Clinic) -> None:
    clinic.desk.post(clinic.path, asked(clinic.unit))
    ((row, *_),) = clinic.rows()
    other = clinic.hospital.patient(clinic.ward)
    assert clinic.desk.post(f"/dossier/{other.id}/rendez-vous/{row}/", {"state": "cancelled"}).status_code == 409
    assert [state for *_, state in clinic.rows()] == ["booked"]


def test_only_members_who_take_care_are_offered(clinic: Clinic) -> None:
    person, _ = clinic.hospital.signed_in("physician", clinic.unit)
    clinic.hospital.sql(
        "INSERT INTO directory_professional (id, family, given, title, profession, rpps)"
        " VALUES (%s, 'Arnaud', 'Luc', 'Dr', 'physician', '')", person.account,
    )  # fmt: skip
    shown = text(clinic.desk.get(f"{clinic.path}?unite={clinic.unit}"))
    assert "Dr Luc Arnaud" in shown
    answer = clinic.desk.post(clinic.path, asked(clinic.unit, professional=str(person.account)))
    assert answer.status_code == 302
    assert "Dr Luc Arnaud" in text(clinic.desk.get(clinic.path))
