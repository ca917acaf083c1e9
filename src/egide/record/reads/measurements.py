"""Measured values of opened patients: recent ones, last ones, the pressure curve."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Chart, Roster
from egide.kernel.codes import BY_SLUG, INTAKE, OUTPUT
from egide.record.reads.pieces import ERROR, JOINS, NEVER, STANDS, WRITER, Mistake, Page

SYSTOLIC, DIASTOLIC = BY_SLUG["systolic"].loinc, BY_SLUG["diastolic"].loinc
LAST_SHOWN = ("systolic", "diastolic", "pulse", "temperature", "spo2", "pain")
TIMELINE_MEASUREMENTS = 96
CURVE_PAIRS = 150
CURVE_DAYS = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Measured:
    """One measured value as stored; `mine` when the reader wrote it, `error` when it was a mistake."""

    id: UUID
    code: str
    value: Decimal
    taken_at: datetime
    author: str | None
    mine: bool
    comment: str | None
    error: Mistake | None = None


@dataclass(frozen=True, slots=True)
class Pressure:
    """One blood pressure, mmHg; either half may be missing in imported data."""

    at: datetime
    systolic: Decimal | None
    diastolic: Decimal | None


# what unseals a comment travels with a comment only: three ids a row were a third of the read
_COLUMNS = (
    f"r.id, r.code, r.value, r.taken_at, {WRITER}, r.author = %s,"
    f" CASE WHEN r.comment IS NOT NULL THEN ROW(r.id, r.patient_id, r.category, r.comment) END, {ERROR}"
)


def recent_measurements(
    chart: Chart, before: datetime | None = None, limit: int = TIMELINE_MEASUREMENTS
) -> Read[Page[Measured]]:
    """The latest values taken before an instant, newest first: `limit` and the rest of the last reading."""

    def decode(rows: Rows) -> Page[Measured]:
        found = [_measured(chart, row) for row in rows]
        return Page(found, found[-1].taken_at if len(found) >= limit else None)

    # the page is cut before the joins: errors are looked up for the rows shown, not for all that there are
    return Read(
        f"SELECT {_COLUMNS} FROM (SELECT * FROM record_measurement m WHERE m.patient_id = ANY(%s)"
        f" AND m.taken_at < %s ORDER BY m.taken_at DESC FETCH FIRST (%s) ROWS WITH TIES) r{JOINS}"
        " ORDER BY r.taken_at DESC, r.code",
        (chart.actor.account, list(chart.ids), before or NEVER, limit),
        decode,
    )


def reading(chart: Chart, row_id: UUID) -> Read[tuple[str, list[Measured]]]:
    """The category of one value, and the values of its reading, itself included, in the order of their codes."""

    def decode(rows: Rows) -> tuple[str, list[Measured]]:
        return (rows[0][-1] if rows else ""), [_measured(chart, row[:-1]) for row in rows]

    return Read(
        f"SELECT {_COLUMNS}, r.category FROM record_measurement r{JOINS}"
        " JOIN record_measurement o ON o.id = %s AND o.patient_id = r.patient_id"
        " AND (o.id = r.id OR o.set_id = r.set_id) AND o.taken_at = r.taken_at AND o.category = r.category"
        " WHERE r.patient_id = ANY(%s) ORDER BY r.code, r.recorded_at",
        (chart.actor.account, row_id, list(chart.ids)),
        decode,
    )


def volumes(chart: Chart, since: datetime) -> Read[list[Measured]]:
    """What went in and out since an instant, newest first, errors left out."""

    def decode(rows: Rows) -> list[Measured]:
        return [_measured(chart, row) for row in rows]

    return Read(
        f"SELECT {_COLUMNS} FROM record_measurement r{JOINS} WHERE r.patient_id = ANY(%s) AND r.code = ANY(%s)"
        " AND r.taken_at >= %s AND e.id IS NULL ORDER BY r.taken_at DESC, r.code LIMIT 500",
        (chart.actor.account, list(chart.ids), [sign.loinc for sign in (*INTAKE, *OUTPUT)], since),
        decode,
    )


def pressures(chart: Chart) -> Read[list[Pressure]]:
    """Pressures of the 21 days before the latest (at most 150), oldest first: an older stay would flatten them."""

    def decode(rows: Rows) -> list[Pressure]:
        start = rows[0][0] - CURVE_DAYS if rows else None
        return [Pressure(*row) for row in reversed(rows) if row[0] >= start]

    return Read(
        "SELECT r.taken_at, max(r.value) FILTER (WHERE r.code = %s), max(r.value) FILTER (WHERE r.code = %s)"
        f" FROM record_measurement r WHERE r.patient_id = ANY(%s) AND r.code = ANY(%s) AND {STANDS}"
        " GROUP BY r.taken_at, r.set_id ORDER BY r.taken_at DESC LIMIT %s",
        (SYSTOLIC, DIASTOLIC, list(chart.ids), [SYSTOLIC, DIASTOLIC], CURVE_PAIRS),
        decode,
    )


def last_values(cap: Roster | Chart) -> Read[dict[UUID, dict[str, tuple[Decimal, datetime]]]]:
    """The last value of the parameters a ward list shows, by person, then by LOINC code."""

    def decode(rows: Rows) -> dict[UUID, dict[str, tuple[Decimal, datetime]]]:
        found: dict[UUID, dict[str, tuple[Decimal, datetime]]] = defaultdict(dict)
        for patient_id, code, value, at in rows:  # the later of two categories comes last
            found[patient_id][code] = (value, at)
        return found

    # not the values themselves: all that these people ever had would be read (ADR 0012)
    return Read(
        "SELECT l.patient_id, l.code, l.value, l.taken_at FROM record_latest l"
        " WHERE l.patient_id = ANY(%s) AND l.code = ANY(%s) ORDER BY l.taken_at",
        (list(cap.ids), [BY_SLUG[slug].loinc for slug in LAST_SHOWN]),
        decode,
    )


def _measured(chart: Chart, row: tuple[Any, ...]) -> Measured:
    row_id, code, value, at, author, mine, comment, error = row
    said = _comment(chart, comment) if comment else None
    return Measured(row_id, code, value, at, author, mine, said, Mistake.of(chart, error))


def _comment(chart: Chart, row: tuple[UUID, UUID, str, bytes]) -> str:
    row_id, patient_id, category, sealed = row
    return str(chart.unseal(category, patient_id, "record_measurement", "comment", row_id, sealed))
