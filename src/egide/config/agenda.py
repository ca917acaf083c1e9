"""Appointments on pages: a unit's day, and those of one person, where they are given, cancelled, followed."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from egide.agenda import actions, reads
from egide.agenda.forms import Booking
from egide.agenda.rules import NEXT, refused_change
from egide.config.arrival import said
from egide.config.panels import unit_head
from egide.directory.reads import UnitPlace, unit_name, units
from egide.gate.days import opens_day
from egide.gate.decorators import opens_chart
from egide.gate.reading import fetch
from egide.gate.rules import may_admit
from egide.identity.reads import Identity, identities
from egide.kernel.capabilities import Chart, Refused, Roster
from egide.record import reads as record
from egide.record.banner import banner
from egide.stays.reads import stays
from egide.ui import page

# Refusals that belong beside a field: code → field.
_BESIDE = {"past": "at", "too_far": "at", "unknown_unit": "unit", "not_received_here": "professional"}
_READ = ("identity", "stay", "clinical")


@dataclass(frozen=True, slots=True)
class Line:
    """One appointment as a page shows it: who, where, and what may still become of it."""

    meeting: reads.Meeting
    who: Identity | None
    unit: str
    becomes: tuple[str, ...]


@require_GET
@opens_day(read=_READ)
def day(request: HttpRequest, roster: Roster, unit: UUID, day: date) -> HttpResponse:
    """Whom a unit of mine expects on one day, in order."""
    lines: list[Line] = []
    if roster.ids:
        who, meetings = fetch(roster, identities(roster), reads.day_of(roster, unit, day))
        lines = [Line(one, who.get(one.patient_id), "", ()) for one in meetings if one.state != "cancelled"]
    return page(
        request,
        "agenda/day.html",
        unit=unit_head(unit),
        day=day,
        today=timezone.localdate(),
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        lines=lines,
        waiting=sum(line.meeting.state in ("booked", "arrived") for line in lines),
        with_reason=roster.may_read("clinical"),
        truncated=roster.truncated,
        done=request.GET.get("fait"),
    )


@require_http_methods(["GET", "POST"])
@opens_chart(read=_READ, write=("stay",), purpose="agenda")
def appointments(request: HttpRequest, chart: Chart) -> HttpResponse:
    """Her appointments; a POST gives one."""
    if request.method != "POST":
        return _page(request, chart, None)
    if not chart.may_write("stay"):
        raise Refused("category_closed")
    form = Booking(request.POST)
    if form.is_valid():
        try:
            actions.book(chart, *form.place())
        except Refused as refusal:
            if refusal.code not in _BESIDE:
                raise
            form.add_error(_BESIDE[refusal.code], said(refusal.code))
        else:
            here = reverse("appointments", kwargs={"patient": chart.patient_id})
            return HttpResponseRedirect(f"{here}?fait=rendez-vous")
    return _page(request, chart, form, 422)


@require_POST
@opens_chart(read=("identity", "stay"), write=("stay",), purpose="agenda")
def appointment(request: HttpRequest, chart: Chart, appointment: UUID) -> HttpResponse:
    """What became of one: `state` is arrived, kept, missed or cancelled."""
    to = request.POST.get("state", "")
    if to not in {state for ends in NEXT.values() for state in ends}:
        raise Refused("bad_request")
    unit = actions.change(chart, appointment, to)
    # a cancelled one may have been what opened this person to me: the day's list is mine whatever happens
    if unit in chart.actor.units:
        return HttpResponseRedirect(reverse("agenda", kwargs={"unit": unit}) + f"?fait={_DONE[to]}")
    return HttpResponseRedirect(reverse("day"))


_DONE = {"arrived": "arrivee", "kept": "honore", "missed": "non-venu", "cancelled": "annule"}


def _page(request: HttpRequest, chart: Chart, form: Booking | None, status: int = 200) -> HttpResponse:
    writes = chart.may_write("stay") and may_admit(chart.actor.profession, chart.basis)
    places = [one for one in units().values() if one.site_id == chart.actor.site and one.kind != "platform"]
    chosen = _chosen(request, places, chart)
    asked = [reads.members(chart, chosen.id)] if writes and chosen else []
    who, where, known, meetings, *found = fetch(
        chart, identities(chart), stays(chart), record.allergies(chart), reads.appointments(chart), *asked
    )
    now = timezone.now()
    lines = [
        Line(
            one, None, unit_name(one.unit_id) or "",
            tuple(to for to in NEXT[one.state] if writes and not refused_change(one.state, to, one.starts_at, now)),
        )
        for one in meetings
    ]  # fmt: skip
    return page(
        request,
        "agenda/appointments.html",
        status=status,
        **banner(chart, who, where, known),
        coming=[line for line in reversed(lines) if line.meeting.starts_at >= now - timedelta(hours=12)],
        past=[line for line in lines if line.meeting.starts_at < now - timedelta(hours=12)],
        form=form or Booking() if writes else None,
        units=places,
        chosen=chosen,
        members=found[0] if found else [],
        with_reason=chart.may_read("clinical"),
        done=request.GET.get("fait"),
    )


def _chosen(request: HttpRequest, places: list[UnitPlace], chart: Chart) -> UnitPlace | None:
    """The unit an appointment is given in: the one asked for, of my site; else mine, where I have one consultation."""
    try:
        asked = UUID(request.POST.get("unit") or request.GET.get("unite") or "")
    except ValueError:
        mine = [one for one in places if one.id in chart.actor.units]
        return next((one for one in mine if one.kind == "consultation"), mine[0] if mine else None)
    return next((one for one in places if one.id == asked), None)
