"""Arrivals, and the stay of one person: receive, admit, move, discharge. The page mixes identity, stays, directory."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from egide.accounts.session import actor_of, no_patient_data
from egide.directory.reads import BedPlace, beds_of, units
from egide.gate import searching
from egide.gate.decorators import opens_chart
from egide.gate.reading import fetch, fetch_with
from egide.gate.rules import may_receive
from egide.gate.team import unit_change
from egide.identity.reads import identities
from egide.kernel.capabilities import Chart, Refused
from egide.record.banner import banner
from egide.stays import actions
from egide.stays.forms import Leaving, Place
from egide.stays.reads import free_beds, stays
from egide.ui import page
from egide.ui.refusals import refusal as refusal_words

# Refusals of an act that belong beside a field of its form, not on a page of their own: code → field.
_BESIDE = {
    "bed_taken": "bed", "unknown_bed": "bed", "same_place": "bed", "unit_full": "unit", "unknown_unit": "unit",
    "future": "at", "too_old": "at", "before_admission": "at", "before_birth": "at",
}  # fmt: skip


@require_POST
@no_patient_data()
def receive(request: HttpRequest, patient: UUID) -> HttpResponse:
    """« Accueillir » somebody whom the search showed: her identity and stay are mine to write for a day."""
    actor = actor_of(request)
    if actor is None or not may_receive(actor.profession):
        raise Refused("category_closed")
    searching.receive(request, patient)
    return HttpResponseRedirect(reverse("stay", kwargs={"patient": patient}))


@require_GET
@opens_chart(read=("identity", "stay"), write=("stay",), purpose="arrival")
def stay(request: HttpRequest, chart: Chart) -> HttpResponse:
    """Where she lies, and the forms that change it. `?unite=` is the unit whose free beds are shown."""
    return _page(request, chart, None)


@require_POST
@opens_chart(read=("identity", "stay"), write=("stay",), purpose="arrival")
def admit(request: HttpRequest, chart: Chart) -> HttpResponse:
    """Admit to a unit and bed."""
    form = Place(request.POST)

    def act() -> None:
        _refuse_before_birth(chart, form.cleaned_data["at"])
        actions.admit(chart, *form.place(), form.cleaned_data["at"], form.cleaned_data["kept_secret"])

    return _acted(request, chart, form, act, "admission")


@require_POST
@opens_chart(read=("identity", "stay"), write=("stay",), purpose="arrival")
def move(request: HttpRequest, chart: Chart) -> HttpResponse:
    """To another unit or bed, now."""
    form = Place(request.POST)
    return _acted(request, chart, form, lambda: actions.move(chart, *form.place()), "mutation")


@require_POST
@opens_chart(read=("identity", "stay"), write=("stay",), purpose="arrival")
def discharge(request: HttpRequest, chart: Chart) -> HttpResponse:
    """The stay ends."""
    form = Leaving(request.POST)
    return _acted(request, chart, form, lambda: actions.discharge(chart, form.cleaned_data["at"]), "sortie")


@require_POST
@opens_chart(read=("identity", "stay"), write=("stay",), purpose="arrival")
def presence(request: HttpRequest, chart: Chart) -> HttpResponse:
    """Keep her presence secret (`secret=1`), or tell it again."""
    if not chart.may_write("stay"):
        raise Refused("category_closed")
    actions.keep_secret(chart, request.POST.get("secret") == "1")
    return HttpResponseRedirect(reverse("stay", kwargs={"patient": chart.patient_id}) + "?fait=presence")


@require_GET
@no_patient_data()
def changes(request: HttpRequest, unit: UUID) -> HttpResponse:
    """A word that changes when somebody enters my unit or leaves it; empty for a unit that is not mine."""
    (found,) = fetch_with(request.own_ticket, unit_change(unit))  # type: ignore[attr-defined]
    return HttpResponse(found, content_type="text/plain", headers={"Cache-Control": "no-store"})


def _acted(
    request: HttpRequest, chart: Chart, form: Place | Leaving, act: Callable[[], object], done: str
) -> HttpResponse:
    """Parse, act, go on; what was typed comes back with its errors (422)."""
    if not chart.may_write("stay"):
        raise Refused("category_closed")
    if form.is_valid():
        try:
            act()
        except Refused as refusal:
            field = _BESIDE.get(refusal.code)
            if field not in form.fields:
                raise
            form.add_error(field, said(refusal.code))
        else:
            return HttpResponseRedirect(_onward(chart, form, done))
    return _page(request, chart, form, 422)


def said(code: str) -> str:
    """A refusal in one line, beside its field."""
    words = refusal_words(code)
    return f"{words.sentence} {words.next_step}"


def _onward(chart: Chart, form: Place | Leaving, done: str) -> str:
    """Her page while she is still in my care; else the arrivals: what closes with the act is not asked for again."""
    mine = isinstance(form, Place) and form.cleaned_data["unit"] in chart.actor.units
    if mine or "arrival" in chart.basis.split(","):
        return reverse("stay", kwargs={"patient": chart.patient_id}) + f"?fait={done}"
    return reverse("arrival" if may_receive(chart.actor.profession) else "home") + f"?fait={done}"


def _refuse_before_birth(chart: Chart, at: datetime) -> None:
    (who,) = fetch(chart, identities(chart))
    patient = who.get(chart.patient_id)
    if patient is not None and patient.birth_date is not None and timezone.localdate(at) < patient.birth_date:
        raise Refused("before_birth")


def _page(request: HttpRequest, chart: Chart, form: Place | Leaving | None, status: int = 200) -> HttpResponse:
    if not chart.may_write("stay"):
        raise Refused("category_closed")
    known = units()
    here = [one for one in known.values() if one.site_id == chart.actor.site]
    chosen = _chosen(request, {one.id for one in here})
    free = [free_beds(chart, chosen)] if chosen else []
    who, places, *found = fetch(chart, identities(chart), stays(chart), *free)
    beds: list[BedPlace] = [one for one in beds_of(chosen) if one.id in found[0]] if chosen else []
    return page(
        request,
        "stays/stay.html",
        status=status,
        **banner(chart, who, places, []),
        units=here,
        chosen=known.get(chosen) if chosen else None,
        beds=beds,
        form=form or Place(),
        leaving=form if isinstance(form, Leaving) else Leaving(),
        done=request.GET.get("fait"),
    )


def _chosen(request: HttpRequest, here: set[UUID]) -> UUID | None:
    """The unit whose beds are shown: an id of the directory, of my site; none otherwise."""
    try:
        asked = UUID(request.POST.get("unit") or request.GET.get("unite") or "")
    except ValueError:
        return None
    return asked if asked in here else None
