"""What stands for the actor where a chart is closed: whether a colleague is needed, which commissions she serves."""

from dataclasses import dataclass
from datetime import datetime

from egide.gate.reading import Read, Rows
from egide.ui.text import _lazy

COMMISSIONS = {
    "infection": _lazy("Prévention du risque infectieux"),
    "identity": _lazy("Identitovigilance"),
    "quality": _lazy("Qualité et sécurité des soins"),
}


@dataclass(frozen=True, slots=True)
class Mandate:
    """One mandate under way; `mine`: I hold it."""

    id: int
    commission: str
    name: str
    since: datetime
    until: datetime
    mine: bool


def mandates() -> Read[list[Mandate]]:
    """Mandates of my site: mine, and all of them for those who give them."""

    def decode(rows: Rows) -> list[Mandate]:
        return [Mandate(*row) for row in rows]

    return Read("SELECT id, commission, name, since, until, mine FROM door.mandates()", (), decode)


def needs_colleague() -> Read[bool]:
    """Whether my next emergency access of the day takes a colleague's key (no plan blanc on my site)."""
    return Read("SELECT door.needs_colleague()", (), lambda rows: bool(rows[0][0]))
