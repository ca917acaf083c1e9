"""Loading the demo's people through the gate, as the application account of the site that received them, by 200.

Runs as role worker, on any demo base. A second run adds nothing: foreign ids (system `demo`, the index) are the
keeper's tokens, row ids follow from the patient's key, and a slice is one transaction, so that a person is there whole
or not at all. A whole group's people go another way (`bulk`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection

from egide.gate import acting, applications
from egide.kernel import clock
from egide.kernel.capabilities import Batch, Refused
from egide.rehearsal import clinic, group, people, rows
from egide.rehearsal.rows import SYSTEM, TABLES

VERB = "rehearsal:person:load"
LINKED = timedelta(days=30)
"""How long an appointment's care link outlives it (the gate's rule): an older one makes none any more."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one run did: people added and people already there, rows added by table."""

    added: int
    known: int
    rows: dict[str, int]


class _Pen:
    """One person's values under the keys of a slice's opening."""

    def __init__(self, batch: Batch, patient: UUID) -> None:
        self.patient = patient.bytes
        self._batch, self._id = batch, patient

    def row(self, category: str, foreign: str) -> bytes:
        return self._batch.row_id(category, self._id, foreign).bytes

    def seal(self, category: str, table: str, column: str, row: bytes, value: Any) -> bytes:
        return self._batch.seal(category, self._id, table, column, UUID(bytes=row), value)


class _Rows:
    """The rows of one slice, by table, before they are inserted."""

    def __init__(self) -> None:
        self.by_table: dict[str, list[rows.Row]] = {table: [] for table in TABLES}

    def add(self, table: str, row: rows.Row) -> None:
        self.by_table[table].append(row)

    def insert(self) -> None:
        """One statement a table: arrays go in, rows come out."""
        with connection.cursor() as cursor:
            for table, lines in self.by_table.items():
                if lines:
                    columns = rows.columns(table)
                    names = ", ".join(name for name, _ in columns)
                    arrays = ", ".join(f"%s::{kind}[]" for _, kind in columns)
                    cursor.execute(
                        f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays})",  # noqa: S608 — names of this package
                        [
                            [None if one is None else UUID(bytes=one) for one in column]
                            if kind == "uuid"
                            else list(column)
                            for column, (_, kind) in zip(zip(*lines, strict=True), columns, strict=True)
                        ],
                    )


def load(seed: int, count: int, today: date, advance: Callable[[int], None] = lambda _: None) -> Loaded:
    """Load people 0 to count − 1; `advance` is told how many more are done.

    Refuses (`other_demo`) a base that holds the demo of another seed or number.
    """
    signed_in: dict[UUID, applications.Application] = {}
    added = known = 0
    total: dict[str, int] = dict.fromkeys(TABLES, 0)
    try:
        for block in range(-(-count // group.BLOCK)):
            site = group.house_of(seed, block).site.id
            if site not in signed_in:
                signed_in[site] = applications.sign_in(site, rows.manifest(seed, count, today), "demo")
            indexes = range(block * group.BLOCK, min(count, (block + 1) * group.BLOCK))
            batch = signed_in[site].open_new(
                [[(SYSTEM, str(index))] for index in indexes],
                [rows.traits_of(people.person(seed, one)) for one in indexes],
            )
            loaded = _slice(seed, count, today, batch, indexes)
            new = len(loaded.by_table["identity_patient"])
            added += new
            known += len(indexes) - new
            for table, lines in loaded.by_table.items():
                total[table] += len(lines)
            advance(len(indexes))
    finally:
        for application in signed_in.values():
            application.end()
    return Loaded(added, known, total)


def _slice(seed: int, count: int, today: date, batch: Batch, indexes: Sequence[int]) -> _Rows:
    """One slice in one transaction: rows, care links, one act a person."""
    written = _Rows()
    with acting.opened(batch):
        there = _already_there(batch)
        _refuse_other_demo(seed, batch, indexes, there)
        loading = [(index, patient) for index, patient in zip(indexes, batch.ids, strict=True) if patient not in there]
        links: list[tuple[UUID, clinic.Facts]] = []
        now = clock.now()
        for index, patient in loading:
            person = people.person(seed, index)
            facts = clinic.facts(seed, count, person, today)
            rows.write(_Pen(batch, patient), person, facts, now, written.add)
            links.append((patient, facts))
        try:
            written.insert()
        except IntegrityError as error:
            raise other_demo() from error
        for patient, facts in links:
            for stay in reversed(facts.stays):
                acting.link(patient, stay.unit.id, stay.admitted_at, stay.discharged_at)
            for one in facts.meetings:
                if one.state != "cancelled" and one.starts_at + LINKED > now:
                    acting.book(patient, one.starts_at, one.unit.id)
            acting.record_act(VERB, patient, str(patient))
    return written


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
        raise other_demo()


def other_demo() -> Refused:
    """The refusal of a base that holds another demo."""
    return Refused(
        "other_demo",
        "Cette base porte déjà une démonstration d'une autre graine ou d'un autre nombre : gardez ceux du premier "
        "chargement, ou donnez un dossier neuf à EGIDE_HOME.",
    )
