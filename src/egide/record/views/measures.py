"""Every other parameter, and what went in and out in 24 hours."""

from datetime import timedelta
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from egide.gate.decorators import opens_chart
from egide.gate.reading import fetch
from egide.identity.reads import identities
from egide.kernel import clock
from egide.kernel.capabilities import Chart, Refused
from egide.record import actions, reads
from egide.record.banner import banner
from egide.record.forms import Measures
from egide.record.rules import balance as balanced
from egide.record.rules import shown
from egide.stays.reads import stays
from egide.ui import page

READ, WRITE = ("identity", "stay", "clinical"), ("clinical",)
VOLUMES = ("intake", "output")
DAY = timedelta(hours=24)


@require_http_methods(["GET", "POST"])
@opens_chart(read=READ, write=WRITE)
def measures(request: HttpRequest, chart: Chart) -> HttpResponse:
    """GET: every parameter, by group. POST: write those typed as one reading."""
    if not chart.may_write("clinical"):
        raise Refused("category_closed")
    form = Measures(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        actions.record_measurements(chart, form.values(), form.cleaned_data["comment"], clock.now())
        return HttpResponseRedirect(reverse("chart", kwargs={"patient": chart.patient_id}) + "?fait=constantes")
    who, places, allergies = fetch(chart, identities(chart), stays(chart), reads.allergies(chart))
    status = 422 if request.method == "POST" else 200
    return page(request, "record/measures.html", status=status, form=form, **banner(chart, who, places, allergies))


@require_http_methods(["GET", "POST"])
@opens_chart(read=READ, write=WRITE)
def balance(request: HttpRequest, chart: Chart) -> HttpResponse:
    """GET: what went in and out in 24 hours, and the difference. POST: add volumes."""
    if not chart.may_read("clinical") or (request.method == "POST" and not chart.may_write("clinical")):
        raise Refused("category_closed")
    form = Measures(request.POST if request.method == "POST" else None, groups=VOLUMES)
    now = clock.now()
    if request.method == "POST" and form.is_valid():
        actions.record_measurements(chart, form.values(), form.cleaned_data["comment"], now)
        return HttpResponseRedirect(reverse("balance", kwargs={"patient": chart.patient_id}) + "?fait=volumes")
    who, places, allergies, found = fetch(
        chart, identities(chart), stays(chart), reads.allergies(chart), reads.volumes(chart, now - DAY)
    )
    taken: list[tuple[str, Decimal]] = [(one.code, one.value) for one in found]
    return page(
        request, "record/balance.html", status=422 if request.method == "POST" else 200,
        form=form if chart.may_write("clinical") else None, totals=balanced(taken),
        lines=[(one, shown({one.code: one.value})[0]) for one in found], done=request.GET.get("fait"),
        **banner(chart, who, places, allergies),
    )  # fmt: skip
