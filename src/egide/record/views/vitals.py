"""Vital signs and their curve."""

from types import SimpleNamespace

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from egide.gate.decorators import opens_chart
from egide.gate.reading import fetch
from egide.identity.reads import identities
from egide.kernel import clock
from egide.kernel.capabilities import Chart, Refused
from egide.kernel.codes import BY_SLUG
from egide.record import actions, reads
from egide.record.banner import banner
from egide.record.forms import VitalSigns
from egide.record.rules import months, shown
from egide.stays.reads import stays
from egide.ui import page
from egide.ui.rendering import wants_panel


@require_http_methods(["GET", "POST"])
@opens_chart(read=("identity", "stay", "clinical"), write=("clinical",))
def vitals(request: HttpRequest, chart: Chart) -> HttpResponse:
    """GET: the form. POST: write one reading; what was typed comes back with its errors (422)."""
    if not chart.may_write("clinical"):
        raise Refused("category_closed")
    form = VitalSigns(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            at = clock.now()
            actions.record_measurements(chart, form.values(), form.cleaned_data["comment"], at)
            if not wants_panel(request):
                return HttpResponseRedirect(reverse("chart", kwargs={"patient": chart.patient_id}) + "?fait=constantes")
            last, people = fetch(chart, reads.last_values(chart), identities(chart))
            values, one = last.get(chart.patient_id, {}), people.get(chart.patient_id)
            age = months(one.birth_date, timezone.localdate()) if one else None
            return page(
                request, "record/vitals_saved.html", trigger="vitals-saved",
                patient=SimpleNamespace(id=chart.patient_id), form=VitalSigns(),
                saved=shown({BY_SLUG[slug].loinc: value for slug, value in form.values().items()}, None, age), at=at,
                last=shown({c: v for c, (v, _) in values.items()}, {c: t for c, (_, t) in values.items()}, age),
                last_at=max((t for _, t in values.values()), default=at),
            )  # fmt: skip
        status = 422
    who, places, allergies = fetch(chart, identities(chart), stays(chart), reads.allergies(chart))
    return page(request, "record/vitals.html", status=status, form=form, **banner(chart, who, places, allergies))


@require_GET
@opens_chart(read=("identity", "stay", "clinical"))
def curve(request: HttpRequest, chart: Chart) -> HttpResponse:
    """The blood-pressure curve alone."""
    if not chart.may_read("clinical"):
        raise Refused("category_closed")
    who, places, allergies, pressures = fetch(
        chart, identities(chart), stays(chart), reads.allergies(chart), reads.pressures(chart)
    )
    return page(request, "record/curve_page.html", pressures=pressures, **banner(chart, who, places, allergies))
