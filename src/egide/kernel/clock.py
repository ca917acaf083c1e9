"""The one place that asks what time it is: everything is UTC inside, local on the screen."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


def now() -> datetime:
    """The present instant, timezone-aware, UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The day on the walls of the hospital: what ages and dates that are typed are held against."""
    return now().astimezone(PARIS).date()
