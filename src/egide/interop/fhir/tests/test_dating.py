from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from egide.interop.fhir import dating
from egide.interop.fhir.gathering import Gathering
from egide.interop.fhir.tally import Place
from egide.interop.fhir.tests import resources as make
from egide.interop.fhir.values import Person

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def person(*more: make.Resource) -> Person:
    gathering = Gathering()
    for line, resource in enumerate((make.patient(deceasedDateTime="2180-07-01"), *more)):
        gathering.take(Place(0, line), resource, b"{}")
    return next(gathering.persons())


FUTURE = person(
    make.encounter(period={"start": "2180-05-06T22:23:00-04:00", "end": "2180-05-07T17:15:00-04:00"}),
    make.pressure(effectiveDateTime="2180-05-07T01:00:00-04:00"),
    make.condition(),
)


def test_the_last_date_becomes_yesterday_and_the_birth_moves_with_it() -> None:
    days = dating.days_back(FUTURE, NOW)
    moved = dating.moved(FUTURE, days)
    assert dating.last_instant(moved).date() == date(2026, 11, 23)
    assert dating.birth(moved) == dating.birth(FUTURE) - timedelta(days=days)
    assert not dating.lies_ahead(moved, NOW)
    assert dating.lies_ahead(FUTURE, NOW)


def test_someone_in_the_past_does_not_move() -> None:
    past = dating.moved(FUTURE, 200_00 * 4)
    assert dating.days_back(past, NOW) == 0
    assert dating.moved(past, 0) is past


@given(st.integers(1, 60_000))
def test_intervals_and_times_of_day_stay(days: int) -> None:
    moved = dating.moved(FUTURE, days)
    by = timedelta(days=days)
    assert moved.measurements[0].taken_at == FUTURE.measurements[0].taken_at - by
    assert moved.measurements[0].taken_at.time() == FUTURE.measurements[0].taken_at.time()
    [before], [after] = FUTURE.stays, moved.stays
    assert before.end is not None
    assert after.end is not None
    assert after.end - after.start == before.end - before.start
    assert moved.problems[0].onset == (FUTURE.problems[0].onset or date.min) - by
    assert [trait.value for trait in moved.traits if trait.kind == "deceased"] == [(date(2180, 7, 1) - by).isoformat()]
