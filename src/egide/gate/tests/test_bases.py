"""Each basis of a care link, on both sides of each of its instants: appointments, the days after a discharge."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from egide.gate.tests.factories import Hospital
from egide.gate.tests.test_links import links, opens
from egide.kernel.capabilities import Batch, Refused
from egide.kernel.codes import EMERGENCIES, OUTSIDE_LINK, Basis

MONTH, WEEK = timedelta(days=30), timedelta(days=7)
BEFORE, AFTER = timedelta(seconds=-1), timedelta(seconds=20)


def fed(hospital: Hospital, batch: Batch, call: str, *parameters: Any) -> Any:
    """What a door function answers to the site's application."""
    with hospital.as_application(batch) as feed:
        row = feed.execute(f"SELECT door.{call}".encode(), parameters).fetchone()
    return row[0] if row else None


def booked(hospital: Hospital, unit: UUID | None, at: datetime, account: UUID | None = None) -> UUID:
    """Somebody with one appointment and nothing else."""
    batch = hospital.open_new()
    fed(hospital, batch, "book(%s, %s, %s, %s)", batch.ids[0], unit, account, at)
    return batch.ids[0]


def gone(hospital: Hospital, unit: UUID, until: datetime) -> UUID:
    """Somebody whose only stay ended."""
    batch = hospital.open_new()
    since = datetime.now(UTC) - timedelta(days=20)
    fed(hospital, batch, "link(%s, 'stay', %s, %s, NULL)", batch.ids[0], unit, since)
    assert fed(hospital, batch, "unlink(%s, 'stay', %s, %s)", batch.ids[0], unit, until) == 1
    return batch.ids[0]


# ── appointment ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("away", "basis"),
    [
        (MONTH + AFTER, "no_link"), (MONTH + BEFORE, "appointment"), (timedelta(0), "appointment"),
        (-MONTH + AFTER, "appointment"), (-MONTH + BEFORE, "no_link"),
    ],
)  # fmt: skip
def test_an_appointment_opens_thirty_days_before_and_after(hospital: Hospital, away: timedelta, basis: str) -> None:
    unit = hospital.unit()
    patient = booked(hospital, unit, datetime.now(UTC) + away)
    _, nurse = hospital.signed_in("nurse", unit)
    _, other = hospital.signed_in("nurse", hospital.unit())
    assert opens(hospital, nurse, patient) == basis
    assert opens(hospital, other, patient) == "no_link"
    assert hospital.open_unit(nurse, unit)["ids"] == []  # she does not lie there


def test_an_appointment_with_one_person_is_hers_alone(hospital: Hospital) -> None:
    unit = hospital.unit()
    person, cookie = hospital.signed_in("physician", unit)
    _, colleague = hospital.signed_in("physician", unit)
    patient = booked(hospital, None, datetime.now(UTC), person.account)
    assert opens(hospital, cookie, patient) == "appointment"
    assert opens(hospital, colleague, patient) == "no_link"


def test_a_cancelled_appointment_opens_nothing_more_and_ends_what_was_open(hospital: Hospital) -> None:
    unit, at = hospital.unit(), datetime.now(UTC) + timedelta(days=3)
    batch = hospital.open_new()
    patient = batch.ids[0]
    for _ in range(2):
        fed(hospital, batch, "book(%s, %s, NULL, %s)", patient, unit, at)
    fed(hospital, batch, "book(%s, %s, NULL, %s)", patient, unit, at + timedelta(days=1))
    assert len(links(hospital, patient, "appointment")) == 2
    _, cookie = hospital.signed_in("physician", unit)
    opening = hospital.open(cookie, patient)["opening"]
    assert fed(hospital, batch, "unbook(%s, %s, NULL, %s)", patient, unit, at) == 1
    assert fed(hospital, batch, "unbook(%s, %s, NULL, %s)", patient, unit, at) == 0
    assert hospital.web.call("resume", cookie=cookie, opening=opening)["basis"] == "appointment"  # by the other one
    fed(hospital, batch, "unbook(%s, %s, NULL, %s)", patient, unit, at + timedelta(days=1))
    with pytest.raises(Refused, match="opening_ended"):
        hospital.web.call("resume", cookie=cookie, opening=opening)
    assert opens(hospital, cookie, patient) == "no_link"
    verdicts = [e["verdict"] for e in hospital.entries(patient=patient, kind="link", basis="appointment")]
    assert verdicts == ["done", "done", "ended", "ended"]


def test_an_appointment_cancelled_before_its_thirty_days_never_opens(hospital: Hospital) -> None:
    unit, at = hospital.unit(), datetime.now(UTC) + timedelta(days=90)
    batch = hospital.open_new()
    fed(hospital, batch, "book(%s, %s, NULL, %s)", batch.ids[0], unit, at)
    assert fed(hospital, batch, "unbook(%s, %s, NULL, %s)", batch.ids[0], unit, at) == 1
    assert links(hospital, batch.ids[0], "appointment") == [(None, unit, timedelta(0))]


def test_an_appointment_is_of_this_site_and_of_an_opened_person(hospital: Hospital) -> None:
    batch, at, far = hospital.open_new(), datetime.now(UTC), hospital.unit(hospital.new_site())
    stranger = hospital.person("physician", site=hospital.new_site())
    for patient, unit, account, day in (
        (batch.ids[0], far, None, at), (batch.ids[0], uuid4(), None, at), (batch.ids[0], None, None, at),
        (batch.ids[0], None, stranger.account, at), (batch.ids[0], hospital.unit(), None, None),
        (hospital.stranger(), hospital.unit(), None, at),
    ):  # fmt: skip
        with pytest.raises(psycopg.Error) as refusal:
            fed(hospital, batch, "book(%s, %s, %s, %s)", patient, unit, account, day)
        assert refusal.value.sqlstate == "EG003"
    assert links(hospital, batch.ids[0], "appointment") == []


# ── the days after a discharge ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("ago", "basis"), [(timedelta(0), "attending"), (WEEK - AFTER, "attending"), (WEEK - BEFORE, "no_link")]
)
def test_the_units_physicians_finish_within_seven_days(hospital: Hospital, ago: timedelta, basis: str) -> None:
    unit = hospital.unit()
    patient = gone(hospital, unit, datetime.now(UTC) - ago)
    for profession, code in (
        ("physician", basis), ("intern", basis), ("medical_secretary", basis), ("nurse", "no_link"),
    ):  # fmt: skip
        _, cookie = hospital.signed_in(profession, unit)
        assert opens(hospital, cookie, patient) == code, profession
    _, clerk = hospital.signed_in("admission_clerk", unit)
    assert opens(hospital, clerk, patient) == ("category_closed" if basis == "attending" else "no_link")
    _, other = hospital.signed_in("physician", hospital.unit())
    assert opens(hospital, other, patient) == "no_link"


def test_a_stay_told_with_its_end_has_the_same_days(hospital: Hospital) -> None:
    unit, now = hospital.unit(), datetime.now(UTC)
    _, cookie = hospital.signed_in("physician", unit)
    recent = hospital.patient(unit, since=now - timedelta(days=9), until=now - timedelta(days=6))
    old = hospital.patient(unit, since=now - timedelta(days=19), until=now - timedelta(days=8))
    assert opens(hospital, cookie, recent.id) == "attending"
    assert opens(hospital, cookie, old.id) == "no_link"
    assert links(hospital, old.id, "attending") == []


def test_an_opening_ends_with_the_stay_and_the_days_after_are_another(hospital: Hospital) -> None:
    unit = hospital.unit()
    batch = hospital.open_new()
    patient = batch.ids[0]
    fed(hospital, batch, "link(%s, 'stay', %s, now() - interval '1 day', NULL)", patient, unit)
    _, physician = hospital.signed_in("physician", unit)
    _, nurse = hospital.signed_in("nurse", unit)
    openings = {cookie: hospital.open(cookie, patient)["opening"] for cookie in (physician, nurse)}
    fed(hospital, batch, "unlink(%s, 'stay', %s, now())", patient, unit)
    for cookie, opening in openings.items():
        with pytest.raises(Refused, match="opening_ended"):
            hospital.web.call("resume", cookie=cookie, opening=opening)
    again = hospital.open(physician, patient)
    assert (again["basis"], again["opening"] != openings[physician]) == ("attending", True)
    assert opens(hospital, nurse, patient) == "no_link"


# ── how many ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_feed_does_not_fill_a_unit_beyond_its_beds(hospital: Hospital) -> None:
    unit = hospital.unit()
    for place in range(10):
        hospital.bed(unit, str(100 + place))
    batch = hospital.open_new(14)
    for patient in batch.ids[:12]:
        fed(hospital, batch, "link(%s, 'stay', %s, now(), NULL)", patient, unit)
    with pytest.raises(psycopg.Error) as refusal:
        fed(hospital, batch, "link(%s, 'stay', %s, now(), NULL)", batch.ids[12], unit)
    assert refusal.value.sqlstate == "EG006"
    # a stay that is over takes no place, nor does the same one told twice
    fed(
        hospital,
        batch,
        "link(%s, 'stay', %s, now() - interval '9 days', now() - interval '8 days')",
        batch.ids[13],
        unit,
    )
    assert hospital.value("SELECT count(*) FROM gate.link WHERE unit = %s AND until IS NULL", unit) == 12
    fed(hospital, batch, "unlink(%s, 'stay', %s, now())", batch.ids[0], unit)
    fed(hospital, batch, "link(%s, 'stay', %s, now(), NULL)", batch.ids[12], unit)


def test_a_census_has_a_ceiling(hospital: Hospital) -> None:
    """A place with thousands of appointments does not let one account open thousands of persons a day."""
    unit = hospital.unit()
    hospital.sql(
        "INSERT INTO gate.link (patient_id, basis, unit, since, until, entry)"
        " SELECT gen_random_uuid(), 'appointment', %s, now() - interval '1 day', now() + interval '9 days', 0"
        " FROM generate_series(1, 450)",
        unit,
    )
    person, cookie = hospital.signed_in("physician", unit)
    ids = [row[0] for row in hospital.sql("SELECT patient_id FROM gate.link WHERE unit = %s", unit)]
    hospital.open(cookie, *ids[:200])
    hospital.open(cookie, *ids[200:400])
    hospital.open(cookie, *ids[400:])
    more = [uuid4() for _ in range(160)]
    for one in more:
        hospital.past_link(one, unit, datetime.now(UTC) - timedelta(days=1), None, basis="appointment")
    with pytest.raises(Refused, match="budget"):  # 450 + 160 > 400 × 1.5
        hospital.open(cookie, *more)
    assert hospital.entries(account=person.account, kind="refuse")[-1]["reason"] == "budget"


@pytest.mark.parametrize("basis", list(Basis))
def test_what_is_outside_a_link_is_said_alike_by_the_base_and_by_the_keeper(hospital: Hospital, basis: Basis) -> None:
    outside, care = hospital.sql("SELECT gate.outside_link(ARRAY[%s]), gate.is_care(%s)", basis, basis)[0]
    assert outside == (basis in OUTSIDE_LINK)
    assert not (outside and care) or basis is Basis.SEARCH  # no link bears it: it is no link of care nor of anything


def test_emergencies_are_counted_apart_by_the_base_as_by_the_keeper(hospital: Hospital) -> None:
    source = hospital.value("SELECT prosrc FROM pg_proc WHERE oid = 'gate.open'::regproc")
    named = ", ".join(f"'{one}'" for one in ("break_glass", "sheet"))
    assert f"v_bases <@ ARRAY[{named}] THEN gate.spend(a, 'unlinked'" in source
    assert {"break_glass", "sheet"} == EMERGENCIES
