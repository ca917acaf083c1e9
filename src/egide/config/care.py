"""« Équipe de soins » of one patient, and work lists: pages that mix links, identities, stays and the directory."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from egide.accounts.session import actor_of, no_patient_data
from egide.config.approvals import asked
from egide.config.arrival import said
from egide.config.staff_forms import Mandate
from egide.directory.reads import clinicians, professionals, unit_name, units
from egide.gate import carers as care
from egide.gate import commissions, staff
from egide.gate.carers import OF_A_PERSON, OF_A_UNIT, Carer, carers_of
from egide.gate.decorators import opens_chart
from egide.gate.reading import fetch, fetch_with, together
from egide.gate.rules import works_by_list
from egide.gate.work import Task, close, opens_work
from egide.identity.reads import Identity, identities
from egide.kernel.capabilities import Chart, Refused, Roster
from egide.record import reads as record
from egide.record.banner import banner
from egide.record.rules import GENRES, by_name, runs
from egide.stays import reads as stays
from egide.ui import page
from egide.ui.text import _, _lazy

# What each ground is, as whoever names it reads it.
GROUNDS = {
    "delegation": _lazy("Délégation, 7 jours"),
    "referring": _lazy("Médecin déclaré par le patient, un an"),
    "residence": _lazy("Référent du résident"),
}
_BESIDE = {"unknown_colleague": "to", "not_resident": "to", "unknown_unit": "unit", "links_pace": "to"}
SKIPPED = {
    "not_concerned": _lazy("Sans objet pour ce patient"),
    "done_elsewhere": _lazy("Fait ailleurs"),
    "duplicate": _lazy("Déjà dans la liste"),
}


SENSITIVE = {
    "public_figure": _lazy("Personnalité connue"),
    "threatened": _lazy("Personne menacée"),
    "relative_of_staff": _lazy("Proche d'un professionnel"),
    "legal": _lazy("Décision de justice"),
}
COMMISSION_MEMBERS = (
    "physician", "midwife", "nurse", "pharmacist", "laboratory", "medical_secretary", "admission_clerk", "dim",
    "identity_cell",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CareLine:
    """One line of the page: who, in words."""

    carer: Carer
    who: str


@require_GET
@opens_chart(read=("identity", "stay", "clinical"), write=("clinical", "contact", "stay"))
def carers(request: HttpRequest, chart: Chart) -> HttpResponse:
    """Who takes care of this patient, why, until when; and who may be named besides."""
    return _carers_page(request, chart)


@require_POST
@opens_chart(read=("identity", "stay", "clinical"), write=("clinical", "contact", "stay"))
def name_carer(request: HttpRequest, chart: Chart) -> HttpResponse:
    """Name a person, or the unit where she is expected."""
    ground = request.POST.get("basis", "")
    typed = request.POST.get("unit" if ground == OF_A_UNIT else "to", "")
    if ground not in {*OF_A_PERSON, OF_A_UNIT}:
        raise Refused("bad_request")
    try:
        named = UUID(typed)
    except ValueError:
        return _carers_page(request, chart, {"unit" if ground == OF_A_UNIT else "to": "unknown_colleague"}, 422)
    person, unit = (None, named) if ground == OF_A_UNIT else (named, None)
    try:
        care.name_carer(chart, ground, person, unit)
    except Refused as refusal:
        if refusal.code not in _BESIDE:
            raise
        field = "unit" if ground == OF_A_UNIT else _BESIDE[refusal.code]
        return _carers_page(request, chart, {field: refusal.code}, 422)
    return HttpResponseRedirect(reverse("carers", kwargs={"patient": chart.patient_id}) + "?fait=soignant")


@require_POST
@opens_chart(read=("identity", "stay", "clinical"), write=("clinical", "contact", "stay"))
def end_care(request: HttpRequest, chart: Chart, link: int) -> HttpResponse:  # noqa: ARG001 — the act is its address
    """End what somebody named, before its time."""
    if link >= 1 << 63:
        raise Refused("bad_request")
    care.end_care(chart, link)
    return HttpResponseRedirect(reverse("carers", kwargs={"patient": chart.patient_id}) + "?fait=soignant_fin")


def _carers_page(
    request: HttpRequest, chart: Chart, wrong: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    who, places, allergies, found, watched = fetch(
        chart, identities(chart), stays.stays(chart), record.allergies(chart), carers_of(chart), care.watched(chart)
    )
    writes = chart.may_write("clinical")
    grounds = {
        ground: words for ground, words in GROUNDS.items()
        if writes or (ground == "referring" and chart.may_write("contact"))
    }  # fmt: skip
    return page(
        request,
        "gate/carers.html",
        status=status,
        **banner(chart, who, places, allergies),
        lines=[CareLine(one, one.name or unit_name(one.unit) or _("Sur le site")) for one in found],
        grounds=grounds,
        may_transfer=writes or chart.may_write("stay"),
        may_end=writes or chart.may_write("contact"),
        colleagues=[one for one in clinicians() if one.id != chart.actor.account] if grounds else [],
        units=[one for one in units().values() if one.id not in chart.actor.units],
        sensitive=SENSITIVE if chart.may_write("stay") else {},
        watched=watched,
        staff=professionals() if chart.may_write("stay") else [],
        wrong={field: said(code) for field, code in (wrong or {}).items()},
        typed=request.POST,
        done=request.GET.get("fait"),
    )


# ── work lists ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class WorkLine:
    """One thing to do: about whom, where she lies or lay."""

    task: Task
    who: Identity
    unit: str | None
    bed: str | None
    since: datetime


@require_GET
@opens_work(read=("identity", "stay"))
def work(request: HttpRequest, roster: Roster, tasks: list[Task]) -> HttpResponse:
    """What my profession has to do on my site, the most pressing first."""
    if not works_by_list(roster.actor.profession):
        raise Refused("category_closed")
    who: dict[UUID, Identity] = {}
    places: dict[UUID, stays.StayPlace] = {}
    if roster.ids:
        here = stays.present_in(roster, [one.unit for one in tasks if one.unit])
        ((who, places),) = fetch(roster, together(identities(roster), here))
    beds = {patient: place.bed for patient, place in places.items()}
    lines = [
        WorkLine(one, who[one.patient], unit_name(one.unit), beds.get(one.patient), one.opened_at)
        for one in tasks
        if one.patient in who
    ]
    return page(
        request,
        "gate/work.html",
        lines=lines,
        late=sum(one.task.late for one in lines),
        reasons=SKIPPED,
        truncated=roster.truncated,
        done=request.GET.get("fait"),
    )


@require_POST
@no_patient_data()
def close_task(request: HttpRequest, task: int) -> HttpResponse:
    """Done; or not to be done, for a reason. The chart closes to this list with it."""
    outcome, reason = request.POST.get("outcome", ""), request.POST.get("reason", "")
    if task >= 1 << 63 or outcome not in {"done", "skipped"} or (outcome == "skipped") != (reason in SKIPPED):
        raise Refused("bad_request")
    close(request, task, outcome, reason or None)
    return HttpResponseRedirect(reverse("work") + ("?fait=tache" if outcome == "done" else "?fait=tache_passee"))


# ── commissions ─────────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
@no_patient_data()
def mandates(request: HttpRequest) -> HttpResponse:
    """Commissions' mandates on my site; naming a member, for those who give them: an act that two persons sign."""
    actor = actor_of(request)
    if actor is None:
        raise Refused("session_ended")
    ticket: str = request.own_ticket  # type: ignore[attr-defined]
    found, gives = fetch_with(ticket, commissions.mandates(), staff.may_ask("commission"))
    form = None
    if request.method == "POST" and not gives:
        # the base refuses it and writes it down; nobody's name is shown
        staff.ask(request, Mandate.kind, {"site": str(actor.site or "")})
    if gives:
        members = [one for one in professionals(COMMISSION_MEMBERS) if one.id != actor.account]
        form = Mandate(request.POST or None, members=members, commissions=commissions.COMMISSIONS)
    if request.method == "POST" and form and form.is_valid():
        answer = asked(request, form, form.body() | {"site": str(actor.site or "")})
        if answer is not None:
            return answer
    return page(
        request,
        "gate/mandates.html",
        status=422 if request.method == "POST" else 200,
        mandates=found,
        commissions=commissions.COMMISSIONS,
        form=form,
        latest=commissions.latest_end(),
        done=request.GET.get("fait"),
    )


# ── the emergency sheet ─────────────────────────────────────────────────────────────────────────────────────────────


@require_GET
@opens_chart(read=("identity", "stay", "contact", "clinical"), purpose="sheet")
def sheet(request: HttpRequest, chart: Chart) -> HttpResponse:
    """« Fiche d'urgence » : allergies, treatments, problems, directives, whom to call; on one screen and one A4."""
    who, places, problems, allergies, people, stated, treatments = fetch(
        chart,
        identities(chart),
        stays.stays(chart),
        record.problems(chart),
        record.allergies(chart),
        record.contact_people(chart),
        record.directives(chart),
        record.imported(chart, GENRES["traitements"]),
    )
    now = timezone.now()
    return page(
        request,
        "record/emergency_sheet.html",
        **banner(chart, who, places, allergies),
        problems=[one for one in problems if one.error is None and one.ended is None],
        treatments=[one for one, _times in by_name(one for one in treatments.found if runs(one.state, one.until, now))],
        people=people,
        stated=stated[:1],
        until=chart.until,
        at=now,
        by=chart.actor,
        opening=chart.opening,
    )


# ── records to watch over ───────────────────────────────────────────────────────────────────────────────────────────


@require_POST
@opens_chart(read=("identity", "stay"), write=("stay",), purpose="arrival")
def watch(request: HttpRequest, chart: Chart) -> HttpResponse:
    """A sensitive record, for a reason; or: this patient works here, as whom; or: that was a mistake."""
    reason, account = request.POST.get("reason", ""), request.POST.get("account", "")
    if request.POST.get("end") == "staff":
        care.end_staff(chart)
    elif reason in SENSITIVE:
        care.flag_sensitive(chart, reason)
    else:
        try:
            who = UUID(account)
        except ValueError:
            raise Refused("bad_request") from None
        care.declare_staff(chart, who)
    return HttpResponseRedirect(reverse("carers", kwargs={"patient": chart.patient_id}) + "?fait=vigilance")
