"""Where a rescue session begins: the beds of my units without a name, each opening one patient; and how far it is."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from egide.accounts.session import no_patient_data
from egide.config.panels import bed_order
from egide.directory.reads import units
from egide.gate.reading import Read, Rows, fetch_with
from egide.gate.rescue import my_rescue
from egide.kernel.capabilities import Refused
from egide.ui import page


@dataclass(frozen=True, slots=True)
class OccupiedBed:
    """One patient by her place; `bed` is empty when she has none."""

    unit: str
    bed: str
    patient: UUID


def occupied_beds() -> Read[list[OccupiedBed]]:
    """The occupied beds of my units; none outside a rescue session."""

    def decode(rows: Rows) -> list[OccupiedBed]:
        known = units()
        found = [
            OccupiedBed(known[unit].name if unit in known else "", f"{room} {label}".strip(), patient)
            for unit, room, label, patient in rows
        ]
        return sorted(found, key=lambda one: (one.unit, not one.bed, bed_order(one.bed or None)))

    return Read("SELECT unit, room, label, patient FROM door.rescue_beds()", (), decode)


@require_GET
@no_patient_data()
def beds(request: HttpRequest) -> HttpResponse:
    """The first page of a rescue session."""
    mine, found = fetch_with(request.own_ticket, my_rescue(), occupied_beds())  # type: ignore[attr-defined]
    if mine is None:
        raise Refused("not_in_rescue")
    return page(request, "stays/rescue_beds.html", mine=mine, beds=found)
