"""Workstations of the sites: where a touch reopens a session. One is enrolled from itself, by an act of one person."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from egide.accounts.rules import OFFICES
from egide.accounts.session import actor_of, no_patient_data
from egide.accounts.views import keep_machine
from egide.config.approvals import asked
from egide.config.staff import asks, where_of
from egide.config.staff_forms import Enrolling
from egide.gate.staff import ask
from egide.gate.stations import workstation, workstations
from egide.kernel.capabilities import Refused
from egide.ui import page


@require_http_methods(["GET", "POST"])
@no_patient_data()
def stations(request: HttpRequest) -> HttpResponse:
    """GET the list; POST: this machine is to be one, and the act's page asks for the key."""
    actor = actor_of(request)
    form = Enrolling(
        request.POST if request.method == "POST" else None, where=where_of(request, mine=False),
        initial={"site": str(actor.site if actor else "")},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        answer = asked(request, form, form.body())
        if answer is not None:
            keep_machine(answer)
            return answer
    return _list(request, form, status=422 if form.is_bound else 200)


@require_POST
@no_patient_data()
def end(request: HttpRequest, station: UUID) -> HttpResponse:
    """Written down; the act's page says what follows and asks for the key."""
    found = workstation(request, station)
    if found is None:
        raise Refused("unknown_station")
    act = ask(request, "end_station", {"account": str(found.id), "site": str(found.site), "name": found.name})
    return HttpResponseRedirect(reverse("act", kwargs={"act": act}))


def _list(request: HttpRequest, form: Enrolling, status: int) -> HttpResponse:
    found = workstations(request)
    names = dict(where_of(request, mine=False).sites)
    return page(
        request,
        "accounts/stations.html",
        status=status,
        form=form,
        stations=[(one, names.get(str(one.site), "")) for one in found],
        living=sum(one.ended_at is None for one in found),
        may_enrol=_offered(request, "enrol_station"),
        may_end=_offered(request, "end_station"),
    )


def _offered(request: HttpRequest, kind: str) -> bool:
    """Whether to offer it: an office by its profession; else it is a guard, or the list was refused. SQL decides."""
    actor = actor_of(request)
    return actor is not None and asks(request, kind, () if actor.profession in OFFICES else ("guard",))
