"""Who takes care of an opened patient, and on what ground; names of the grounds that a person may add."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

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
