"""Which dates a stay may have, pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

_LATE = timedelta(days=30)
_CLOCKS = timedelta(minutes=5)


def refused_dates(admitted: datetime | None, at: datetime, now: datetime) -> str | None:
    """Why `at` cannot be: `future`, `too_old` (admissions are entered within 30 days), `before_admission`; or None."""
    if at > now + _CLOCKS:
        return "future"
    if admitted is None:
        return "too_old" if at < now - _LATE else None
    return "before_admission" if at < admitted else None


@dataclass(frozen=True, slots=True)
class Passage:
    """A stay told by another system; `end` is None while it lasts. `ref` is what its row id is drawn from."""

    ref: str
    start: datetime
    end: datetime | None
