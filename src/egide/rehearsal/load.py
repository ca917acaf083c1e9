"""Loading the demo's people as the site's application account, through the gate: slices of 200, one opening each.

Runs as role worker. A second run adds nothing: foreign ids (system `demo`, the index) are the keeper's tokens, row ids
follow from the patient's key, and a slice is one transaction, so that a person is there whole or not at all.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection

from egide.gate import acting, applications
from egide.identity.rules import found_by
from egide.kernel import clock
from egide.kernel.capabilities import Batch, Refused
from egide.kernel.codes import BY_SLUG
from egide.rehearsal import clinic, hospital, people, truth
from egide.rehearsal.people import Person

SYSTEM = "demo"
VERB = "rehearsal:person:load"

# Columns with their PostgreSQL types; order of the tables is the order of insertion.
_TABLES = {
    "identity_patient": "patient_id uuid, created_at timestamptz",
    "identity_trait": "id uuid, patient_id uuid, kind text, sealed bytea",
    "identity_contact": "id uuid, patient_id uuid, kind text, sealed bytea",
    "identity_ins": "id uuid, patient_id uuid, sealed bytea",
    "stays_stay": "id uuid, patient_id uuid, unit_id uuid, bed_id uuid, nda bytea, admitted_at timestamptz, "
    "discharged_at timestamptz",
    "record_problem": "id uuid, patient_id uuid, category text, system text, code text, label bytea, onset date, "
    "ended date, recorded_at timestamptz, author uuid",
    "record_allergy": "id uuid, patient_id uuid, category text, system text, code text, substance bytea, "
    "reaction bytea, severity text, recorded_at timestamptz, author uuid",
    "record_measurement": "id uuid, patient_id uuid, category text, code text, value numeric, unit text, "
    "taken_at timestamptz, recorded_at timestamptz, author uuid, set_id uuid, comment bytea",
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one run did: people added and people already there, rows added by table."""

    added: int
    known: int
    rows: dict[str, int]


class _Rows:
    """The rows of one slice, by table, before they are inserted."""

    def __init__(self) -> None:
        self.by_table: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _TABLES}

    def add(self, table: str, *values: Any) -> None:
        self.by_table[table].append(values)

    def insert(self) -> None:
        """One statement a table: arrays go in, rows come out."""
        with connection.cursor() as cursor:
            for table, columns in _TABLES.items():
                rows = self.by_table[table]
                if rows:
                    parts = [column.split() for column in columns.split(", ")]
                    names = ", ".join(name for name, _ in parts)
                    arrays = ", ".join(f"%s::{kind}[]" for _, kind in parts)
                    cursor.execute(
                        f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays})",  # noqa: S608 — names of this file
                        [list(column) for column in zip(*rows, strict=True)],
                    )


def load(seed: int, count: int, today: date, advance: Callable[[int], None] = lambda _: None) -> Loaded:
    """Load people 0 to count − 1; `advance` is told how many more are done.

    Refuses (`other_demo`) a base that holds the demo of another seed or number.
    """
    manifest = sha256(f"egide demo load seed={seed} patients={count} today={today}".encode()).hexdigest()
    application = applications.sign_in(hospital.SITE.id, manifest, "demo")
    added = known = 0
    rows: dict[str, int] = dict.fromkeys(_TABLES, 0)
    try:
        for start in range(0, count, applications.SLICE):
            indexes = range(start, min(count, start + applications.SLICE))
            batch = application.open_new(
                [[(SYSTEM, str(index))] for index in indexes], [traits_of(people.person(seed, one)) for one in indexes]
            )
            loaded = _slice(seed, count, today, batch, indexes)
            new = len(loaded.by_table["identity_patient"])
            added += new
            known += len(indexes) - new
            for table, lines in loaded.by_table.items():
                rows[table] += len(lines)
            advance(len(indexes))
    finally:
        application.end()
    return Loaded(added, known, rows)


def traits_of(person: Person) -> dict[str, list[str]]:
    """What a person of the demo is found by: every value she ever had."""
    values = [(value.kind, value.text) for value in (*person.traits, *person.contacts)]
    return found_by([*values, ("ins", person.ins.text)] if person.ins is not None else values)


def _slice(seed: int, count: int, today: date, batch: Batch, indexes: Sequence[int]) -> _Rows:
    """One slice in one transaction: rows, care links, one act a person."""
    rows = _Rows()
    with acting.opened(batch):
        there = _already_there(batch)
        _refuse_other_demo(seed, batch, indexes, there)
        loading = [(index, patient) for index, patient in zip(indexes, batch.ids, strict=True) if patient not in there]
        links: list[tuple[UUID, clinic.Facts]] = []
        now = clock.now()
        for index, patient in loading:
            person = people.person(seed, index)
            facts = clinic.facts(seed, count, person, today)
            _identity_rows(rows, batch, patient, person, now)
            _clinical_rows(rows, batch, patient, facts)
            links.append((patient, facts))
        try:
            rows.insert()
        except IntegrityError as error:
            raise _other_demo() from error
        for patient, facts in links:
            for stay in reversed(facts.stays):
                acting.link(patient, stay.unit.id, stay.admitted_at, stay.discharged_at)
            acting.record_act(VERB, patient, str(patient))
    return rows


def _already_there(batch: Batch) -> frozenset[UUID]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT patient_id FROM identity_patient WHERE patient_id = ANY(%s)", [list(batch.ids)])
        return frozenset(row[0] for row in cursor.fetchall())


def _refuse_other_demo(seed: int, batch: Batch, indexes: Sequence[int], there: Iterable[UUID]) -> None:
    """A person already there must be this seed's: her number (IPP) says."""
    first = next(iter(there), None)
    if first is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, sealed FROM identity_trait WHERE patient_id = ANY(%s) AND kind = 'ipp'", [[first]])
        stored = [
            batch.unseal("identity", first, "identity_trait", "sealed", row, sealed)["v"] for row, sealed in cursor
        ]
    if people.person(seed, indexes[batch.ids.index(first)]).trait("ipp") not in stored:
        raise _other_demo()


def _other_demo() -> Refused:
    return Refused(
        "other_demo",
        "Cette base porte déjà une démonstration d'une autre graine ou d'un autre nombre : gardez ceux du premier "
        "chargement, ou donnez un dossier neuf à EGIDE_HOME.",
    )


def _identity_rows(rows: _Rows, batch: Batch, patient: UUID, person: Person, now: datetime) -> None:
    rows.add("identity_patient", patient, now)
    for category, table, values in (
        ("identity", "identity_trait", person.traits),
        ("contact", "identity_contact", person.contacts),
    ):
        for rank, value in enumerate(values):
            row = batch.row_id(category, patient, f"{SYSTEM}/{table}/{rank}")
            rows.add(
                table,
                row,
                patient,
                value.kind,
                batch.seal(category, patient, table, "sealed", row, value.sealed_form()),
            )
    ins = truth.ins_form(person)
    if ins is not None:
        row = batch.row_id("ins", patient, f"{SYSTEM}/ins/0")
        rows.add("identity_ins", row, patient, batch.seal("ins", patient, "identity_ins", "sealed", row, ins))


def _clinical_rows(rows: _Rows, batch: Batch, patient: UUID, facts: clinic.Facts) -> None:
    def clinical(table: str, column: str, row: UUID, value: str | None) -> bytes | None:
        return None if value is None else batch.seal("clinical", patient, table, column, row, value)

    for stay in facts.stays:
        row = batch.row_id("stay", patient, f"{SYSTEM}/stay/{stay.nda}")
        rows.add(
            "stays_stay", row, patient, stay.unit.id, stay.bed.id if stay.bed else None,
            batch.seal("stay", patient, "stays_stay", "nda", row, stay.nda), stay.admitted_at, stay.discharged_at,
        )  # fmt: skip
    for problem in facts.problems:
        row = batch.row_id("clinical", patient, f"{SYSTEM}/problem/{problem.key}")
        rows.add(
            "record_problem", row, patient, "clinical", clinic.CIM10, problem.kind.code,
            clinical("record_problem", "label", row, problem.kind.label),
            problem.onset, problem.ended, problem.recorded_at, problem.author,
        )  # fmt: skip
    for allergy in facts.allergies:
        row = batch.row_id("clinical", patient, f"{SYSTEM}/{allergy.key}")
        rows.add(
            "record_allergy", row, patient, "clinical", clinic.CIM10, allergy.code,
            clinical("record_allergy", "substance", row, allergy.substance),
            clinical("record_allergy", "reaction", row, allergy.reaction),
            allergy.severity, allergy.recorded_at, allergy.author,
        )  # fmt: skip
    for measure in facts.measures:
        row = batch.row_id("clinical", patient, f"{SYSTEM}/measure/{measure.key}")
        sign = BY_SLUG[measure.slug]
        rows.add(
            "record_measurement", row, patient, "clinical", sign.loinc, Decimal(str(measure.value)), sign.unit,
            measure.taken_at, measure.recorded_at, measure.author,
            batch.row_id("clinical", patient, f"{SYSTEM}/round/{measure.round_key}"),
            clinical("record_measurement", "comment", row, measure.comment),
        )  # fmt: skip
