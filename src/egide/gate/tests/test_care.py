"""Residents, declared physicians, transfers, delegations, secretariats: who names them, what opens, until when."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.factories import Hospital, Person
from egide.gate.tests.test_bases import fed
from egide.gate.tests.test_links import links, notices, on_chart, opens
from egide.kernel.capabilities import Refused


def home_unit(hospital: Hospital) -> UUID:
    """A unit where people live."""
    unit = hospital.unit()
    hospital.sql("UPDATE directory_unit SET kind = 'residence' WHERE id = %s", unit)
    return unit


def aged(hospital: Hospital, patient: UUID, basis: str, by: timedelta) -> None:
    """The links of a basis, as they will be once this time has passed."""
    hospital.sql(
        "UPDATE gate.link SET since = since - %s, until = until - %s WHERE patient_id = %s AND basis = %s",
        by, by, patient, basis,
    )  # fmt: skip


class Ward:
    """A patient of a unit, and a physician of it."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital = hospital
        self.unit = hospital.unit()
        self.patient = hospital.patient(self.unit).id
        self.person, self.cookie = hospital.signed_in("physician", self.unit)

    def name(self, basis: str, account: UUID | None = None, unit: UUID | None = None, cookie: str = "") -> Any:
        call = "name_carer(%s, %s, %s, %s)"
        return on_chart(self.hospital, cookie or self.cookie, self.patient, call, self.patient, basis, account, unit)

    def other(self, profession: str = "physician") -> tuple[Person, str]:
        return self.hospital.signed_in(profession, self.hospital.unit())


@pytest.fixture
def ward(hospital: Hospital) -> Ward:
    return Ward(hospital)


@pytest.mark.parametrize(("basis", "length"), [("delegation", 7), ("referring", 365)])
def test_a_person_named_opens_for_so_many_days(ward: Ward, hospital: Hospital, basis: str, length: int) -> None:
    person, cookie = ward.other()
    assert opens(hospital, cookie, ward.patient) == "no_link"
    assert [ward.name(basis, person.account) for _ in range(2)] == ["ok", "ok"]
    assert links(hospital, ward.patient, basis) == [(person.account, None, timedelta(days=length))]
    assert notices(hospital, person) == [basis]
    assert opens(hospital, cookie, ward.patient) == basis
    aged(hospital, ward.patient, basis, timedelta(days=length) - timedelta(seconds=20))
    assert opens(hospital, cookie, ward.patient) == basis
    aged(hospital, ward.patient, basis, timedelta(seconds=21))
    assert opens(hospital, cookie, ward.patient) == "no_link"


def test_only_who_takes_care_delegates_and_what_was_passed_on_is_not_passed_further(ward: Ward) -> None:
    one, cookie = ward.other()
    another, _ = ward.other()
    assert ward.name("delegation", one.account) == "ok"
    assert ward.name("delegation", another.account, cookie=cookie) == "category_closed"
    secretary = ward.hospital.signed_in("medical_secretary", ward.unit)[1]
    assert ward.name("delegation", one.account, cookie=secretary) == "category_closed"


@pytest.mark.parametrize(
    ("basis", "profession"),
    [
        ("delegation", "medical_secretary"),
        ("delegation", "dpo"),
        ("referring", "nurse"),
        ("referring", "administrator"),
    ],
)
def test_who_may_not_be_named_is_not(ward: Ward, basis: str, profession: str) -> None:
    person, _ = ward.other(profession)
    assert ward.name(basis, person.account) == "unknown_colleague"
    assert ward.name(basis, ward.person.account) == "unknown_colleague"
    assert ward.name(basis, uuid4()) == "unknown_colleague"
    assert ward.name(basis, None, ward.unit) == "unknown_colleague"
    assert links(ward.hospital, ward.patient, basis) == []


def test_the_desk_writes_down_the_physician_whom_the_patient_declares(ward: Ward, hospital: Hospital) -> None:
    person, cookie = ward.other()
    _, clerk = hospital.signed_in("admission_clerk", ward.unit)
    answer = hospital.open(clerk, ward.patient, read=["identity", "contact"], write=["contact"])
    with hospital.as_web(answer["ticket"]) as web:
        call = "SELECT door.name_carer(%s, 'referring', %s, NULL), door.name_carer(%s, 'delegation', %s, NULL)"
        assert web.execute(call.encode(), (ward.patient, person.account) * 2).fetchone() == ("ok", "category_closed")
    assert opens(hospital, cookie, ward.patient) == "referring"


def test_a_unit_that_expects_somebody_reads_for_a_day_and_does_not_write(ward: Ward, hospital: Hospital) -> None:
    unit = hospital.unit(hospital.new_site())
    physician = hospital.person("physician", unit)
    cookie = hospital.sign_in(hospital.person("nurse", unit))
    assert ward.name("transfer", unit=unit) == "ok"
    assert notices(hospital, physician) == ["transfer"]
    answer = hospital.open(cookie, ward.patient, write=("clinical",))
    assert (answer["basis"], "clinical" in answer["reads"], answer["writes"]) == ("transfer", True, [])
    aged(hospital, ward.patient, "transfer", timedelta(hours=24) - timedelta(seconds=20))
    assert opens(hospital, cookie, ward.patient) == "transfer"
    aged(hospital, ward.patient, "transfer", timedelta(seconds=21))
    assert opens(hospital, cookie, ward.patient) == "no_link"
    assert ward.name("transfer", unit=ward.unit) == "unknown_unit"
    assert ward.name("transfer", unit=uuid4()) == "unknown_unit"


def test_the_secretariat_of_a_named_team_reads_and_nobody_else_of_its_unit(ward: Ward, hospital: Hospital) -> None:
    unit = hospital.unit()
    named = hospital.person("physician", unit)
    _, secretary = hospital.signed_in("medical_secretary", unit)
    _, nurse = hospital.signed_in("nurse", unit)
    assert opens(hospital, secretary, ward.patient) == "no_link"
    assert on_chart(hospital, ward.cookie, ward.patient, "take_in(%s, %s)", ward.patient, named.account) == "ok"
    answer = hospital.open(secretary, ward.patient, write=("clinical",))
    assert (answer["basis"], "clinical" in answer["reads"], answer["writes"]) == ("secretariat", True, [])
    assert opens(hospital, nurse, ward.patient) == "no_link"
    aged(hospital, ward.patient, "secretariat", timedelta(days=30) - timedelta(seconds=20))
    assert opens(hospital, secretary, ward.patient) == "secretariat"
    aged(hospital, ward.patient, "secretariat", timedelta(seconds=21))
    assert opens(hospital, secretary, ward.patient) == "no_link"


def test_a_team_ended_takes_its_secretariat_along(ward: Ward, hospital: Hospital) -> None:
    unit = hospital.unit()
    named, cookie = hospital.signed_in("physician", unit)
    _, secretary = hospital.signed_in("medical_secretary", unit)
    on_chart(hospital, ward.cookie, ward.patient, "take_in(%s, %s)", ward.patient, named.account)
    (link,) = hospital.sql("SELECT id FROM gate.link WHERE patient_id = %s AND basis = 'team'", ward.patient)[0]
    _, outsider = ward.other()
    with pytest.raises(Refused, match="no_link"):
        on_chart(hospital, outsider, ward.patient, "end_care(%s, %s)", ward.patient, link)
    assert (
        on_chart(hospital, ward.cookie, ward.patient, "end_care(%s, %s)", hospital.stranger(), link)
        == "category_closed"
    )
    assert on_chart(hospital, ward.cookie, ward.patient, "end_care(%s, %s)", ward.patient, link) == "ok"
    assert on_chart(hospital, ward.cookie, ward.patient, "end_care(%s, %s)", ward.patient, link) == "already"
    assert [opens(hospital, one, ward.patient) for one in (cookie, secretary)] == ["no_link", "no_link"]
    (stay,) = hospital.sql("SELECT id FROM gate.link WHERE patient_id = %s AND basis = 'stay'", ward.patient)[0]
    assert on_chart(hospital, ward.cookie, ward.patient, "end_care(%s, %s)", ward.patient, stay) == "bad_request"


# ── people who live there ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_resident_stays_one_for_thirty_days_of_absence(hospital: Hospital) -> None:
    unit = home_unit(hospital)
    batch = hospital.open_new()
    patient = batch.ids[0]
    fed(hospital, batch, "link(%s, 'stay', %s, now() - interval '90 days', NULL)", patient, unit)
    _, nurse = hospital.signed_in("nurse", unit)
    assert opens(hospital, nurse, patient) == "residence,stay"
    fed(hospital, batch, "unlink(%s, 'stay', %s, now())", patient, unit)
    assert opens(hospital, nurse, patient) == "residence"
    aged(hospital, patient, "residence", timedelta(days=30) - timedelta(seconds=20))
    assert opens(hospital, nurse, patient) == "residence"
    fed(hospital, batch, "link(%s, 'stay', %s, now(), NULL)", patient, unit)
    assert links(hospital, patient, "residence") == [(None, unit, None)]  # back: without an end again
    fed(hospital, batch, "unlink(%s, 'stay', %s, now())", patient, unit)
    aged(hospital, patient, "residence", timedelta(days=30, seconds=1))
    assert opens(hospital, nurse, patient) == "no_link"


def test_a_ward_makes_no_resident(ward: Ward) -> None:
    assert links(ward.hospital, ward.patient, "residence") == []


def test_a_referent_is_of_the_place_where_she_lives_and_ends_with_it(hospital: Hospital) -> None:
    unit = home_unit(hospital)
    batch = hospital.open_new()
    patient = batch.ids[0]
    fed(hospital, batch, "link(%s, 'stay', %s, now() - interval '9 days', NULL)", patient, unit)
    _, physician = hospital.signed_in("physician", unit)
    elsewhere = hospital.person("nurse", hospital.unit())
    referent, cookie = hospital.signed_in("nurse", unit)
    name = "name_carer(%s, 'residence', %s, NULL)"
    assert on_chart(hospital, physician, patient, name, patient, elsewhere.account) == "not_resident"
    assert on_chart(hospital, physician, patient, name, patient, referent.account) == "ok"
    fed(hospital, batch, "unlink(%s, 'stay', %s, now())", patient, unit)
    assert opens(hospital, cookie, patient) == "residence"
    aged(hospital, patient, "residence", timedelta(days=30, seconds=1))
    assert opens(hospital, cookie, patient) == "no_link"


# ── how many ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_links_that_a_person_makes_are_counted(hospital: Hospital) -> None:
    """Twelve persons a minute; the thirteenth waits, and nothing is made."""
    unit = hospital.unit()
    patients = [one.id for one in hospital.patients(unit, 13)]
    _, cookie = hospital.signed_in("physician", unit)
    named = hospital.person("physician", hospital.unit())
    call = "name_carer(%s, 'delegation', %s, NULL)"
    codes = [on_chart(hospital, cookie, one, call, one, named.account) for one in patients]
    assert codes == ["ok"] * 12 + ["links_pace"]
    assert links(hospital, patients[12], "delegation") == []


def test_who_takes_care_is_said_of_an_opened_patient_only(ward: Ward, hospital: Hospital) -> None:
    import psycopg

    answer = hospital.open(ward.cookie, ward.patient)
    with hospital.as_web(answer["ticket"]) as web:
        found = web.execute("SELECT basis, unit, mine FROM door.carers_of(%s)", (ward.patient,)).fetchall()
    assert found[0] == ("stay", ward.unit, True)
    assert {basis for basis, _, _ in found[1:]} == {"work_list"}
    with pytest.raises(psycopg.Error) as refusal, hospital.as_web(answer["ticket"]) as web:
        web.execute("SELECT * FROM door.carers_of(%s)", (hospital.stranger(),))
    assert refusal.value.sqlstate == "EG003"


def test_instants_are_the_bases_own(hospital: Hospital) -> None:
    """What the pages promise in words is what stands in the limits."""
    kept = dict(hospital.sql("SELECT name, value FROM gate.limits"))
    assert [kept[name] for name in ("delegation_days", "referring_days", "transfer_hours", "residence_days")] == [
        7, 365, 24, 30,
    ]  # fmt: skip
