"""First pages of DPO and RSSI: the trail by filters, activity, break-glasses, the draw; and naming one patient."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from egide.accounts.session import actor_of, no_patient_data
from egide.config.oversight_forms import BASES, KINDS, PURPOSES, REASONS, Month, Naming, TrailFilter
from egide.directory.reads import Colleague, people_named, person_named, unit_name, units
from egide.gate import oversight, trail
from egide.gate.decorators import opens_chart
from egide.gate.reading import fetch
from egide.gate.rules import may_oversee
from egide.identity.reads import identities
from egide.kernel.capabilities import Chart, Refused
from egide.ui import page

BOARD = 60


@require_GET
@no_patient_data()
def lines(request: HttpRequest) -> HttpResponse:
    """Lines of the trail by filters, newest first; no name of a patient."""
    form = TrailFilter(request.GET)
    found: oversight.Lines | None = None
    people: list[Colleague] = []
    account: Colleague | None = None
    if form.is_valid():
        account, people = _person(form.cleaned_data)
        if not people:
            found = oversight.trail(request, form.asked(account.id if account else None))
    kept = {
        name: str(form.cleaned_data.get(name) or "")
        for name in ("since", "until", "account", "unit", "patient", "kind", "purpose", "basis")
    }
    if account:
        kept["account"] = str(account.id)
    return page(
        request,
        "gate/oversight_trail.html",
        status=200 if form.is_valid() else 422,
        form=form,
        found=found,
        lines=[_shown(line) for line in found.lines] if found else [],
        older=found.lines[-1].id if found and len(found.lines) == oversight.PAGE else None,
        counted=oversight.COUNTED,
        people=people,
        person=account,
        kept=kept,
        units=sorted(units().values(), key=lambda one: (one.site, one.name)),
        kinds=KINDS,
        purposes=PURPOSES,
        bases=BASES,
        reasons=REASONS,
        may_name=_may(request, "name"),
        done=request.GET.get("fait"),
    )


@require_GET
@no_patient_data()
def activity(request: HttpRequest) -> HttpResponse:
    """Distinct patients per hour of the last 24, by account, against the role's band."""
    found = oversight.activity(request)
    return page(request, "gate/oversight_activity.html", busy=found[:BOARD], more=max(0, len(found) - BOARD))


@require_GET
@no_patient_data()
def reviews(request: HttpRequest) -> HttpResponse:
    """Break-glasses, those that wait too long first."""
    return page(request, "gate/oversight_reviews.html", reviews=oversight.reviews(request))


@require_GET
@no_patient_data()
def draws(request: HttpRequest) -> HttpResponse:
    """The monthly draws, what heads of unit answered, and the months that can be drawn."""
    found, asked = oversight.draws(request)
    drawn = {one.month for one in found}
    return page(
        request,
        "gate/oversight_draws.html",
        draws=found,
        to_explain=[(one, unit_name(one.unit)) for one in asked],
        months=[month for month in _last_months(2) if month not in drawn],
        done=request.GET.get("fait"),
    )


@require_POST
@no_patient_data()
def draw(request: HttpRequest) -> HttpResponse:
    """Draw one month."""
    form = Month(request.POST)
    if not form.is_valid():
        raise Refused("bad_request")
    oversight.draw_month(request, form.cleaned_data["month"])
    return HttpResponseRedirect(reverse("oversight-draws") + "?fait=tirage")


@require_POST
@no_patient_data()
def name(request: HttpRequest) -> HttpResponse:
    """Who one patient is: charged, written, open for fifteen minutes."""
    form = Naming(request.POST)
    if not form.is_valid():
        raise Refused("bad_request" if "patient" in form.errors else "naming_reason")
    oversight.name_patient(request, form.cleaned_data["patient"], form.cleaned_data["reason"])
    return HttpResponseRedirect(reverse("oversight-patient", kwargs={"patient": form.cleaned_data["patient"]}))


@require_GET
@opens_chart(read=("identity",), purpose="oversight")
def patient(request: HttpRequest, chart: Chart) -> HttpResponse:
    """One named patient; and, to who reads the trail, who opened her record."""
    who, found = fetch(chart, identities(chart), trail.openings_of(chart))
    if chart.patient_id not in who or chart.basis != "oversight":
        raise Refused("no_link")
    return page(
        request,
        "gate/oversight_patient.html",
        patient=who[chart.patient_id],
        until=chart.until,
        openings=found.shown(chart.actor, unit_name) if _may(request, "trail") else None,
        truncated=found.truncated,
    )


@require_GET
@no_patient_data()
def drawn(request: HttpRequest) -> HttpResponse:
    """Drawn openings of my unit that wait for me."""
    found = [(one, unit_name(one.unit)) for one in oversight.my_drawn(request)]
    return page(request, "gate/oversight_drawn.html", drawn=found, done=request.GET.get("fait"))


@require_POST
@no_patient_data()
def review_drawn(request: HttpRequest, drawn: int) -> HttpResponse:
    """Conclude on one drawn opening."""
    oversight.review_drawn(request, _bounded(drawn), request.POST.get("verdict", ""))
    return HttpResponseRedirect(reverse("drawn") + "?fait=relu")


def _may(request: HttpRequest, page_name: str) -> bool:
    actor = actor_of(request)
    return actor is not None and may_oversee(actor.profession, page_name)


def _person(typed: dict[str, Any]) -> tuple[Colleague | None, list[Colleague]]:
    """The one person meant, or those among whom to choose (nobody of that name: an empty choice is told)."""
    if typed.get("who"):
        found = people_named(typed["who"])
        return (found[0], []) if len(found) == 1 else (None, found or [NOBODY])
    account: UUID | None = typed.get("account")
    if account is None:
        return None, []
    return person_named(account) or replace(NOBODY, id=account, name=str(account)), []


NOBODY = Colleague(UUID(int=0), "", "")


def _shown(line: oversight.Line) -> tuple[oversight.Line, str | None]:
    return line, unit_name(line.unit)


def _last_months(count: int) -> list[date]:
    first = timezone.localdate().replace(day=1)
    found = []
    for _ in range(count):
        found.append(first)
        first = date(first.year - (first.month == 1), 12 if first.month == 1 else first.month - 1, 1)
    return found


def _bounded(number: int) -> int:
    if number >= 2**63:
        raise Refused("bad_request")
    return number
