"""Where a rescue session begins: the beds of my units without a name, each opening one patient; and how far it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from egide.accounts.session import no_patient_data
from egide.config.panels import bed_order
from egide.directory.reads import unit_name
from egide.gate.reading import fetch_with
from egide.gate.rescue import OccupiedBed, my_rescue, occupied_beds
from egide.kernel.capabilities import Refused
from egide.ui import page


@dataclass(frozen=True, slots=True)
class BedLine:
    """One patient by her place, as the page says it; `bed` is empty when she has none."""

    unit: str
    bed: str
    patient: UUID


def said(beds: Iterable[OccupiedBed]) -> list[BedLine]:
    """Beds in words, by unit and room; those without a bed last in their unit."""
    lines = (BedLine(unit_name(one.unit) or "", f"{one.room} {one.label}".strip(), one.patient) for one in beds)
    return sorted(lines, key=lambda one: (one.unit, not one.bed, bed_order(one.bed or None)))


@require_GET
@no_patient_data()
def beds(request: HttpRequest) -> HttpResponse:
    """The first page of a rescue session."""
    mine, found = fetch_with(request.own_ticket, my_rescue(), occupied_beds())  # type: ignore[attr-defined]
    if mine is None:
        raise Refused("not_in_rescue")
    return page(request, "stays/rescue_beds.html", mine=mine, beds=said(found))
