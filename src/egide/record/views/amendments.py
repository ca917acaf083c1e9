"""« Saisi par erreur » and corrections: what was written is shown as it was, and ended by a new row."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from egide.gate.decorators import opens_chart
from egide.gate.reading import fetch
from egide.identity.reads import identities
from egide.kernel import clock
from egide.kernel.capabilities import Chart, Refused
from egide.kernel.codes import BY_CODE
from egide.record import actions, reads
from egide.record.banner import banner
from egide.record.forms import Amend, CorrectedText, CorrectedValues
from egide.record.rules import FACTS, RESTRICTABLE, may_amend, may_restrict, shown
from egide.stays.reads import stays
from egide.ui import page
from egide.ui.words import word


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact as this page shows it, and how its correction is typed (None: it is not corrected here)."""

    name: str
    category: str
    rows: list[UUID]
    title: str
    at: datetime
    author: str | None
    lines: list[tuple[str, str]]
    mine: bool
    error: reads.Mistake | None
    correction: forms.Form | None = None
    values: dict[UUID, Decimal] = field(default_factory=dict)


@require_http_methods(["GET", "POST"])
@opens_chart(read=("identity", "stay", "clinical", "protected"), write=("clinical", "protected"))
def amend(request: HttpRequest, chart: Chart, fact: str, row: UUID) -> HttpResponse:
    """GET: the fact, and both ways to end it. POST `act`: error or replace; what was typed comes back (422)."""
    if not chart.may_write("clinical"):
        raise Refused("category_closed")
    who, places, allergies, *found = fetch(
        chart, identities(chart), stays(chart), reads.allergies(chart), *_reads(chart, fact, row)
    )
    one = _fact(chart, fact, row, found, request.POST if request.POST.get("act") == "replace" else None)
    if one is None or not may_amend(fact, one.mine):
        raise Refused("not_yours" if one else "bad_request")
    status, reason = 200, Amend(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if one.error is not None:
            raise Refused("already_ended")
        if _done(chart, one, request.POST.get("act", ""), reason):
            return HttpResponseRedirect(reverse("chart", kwargs={"patient": chart.patient_id}) + "?fait=corrige")
        status = 422
    return page(
        request, "record/amend.html", status=status, fact=one, form=reason, row=row, act=request.POST.get("act"),
        may_restrict=fact in RESTRICTABLE and chart.may_write("protected")
        and may_restrict(chart.actor.profession, one.mine),
        **banner(chart, who, places, allergies),
    )  # fmt: skip


def _reads(chart: Chart, fact: str, row: UUID) -> list[Any]:
    if fact == "note":
        return [reads.note(chart, row)]
    if fact == "measurement":
        return [reads.reading(chart, row)]
    if fact not in FACTS:
        raise Refused("bad_request")
    return [reads.problems(chart) if fact == "problem" else reads.allergies(chart)]


def _fact(chart: Chart, fact: str, row: UUID, found: list[Any], typed: Any) -> Fact | None:
    if fact == "note":
        return next((_note(chart, one, typed) for one in found[0]), None)
    if fact == "measurement":
        category, rows = found[0]
        return _reading(category, rows, typed)
    for one in found[0]:
        if one.id == row:
            lines = [("", one.label)]
            if fact == "allergy" and one.reaction:
                lines.append(("", one.reaction))
            return Fact(fact, one.category, [row], word(fact, "fact"), one.recorded_at, one.author, lines,
                        one.author_id == chart.actor.account, one.error)  # fmt: skip
    return None


def _note(chart: Chart, one: reads.Written, typed: Any) -> Fact:
    mine = one.author_id == chart.actor.account
    return Fact(
        "note", one.category, [one.id], word(one.kind, "fact"), one.at, one.author,
        [(word(slug, "section"), text) for slug, text in one.sections.items() if text], mine, one.error,
        CorrectedText(one.kind, one.template, typed, initial=one.sections) if mine else None,
    )  # fmt: skip


def _reading(category: str, rows: list[reads.Measured], typed: Any) -> Fact | None:
    live = [one for one in rows if one.error is None]
    told = live or rows
    if not told:
        return None
    values = {one.id: one.value for one in told}
    lines = [
        (word(BY_CODE[one.code].label, "measure"), f"{value.text} {value.unit}")
        for one in told if one.code in BY_CODE for value in shown({one.code: one.value})
    ]  # fmt: skip
    return Fact(
        "measurement", category, list(values), word("measurement", "fact"), told[0].taken_at, told[0].author,
        lines, False, None if live else rows[0].error,
        CorrectedValues(
            [(one.id, one.code, one.value) for one in told], typed.getlist("value") if typed is not None else None
        ),
        values,
    )  # fmt: skip


def _done(chart: Chart, one: Fact, act: str, reason: Amend) -> bool:
    """Whether the act was made; False when what was typed is refused."""
    why = reason.cleaned_data["reason"] if reason.is_valid() else ""
    if act == "error":
        if why:
            actions.mark_error(chart, one.name, one.category, one.rows, why, clock.now())
        return bool(why)
    if act != "replace" or one.correction is None:
        raise Refused("bad_request")
    if not one.correction.is_valid() or not why:
        return False
    if isinstance(one.correction, CorrectedText):
        actions.replace_note(chart, one.rows[0], one.correction.sections(), why, clock.now())
    elif isinstance(one.correction, CorrectedValues):
        actions.replace_measurements(chart, one.correction.changed(), why, clock.now())
    return True
