"""Which appointments may be, and what may become of one; pure."""

from datetime import datetime, timedelta

SHORTEST, LONGEST = 5, 480
_FAR = timedelta(days=730)
_CLOCKS = timedelta(minutes=5)
_EARLY = timedelta(hours=12)
# What an appointment may become. The last three are ends.
NEXT: dict[str, tuple[str, ...]] = {
    "booked": ("arrived", "kept", "missed", "cancelled"),
    "arrived": ("kept", "cancelled"),
    "kept": (),
    "cancelled": (),
    "missed": (),
}


def refused_time(at: datetime, now: datetime) -> str | None:
    """Why nobody books at `at`: `past`, `too_far` (two years); or None."""
    if at < now - _CLOCKS:
        return "past"
    return "too_far" if at > now + _FAR else None


def refused_change(state: str, to: str, at: datetime, now: datetime) -> str | None:
    """Why an appointment of this state and time does not become `to`: `changed_already`, `not_yet`; or None."""
    if to not in NEXT.get(state, ()):
        return "changed_already"
    if at > now + (_EARLY if to == "arrived" else _CLOCKS) and to != "cancelled":
        return "not_yet"
    return None
