"""Every act of the record with its nth statement failing, for each n, two ways: nothing is half-written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.factories import Hospital, Patient
from egide.kernel.capabilities import Chart
from tests.anomalies.faults import failing_each

AT = datetime(2026, 3, 1, 8, 10, tzinfo=UTC)
TABLES = (
    "restriction", "note", "draft", "amendment", "problem", "allergy", "measurement", "contactperson", "directive",
)  # fmt: skip
Act = Callable[["Case"], Any]


@dataclass
class Case:
    """One patient, opened for writing by a physician; `made` is what earlier acts left to work on."""

    hospital: Hospital
    patient: Patient
    chart: Chart
    made: dict[str, UUID] = field(default_factory=dict)

    def state(self) -> tuple[list[Any], int]:
        """Every row of the record of this patient, and how many acts the trail holds."""
        rows = [
            self.hospital.sql(f"SELECT t::text FROM record_{table} t WHERE patient_id = %s ORDER BY 1", self.patient.id)  # noqa: S608
            for table in TABLES
        ]
        return rows, len(self.hospital.entries(patient=self.patient.id, kind="act"))


@pytest.fixture
def case(hospital: Hospital) -> Case:
    """A patient with a draft, a note, a reading, a problem, an allergy and somebody to call."""
    from egide.gate.opening import chart_from
    from egide.record import actions

    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, cookie = hospital.signed_in("physician", unit)
    every = ("identity", "stay", "clinical", "protected", "contact")
    chart = chart_from(hospital.open(cookie, patient.id, read=every, write=("clinical", "protected", "contact")))
    made: dict[str, Any] = {"draft": uuid4()}
    actions.save_draft(chart, made["draft"], "note", {"plan": "revoir"}, 0, AT)
    made["note"] = actions.sign_note(chart, uuid4(), "note", "medical", {"plan": "scanner"}, AT)
    made["problem"] = actions.record_problem(chart, "problem", "I50.9", "Insuffisance cardiaque", None, AT)
    made["allergy"] = actions.record_allergy(chart, "Latex", "", "mild", AT)
    made["person"] = actions.record_contact_person(chart, "notify", "DURAND Zoé", "", "", AT)
    made["secret"] = actions.record_problem(chart, "problem", "F32.9", "Épisode dépressif", None, AT)
    actions.mark_error(chart, "problem", "clinical", [made["secret"]], "faux", AT)
    actions.restrict(chart, "problem", made["secret"], "opposition")
    actions.record_measurements(chart, {"pulse": Decimal(80)}, "", AT)
    made["pulse"] = hospital.value("SELECT id FROM record_measurement WHERE patient_id = %s", patient.id)
    return Case(hospital, patient, chart, made)


def acts() -> dict[str, Act]:
    """Name → one act on what the case made."""
    from egide.record import actions as do

    return {
        "save_draft, first": lambda c: do.save_draft(c.chart, uuid4(), "transmission", {"data": "a"}, 0, AT),
        "sign_note": lambda c: do.sign_note(c.chart, c.made["draft"], "note", "medical", {"plan": "revoir"}, AT),
        "sign_note, no draft kept": lambda c: do.sign_note(
            c.chart, uuid4(), "transmission", "transmission", {"target": "a", "data": "b"}, AT
        ),
        "discard_draft": lambda c: do.discard_draft(c.chart, c.made["draft"], "note", AT),
        "mark_error": lambda c: do.mark_error(c.chart, "note", "clinical", [c.made["note"]], "faux", AT),
        "replace_note": lambda c: do.replace_note(c.chart, c.made["note"], {"plan": "IRM"}, "faux", AT),
        "replace_measurements": lambda c: do.replace_measurements(c.chart, {c.made["pulse"]: Decimal(90)}, "faux", AT),
        "record_problem": lambda c: do.record_problem(c.chart, "family", "", "Diabète", date(2000, 1, 1), AT),
        "record_allergy": lambda c: do.record_allergy(c.chart, "Iode", "urticaire", "severe", AT),
        "end_fact": lambda c: do.end_fact(c.chart, "problem", c.made["problem"], date(2026, 3, 1), AT),
        "record_contact_person": lambda c: do.record_contact_person(c.chart, "trusted", "MARTIN", "époux", "", AT),
        "end_contact_person": lambda c: do.end_contact_person(c.chart, c.made["person"], AT),
        "restrict": lambda c: do.restrict(c.chart, "note", c.made["note"], "opposition"),
        "release": lambda c: do.release(c.chart, "problem", c.made["secret"]),
        "record_directive": lambda c: do.record_directive(c.chart, "written", "notaire", "non", AT),
    }


NAMES = (
    "save_draft, first", "sign_note", "sign_note, no draft kept", "discard_draft", "mark_error", "replace_note",
    "replace_measurements", "record_problem", "record_allergy", "end_fact", "record_contact_person",
    "end_contact_person", "record_directive", "restrict", "release",
)  # fmt: skip


def test_every_act_of_the_record_is_tried(case: Case) -> None:
    from egide.record import actions

    tried = {name.split(",")[0] for name in NAMES}
    assert set(acts()) == set(NAMES)
    # beside, below; and those of an import, which are parts of its act (cli/tests/test_import.py)
    beside = {"record_measurements", "record_round", "bring_facts", "keep_aside"}
    assert set(actions.__all__) - tried == beside


@pytest.mark.parametrize("fault", ["error", "death"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_half_written(case: Case, name: str, fault: str) -> None:
    act, before = acts()[name], case.state()
    statements, _ = failing_each(lambda: act(case), case.state, dead=fault == "death")
    rows, trail = case.state()
    assert statements >= 2
    assert rows != before[0]
    assert trail == before[1] + 1


def test_a_round_is_written_whole_or_not_at_all(hospital: Hospital) -> None:
    from egide.gate.opening import roster_from
    from egide.record.actions import record_round

    unit = hospital.unit()
    patients = [one.id for one in hospital.patients(unit, 3)]
    _, cookie = hospital.signed_in("nurse", unit)
    answer = hospital.web.call(
        "open", cookie=cookie, list="unit", list_id=unit.bytes, purpose="unit_list", read=["identity", "clinical"],
        write=["clinical"], counted=False,
    )  # fmt: skip
    roster = roster_from(answer, unit)
    readings = {patient: {"pulse": Decimal(80)} for patient in patients}

    def written() -> tuple[int, int]:
        rows = hospital.value("SELECT count(*) FROM record_measurement WHERE patient_id = ANY(%s)", patients)
        return int(rows), sum(len(hospital.entries(patient=one, kind="act")) for one in patients)

    assert written() == (0, 0)
    statements, told = failing_each(lambda: record_round(roster, readings, AT), written)
    assert (statements >= 4, told) == (True, 3)
    assert written() == (3, 3)
    assert record_round(roster, readings, AT) == 0
