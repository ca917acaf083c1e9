"""Several charts in tabs: those this session holds open, named by the palette's opening. Nothing in the browser."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from egide.config.rescue import said
from egide.gate.mine import my_openings, opens_mine
from egide.gate.reading import fetch, fetch_with
from egide.gate.rescue import occupied_beds
from egide.identity.reads import Identity, identities
from egide.kernel.capabilities import Roster
from egide.stays.reads import StayPlace, present_in
from egide.ui import page


@dataclass(frozen=True, slots=True)
class Tab:
    """One open chart. Without `who`, a patient who lies in no unit of mine: her chart says who she is."""

    patient: UUID
    who: Identity | None
    bed: str | None
    until: datetime
    current: bool


@require_GET
@opens_mine(read=("identity", "stay"), purpose="palette")
def tabs(request: HttpRequest, roster: Roster) -> HttpResponse:
    """The bar of tabs, asked for by a page of a chart; `ici` is the chart one looks at."""
    beds: dict[UUID, str] = {}
    who: dict[UUID, Identity] = {}
    where: dict[UUID, StayPlace] = {}
    if roster.ids:
        who, where, opened = fetch(roster, identities(roster), present_in(roster, roster.actor.units), my_openings())
    else:  # nobody's name: of a rescue session, the bed alone
        opened, lying = fetch_with(roster.ticket, my_openings(), occupied_beds())
        beds = {one.patient: one.bed for one in said(lying)}
    here = request.GET.get("ici", "")
    found = [
        Tab(
            one.patient,
            who.get(one.patient),
            where[one.patient].bed if one.patient in where else beds.get(one.patient),
            one.until,
            str(one.patient) == here,
        )
        for one in opened
    ]
    # an order that does not move under the hand: by bed, then by name; strangers to my units last
    found.sort(key=lambda tab: (tab.who is None, tab.bed or "", tab.who.birth_name if tab.who else str(tab.patient)))
    return page(request, "stays/tabs.html", tabs=found)
