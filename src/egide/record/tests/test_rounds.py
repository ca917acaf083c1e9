"""A round over a unit in one sending, every other parameter, fluid balance, the hand-over sheet."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from egide.gate.tests.browser import Browser, text
from egide.gate.tests.factories import Hospital, Patient
from egide.kernel.codes import BY_SLUG, GROUPS, PARAMETERS, VITAL_SIGNS
from egide.record.rules import balance, marks, months, shown
from egide.record.tests.test_notes import Desk

Browse = Callable[..., Browser]
FIELDS = ("bp", "pulse", "temperature", "spo2", "respiratory_rate", "pain")


class Ward(Desk):
    """A unit of five, and a nurse."""

    def __init__(self, hospital: Hospital, browser: Browse, profession: str = "nurse") -> None:
        super().__init__(hospital, browser, profession)
        self.patients: list[Patient] = [self.patient, *hospital.patients(self.unit, 4)]
        self.path = f"/unite/{self.unit}/releve/"

    def grid(self, **lines: dict[str, str]) -> dict[str, list[str]]:
        """`p0={"bp": …}` fills the line of the first patient."""
        typed: dict[str, list[str]] = {"patient": [str(one.id) for one in self.patients]}
        for name in FIELDS:
            typed[name] = [lines.get(f"p{n}", {}).get(name, "") for n in range(len(self.patients))]
        return typed

    def counts(self) -> list[int]:
        return [
            self.hospital.value("SELECT count(*) FROM record_measurement WHERE patient_id = %s", one.id)
            for one in self.patients
        ]

    def entries(self, kind: str) -> list[dict[str, Any]]:
        return self.hospital.entries(account=self.person.account, kind=kind)


@pytest.fixture
def ward(hospital: Hospital, browser: Browse) -> Ward:
    """Five patients and a nurse."""
    return Ward(hospital, browser)


def test_a_round_is_one_opening_and_one_act_for_each_patient(ward: Ward) -> None:
    body = ward.page.get(ward.path).content.decode()
    assert body.count('name="patient"') == 5
    typed = ward.grid(p0={"bp": "142/81", "pulse": "80"}, p2={"temperature": "38,9"}, p4={"pain": "6"})
    answer = ward.page.post(ward.path, typed)
    assert answer["Location"] == f"/unite/{ward.unit}/?fait=releve"
    assert ward.counts() == [3, 0, 1, 0, 1]
    assert len(ward.entries("open")) == 1
    acts = ward.entries("act")
    assert [entry["reason"] for entry in acts] == ["record:measurement:create"] * 3
    assert {entry["ids"][0] for entry in acts} == {ward.patients[n].id for n in (0, 2, 4)}
    assert ward.page.post(ward.path, typed).status_code == 302  # a double click
    more = ward.grid(p0={"bp": "142/81", "pulse": "80"}, p1={"pulse": "70"})
    assert ward.page.post(ward.path, more).status_code == 302
    assert ward.counts() == [3, 1, 1, 0, 1]


def test_one_wrong_cell_and_nothing_of_the_round_is_written(ward: Ward) -> None:
    answer = ward.page.post(ward.path, ward.grid(p0={"bp": "142/81"}, p1={"pulse": "abc"}, p2={"bp": "81/142"}))
    assert answer.status_code == 422
    body = answer.content.decode()
    assert body.count('aria-invalid="true"') == 2
    assert 'value="142/81"' in body
    assert 'value="abc"' in body
    assert ward.counts() == [0] * 5
    assert ward.entries("act") == []


def test_a_round_is_of_the_patients_of_the_list(ward: Ward) -> None:
    stranger = str(ward.hospital.stranger())
    good = ward.grid(p0={"pulse": "80"})
    for wrong in (
        {**good, "patient": [stranger, *good["patient"][1:]]},
        {**good, "patient": [good["patient"][1], *good["patient"][1:]]},
        {**good, "patient": good["patient"][1:]},
        {**good, "pulse": good["pulse"][1:]},
        {**good, "patient": [str(uuid4())] * 5},
        {"patient": ["x"], **{name: ["1"] for name in FIELDS}},
    ):
        assert ward.page.post(ward.path, wrong).status_code == 400
    assert ward.counts() == [0] * 5
    assert ward.page.post(f"/unite/{ward.hospital.unit()}/releve/", good).status_code == 403
    for profession in ("medical_secretary", "admission_clerk", "porter"):
        other = ward.another(profession)
        assert other.get(ward.path).status_code == 403
        assert other.post(ward.path, good).status_code == 403
    assert ward.counts() == [0] * 5


ODD = {
    "200 letters": "é" * 200, "emoji": "🙂👩‍⚕️", "HTML": "<b onload=alert(1)>", "SQL": "'); DROP TABLE x; --",
    "NUL": "a\x00b", "format": "%s {0} {{7*7}}",
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("field", FIELDS)
def test_odd_text_in_any_cell_is_refused(ward: Ward, field: str, kind: str) -> None:
    answer = ward.page.post(ward.path, ward.grid(p1={field: ODD[kind]}, p0={"pulse": "80"}))
    assert answer.status_code == 422
    assert "<b onload" not in answer.content.decode()
    assert ward.counts() == [0] * 5


@pytest.mark.parametrize("path", ["mesures/", "bilan/"])
@pytest.mark.parametrize("kind", ODD)
def test_odd_text_in_other_measures_is_refused_or_kept(ward: Ward, path: str, kind: str) -> None:
    for field in ("in_oral", "out_urine", "comment"):
        answer = ward.page.post(ward.chart + path, {"out_drain": "50", field: ODD[kind]})
        assert answer.status_code in ({302, 422} if field == "comment" else {422})
        assert "<b onload" not in ward.page.get(ward.chart).content.decode()


def test_any_of_sixty_parameters_is_written_with_its_unit_and_shown(ward: Ward) -> None:
    assert len(PARAMETERS) == 60
    assert len({one.loinc for one in PARAMETERS}) == len({one.slug for one in PARAMETERS}) == 60
    typed = {
        one.slug: f"{one.high:.{one.decimals}f}".replace(".", ",")
        for group in GROUPS.values() for one in group
    }  # fmt: skip
    assert ward.page.post(ward.chart + "mesures/", typed).status_code == 302
    stored = dict(ward.hospital.sql("SELECT code, unit FROM record_measurement WHERE patient_id = %s", ward.patient.id))
    others = [one for one in PARAMETERS if one not in VITAL_SIGNS]
    assert stored == {one.loinc: one.unit for one in others}
    said = text(ward.page.get(ward.chart))
    for one in others:
        assert one.label in said.replace("&#39;", "'"), one.slug
    for wrong in ({}, {"glasgow": "16"}, {"glasgow": "2"}, {"glucose": "0,05"}, {"comment": "seul"}):
        assert ward.page.post(ward.chart + "mesures/", wrong).status_code == 422


def test_what_went_in_and_out_is_counted_over_a_day(ward: Ward) -> None:
    path = ward.chart + "bilan/"
    for typed in ({"in_oral": "250"}, {"in_infusion": "1000", "out_urine": "400"}, {"out_drain": "50"}):
        assert ward.page.post(path, typed).status_code == 302
    ward.hospital.sql(
        "UPDATE record_measurement SET taken_at = taken_at - interval '25 hours' WHERE patient_id = %s AND value = 250",
        ward.patient.id,
    )
    said = text(ward.page.get(path))
    assert "Entrées 1000 mL Sorties 450 mL Bilan hydrique +550 mL" in said
    row = ward.hospital.value("SELECT id FROM record_measurement WHERE patient_id = %s AND value = 50", ward.patient.id)
    ward.page.post(f"{ward.chart}corriger/measurement/{row}/", {"act": "error", "reason": "autre patient"})
    assert "Bilan hydrique +600 mL" in text(ward.page.get(path))
    assert ward.another("porter").get(path).status_code == 403


def test_the_hand_over_sheet_is_charged_as_a_print_and_says_the_day(ward: Ward) -> None:
    ward.hospital.allergy(ward.patient.id, "Pénicilline")
    ward.hospital.problem(ward.patient.id, "Pneumopathie")
    ward.page.post(ward.chart + "transmission/", ward.typed())
    ward.page.post(ward.chart + "constantes/", {"bp": "82/45"})
    answer = ward.page.get(f"/unite/{ward.unit}/transmission/")
    said = text(answer)
    for word in (
        "Pénicilline",
        "Pneumopathie",
        "Douleur",
        "EN 7/10",
        "82/45",
        *(one.birth_name for one in ward.patients),
    ):
        assert word in said, word
    assert 'class="print-view' in answer.content.decode()
    assert [entry["purpose"] for entry in ward.entries("open")][-1] == "print"
    assert ward.another("admission_clerk").get(f"/unite/{ward.unit}/transmission/").status_code == 403


def test_a_mark_depends_on_age() -> None:
    pulse = {BY_SLUG["pulse"].loinc: Decimal(140)}
    assert [shown(pulse, None, age)[0].alert for age in (None, 6, 24, 60, 120, 40 * 12)] == [
        "high", "", "", "", "high", "high",
    ]  # fmt: skip
    assert marks("spo2", 3) == marks("spo2", None)
    assert months(date(2024, 3, 31), date(2026, 3, 30)) == 23
    assert months(None, date(2026, 3, 30)) is None


def test_volumes_add_up() -> None:
    code = {slug: BY_SLUG[slug].loinc for slug in ("in_oral", "out_urine", "pulse", "bladder_volume")}
    taken = [(code["in_oral"], Decimal(10)), (code["out_urine"], Decimal(4)), (code["pulse"], Decimal(80))]
    assert balance([*taken, (code["bladder_volume"], Decimal(300))])["balance"] == Decimal(6)
    assert balance([])["balance"] == 0
