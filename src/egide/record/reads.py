"""Problems, allergies and measurements of opened patients, unsealed and ready to be shown."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Capability, Chart, Roster
from egide.kernel.codes import BY_SLUG

SYSTOLIC, DIASTOLIC = BY_SLUG["systolic"].loinc, BY_SLUG["diastolic"].loinc
LAST_SHOWN = ("systolic", "diastolic", "pulse", "temperature", "spo2", "pain")
TIMELINE_MEASUREMENTS = 240
CURVE_PAIRS = 150
CURVE_DAYS = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem: words, code, since when, until when, who wrote it down and when."""

    label: str
    code: str
    since: date | None
    ended: date | None
    recorded_at: datetime
    author: str | None


@dataclass(frozen=True, slots=True)
class Allergy:
    """An allergy: substance, reaction, severity (mild, moderate, severe, or empty)."""

    label: str
    reaction: str | None
    severity: str | None
    recorded_at: datetime
    author: str | None

    @property
    def critical(self) -> bool:
        """Severe: shown first on the banner."""
        return self.severity == "severe"


@dataclass(frozen=True, slots=True)
class Measured:
    """One measured value as stored."""

    code: str
    value: Decimal
    taken_at: datetime
    author: str | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class Pressure:
    """One blood pressure, mmHg; either half may be missing in imported data."""

    at: datetime
    systolic: Decimal | None
    diastolic: Decimal | None


_AUTHOR = "nullif(concat_ws(' ', nullif(p.title, ''), p.given, p.family), '')"


def problems(chart: Chart) -> Read[list[Problem]]:
    """All problems, active first, then by onset, newest first."""

    def decode(rows: Rows) -> list[Problem]:
        found = [
            Problem(_label(chart, category, patient_id, row_id, label), code, onset, ended, at, author)
            for row_id, patient_id, category, label, code, onset, ended, at, author in rows
        ]
        newest = sorted(found, key=lambda one: one.since or one.recorded_at.date(), reverse=True)
        return sorted(newest, key=lambda one: one.ended is not None)

    return Read(
        f"SELECT r.id, r.patient_id, r.category, r.label, r.code, r.onset, r.ended, r.recorded_at, {_AUTHOR}"
        " FROM record_problem r LEFT JOIN directory_professional p ON p.id = r.author WHERE r.patient_id = ANY(%s)",
        (list(chart.ids),),
        decode,
    )


def allergies(chart: Chart) -> Read[list[Allergy]]:
    """All allergies, the severe ones first."""

    def decode(rows: Rows) -> list[Allergy]:
        found = []
        for row_id, patient_id, category, substance, reaction, severity, at, author in rows:
            table = "record_allergy"
            label = chart.unseal(category, patient_id, table, "substance", row_id, substance)
            told = chart.unseal(category, patient_id, table, "reaction", row_id, reaction) if reaction else None
            found.append(Allergy(label, told, severity or None, at, author))
        order = {"severe": 0, "moderate": 1, "mild": 2}
        return sorted(found, key=lambda one: (order.get(one.severity or "", 3), one.label))

    return Read(
        f"SELECT r.id, r.patient_id, r.category, r.substance, r.reaction, r.severity, r.recorded_at, {_AUTHOR}"
        " FROM record_allergy r LEFT JOIN directory_professional p ON p.id = r.author WHERE r.patient_id = ANY(%s)",
        (list(chart.ids),),
        decode,
    )


def recent_measurements(chart: Chart) -> Read[tuple[list[Measured], int]]:
    """The latest 240 values, newest first, and how many older ones there are."""

    def decode(rows: Rows) -> tuple[list[Measured], int]:
        total = rows[0][-1] if rows else 0
        found = [
            Measured(code, value, at, author, _comment(chart, comment) if comment else None)
            for code, value, at, author, comment, _ in rows
        ]
        return found, total - len(found)

    # what unseals a comment travels with a comment only: three ids a row were a third of the read
    return Read(
        f"SELECT m.code, m.value, m.taken_at, {_AUTHOR},"
        " CASE WHEN m.comment IS NOT NULL THEN ROW(m.id, m.patient_id, m.category, m.comment) END, count(*) OVER ()"
        " FROM record_measurement m LEFT JOIN directory_professional p ON p.id = m.author"
        " WHERE m.patient_id = ANY(%s) ORDER BY m.taken_at DESC, m.code LIMIT %s",
        (list(chart.ids), TIMELINE_MEASUREMENTS),
        decode,
    )


def pressures(chart: Chart) -> Read[list[Pressure]]:
    """Pressures of the 21 days before the latest (at most 150), oldest first: an older stay would flatten them."""

    def decode(rows: Rows) -> list[Pressure]:
        start = rows[0][0] - CURVE_DAYS if rows else None
        return [Pressure(*row) for row in reversed(rows) if row[0] >= start]

    return Read(
        "SELECT taken_at, max(value) FILTER (WHERE code = %s), max(value) FILTER (WHERE code = %s)"
        " FROM record_measurement WHERE patient_id = ANY(%s) AND code = ANY(%s)"
        " GROUP BY taken_at, set_id ORDER BY taken_at DESC LIMIT %s",
        (SYSTOLIC, DIASTOLIC, list(chart.ids), [SYSTOLIC, DIASTOLIC], CURVE_PAIRS),
        decode,
    )


def last_values(cap: Roster | Chart) -> Read[dict[UUID, dict[str, tuple[Decimal, datetime]]]]:
    """The last value of the parameters a ward list shows, by person, then by LOINC code."""

    def decode(rows: Rows) -> dict[UUID, dict[str, tuple[Decimal, datetime]]]:
        found: dict[UUID, dict[str, tuple[Decimal, datetime]]] = defaultdict(dict)
        for patient_id, code, value, at in rows:
            found[patient_id][code] = (value, at)
        return found

    # One scan of the index (patient, code, taken_at) for everybody: a probe for each person and parameter would read
    # the whole list's rows each time, since no operator is leakproof (ADR 0012).
    return Read(
        "SELECT DISTINCT ON (patient_id, code) patient_id, code, value, taken_at FROM record_measurement"
        " WHERE patient_id = ANY(%s) AND code = ANY(%s) ORDER BY patient_id, code, taken_at DESC",
        (list(cap.ids), [BY_SLUG[slug].loinc for slug in LAST_SHOWN]),
        decode,
    )


def problem_labels(roster: Roster) -> Read[dict[UUID, list[str]]]:
    """Active problems of each person of a list, newest first."""

    def decode(rows: Rows) -> dict[UUID, list[str]]:
        found: dict[UUID, list[str]] = defaultdict(list)
        for row_id, patient_id, category, label in rows:
            found[patient_id].append(_label(roster, category, patient_id, row_id, label))
        return found

    return Read(
        "SELECT id, patient_id, category, label FROM record_problem WHERE patient_id = ANY(%s) AND ended IS NULL"
        " ORDER BY coalesce(onset, recorded_at::date) DESC, id",
        (list(roster.ids),),
        decode,
    )


def _comment(chart: Chart, row: tuple[UUID, UUID, str, bytes]) -> str:
    row_id, patient_id, category, sealed = row
    return str(chart.unseal(category, patient_id, "record_measurement", "comment", row_id, sealed))


def _label(cap: Capability, category: str, patient_id: UUID, row_id: UUID, label: bytes) -> str:
    return str(cap.unseal(category, patient_id, "record_problem", "label", row_id, label))
