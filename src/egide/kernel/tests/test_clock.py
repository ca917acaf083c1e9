"""The day on the walls of the hospital is Paris's, whatever the machine's zone."""

from datetime import UTC, date, datetime

import pytest

from egide.kernel import clock


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 12, 31, 22, 59, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), date(2027, 1, 1)),  # a newborn of that night is of the new year
        (datetime(2026, 7, 14, 21, 59, tzinfo=UTC), date(2026, 7, 14)),
        (datetime(2026, 7, 14, 22, 0, tzinfo=UTC), date(2026, 7, 15)),
    ],
)
def test_the_day_begins_at_midnight_in_paris(monkeypatch: pytest.MonkeyPatch, instant: datetime, day: date) -> None:
    monkeypatch.setattr(clock, "now", lambda: instant)
    assert clock.today() == day
