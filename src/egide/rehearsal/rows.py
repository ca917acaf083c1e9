"""The rows of the demo's people, table by table: what is sealed under which key, what stands in clear."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any, Protocol

from egide.kernel.codes import BY_SLUG
from egide.kernel.tokens import found_by
from egide.rehearsal import clinic, truth
from egide.rehearsal.clinic import Facts
from egide.rehearsal.people import Person

SYSTEM = "demo"

# Columns with their PostgreSQL types; the order of the tables is the order of insertion. Ids are 16 bytes here.
TABLES: dict[str, str] = {
    "identity_patient": "patient_id uuid, created_at timestamptz",
    "identity_trait": "id uuid, patient_id uuid, kind text, sealed bytea",
    "identity_contact": "id uuid, patient_id uuid, kind text, sealed bytea",
    "identity_ins": "id uuid, patient_id uuid, sealed bytea",
    "stays_stay": "id uuid, patient_id uuid, unit_id uuid, bed_id uuid, nda bytea, admitted_at timestamptz, "
    "discharged_at timestamptz",
    "agenda_appointment": "id uuid, patient_id uuid, unit_id uuid, professional_id uuid, starts_at timestamptz, "
    "minutes int2, state text, reason bytea, recorded_at timestamptz, author uuid, changed_at timestamptz, "
    "changed_by uuid",
    "record_problem": "id uuid, patient_id uuid, category text, kind text, system text, code text, label bytea, "
    "onset date, ended date, recorded_at timestamptz, author uuid",
    "record_allergy": "id uuid, patient_id uuid, category text, system text, code text, substance bytea, "
    "reaction bytea, severity text, recorded_at timestamptz, author uuid",
    "record_measurement": "id uuid, patient_id uuid, category text, code text, value numeric, unit text, "
    "taken_at timestamptz, recorded_at timestamptz, author uuid, set_id uuid, comment bytea",
    "record_note": "id uuid, patient_id uuid, category text, kind text, template text, written_at timestamptz, "
    "recorded_at timestamptz, author uuid, body bytea",
}
Row = tuple[Any, ...]
_KINDS = {"history": "medical"}


def columns(table: str) -> list[tuple[str, str]]:
    """Name and type of each column that a load fills."""
    return _COLUMNS[table]


_COLUMNS: dict[str, list[tuple[str, str]]] = {}
for _table, _text in TABLES.items():
    _COLUMNS[_table] = [(_name, _kind) for _name, _kind in (one.split() for one in _text.split(", "))]


def manifest(seed: int, count: int, today: date) -> str:
    """What the application accounts of a load are signed in with: the hash of what it was asked."""
    return sha256(f"egide demo load seed={seed} patients={count} today={today}".encode()).hexdigest()


def traits_of(person: Person) -> dict[str, list[str]]:
    """What a person of the demo is found by: every value she ever had."""
    values = [(value.kind, value.text) for value in (*person.traits, *person.contacts)]
    return found_by([*values, ("ins", person.ins.text)] if person.ins is not None else values)


class Pen(Protocol):
    """What seals one person's values and names her rows."""

    patient: bytes

    def row(self, category: str, foreign: str) -> bytes:
        """The id of a row that stands for one foreign fact."""

    def seal(self, category: str, table: str, column: str, row: bytes, value: Any) -> bytes:
        """A value sealed for one row and column."""


def write(pen: Pen, person: Person, facts: Facts, now: datetime, add: Callable[[str, Row], None]) -> None:
    """Every row of one person, handed to `add` with its table."""
    _identity(pen, person, now, add)
    _stays(pen, facts, add)
    _record(pen, facts, add)


def _identity(pen: Pen, person: Person, now: datetime, add: Callable[[str, Row], None]) -> None:
    patient = pen.patient
    add("identity_patient", (patient, now))
    for category, table, values in (
        ("identity", "identity_trait", person.traits),
        ("contact", "identity_contact", person.contacts),
    ):
        for rank, value in enumerate(values):
            row = pen.row(category, f"{SYSTEM}/{table}/{rank}")
            add(
                table, (row, patient, value.kind, pen.seal(category, table, "sealed", row, value.sealed_form()))
            )  # fmt: skip
    ins = truth.ins_form(person)
    if ins is not None:
        row = pen.row("ins", f"{SYSTEM}/ins/0")
        add("identity_ins", (row, patient, pen.seal("ins", "identity_ins", "sealed", row, ins)))


def _stays(pen: Pen, facts: Facts, add: Callable[[str, Row], None]) -> None:
    patient = pen.patient
    for stay in facts.stays:
        row = pen.row("stay", f"{SYSTEM}/stay/{stay.nda}")
        nda = pen.seal("stay", "stays_stay", "nda", row, stay.nda)
        bed = stay.bed.id.bytes if stay.bed else None
        add("stays_stay", (row, patient, stay.unit.id.bytes, bed, nda, stay.admitted_at, stay.discharged_at))
    for one in facts.meetings:
        row = pen.row("stay", f"{SYSTEM}/meeting/{one.rank}")
        reason = pen.seal("clinical", "agenda_appointment", "reason", row, one.reason)
        by = one.changed_by.bytes if one.changed_by else None
        add(
            "agenda_appointment",
            (row, patient, one.unit.id.bytes, one.professional.bytes, one.starts_at, one.minutes, one.state, reason,
             one.recorded_at, one.author.bytes, one.changed_at, by),
        )  # fmt: skip


def _record(pen: Pen, facts: Facts, add: Callable[[str, Row], None]) -> None:
    patient = pen.patient
    for problem in facts.problems:
        row = pen.row("clinical", f"{SYSTEM}/problem/{problem.key}")
        label = pen.seal("clinical", "record_problem", "label", row, problem.kind.label)
        add(
            "record_problem",
            (row, patient, "clinical", _KINDS.get(problem.kind.role, "problem"), clinic.CIM10, problem.kind.code, label,
             problem.onset, problem.ended, problem.recorded_at, problem.author.bytes),
        )  # fmt: skip
    for allergy in facts.allergies:
        row = pen.row("clinical", f"{SYSTEM}/{allergy.key}")
        substance = pen.seal("clinical", "record_allergy", "substance", row, allergy.substance)
        reaction = pen.seal("clinical", "record_allergy", "reaction", row, allergy.reaction)
        add(
            "record_allergy",
            (row, patient, "clinical", clinic.CIM10, allergy.code, substance, reaction, allergy.severity,
             allergy.recorded_at, allergy.author.bytes),
        )  # fmt: skip
    rounds: dict[str, bytes] = {}
    for measure in facts.measures:
        row = pen.row("clinical", f"{SYSTEM}/measure/{measure.key}")
        key = measure.round_key
        together = rounds.get(key) or rounds.setdefault(key, pen.row("clinical", f"{SYSTEM}/round/{key}"))
        said = measure.comment
        comment = None if said is None else pen.seal("clinical", "record_measurement", "comment", row, said)
        loinc, unit = _sign(measure.slug)
        add(
            "record_measurement",
            (row, patient, "clinical", loinc, _decimal(measure.value), unit, measure.taken_at, measure.recorded_at,
             measure.author.bytes, together, comment),
        )  # fmt: skip
    for note in facts.notes:
        row = pen.row("clinical", f"{SYSTEM}/note/{note.key}")
        body = pen.seal("clinical", "record_note", "body", row, note.sections)
        add(
            "record_note",
            (row, patient, "clinical", note.kind, note.template, note.written_at, note.written_at, note.author.bytes,
             body),
        )  # fmt: skip


@lru_cache(maxsize=64)
def _sign(slug: str) -> tuple[str, str]:
    sign = BY_SLUG[slug]
    return sign.loinc, sign.unit


@lru_cache(maxsize=8192)
def _decimal(value: float) -> Decimal:
    return Decimal(str(value))
