"""Pages that mix rooms: unit list, chart, "qui a ouvert", advice, shift. Each reads in one round trip, then renders."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from egide.accounts.session import actor_of, no_patient_data
from egide.config.timeline import FILTERS, Facts, days, told_kinds
from egide.directory.reads import clinicians, unit_name, units
from egide.gate import trail
from egide.gate.carers import ask_advice
from egide.gate.decorators import opens_chart, opens_roster
from egide.gate.reading import fetch, fetch_with, together
from egide.gate.rules import CLINICAL_WRITERS, may_prescribe
from egide.gate.team import OnShift, shifts_of
from egide.identity.reads import Identity, identities
from egide.kernel.capabilities import Chart, Refused, Roster
from egide.orders import reads as orders
from egide.record import reads as record
from egide.record.banner import banner
from egide.record.forms import nothing_typed
from egide.record.rules import GENRES, Value, instant, may_transmit, months, shown
from egide.stays import reads as stays
from egide.ui import page
from egide.ui.text import _

ENDED_SHOWN = 3  # of the examinations asked for, how many that have ended


@dataclass(frozen=True, slots=True)
class WardLine:
    """One patient of the unit's list."""

    id: UUID
    bed: str | None
    birth_name: str
    first_name: str
    used_name: str | None
    used_first_name: str | None
    sex: str
    birth_date: date | None
    problems: list[str]
    last: list[Value]
    last_at: datetime | None


@opens_roster("unit", read=("identity", "stay", "clinical"))
def unit(request: HttpRequest, roster: Roster) -> HttpResponse:
    """My unit: the present patients by bed."""
    who, places, problems, last = fetch(
        roster, identities(roster), stays.present(roster), record.problem_labels(roster), record.last_values(roster)
    )
    return page(
        request,
        "stays/unit.html",
        unit=unit_head(roster.list_id),
        patients=by_bed(who, places, problems, last),
        truncated=roster.truncated,
        can_write=roster.may_read("clinical") and roster.actor.profession in CLINICAL_WRITERS,
        can_transmit=may_transmit(roster.actor.profession),
        done=request.GET.get("fait"),
    )


@opens_chart(read=("identity", "stay", "clinical", "protected"), write=("clinical",))
def chart(request: HttpRequest, chart: Chart) -> HttpResponse:
    """The whole chart in one answer: one opening, one pipeline, all panels."""
    before = instant(request.GET.get("avant", ""))
    only = request.GET.get("fil", "")
    only = only if only in FILTERS else ""
    who, (places, asked), problems, allergies, measured, pressures, written = fetch(
        chart,
        identities(chart),
        together(stays.stays(chart), orders.examinations(chart)),
        record.problems(chart),
        record.allergies(chart),
        record.recent_measurements(chart, before),
        record.pressures(chart),
        record.notes(chart, before, kinds=told_kinds(only)),
    )
    clinical = chart.may_read("clinical")
    facts = Facts(
        places,
        problems,
        allergies,
        measured,
        written.notes,
        age_in_months(chart, who),
        before,
        written.imported,
        asked,
    )
    shown_days, end = days(chart, facts, only)
    return page(
        request,
        "record/chart.html",
        **banner(chart, who, places, allergies),
        problems=[one for one in problems if one.error is None and one.kind == "problem"] if clinical else None,
        antecedents=[one for one in problems if one.error is None and one.kind != "problem"],
        days=shown_days,
        before=before,
        older=end.isoformat() if end else None,
        pressures=pressures,
        form=nothing_typed() if chart.may_write("clinical") else None,
        may_transmit=may_transmit(chart.actor.profession),
        drafts=written.drafts,
        filters=[one for one in FILTERS if one not in GENRES or written.anything_imported] if clinical else [],
        brought=written.anything_imported,
        asked=[one for one in asked if not one.ends] + [one for one in asked if one.ends][:ENDED_SHOWN],
        may_prescribe=chart.may_write("clinical") and may_prescribe(chart.actor.profession),
        only=only,
        restricted=any(
            one.category == "protected" for one in (*problems, *written.notes.found, *written.imported.found)
        ),
        done=request.GET.get("fait"),
    )


@opens_chart(read=("identity", "stay", "clinical"), purpose="access_review")
def openings(request: HttpRequest, chart: Chart) -> HttpResponse:
    """Who opened this record, refusals included; opening this page is itself a line."""
    who, places, allergies, lines = fetch(
        chart, identities(chart), stays.stays(chart), record.allergies(chart), trail.openings_of(chart)
    )
    return page(
        request,
        "gate/openings.html",
        **banner(chart, who, places, allergies),
        openings=lines.shown(chart.actor, unit_name),
        truncated=lines.truncated,
    )


@opens_chart(read=("identity", "stay", "clinical"), write=("clinical",))
def advice(request: HttpRequest, chart: Chart) -> HttpResponse:
    """« Demande d'avis »: names a colleague or a unit, who may open this chart for 72 hours."""
    if not chart.may_write("clinical"):
        raise Refused("category_closed")
    if request.method == "POST":
        kind, _sep, named = request.POST.get("to", "").partition(":")
        try:
            to = UUID(named)
        except ValueError:
            raise Refused("bad_request") from None
        person, place = (to, None) if kind == "p" else (None, to)
        ask_advice(chart, person, place)
        return HttpResponseRedirect(reverse("chart", kwargs={"patient": chart.patient_id}) + "?fait=avis")
    who, places, allergies = fetch(chart, identities(chart), stays.stays(chart), record.allergies(chart))
    return page(
        request,
        "gate/advice.html",
        **banner(chart, who, places, allergies),
        colleagues=[one for one in clinicians() if one.id != chart.actor.account],
        units=[one for one in units().values() if one.id not in chart.actor.units],
    )


@require_GET
@no_patient_data()
def shift(request: HttpRequest) -> HttpResponse:
    """My units, the shifts I declared, where I may declare one, and who declared one in my units."""
    actor = actor_of(request)
    if actor is None:
        raise Refused("session_ended")
    known = units()
    mine = [known[unit] for unit in actor.units if unit in known]
    here: list[OnShift] = [
        one
        for found in fetch_with(request.own_ticket, *(shifts_of(unit.id, unit.name) for unit in mine))  # type: ignore[attr-defined]
        for one in found
    ]
    own = {one.unit: one.until for one in here if one.account == actor.account}
    return page(
        request,
        "gate/shift.html",
        site=next((one.site for one in known.values() if one.site_id == actor.site), ""),
        mine=[
            {"id": one.id, "name": one.name, "declared": one.name in own, "until": own.get(one.name)} for one in mine
        ],
        others=[
            one
            for one in known.values()
            if one.site_id == actor.site and one.kind != "platform" and one.id not in actor.units
        ],
        here=[one for one in here if one.account != actor.account],
        done=request.GET.get("fait"),
    )


def unit_head(unit_id: UUID | None) -> dict[str, Any]:
    """What the head of a unit's page says: its id, name and site."""
    place = units().get(unit_id) if unit_id else None
    return {"id": unit_id, "name": place.name if place else _("Unité"), "site": place.site if place else ""}


def by_bed(
    who: dict[UUID, Identity], places: dict[UUID, stays.StayPlace], problems: dict[UUID, list[str]],
    last: dict[UUID, dict[str, tuple[Any, datetime]]],
) -> list[WardLine]:  # fmt: skip
    """The line of each person of a unit, by bed; those without one last, by name."""
    lines = (ward_line(one, places.get(one.id), problems.get(one.id, []), last.get(one.id, {})) for one in who.values())
    return sorted(lines, key=lambda one: (one.bed is None, bed_order(one.bed), one.birth_name, one.first_name))


def ward_line(
    who: Identity, place: stays.StayPlace | None, problems: list[str], last: dict[str, tuple[Any, datetime]]
) -> WardLine:
    """The line of one person on a list."""
    return WardLine(
        id=who.id,
        bed=place.bed if place else None,
        birth_name=who.birth_name,
        first_name=who.first_name,
        used_name=who.used_name,
        used_first_name=who.used_first_name,
        sex=who.sex,
        birth_date=who.birth_date,
        problems=problems[:4],
        last=shown(
            {code: value for code, (value, _) in last.items()},
            {code: at for code, (_, at) in last.items()},
            months(who.birth_date, timezone.localdate()),
        ),
        last_at=max((at for _, at in last.values()), default=None),
    )


def age_in_months(chart: Chart, who: dict[UUID, Identity]) -> int | None:
    """In whole months: it chooses the marks of measured values."""
    one = who.get(chart.patient_id)
    return months(one.birth_date, timezone.localdate()) if one else None


def bed_order(bed: str | None) -> tuple[int, str]:
    """Rooms by number."""
    room = (bed or "").split(" ", 1)[0]
    return (int(room) if room.isdigit() else 0, bed or "")
