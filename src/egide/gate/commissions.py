"""Commissions' mandates: who serves which, for how long; ended by one person; a patient opened by their holder."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from egide.accounts.session import no_patient_data
from egide.gate.act_as import act_as
from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Refused
from egide.ui.text import _lazy

COMMISSIONS = {
    "infection": _lazy("Prévention du risque infectieux"),
    "identity": _lazy("Identitovigilance"),
    "quality": _lazy("Qualité et sécurité des soins"),
}
MANDATE_DAYS = 92  # as `gate.limits` has it: the page's date field says it before the base does


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


def latest_end() -> str:
    """The last day a mandate may have, as a date field takes it."""
    return (timezone.localdate() + timedelta(days=MANDATE_DAYS)).isoformat()


@require_POST
@no_patient_data()
def end_mandate(request: HttpRequest, mandate: int) -> HttpResponse:
    """One person ends it; what it opened closes."""
    if mandate >= 1 << 63:
        raise Refused("bad_request")
    act_as(request, "SELECT door.end_mandate(%s)", mandate)
    return HttpResponseRedirect(reverse("mandates") + "?fait=mandat_fin")


@require_POST
@no_patient_data()
def open_by_commission(request: HttpRequest, patient: UUID) -> HttpResponse:
    """Open one patient of the site under a mandate of mine, for seven days."""
    commission = request.POST.get("commission", "")
    if commission not in COMMISSIONS:
        raise Refused("bad_request")
    act_as(request, "SELECT door.open_by_commission(%s, %s)", patient, commission)
    return HttpResponseRedirect(reverse("chart", kwargs={"patient": patient}))
