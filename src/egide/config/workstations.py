"""Workstations of the sites: where a touch reopens a session. One is enrolled from itself, by an act of one person."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from egide.accounts.rules import ACTS, OFFICES
from egide.accounts.session import actor_of, cookie_of, keeper, no_patient_data
from egide.accounts.views import keep_machine
from egide.config.staff_forms import Enrolling
from egide.directory.reads import units
from egide.gate.stations import workstations
from egide.kernel.capabilities import Refused
from egide.ui import page
from egide.ui.refusals import refusal

# Beside which field each refusal of the base is said.
FIELDS = {
    "bad_name": "name", "station_name_taken": "name", "bad_site": "site", "not_your_site": "site",
    "category_closed": "site", "station_known": None, "no_machine_key": None,
}  # fmt: skip


@require_http_methods(["GET", "POST"])
@no_patient_data()
def stations(request: HttpRequest) -> HttpResponse:
    """GET the list; POST: this machine is to be one, and the act's page asks for the key."""
    sites, actor = _sites(), actor_of(request)
    form = Enrolling(request.POST if request.method == "POST" else None, sites, str(actor.site if actor else ""))
    if request.method == "POST" and form.is_valid():
        answer = _enrol(request, form)
        if answer is not None:
            return answer
    return _list(request, form, sites, status=422 if form.is_bound else 200)


def _enrol(request: HttpRequest, form: Enrolling) -> HttpResponse | None:
    body = {name: str(form.cleaned_data[name]) for name in ("site", "name", "place", "key")}
    try:
        answer = keeper().call("act", step="ask", cookie=cookie_of(request), kind="enrol_station", body=body)
    except Refused as refused:
        if refused.code not in FIELDS:
            raise
        words = refusal(refused.code)
        form.add_error(FIELDS[refused.code], f"{words.sentence} {words.next_step}")
        return None
    to_sign = HttpResponseRedirect(reverse("act", kwargs={"act": UUID(bytes=answer["act"])}))
    keep_machine(to_sign)
    return to_sign


@require_POST
@no_patient_data()
def end(request: HttpRequest, station: UUID) -> HttpResponse:
    """Written down; the act's page says what follows and asks for the key."""
    found = next((one for one in workstations(request) if one.id == station), None)
    if found is None:
        raise Refused("unknown_station")
    body = {"account": str(found.id), "site": str(found.site), "name": found.name}
    answer = keeper().call("act", step="ask", cookie=cookie_of(request), kind="end_station", body=body)
    return HttpResponseRedirect(reverse("act", kwargs={"act": UUID(bytes=answer["act"])}))


def _list(request: HttpRequest, form: Enrolling, sites: list[tuple[str, str]], status: int) -> HttpResponse:
    found = workstations(request)
    names = dict(sites)
    return page(
        request,
        "accounts/stations.html",
        status=status,
        form=form,
        stations=[(one, names.get(str(one.site), "")) for one in found],
        living=sum(one.ended_at is None for one in found),
        may_enrol=_asks(request, "enrol_station"),
        may_end=_asks(request, "end_station"),
    )


def _asks(request: HttpRequest, kind: str) -> bool:
    """Whether to offer it: an office by its profession; else it is a guard, or the list was refused. SQL decides."""
    actor = actor_of(request)
    rule = next(one for one in ACTS if one.kind == kind)
    return actor is not None and (actor.profession in rule.asks or actor.profession not in OFFICES)


def _sites() -> list[tuple[str, str]]:
    return sorted({(str(one.site_id), one.site) for one in units().values()}, key=lambda pair: pair[1])
