"""Workstations of the sites that the reader answers for, read by a function of `door`."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest

from egide.gate.oversight import answers


@dataclass(frozen=True, slots=True)
class Workstation:
    """One machine: who enrolled it and when, its last use, its end, and how many sessions sit there now."""

    id: UUID
    site: UUID
    name: str
    place: str
    enrolled_at: datetime
    enrolled_by: str
    used_at: datetime | None
    ended_at: datetime | None
    sessions: int


def workstations(request: HttpRequest) -> list[Workstation]:
    """Living ones by name, then those of the last thirty days; Refused(category_closed) for whoever has no site."""
    return _found(request, None)


def workstation(request: HttpRequest, station: UUID) -> Workstation | None:
    """This one, of a site that the reader answers for; None when there is none."""
    return next(iter(_found(request, station)), None)


def _found(request: HttpRequest, station: UUID | None) -> list[Workstation]:
    found = answers(request, "SELECT * FROM door.workstations(%s::uuid)", station)
    return [Workstation(*row) for row in found if row[0] is not None]
