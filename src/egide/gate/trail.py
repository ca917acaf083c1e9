"""The trail as people read it: who opened a record, and my own sessions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Actor, Chart


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line of "qui a ouvert ce dossier", as the page shows it."""

    at: datetime
    name: str
    profession: str | None
    unit: str | None
    purpose: str | None
    basis: str | None
    categories: list[str]
    refused: bool
    mine: bool


# Lines that a page shows (gate.limits, openings_shown); when there are more, it says so.
SHOWN = 500


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One opening or refusal that concerns a patient."""

    at: datetime
    kind: str
    account: UUID | None
    name: str | None
    profession: str | None
    units: list[UUID]
    purpose: str | None
    basis: str | None
    reads: list[str]

    def shown(self, actor: Actor, unit_name: Callable[[UUID | None], str | None]) -> ShownLine:
        """In words: the unit of the list that was opened, else the units the person worked in that day."""
        names = [name for name in (unit_name(unit) for unit in self.units) if name]
        return ShownLine(
            at=self.at,
            name=self.name or "–",
            profession=self.profession,
            unit=", ".join(names) or None,
            purpose=self.purpose,
            basis=self.basis,
            categories=self.reads,
            refused=self.kind == "refuse",
            mine=self.account == actor.account,
        )


@dataclass(frozen=True, slots=True)
class Openings:
    """Openings and refusals of one person, newest first; `truncated`: there are older ones."""

    lines: list[TrailLine]
    truncated: bool

    def shown(self, actor: Actor, unit_name: Callable[[UUID | None], str | None]) -> list[ShownLine]:
        """Every line in words."""
        return [line.shown(actor, unit_name) for line in self.lines]


def openings_of(chart: Chart) -> Read[Openings]:
    """Openings and refusals of this person, newest first, at most 500."""

    def decode(rows: Rows) -> Openings:
        return Openings([TrailLine(*row) for row in rows[:SHOWN]], len(rows) > SHOWN)

    return Read(
        "SELECT at, kind, account, name, profession, coalesce(units, '{}'), purpose, basis, coalesce(reads, '{}')"
        " FROM door.openings_of(%s)",
        (chart.patient_id,),
        decode,
    )


@dataclass(frozen=True, slots=True)
class MySession:
    """One session of the person who asks."""

    id: UUID
    device: str
    since: datetime
    last_seen: datetime
    until: datetime
    grade: str
    current: bool


def my_sessions() -> Read[list[MySession]]:
    """Live sessions of the actor, newest first; read with the ticket of `who`."""

    def decode(rows: Rows) -> list[MySession]:
        return [MySession(*row) for row in rows]

    return Read("SELECT id, device, since, last_seen, until, grade, current FROM door.my_sessions()", (), decode)
