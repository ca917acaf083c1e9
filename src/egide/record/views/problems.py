"""Problems, antecedents, allergies: the forms that inscribe and end them."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from egide.gate.decorators import opens_chart
from egide.gate.reading import fetch
from egide.identity.reads import identities
from egide.kernel import clock
from egide.kernel.capabilities import Chart, Refused
from egide.record import actions, reads
from egide.record.banner import banner
from egide.record.forms import AllergyForm, EndForm, ProblemForm
from egide.record.rules import problem_kinds
from egide.reference.reads import diagnoses, diagnosis
from egide.stays.reads import stays
from egide.ui import page
from egide.ui.formats import day
from egide.ui.text import _
from egide.ui.words import word

READ, WRITE = ("identity", "stay", "clinical"), ("clinical",)


@require_http_methods(["GET", "POST"])
@opens_chart(read=READ, write=WRITE)
def problem(request: HttpRequest, chart: Chart) -> HttpResponse:
    """GET: the form. POST: inscribe a problem or an antecedent, with its code or with words only."""
    _need(chart)
    form = ProblemForm(problem_kinds(chart.actor.profession), request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        typed, code = form.cleaned_data, form.cleaned_data["code"]
        coded = diagnosis(code) if code else None
        if coded or not code:
            actions.record_problem(
                chart, typed["kind"], code, coded.label if coded else typed["q"], typed["onset"], clock.now()
            )
            return _to_chart(chart, "probleme")
        form.add_error("q", _("Ce code n'est pas dans la CIM-10 : choisissez-en un de la liste."))
    asked = request.POST.get("q", "")[:100] if request.method == "POST" else ""
    return _page(request, chart, "record/problem.html", form, found=diagnoses(asked), typed=asked.strip())


@require_http_methods(["GET", "POST"])
@opens_chart(read=READ, write=WRITE)
def allergy(request: HttpRequest, chart: Chart) -> HttpResponse:
    """GET: the form. POST: inscribe an allergy, which the banner then shows."""
    _need(chart)
    form = AllergyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        actions.record_allergy(chart, typed["substance"], typed["reaction"], typed["severity"], clock.now())
        return _to_chart(chart, "allergie")
    return _page(request, chart, "record/allergy.html", form)


@require_http_methods(["GET", "POST"])
@opens_chart(read=READ, write=WRITE)
def end(request: HttpRequest, chart: Chart, fact: str, row: UUID) -> HttpResponse:
    """GET: what it is, and since when it is over. POST: end it."""
    _need(chart)
    if fact not in {"problem", "allergy"}:
        raise Refused("bad_request")
    who, places, allergies, found = fetch(
        chart, identities(chart), stays(chart), reads.allergies(chart),
        reads.problems(chart) if fact == "problem" else reads.allergies(chart),
    )  # fmt: skip
    one = next((one for one in found if one.id == row and one.error is None), None)
    if one is None:
        raise Refused("bad_request")
    if one.ended is not None:
        raise Refused("already_ended")
    form = EndForm(request.POST or None, initial={"since": day(timezone.localdate())})
    if request.method == "POST" and form.is_valid():
        actions.end_fact(chart, fact, row, form.cleaned_data["since"], clock.now())
        return _to_chart(chart, "termine")
    return page(
        request, "record/end.html", status=422 if request.method == "POST" else 200, form=form, fact=fact, row=row,
        title=word(fact, "fact"), label=one.label, **banner(chart, who, places, allergies),
    )  # fmt: skip


def _need(chart: Chart) -> None:
    if not chart.may_write("clinical"):
        raise Refused("category_closed")


def _page(request: HttpRequest, chart: Chart, template: str, form: Any, **context: Any) -> HttpResponse:
    who, places, allergies = fetch(chart, identities(chart), stays(chart), reads.allergies(chart))
    status = 422 if request.method == "POST" else 200
    return page(request, template, status=status, form=form, **context, **banner(chart, who, places, allergies))


def _to_chart(chart: Chart, done: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("chart", kwargs={"patient": chart.patient_id}) + f"?fait={done}")
