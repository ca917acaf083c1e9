"""What leaves on paper: the chart on A4, "qui a ouvert" for the patient. Each under its own purpose, counted."""

from itertools import islice

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from egide.config.panels import age_in_months
from egide.config.timeline import Day, Facts, days
from egide.directory.reads import unit_name
from egide.gate import trail
from egide.gate.decorators import opens_chart
from egide.gate.reading import fetch
from egide.identity.reads import identities
from egide.kernel.capabilities import Chart, Refused
from egide.orders import reads as orders
from egide.record import reads as record
from egide.record.banner import banner
from egide.record.rules import IN_TIMELINE
from egide.stays import reads as stays
from egide.ui import page

LINES = 36
PRINTED_VALUES = 240  # of which the 36 lines are made
READS = ("identity", "stay", "clinical", "protected")


@require_GET
@opens_chart(read=READS, purpose="print")
def chart(request: HttpRequest, chart: Chart) -> HttpResponse:
    """The chart on paper: who, allergies, problems, the latest lines. What was entered in error stays out."""
    who, places, problems, allergies, measured, written, asked = fetch(
        chart,
        identities(chart),
        stays.stays(chart),
        record.problems(chart),
        record.allergies(chart),
        record.recent_measurements(chart, limit=PRINTED_VALUES),
        record.notes(chart, kinds=IN_TIMELINE),
        orders.examinations(chart),
    )
    age = age_in_months(chart, who)
    facts = Facts(places, problems, allergies, measured, written.notes, age, imported=written.imported, asked=asked)
    return page(
        request,
        "record/print.html",
        **banner(chart, who, places, allergies),
        problems=[one for one in problems if one.error is None] if chart.may_read("clinical") else None,
        days=_latest(days(chart, facts, "")[0]),
        at=timezone.now(),
        by=chart.actor,
        opening=chart.opening,
    )


@require_GET
@opens_chart(read=("identity",), purpose="access_copy")
def copy(request: HttpRequest, chart: Chart) -> HttpResponse:
    """Who opened this record, for the patient: profession, unit, date; no name."""
    return _copy(request, chart, names=False)


@require_GET
@opens_chart(read=("identity",), purpose="access_copy_names")
def copy_with_names(request: HttpRequest, chart: Chart) -> HttpResponse:
    """The same with names: the DPO decides so by opening it, and that is its line in the trail."""
    if chart.actor.profession != "dpo" or chart.basis != "oversight":
        raise Refused("category_closed")
    return _copy(request, chart, names=True)


def _copy(request: HttpRequest, chart: Chart, names: bool) -> HttpResponse:
    who, found = fetch(chart, identities(chart), trail.openings_of(chart))
    if chart.patient_id not in who:
        raise Refused("no_link")
    return page(
        request,
        "gate/openings_copy.html",
        patient=who[chart.patient_id],
        openings=found.shown(chart.actor, unit_name),
        truncated=found.truncated,
        names=names,
        at=timezone.now(),
        opening=chart.opening,
    )


def _latest(found: list[Day]) -> list[Day]:
    """The latest lines, those entered in error left out."""
    lines = islice(((day.day, event) for day in found for event in day.events if event.struck is None), LINES)
    kept: list[Day] = []
    for day, event in lines:
        if not kept or kept[-1].day != day:
            kept.append(Day(day, []))
        kept[-1].events.append(event)
    return kept
