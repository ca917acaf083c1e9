"""The one place that asks what time it is: everything is UTC inside, local on the screen."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, timezone-aware, UTC."""
    return datetime.now(UTC)
