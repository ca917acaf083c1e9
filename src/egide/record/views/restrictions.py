"""« Restreindre l'accès », and lifting it: what the act changes is said before it is made."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from egide.gate.decorators import opens_chart
from egide.gate.reading import fetch
from egide.identity.reads import identities
from egide.kernel.capabilities import Chart, Refused
from egide.record import actions, reads
from egide.record.banner import banner
from egide.record.forms import RestrictForm
from egide.record.rules import RESTRICTABLE, may_restrict
from egide.stays.reads import stays
from egide.ui import page
from egide.ui.words import word


@require_http_methods(["GET", "POST"])
@opens_chart(read=("identity", "stay", "clinical", "protected"), write=("clinical", "protected"))
def restrict(request: HttpRequest, chart: Chart, fact: str, row: UUID) -> HttpResponse:
    """GET: the fact, who will see it, what was decided before. POST: restrict it for a reason, or lift that.

    One answer to whoever may not read what is restricted, whether there is such a fact or not.
    """
    if not (chart.may_read("protected") and chart.may_write("protected") and chart.may_write("clinical")):
        raise Refused("category_closed")
    if fact not in RESTRICTABLE:
        raise Refused("bad_request")
    who, places, allergies, found, history = fetch(
        chart, identities(chart), stays(chart), reads.allergies(chart),
        reads.note(chart, row) if fact == "note" else reads.problems(chart), reads.restrictions(chart, row),
    )  # fmt: skip
    one = next((one for one in found if one.id == row), None)
    if one is None:
        raise Refused("bad_request")
    if not may_restrict(chart.actor.profession, one.author_id == chart.actor.account):
        raise Refused("not_yours")
    restricted = one.category == "protected"
    form = RestrictForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        if restricted:
            actions.release(chart, fact, row)
            return _to_chart(chart, "restriction_levee")
        if form.is_valid():
            actions.restrict(chart, fact, row, form.cleaned_data["why"])
            return _to_chart(chart, "restreint")
        status = 422
    lines = [("", one.label)] if isinstance(one, reads.Problem) else [
        (word(slug, "section"), text) for slug, text in one.sections.items() if text
    ]  # fmt: skip
    at = one.recorded_at if isinstance(one, reads.Problem) else one.at
    return page(
        request, "record/restrict.html", status=status, form=form, fact=fact, row=row, lines=lines, at=at,
        title=word(fact if fact == "problem" else one.kind, "fact"), author=one.author, restricted=restricted,
        history=history, **banner(chart, who, places, allergies),
    )  # fmt: skip


def _to_chart(chart: Chart, done: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("chart", kwargs={"patient": chart.patient_id}) + f"?fait={done}")
