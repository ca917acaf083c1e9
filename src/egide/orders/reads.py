"""Requests of opened people with what became of them, unsealed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Capability, Chart, Roster
from egide.orders.rules import state

MOST = 100
_NAME = "nullif(concat_ws(' ', nullif({0}.title, ''), {0}.given, {0}.family), '')"
_COLUMNS = (
    "r.id, r.patient_id, r.kind, r.codes, r.urgent, r.wished_at, r.unit_id, r.body, r.asked_at, r.author,"
    f" {_NAME.format('p')}, s.id, s.step, s.body, s.at, s.author, {_NAME.format('q')}"
)
_JOINS = (
    " LEFT JOIN directory_professional p ON p.id = r.author"
    " LEFT JOIN orders_step s ON s.patient_id = r.patient_id AND s.examination_id = r.id"
    " LEFT JOIN directory_professional q ON q.id = s.author"
)


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a request: done, reported or cancelled; `words`: the result, or the reason."""

    step: str
    words: str
    at: datetime
    author_id: UUID
    author: str | None


@dataclass(frozen=True, slots=True)
class Examination:
    """One request: codes of one kind, to one unit; `steps` in order."""

    id: UUID
    patient_id: UUID
    kind: str
    codes: tuple[str, ...]
    other: str
    question: str
    urgent: bool
    wished_at: datetime | None
    unit_id: UUID
    asked_at: datetime
    author_id: UUID
    author: str | None
    steps: list[Step] = field(default_factory=list)

    @property
    def state(self) -> str:
        """asked, done, reported or cancelled."""
        return state(one.step for one in self.steps)

    @property
    def ends(self) -> bool:
        """Nothing more is to be told of it."""
        return self.state in {"reported", "cancelled"}


def examinations(chart: Chart) -> Read[list[Examination]]:
    """Those of one person, newest first, at most 100."""
    return Read(
        f"SELECT {_COLUMNS} FROM (SELECT * FROM orders_examination WHERE patient_id = ANY(%s)"
        f" ORDER BY asked_at DESC, id LIMIT {MOST}) r{_JOINS} ORDER BY r.asked_at DESC, r.id, s.at",
        (list(chart.ids),),
        lambda rows: _gathered(chart, rows),
    )


def examination(chart: Chart, row: UUID) -> Read[list[Examination]]:
    """One of this person's; empty for another's."""
    return Read(
        f"SELECT {_COLUMNS} FROM orders_examination r{_JOINS} WHERE r.patient_id = ANY(%s) AND r.id = %s ORDER BY s.at",
        (list(chart.ids), row),
        lambda rows: _gathered(chart, rows),
    )


def asked(roster: Roster, wanted: list[UUID]) -> Read[dict[UUID, Examination]]:
    """Those of a work list, by id."""
    return Read(
        f"SELECT {_COLUMNS} FROM orders_examination r{_JOINS} WHERE r.patient_id = ANY(%s) AND r.id = ANY(%s)"
        " ORDER BY r.id, s.at",
        (list(roster.ids), wanted),
        lambda rows: {one.id: one for one in _gathered(roster, rows)},
    )


@dataclass(frozen=True, slots=True)
class Receiver:
    """A unit that receives requests of a kind of list: sample (laboratory), image (imaging)."""

    unit: UUID
    list: str


def receivers(cap: Capability) -> Read[list[Receiver]]:
    """Units of my legal entity where a laboratory's or an imaging unit's people work now. No patient is named."""
    del cap  # the ticket is the caller's
    return Read("SELECT unit, list FROM door.receivers()", (), lambda rows: [Receiver(*row) for row in rows])


def _gathered(cap: Capability, rows: Rows) -> list[Examination]:
    found: dict[UUID, Examination] = {}
    for row in rows:
        one = found.get(row[0])
        if one is None:
            one = found[row[0]] = _examination(cap, row)
        step_id, step, sealed, at, author_id, author = row[11:]
        if step is not None:
            words = cap.unseal("clinical", one.patient_id, "orders_step", "body", step_id, sealed) if sealed else ""
            one.steps.append(Step(step, str(words), at, author_id, author))
    return list(found.values())


def _examination(cap: Capability, row: tuple[Any, ...]) -> Examination:
    row_id, patient_id, kind, codes, urgent, wished_at, unit_id, sealed, asked_at, author_id, author = row[:11]
    said = cap.unseal("clinical", patient_id, "orders_examination", "body", row_id, sealed)
    return Examination(
        row_id, patient_id, kind, tuple(codes.split()), said["other"], said["question"], urgent, wished_at, unit_id,
        asked_at, author_id, author,
    )  # fmt: skip
