"""Notes and transmissions: what is being written, kept at each pause; what is signed."""

from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from egide.gate.decorators import opens_chart
from egide.gate.reading import fetch
from egide.identity.reads import identities
from egide.kernel import clock
from egide.kernel.capabilities import Chart, Refused
from egide.record import actions, reads
from egide.record.banner import banner
from egide.record.forms import Writing
from egide.record.rules import fitted, may_transmit, shown, template_of
from egide.stays.reads import stays
from egide.ui import page
from egide.ui.formats import recent
from egide.ui.rendering import wants_panel
from egide.ui.text import _

READ, WRITE = ("identity", "stay", "clinical"), ("clinical",)


@require_http_methods(["GET", "POST"])
@opens_chart(read=READ, write=WRITE)
def write(request: HttpRequest, chart: Chart, kind: str) -> HttpResponse:
    """GET: the form, with my draft. POST: sign it; what was typed comes back with its errors (422)."""
    template = _template(chart, kind)
    status = 200
    posted = None
    if request.method == "POST":
        posted = _typed(request, kind, template, signing=True)
        if posted.is_valid():
            at = clock.now()
            actions.sign_note(chart, posted.cleaned_data["draft"], kind, template, posted.sections(), at)
            if not wants_panel(request):
                return _to_chart(chart, kind)
            return page(
                request, "record/note.html", trigger="record-changed", kind=kind, form=_blank(kind, template),
                drafts=[], helpers={}, saved_at=at, patient=SimpleNamespace(id=chart.patient_id),
            )  # fmt: skip
        status = 422
    who, places, allergies, drafts, last, problems = fetch(
        chart, identities(chart), stays(chart), reads.allergies(chart), reads.my_drafts(chart),
        reads.last_values(chart), reads.problems(chart),
    )  # fmt: skip
    mine = [draft for draft in drafts if draft.kind == kind]
    form, others = _reopened(request, kind, template, mine) if posted is None else (posted, [])
    return page(
        request, "record/note.html", status=status, kind=kind, form=form, drafts=others, saved_at=None,
        helpers=_helpers(last.get(chart.patient_id, {}), problems), **banner(chart, who, places, allergies),
    )  # fmt: skip


@require_POST
@opens_chart(read=READ, write=WRITE)
def keep(request: HttpRequest, chart: Chart, kind: str) -> HttpResponse:
    """Keep my draft: answers with the time, or with why it was not kept (422)."""
    form = _typed(request, kind, _template(chart, kind))
    at = clock.now()
    if not form.is_valid():
        return _said(request, 422, form.cleaned_data["revision"], at, _too_odd(form))
    sections, revision = form.sections(), form.cleaned_data["revision"]
    if not revision and not any(sections.values()):
        return HttpResponse(status=204)
    try:
        revision = actions.save_draft(chart, form.cleaned_data["draft"], kind, sections, revision, at)
    except Refused as refusal:
        if refusal.code != "draft_moved":
            raise
        return _said(request, 422, revision, at, _("Ce brouillon a été repris ou signé dans une autre page."))
    return _said(request, 200, revision, at, None)


@require_POST
@opens_chart(read=READ, write=WRITE)
def discard(request: HttpRequest, chart: Chart, kind: str) -> HttpResponse:
    """Throw my draft away."""
    template = _template(chart, kind)
    form = _typed(request, kind, template)
    form.is_valid()
    actions.discard_draft(chart, form.cleaned_data["draft"], kind, clock.now())
    if not wants_panel(request):
        return _to_chart(chart, "brouillon_jete")
    return page(
        request, "record/note.html", kind=kind, form=_blank(kind, template), drafts=[], helpers={}, saved_at=None,
        patient=SimpleNamespace(id=chart.patient_id),
    )  # fmt: skip


def _template(chart: Chart, kind: str) -> str:
    if not chart.may_write("clinical") or (kind == "transmission" and not may_transmit(chart.actor.profession)):
        raise Refused("category_closed")
    return template_of(kind, chart.actor.profession)


def _typed(request: HttpRequest, kind: str, template: str, *, signing: bool = False) -> Writing:
    """The form as posted. Without its own two hidden fields it is no form of ours."""
    form = Writing(kind, template, request.POST, signing=signing)
    if {"draft", "revision"} & form.errors.keys():
        raise Refused("bad_request")
    return form


def _blank(kind: str, template: str) -> Writing:
    return Writing(kind, template, initial={"draft": uuid4(), "revision": 0})


def _reopened(
    request: HttpRequest, kind: str, template: str, mine: list[reads.MyDraft]
) -> tuple[Writing, list[reads.MyDraft]]:
    """My last draft, or the one asked for, or a blank form; and my other drafts of this kind."""
    asked = request.GET.get("brouillon", "")
    current = next((draft for draft in mine if str(draft.id) == asked), mine[0] if mine and not asked else None)
    if current is None:
        return _blank(kind, template), mine
    initial: dict[str, Any] = {"draft": current.id, "revision": current.revision}
    form = Writing(kind, template, initial=initial | fitted(current.sections, template))
    form.kept_at = current.saved_at
    return form, [draft for draft in mine if draft is not current]


def _helpers(last: dict[str, tuple[Decimal, datetime]], problems: list[reads.Problem]) -> dict[str, str]:
    """What `;ta`, `;pouls`, `;t`, `;sat`, `;douleur` and `;pb` stand for, as text."""
    names = {"TA": "ta", "Pouls": "pouls", "T": "t", "SpO₂": "sat", "Douleur": "douleur"}
    values = shown({code: value for code, (value, _at) in last.items()}, {code: at for code, (_v, at) in last.items()})
    said = {
        names[one.label]: f"{one.label} {one.text} {one.unit} ({recent(one.at)})"
        for one in values
        if one.label in names
    }
    active = [one.label for one in problems if one.ended is None and one.error is None]
    return said | ({"pb": ", ".join(active)} if active else {})


def _too_odd(form: Writing) -> str:
    return " ".join(
        f"{form.fields[slug].label} : {errors[0]}" for slug, errors in form.errors.items() if slug in form.fields
    )


def _said(request: HttpRequest, status: int, revision: int, at: datetime, wrong: str | None) -> HttpResponse:
    return page(request, "record/draft_said.html", status=status, revision=revision, at=at, wrong=wrong)


def _to_chart(chart: Chart, done: str) -> HttpResponse:
    patient: UUID = chart.patient_id
    return HttpResponseRedirect(reverse("chart", kwargs={"patient": patient}) + f"?fait={done}")
