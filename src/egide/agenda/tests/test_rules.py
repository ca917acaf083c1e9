"""When somebody books, and what may become of an appointment."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from egide.agenda.rules import NEXT, refused_change, refused_time

NOW = datetime(2026, 11, 24, 8, 25, tzinfo=UTC)


def test_nobody_books_the_past_nor_beyond_two_years() -> None:
    assert refused_time(NOW - timedelta(minutes=4), NOW) is None
    assert refused_time(NOW - timedelta(minutes=6), NOW) == "past"
    assert refused_time(NOW + timedelta(days=730), NOW) is None
    assert refused_time(NOW + timedelta(days=731), NOW) == "too_far"


def test_what_has_ended_stays_as_it_is() -> None:
    for state in ("kept", "missed", "cancelled"):
        assert {refused_change(state, to, NOW, NOW) for to in NEXT} == {"changed_already"}


def test_an_appointment_is_kept_or_missed_once_it_has_begun() -> None:
    later = NOW + timedelta(hours=1)
    assert refused_change("booked", "kept", later, NOW) == refused_change("booked", "missed", later, NOW) == "not_yet"
    assert refused_change("booked", "arrived", later, NOW) is None
    assert refused_change("booked", "arrived", NOW + timedelta(days=1), NOW) == "not_yet"
    assert refused_change("booked", "cancelled", later, NOW) is None
    assert refused_change("arrived", "kept", NOW, NOW) is None
    assert refused_change("arrived", "missed", NOW, NOW) == "changed_already"


@given(
    st.sampled_from([*NEXT, "x"]),
    st.text(max_size=12).filter(lambda word: word not in NEXT) | st.sampled_from(["booked", "cancelled"]),
    st.datetimes(timezones=st.just(UTC)),
)
def test_whatever_is_asked_no_state_becomes_what_does_not_follow_it(state: str, to: str, at: datetime) -> None:
    assert refused_change(state, to, at, NOW) == (
        None if to == "cancelled" and state in ("booked", "arrived") else "changed_already"
    )


@given(st.sampled_from(["kept", "missed"]), st.datetimes(timezones=st.just(UTC)))
def test_whenever_it_is_nothing_that_has_not_begun_is_kept_or_missed(to: str, at: datetime) -> None:
    said = refused_change("booked", to, at, NOW)
    assert said == (None if at <= NOW + timedelta(minutes=5) else "not_yet")
