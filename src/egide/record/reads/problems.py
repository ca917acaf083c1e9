"""Problems and allergies of opened patients."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Capability, Chart, Roster
from egide.record.reads.pieces import ACTIVE, ERROR, JOINS, OVER, WRITER, Mistake


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem or an antecedent: words, code, since when, until when, who wrote it down; `error`: a mistake."""

    id: UUID
    category: str
    kind: str
    label: str
    code: str
    since: date | None
    ended: date | None
    recorded_at: datetime
    author: str | None
    author_id: UUID
    error: Mistake | None = None


@dataclass(frozen=True, slots=True)
class Allergy:
    """An allergy: substance, reaction, severity (mild, moderate, severe, or empty); `error` when it was a mistake."""

    id: UUID
    category: str
    label: str
    reaction: str | None
    severity: str | None
    ended: date | None
    recorded_at: datetime
    author: str | None
    author_id: UUID
    error: Mistake | None = None

    @property
    def critical(self) -> bool:
        """Severe: shown first on the banner."""
        return self.severity == "severe"


def problems(chart: Chart) -> Read[list[Problem]]:
    """All problems, active first, then by onset, newest first; those entered in error last."""

    def decode(rows: Rows) -> list[Problem]:
        found = [
            Problem(
                row_id, category, kind, _label(chart, category, patient_id, row_id, label), code, onset, ended, at,
                author, author_id, Mistake.of(chart, error),
            )
            for row_id, patient_id, category, kind, label, code, onset, ended, at, author, author_id, error in rows
        ]  # fmt: skip
        newest = sorted(found, key=lambda one: one.since or one.recorded_at.date(), reverse=True)
        return sorted(newest, key=lambda one: (one.error is not None, one.ended is not None))

    return Read(
        "SELECT r.id, r.patient_id, r.category, r.kind, r.label, r.code, r.onset, coalesce(r.ended, o.since),"
        f" r.recorded_at, {WRITER}, r.author, {ERROR} FROM record_problem r{JOINS}{OVER}"
        " WHERE r.patient_id = ANY(%s)",
        (list(chart.ids),),
        decode,
    )


class Alerts(list[Allergy]):
    """All allergies, and whether the patient wrote advance directives: what every banner says, in one statement."""

    directives: bool = False


def allergies(chart: Chart) -> Read[Alerts]:
    """All allergies, the severe ones first; those over or entered in error last."""

    def decode(rows: Rows) -> Alerts:
        found = Alerts()
        table = "record_allergy"
        for row_id, patient_id, category, substance, reaction, severity, ended, at, author, author_id, error in rows:
            if row_id is None:
                found.directives = severity == "written"
                continue
            label = chart.unseal(category, patient_id, table, "substance", row_id, substance)
            told = chart.unseal(category, patient_id, table, "reaction", row_id, reaction) if reaction else None
            found.append(
                Allergy(
                    row_id, category, label, told, severity or None, ended, at, author, author_id,
                    Mistake.of(chart, error),
                )
            )  # fmt: skip
        order = {"severe": 0, "moderate": 1, "mild": 2}
        found.sort(
            key=lambda one: (one.error is not None, one.ended is not None, order.get(one.severity or "", 3), one.label)
        )
        return found

    return Read(
        "SELECT r.id, r.patient_id, r.category, r.substance, r.reaction, r.severity, o.since, r.recorded_at,"
        f" {WRITER}, r.author, {ERROR} FROM record_allergy r{JOINS}{OVER} WHERE r.patient_id = ANY(%s)"
        " UNION ALL (SELECT NULL, NULL, NULL, NULL, NULL, d.kind, NULL, NULL, NULL, NULL, NULL FROM record_directive d"
        " WHERE d.patient_id = ANY(%s) ORDER BY d.recorded_at DESC LIMIT 1)",
        (list(chart.ids), list(chart.ids)),
        decode,
    )


def allergy_labels(roster: Roster) -> Read[dict[UUID, list[str]]]:
    """Allergies that stand, of each person of a list, the severe ones first."""

    def decode(rows: Rows) -> dict[UUID, list[str]]:
        found: dict[UUID, list[str]] = defaultdict(list)
        for row_id, patient_id, category, substance in rows:
            label = roster.unseal(category, patient_id, "record_allergy", "substance", row_id, substance)
            found[patient_id].append(str(label))
        return found

    return Read(
        "SELECT r.id, r.patient_id, r.category, r.substance FROM record_allergy r"
        f" WHERE r.patient_id = ANY(%s) AND {ACTIVE} ORDER BY r.severity <> 'severe', r.id",
        (list(roster.ids),),
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
        "SELECT r.id, r.patient_id, r.category, r.label FROM record_problem r"
        f" WHERE r.patient_id = ANY(%s) AND r.kind = 'problem' AND r.ended IS NULL AND {ACTIVE}"
        " ORDER BY coalesce(r.onset, r.recorded_at::date) DESC, r.id",
        (list(roster.ids),),
        decode,
    )


def _label(cap: Capability, category: str, patient_id: UUID, row_id: UUID, label: bytes) -> str:
    return str(cap.unseal(category, patient_id, "record_problem", "label", row_id, label))
