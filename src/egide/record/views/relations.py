"""« Proches et directives »: whom to call, what the patient says of advance directives. Opens the contact category."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from egide.gate.decorators import opens_chart
from egide.gate.reading import fetch
from egide.identity.reads import identities
from egide.kernel import clock
from egide.kernel.capabilities import Chart, Refused
from egide.record import actions, reads
from egide.record.banner import banner
from egide.record.forms import ContactPersonForm, DirectiveForm
from egide.stays.reads import stays
from egide.ui import page

READ, WRITE = ("identity", "stay", "clinical", "contact"), ("clinical", "contact")


@require_http_methods(["GET", "POST"])
@opens_chart(read=READ, write=WRITE)
def relations(request: HttpRequest, chart: Chart) -> HttpResponse:
    """GET: who and what is known. POST `act`: person or directive."""
    act = request.POST.get("act", "")
    person = ContactPersonForm(request.POST if act == "person" else None, prefix="p")
    said = DirectiveForm(request.POST if act == "directive" else None, prefix="d")
    if request.method == "POST":
        if not chart.may_write({"person": "contact", "directive": "clinical"}.get(act, "")):
            raise Refused("category_closed")
        if act == "person" and person.is_valid():
            typed = person.cleaned_data
            actions.record_contact_person(
                chart, typed["kind"], typed["name"], typed["relation"], typed["phone"], clock.now()
            )
            return _again(chart, "proche")
        if act == "directive" and said.is_valid():
            typed = said.cleaned_data
            actions.record_directive(chart, typed["kind"], typed["where"], typed["words"], clock.now())
            return _again(chart, "directives")
    who, places, allergies, people, directives = fetch(
        chart, identities(chart), stays(chart), reads.allergies(chart), reads.contact_people(chart),
        reads.directives(chart),
    )  # fmt: skip
    return page(
        request, "record/relations.html", status=422 if request.method == "POST" else 200, people=people,
        stated=directives, person=person if chart.may_write("contact") else None,
        said=said if chart.may_write("clinical") else None, clinical=chart.may_read("clinical"),
        done=request.GET.get("fait"), **banner(chart, who, places, allergies),
    )  # fmt: skip


@require_POST
@opens_chart(read=READ, write=WRITE)
def end_person(request: HttpRequest, chart: Chart, row: UUID) -> HttpResponse:  # noqa: ARG001 — a view
    """No longer to be called."""
    actions.end_contact_person(chart, row, clock.now())
    return _again(chart, "proche_retire")


def _again(chart: Chart, done: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("relations", kwargs={"patient": chart.patient_id}) + f"?fait={done}")
