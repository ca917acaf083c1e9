"""FHIR's primitive values, checked (https://hl7.org/fhir/R4/datatypes.html): absent is None, wrong is Invalid.

Every function names the field it reads; what it found never enters a message.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from egide.interop.fhir.limits import MAX_TEXT

Node = dict[str, Any]

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z", re.ASCII)
_EARLIEST, _LATEST = 1800, 2300
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_URN = re.compile(r"urn:(?:uuid|oid):\S+\Z")
_RELATIVE = re.compile(r"(?:.*/)?([A-Z][A-Za-z]{1,39})/([A-Za-z0-9.\-]{1,128})(?:/_history/[^/]*)?\Z")


class Invalid(Exception):
    """The line is broken: a code of tally.BROKEN, the field, how many lines below the first."""

    def __init__(self, reason: str, field: str = "", below: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
        self.below = below


class Left(Exception):
    """The resource reads well and has no place: a code of tally.KEPT."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def node(parent: Node, field: str) -> Node:
    """A nested object; empty when absent."""
    found = parent.get(field)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Invalid("shape", field)
    return found


def nodes(parent: Node, field: str) -> list[Node]:
    """A list of objects; empty when absent."""
    found = parent.get(field)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise Invalid("shape", field)
    return found


def clean(found: Any, field: str, limit: int = MAX_TEXT) -> str:
    """One string without control characters or lone surrogates, stripped."""
    if not isinstance(found, str):
        raise Invalid("shape", field)
    if len(found) > limit or _FORBIDDEN.search(found):
        raise Invalid("text", field)
    return found.strip()


def text(parent: Node, field: str, limit: int = MAX_TEXT) -> str:
    """A string; empty when absent."""
    found = parent.get(field)
    return "" if found is None else clean(found, field, limit)


def texts(parent: Node, field: str) -> list[str]:
    """A list of non-empty strings (FHIR allows null in them beside extensions)."""
    found = parent.get(field)
    if found is None:
        return []
    if not isinstance(found, list):
        raise Invalid("shape", field)
    return [cleaned for item in found if item is not None and (cleaned := clean(item, field))]


def partial_date(parent: Node, field: str) -> tuple[int, int | None, int | None] | None:
    """Year, month, day of a date or dateTime that may lack the last two."""
    raw = text(parent, field, 64)
    if not raw:
        return None
    match = _DATE.match(raw[:10] if "T" in raw else raw)
    if match is None:
        raise Invalid("date", field)
    year, month, day = (int(part) if part else None for part in match.groups())
    if year is None or not _EARLIEST <= year <= _LATEST:
        raise Invalid("date", field)
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        raise Invalid("date", field) from None
    return year, month, day


def day(parent: Node, field: str) -> date | None:
    """A date; of a partial one, its first day."""
    parts = partial_date(parent, field)
    return None if parts is None else date(parts[0], parts[1] or 1, parts[2] or 1)


def instant(parent: Node, field: str) -> datetime | None:
    """A dateTime in UTC; a date alone is its first midnight UTC; a time without zone is against the norm."""
    raw = text(parent, field, 64)
    if not raw:
        return None
    if "T" not in raw:
        first = day(parent, field)
        return None if first is None else datetime(first.year, first.month, first.day, tzinfo=UTC)
    try:
        moment = datetime.fromisoformat(raw.replace(":60", ":59", 1) if raw[16:19] == ":60" else raw)
    except ValueError:
        raise Invalid("date", field) from None
    if moment.tzinfo is None or not _EARLIEST <= moment.year <= _LATEST:
        raise Invalid("date", field)
    return moment.astimezone(UTC)


def period(parent: Node, field: str) -> tuple[datetime | None, datetime | None]:
    """Start and end in UTC, either absent; an end given as a day is the end of that day."""
    span = node(parent, field)
    start, end = instant(span, "start"), instant(span, "end")
    if end is not None and "T" not in text(span, "end"):
        end += timedelta(days=1) - timedelta(seconds=1)
    if start is not None and end is not None and end < start:
        raise Invalid("period", field)
    return start, end


def number(parent: Node, field: str) -> Decimal | None:
    """A finite decimal number; FHIR forbids numbers in strings."""
    found = parent.get(field)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | Decimal):
        raise Invalid("number", field)
    value = Decimal(found)
    if not value.is_finite():
        raise Invalid("number", field)
    return value


def codings(parent: Node, field: str) -> Iterator[tuple[str, str, str]]:
    """(system, code, display) of each coding of a CodeableConcept."""
    for coding in nodes(node(parent, field), "coding"):
        yield text(coding, "system", 400), text(coding, "code", 100), text(coding, "display")


def status(parent: Node, field: str) -> str:
    """The first code of a CodeableConcept that holds a status; empty when absent."""
    return next((code for _, code, _ in codings(parent, field) if code), "")


def reference(parent: Node, field: str, urns: dict[str, str], kind: str) -> str:
    """A reference as `Type/id`; empty when absent, contained, conditional or logical.

    `urns` are the fullUrls of the bundle; outside a bundle `urn:uuid:x` is read as `kind/x`.
    """
    raw = text(node(parent, field), "reference", 1000)
    if raw in urns:
        return urns[raw]
    if _URN.match(raw):
        return f"{kind}/{raw.rpartition(':')[2]}"
    match = _RELATIVE.match(raw)
    return f"{match[1]}/{match[2]}" if match else ""
