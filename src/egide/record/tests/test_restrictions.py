"""Restricted facts: whom they are shown to, who is told that there are any, and what becomes of their words."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.browser import Browser, text
from egide.gate.tests.factories import Hospital, Patient
from egide.kernel.capabilities import Chart, Refused

Browse = Callable[..., Browser]
AT = datetime(2026, 3, 1, 8, 10, tzinfo=UTC)
BOTH = ("identity", "stay", "clinical", "protected")
SECRET = "Idées noires confiées ce matin."
TOLD = "éléments de ce dossier sont restreints"


class Scene:
    """A unit with a physician and a secretary, a patient with a note and a problem."""

    def __init__(self, hospital: Hospital, browse: Browse) -> None:
        from egide.record import actions

        self.hospital, self.browse = hospital, browse
        self.unit: UUID = hospital.unit()
        self.patient: Patient = hospital.patient(self.unit)
        self.path = f"/dossier/{self.patient.id}/"
        self.physician, self.cookie = hospital.signed_in("physician", self.unit)
        self.chart = self.opened()
        note = actions.sign_note(self.chart, uuid4(), "note", "medical", {"plan": SECRET}, AT)
        problem = actions.record_problem(self.chart, "problem", "F32.9", "Épisode dépressif", None, AT)
        assert note
        assert problem
        self.ids = {"note": note, "problem": problem}

    def opened(self, read: tuple[str, ...] = BOTH, write: tuple[str, ...] = ("clinical", "protected")) -> Chart:
        from egide.gate.opening import chart_from

        return chart_from(self.hospital.open(self.cookie, self.patient.id, read=read, write=write))

    def page(self, profession: str) -> Browser:
        return self.browse(self.hospital.signed_in(profession, self.unit)[1])

    def category(self, fact: str) -> Any:
        return self.hospital.value(f"SELECT category FROM record_{fact} WHERE id = %s", self.ids[fact])  # noqa: S608


@pytest.fixture
def scene(hospital: Hospital, browser: Browse) -> Scene:
    return Scene(hospital, browser)


@pytest.mark.parametrize("fact", ["note", "problem"])
def test_a_restricted_fact_shows_to_the_team_alone_and_comes_back(scene: Scene, fact: str) -> None:
    doctor, secretary = scene.page("physician"), scene.page("medical_secretary")
    words = SECRET if fact == "note" else "Épisode dépressif"
    address = f"{scene.path}restreindre/{fact}/{scene.ids[fact]}/"
    assert words in text(secretary.get(scene.path))
    assert doctor.post(address, {"why": "opposition"}).status_code == 302
    assert scene.category(fact) == "protected"
    seen = text(doctor.get(scene.path))
    assert words in seen
    assert TOLD in seen
    hidden = text(secretary.get(scene.path))
    assert words not in hidden
    assert "restrein" not in hidden
    assert "opposition du patient" in text(doctor.get(address))
    assert doctor.post(address, {}).status_code == 302
    assert scene.category(fact) == "clinical"
    assert words in text(secretary.get(scene.path))
    assert TOLD not in text(doctor.get(scene.path))
    acts = [one["reason"] for one in scene.hospital.entries(patient=scene.patient.id, kind="act")]
    assert acts[-2:] == [f"record:{fact}:restrict", f"record:{fact}:release"]


def test_whoever_may_not_know_gets_the_same_page_with_and_without(scene: Scene, hospital: Hospital) -> None:
    """Attack 28: size, words and answers tell nothing of what is restricted."""
    from egide.record import actions

    secretary = scene.page("medical_secretary")
    for fact, row in scene.ids.items():
        actions.restrict(scene.chart, fact, row, "psychiatry")
    bare = hospital.patient(scene.unit)

    def seen(patient: Patient) -> str:
        page = text(secretary.get(f"/dossier/{patient.id}/"))
        for word in (str(patient.id), patient.birth_name, patient.first_name):
            page = page.replace(word, "X" * 8)
        return page

    with_them, without = seen(scene.patient), seen(bare)
    assert "restrein" not in with_them
    assert with_them.count("\n") == without.count("\n")
    for where in ("restreindre/note", "corriger/note", "restreindre/problem", "terminer/problem"):
        fact = where.rpartition("/")[2]
        real, wrong = (secretary.get(f"{scene.path}{where}/{row}/") for row in (scene.ids[fact], uuid4()))
        assert (real.status_code, len(real.content)) == (wrong.status_code, len(wrong.content))


@pytest.mark.parametrize("profession", ["nurse", "care_assistant", "medical_secretary", "dpo"])
def test_who_neither_wrote_it_nor_diagnoses_does_not_restrict(scene: Scene, profession: str) -> None:
    answer = scene.page(profession).post(f"{scene.path}restreindre/note/{scene.ids['note']}/", {"why": "opposition"})
    assert answer.status_code == 403
    assert scene.category("note") == "clinical"


@pytest.mark.parametrize("why", ["", "<b>", "opposition" * 30])
def test_a_reason_is_chosen_and_nothing_changes_without(scene: Scene, why: str) -> None:
    answer = scene.page("physician").post(f"{scene.path}restreindre/note/{scene.ids['note']}/", {"why": why})
    assert answer.status_code == 422
    assert "Choisissez un motif." in text(answer)
    assert scene.category("note") == "clinical"


def test_an_opening_of_one_category_moves_nothing(scene: Scene) -> None:
    from egide.record import actions

    for read, write in ((("identity", "clinical"), ("clinical",)), (BOTH, ("clinical",)), (BOTH, ("protected",))):
        with pytest.raises(Refused, match="category_closed"):
            actions.restrict(scene.opened(read, write), "note", scene.ids["note"], "opposition")
    assert scene.category("note") == "clinical"


def test_what_was_said_of_an_error_is_restricted_with_it(scene: Scene) -> None:
    from egide.record import actions

    actions.mark_error(scene.chart, "note", "clinical", [scene.ids["note"]], "pas ce patient", AT)
    actions.restrict(scene.chart, "note", scene.ids["note"], "sensitive")
    rows = scene.hospital.sql("SELECT category FROM record_amendment WHERE target = %s", scene.ids["note"])
    assert rows == [("protected",)]
    assert "pas ce patient" in text(scene.page("physician").get(scene.path))
    assert "pas ce patient" not in text(scene.page("medical_secretary").get(scene.path))


def test_the_function_alone_moves_a_fact_of_who_is_opened_and_never_rewrites_one(scene: Scene) -> None:
    from django.db import DatabaseError, connection

    from egide.gate.acting import opened

    row, author = scene.ids["note"], scene.physician.account
    call = "SELECT public.record_restrict('note', %s, %s, 'x', '{}', '{}', %s, '', %s)"
    for to, who in (("clinical", author), ("coding", author), ("protected", uuid4())):
        with opened(scene.chart), connection.cursor() as cursor:
            cursor.execute(call, [row, to, uuid4(), who])
            assert cursor.fetchone() == ("bad_request",)
            connection.set_rollback(True)
    other = scene.hospital.patient(scene.hospital.unit())
    stranger = scene.hospital.physician_of(other.id)
    with opened(stranger), connection.cursor() as cursor:
        cursor.execute(call, [row, "protected", uuid4(), stranger.actor.account])
        assert cursor.fetchone() == ("bad_request",)
    with pytest.raises(DatabaseError, match="permission denied"), opened(scene.chart), connection.cursor() as cursor:
        cursor.execute("UPDATE record_note SET category = 'protected' WHERE id = %s", [row])
