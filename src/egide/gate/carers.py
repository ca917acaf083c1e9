"""Who takes care of an opened patient, and on what ground; naming and ending it; why her record is watched."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from egide.gate.acting import call_door
from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Chart
from egide.kernel.codes import Basis

# What somebody who takes care may name: of a person, of a unit.
OF_A_PERSON = (Basis.DELEGATION, Basis.REFERRING, Basis.RESIDENCE)
OF_A_UNIT = Basis.TRANSFER
# What a person ended before its time.
ENDED_BY_HAND = frozenset({"team", "delegation", "referring", "transfer", "advice"})


@dataclass(frozen=True, slots=True)
class Carer:
    """One link: a person or a unit, on a basis, until when (None: as long as what made it lasts)."""

    link: int
    basis: str
    account: UUID | None
    name: str | None
    profession: str | None
    unit: UUID | None
    since: datetime
    until: datetime | None
    mine: bool

    @property
    def may_end(self) -> bool:
        """Whether a person ends it: not what a stay or an appointment makes."""
        return self.basis in ENDED_BY_HAND or (self.basis == "residence" and self.account is not None)


def carers_of(chart: Chart) -> Read[list[Carer]]:
    """Who takes care of this patient now, her stay first; at most 100."""

    def decode(rows: Rows) -> list[Carer]:
        return [Carer(*row) for row in rows]

    return Read(
        "SELECT link, basis, account, name, profession, unit, since, until, mine FROM door.carers_of(%s)",
        (chart.patient_id,),
        decode,
    )


def name_carer(chart: Chart, ground: str, person: UUID | None, unit: UUID | None) -> None:
    """One more who takes care of her, a person or a unit. Refuses as `door.name_carer` answers."""
    call_door(
        chart, "SELECT door.name_carer(%s, %s, %s::uuid, %s::uuid)", chart.patient_id, ground, person, unit
    )  # fmt: skip


def end_care(chart: Chart, link: int) -> None:
    """End what somebody named, before its time. Refuses as `door.end_care` answers."""
    call_door(chart, "SELECT door.end_care(%s, %s)", chart.patient_id, link)


def ask_advice(chart: Chart, person: UUID | None, unit: UUID | None) -> None:
    """« Demande d'avis »: a colleague or a unit may open this chart for 72 hours."""
    call_door(chart, "SELECT door.ask_advice(%s, %s, %s)", chart.patient_id, person, unit)


def watched(chart: Chart) -> Read[tuple[str | None, str | None]]:
    """Why this record is watched, and who the patient is here, if she works here; to whoever writes stays."""

    def decode(rows: Rows) -> tuple[str | None, str | None]:
        return (rows[0][0], rows[0][1]) if rows else (None, None)

    return Read("SELECT reason, name FROM door.watched(%s)", (chart.patient_id,), decode)


def flag_sensitive(chart: Chart, reason: str) -> None:
    """Her record is to be watched, for this reason."""
    call_door(chart, "SELECT door.flag_sensitive(%s, %s)", chart.patient_id, reason)


def declare_staff(chart: Chart, account: UUID) -> None:
    """She works here, under this account: her record is to be watched."""
    call_door(chart, "SELECT door.declare_staff(%s, %s)", chart.patient_id, account)


def end_staff(chart: Chart) -> None:
    """This patient is not that colleague: lifted by another than who said so. Refuses `another_person`."""
    call_door(chart, "SELECT door.end_staff(%s)", chart.patient_id)
