"""Asking for examinations from a chart; the list of whoever makes them, and what became of each."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from egide.directory.reads import UnitPlace, unit_name, units
from egide.gate.decorators import opens_chart
from egide.gate.reading import fetch, together
from egide.gate.rules import may_examine, may_prescribe, may_sample
from egide.gate.work import Task, opens_work
from egide.identity.reads import Identity, identities
from egide.kernel import clock
from egide.kernel.capabilities import Chart, Refused, Roster
from egide.orders import actions, reads
from egide.orders.forms import Asking, Telling
from egide.orders.rules import KINDS, STEPS, USUAL
from egide.record.banner import banner
from egide.record.reads import allergies
from egide.stays.reads import StayPlace, present_in, stays
from egide.ui import page
from egide.ui.refusals import refusal as refusal_words

READ, WRITE = ("identity", "stay", "clinical"), ("clinical",)
# Refusals that belong beside a field: code → field.
_BESIDE = {"past": "wished", "wish_too_far": "wished", "unknown_receiver": "unit"}


@dataclass(frozen=True, slots=True)
class WorkLine:
    """One examination to make: about whom, where she lies now."""

    task: Task
    who: Identity
    unit: str | None
    bed: str | None
    asked: reads.Examination


@require_GET
@opens_chart(read=READ, write=WRITE)
def examinations(request: HttpRequest, chart: Chart) -> HttpResponse:
    """All that was asked for this patient, with its state."""
    who, places, alerts, found = fetch(
        chart, identities(chart), stays(chart), allergies(chart), reads.examinations(chart)
    )
    return page(
        request, "orders/examinations.html", asked=found, unit_name=_names(found), may_prescribe=_may_ask(chart),
        done=request.GET.get("fait"), **banner(chart, who, places, alerts),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@opens_chart(read=READ, write=WRITE)
def ask(request: HttpRequest, chart: Chart, kind: str) -> HttpResponse:
    """GET: what may be asked for. POST: ask for it."""
    if kind not in KINDS:
        raise Refused("bad_request")
    if not _may_ask(chart):
        raise Refused("category_closed")
    form = Asking(kind, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            actions.ask(
                chart, kind, form.codes, typed["other"], typed["question"], typed["unit"], typed["urgent"],
                typed["wished"], clock.now(),
            )  # fmt: skip
        except Refused as refusal:
            if refusal.code not in _BESIDE:
                raise
            words = refusal_words(refusal.code)
            form.add_error(_BESIDE[refusal.code], f"{words.sentence} {words.next_step}")
        else:
            return HttpResponseRedirect(reverse("examinations", kwargs={"patient": chart.patient_id}) + "?fait=examen")
    who, places, alerts, receivers = fetch(
        chart, identities(chart), stays(chart), allergies(chart), reads.receivers(chart)
    )
    return page(
        request, "orders/ask.html", status=422 if request.method == "POST" else 200, form=form, kind=kind,
        kinds=list(KINDS), groups=USUAL[kind], units=_receiving(chart, kind, receivers),
        **banner(chart, who, places, alerts),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@opens_chart(read=READ, write=WRITE)
def examination(request: HttpRequest, chart: Chart, row: UUID) -> HttpResponse:
    """GET: one request, and what may be told of it. POST `step`: done, reported or cancelled."""
    step = request.POST.get("step", "")
    form = None
    if request.method == "POST":
        if step not in STEPS:
            raise Refused("bad_request")
        form = Telling(step, request.POST)
        if form.is_valid():
            actions.tell(chart, row, step, form.cleaned_data["words"])
            return _told(chart, step)
    who, places, alerts, found = fetch(
        chart, identities(chart), stays(chart), allergies(chart), reads.examination(chart, row)
    )
    if not found:
        raise Refused("bad_request")
    one = found[0]
    return page(
        request, "orders/examination.html", status=422 if form else 200, one=one, unit=unit_name(one.unit_id),
        may=_may_tell(chart, one), form=form, step=step, done=request.GET.get("fait"),
        **banner(chart, who, places, alerts),
    )  # fmt: skip


@require_GET
@opens_work(read=READ, asked=True)
def work(request: HttpRequest, roster: Roster, tasks: list[Task]) -> HttpResponse:
    """What is asked of my laboratory or imaging unit, urgent first."""
    return _work(request, roster, tasks, "orders/work.html")


@require_GET
@opens_work(read=READ, asked=True, purpose="print")
def printed(request: HttpRequest, roster: Roster, tasks: list[Task]) -> HttpResponse:
    """The same on paper."""
    return _work(request, roster, tasks, "orders/print.html")


def _work(request: HttpRequest, roster: Roster, tasks: list[Task], template: str) -> HttpResponse:
    if not may_examine(roster.actor.profession):
        raise Refused("category_closed")
    who: dict[UUID, Identity] = {}
    where: dict[UUID, StayPlace] = {}
    asked: dict[UUID, reads.Examination] = {}
    if roster.ids:
        wanted = [one.object for one in tasks if one.object]
        (who, (where, asked)) = fetch(
            roster,
            together(identities(roster), together(present_in(roster, list(units())), reads.asked(roster, wanted))),
        )[0]
    lines = [
        WorkLine(one, who[one.patient], _unit_of(where, one.patient), _bed_of(where, one.patient), asked[one.object])
        for one in tasks
        if one.patient in who and one.object in asked
    ]
    return page(
        request, template, lines=lines, urgent=sum(one.task.urgent for one in lines),
        late=sum(one.task.late for one in lines), truncated=roster.truncated,
        at=timezone.now(), by=roster.actor, opening=roster.opening,
        places=[one for one in units().values() if one.id in roster.actor.units and one.kind == "platform"],
        done=request.GET.get("fait"),
    )  # fmt: skip


def _unit_of(where: dict[UUID, StayPlace], patient: UUID) -> str | None:
    return unit_name(where[patient].unit_id) if patient in where else None


def _bed_of(where: dict[UUID, StayPlace], patient: UUID) -> str | None:
    return where[patient].bed if patient in where else None


def _may_ask(chart: Chart) -> bool:
    return chart.may_write("clinical") and may_prescribe(chart.actor.profession)


def _may_tell(chart: Chart, one: reads.Examination) -> set[str]:
    """Which steps this reader may tell of a request; SQL decides again."""
    if one.ends:
        return set()
    works = one.unit_id in chart.actor.units and "work_list" in chart.basis.split(",")
    writes, profession = chart.may_write("clinical"), chart.actor.profession
    found = {"done", "reported", "cancelled"} if works else set()
    if writes and one.kind == "laboratory" and may_sample(profession):
        found.add("done")
    if writes and may_prescribe(profession):
        found.add("cancelled")
    return found - ({"done"} if one.state == "done" else set())


def _told(chart: Chart, step: str) -> HttpResponse:
    """Back to what is still open: the list, to who worked by it."""
    done = {"done": "examen_fait", "reported": "examen_rendu", "cancelled": "examen_annule"}[step]
    if not chart.may_write("clinical"):
        return HttpResponseRedirect(reverse("examinations-work") + f"?fait={done}")
    return HttpResponseRedirect(reverse("examinations", kwargs={"patient": chart.patient_id}) + f"?fait={done}")


def _receiving(chart: Chart, kind: str, found: list[reads.Receiver]) -> list[UnitPlace]:
    """Units that receive this kind, those of my site first, by site and name."""
    known = units()
    places = [known[one.unit] for one in found if one.list == KINDS[kind] and one.unit in known]
    return sorted(places, key=lambda one: (one.site_id != chart.actor.site, one.site, one.name))


def _names(found: list[reads.Examination]) -> dict[UUID, Any]:
    return {one.unit_id: unit_name(one.unit_id) or "" for one in found}
