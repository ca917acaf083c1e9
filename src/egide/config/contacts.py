"""« Coordonnées »: how to reach somebody, and her INS, masked; one at a time is shown, and that is written."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from egide.gate.contacts import masked, opens_contact
from egide.gate.decorators import opens_chart
from egide.gate.reading import fetch
from egide.gate.rules import may_see_contacts
from egide.identity.reads import contact_values, identities
from egide.kernel.capabilities import Chart, Refused
from egide.record.banner import banner
from egide.record.reads import allergies
from egide.stays.reads import stays
from egide.ui import page


@require_GET
@opens_chart(read=("identity", "stay", "clinical"))
def contacts(request: HttpRequest, chart: Chart) -> HttpResponse:
    """The masks, each with its button."""
    if not may_see_contacts(chart.actor.profession, chart.basis):
        raise Refused("category_closed")
    who, places, known = fetch(chart, identities(chart), stays(chart), allergies(chart))
    return page(request, "identity/contacts.html", contacts=masked(request, chart), **banner(chart, who, places, known))


@require_POST
@opens_contact
def show(request: HttpRequest, chart: Chart) -> HttpResponse:
    """The contact asked for, whole."""
    kind = request.POST["kind"]
    (values,) = fetch(chart, contact_values(chart, kind))
    return page(request, "identity/contact.html", kind=kind, values=values, linked=chart.basis != "search",
                patient_id=chart.patient_id)  # fmt: skip
