"""Pages over a whole unit: the round (one opening, one act a patient in one POST) and the hand-over sheet on paper."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from egide.config.panels import WardLine, by_bed, unit_head
from egide.gate.decorators import opens_roster
from egide.gate.reading import fetch
from egide.identity.reads import identities
from egide.kernel import clock
from egide.kernel.capabilities import Refused, Roster
from egide.record import reads as record
from egide.record.actions import record_round
from egide.record.forms import ROUND, RoundLine, round_lines
from egide.stays import reads as stays
from egide.ui import page
from egide.ui.words import word

READ = ("identity", "stay", "clinical")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One patient of the hand-over sheet: her line, allergies, and what was written in 24 hours."""

    line: WardLine
    allergies: list[str]
    since: date | None
    notes: list[tuple[str, str]]


@require_http_methods(["GET", "POST"])
@opens_roster("unit", read=READ, write=("clinical",))
def measure_round(request: HttpRequest, roster: Roster) -> HttpResponse:
    """GET: the grid of the unit. POST: write every line typed, or none of them and say which is wrong (422)."""
    if not roster.may_write("clinical"):
        raise Refused("category_closed")
    posted = request.POST if request.method == "POST" else None
    forms = round_lines(roster.ids, posted)
    if forms is None:
        raise Refused("bad_request")
    valid = [form.is_valid() for form in forms.values()]  # every line says what is wrong with it
    if posted is not None and all(valid):
        readings = {patient: form.values() for patient, form in forms.items() if form.values()}
        if readings:
            record_round(roster, readings, clock.now())
        return HttpResponseRedirect(reverse("unit", kwargs={"unit": roster.list_id}) + "?fait=releve")
    who, places, last = fetch(roster, identities(roster), stays.present(roster), record.last_values(roster))
    lines = by_bed(who, places, {}, last)
    return page(
        request, "record/round.html", status=422 if posted is not None else 200, unit=unit_head(roster.list_id),
        fields=ROUND, lines=[(line, forms.get(line.id) or RoundLine()) for line in lines], truncated=roster.truncated,
    )  # fmt: skip


@require_GET
@opens_roster("unit", read=READ, purpose="print")
def handover(request: HttpRequest, roster: Roster) -> HttpResponse:
    """The unit on one A4: who lies where, with what, last values that are marked, what was written in 24 hours."""
    if not roster.may_read("clinical"):
        raise Refused("category_closed")
    who, places, problems, last, allergies, notes = fetch(
        roster, identities(roster), stays.present(roster), record.problem_labels(roster), record.last_values(roster),
        record.allergy_labels(roster), record.last_notes(roster, clock.now() - timedelta(hours=24)),
    )  # fmt: skip
    sheets = [
        Sheet(
            line, allergies.get(line.id, []), places[line.id].since.date() if line.id in places else None,
            [_said(one) for one in notes.get(line.id, [])[:2]],
        )
        for line in by_bed(who, places, problems, last)
    ]  # fmt: skip
    return page(
        request, "record/handover.html", unit=unit_head(roster.list_id), sheets=sheets, at=timezone.now(),
        by=roster.actor, opening=roster.opening, truncated=roster.truncated,
    )  # fmt: skip


def _said(one: record.Written) -> tuple[str, str]:
    """A transmission by its target, a note by its kind; then its sections in a line, cut at 110 signs."""
    title = one.sections.get("target") or word(one.kind, "fact")
    text = " · ".join(text for slug, text in one.sections.items() if text and slug != "target")
    return title, text if len(text) <= 110 else text[:109] + "…"
