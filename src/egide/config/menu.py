"""What surrounds every page, the home page, and the answers that belong to no room."""

import sys

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from egide.accounts.rules import RESCUE_OPENERS, may_administer
from egide.accounts.session import actor_of, no_patient_data
from egide.config.middleware import log_fault
from egide.directory.reads import units
from egide.gate.plan import current_plan
from egide.gate.rules import (
    examines,
    may_examine,
    may_find_present,
    may_oversee,
    may_receive,
    may_search,
    works_by_list,
)
from egide.kernel.capabilities import Actor
from egide.ui import Frame, Place, answers
from egide.ui.assets import asset_url
from egide.ui.environment import url
from egide.ui.text import _

SHOWN = 4
"""Units on the rail: as many as a night is declared over; the menu of the top bar has them all."""


def frame(request: HttpRequest) -> Frame:
    """Site, my units, my name: from the keeper's answer and the directory; no patient datum."""
    actor = actor_of(request)
    if actor is None:
        return Frame(demo=settings.DEMO)
    if actor.grade == "rescue":
        return _rescue_frame(request, actor)
    known, demo_keys = units(), _demo_keys()
    mine = [known[unit] for unit in actor.units if unit in known]
    here = request.resolver_match.kwargs.get("unit") if request.resolver_match else None
    current = known.get(here) if here else None
    shown = current or (mine[0] if len(mine) == 1 else None)
    places = tuple(
        Place(one.name, url("unit", unit=one.id), "unit", current=one.id == here)
        for one in mine
        if one.kind != "platform"  # where things are done: nobody lies there
    )
    return Frame(
        demo=settings.DEMO,
        site=shown.site if shown else (mine[0].site if mine else ""),
        unit=shown.name if shown else "",
        units=places,
        places=(
            _place(request, _("Jour"), "day", "day"),
            *(Place(_("Unité") if len(places) == 1 else p.label, p.url, p.icon, p.current) for p in places[:SHOWN]),
            *((_place(request, _("Travail"), "work", "check"),) if works_by_list(actor.profession) else ()),
            *((_place(request, _("Examens"), "examinations-work", "flask"),) if receives(actor) else ()),
            *((_place(request, _("Patients"), "search", "search"),) if may_search(actor.profession) else ()),
            *((_place(request, _("Présents"), "present", "search"),) if may_find_present(actor.profession) else ()),
            *((_place(request, _("Arrivées"), "arrival", "door"),) if may_receive(actor.profession) else ()),
            *(
                (_place(request, _("Trace"), "oversight", "eye"),)
                if may_oversee(actor.profession, "trail")
                else (_place(request, _("Poste"), "shift", "clock"),)
            ),
            *((_place(request, _("Personnel"), "staff", "user"),) if may_administer(actor.profession) else ()),
            _place(request, _("Avis"), "notices", "note"),
            *((_place(request, _("Secours"), "rescues", "key"),) if actor.profession in RESCUE_OPENERS else ()),
        ),
        alert=_plan(actor),
        name=actor.name,
        profession=actor.profession,
        grade=actor.grade,
        live=_live(),
        session=actor.session.hex[:8],
        username=actor.username if demo_keys else "",
        demo_keys=demo_keys,
    )


def receives(actor: Actor) -> bool:
    """Whether examinations are asked of this actor: all of a technician's day, a physician's in a unit of that kind."""
    known = units()
    here = any(known[unit].kind == "platform" for unit in actor.units if unit in known)
    return examines(actor.profession) or (here and may_examine(actor.profession))


def _rescue_frame(request: HttpRequest, actor: Actor) -> Frame:
    """A rescue session's: what it can do, and no link to what it cannot."""
    known, demo_keys = units(), _demo_keys()
    mine = [known[unit] for unit in actor.units if unit in known]
    return Frame(
        demo=settings.DEMO,
        site=mine[0].site if mine else "",
        unit=" · ".join(one.name for one in mine[:2]),
        places=(
            _place(request, _("Lits"), "rescue-beds", "unit"),
            *((_place(request, _("Patients"), "search", "search"),) if may_search(actor.profession) else ()),
            _place(request, _("Avis"), "notices", "note"),
            _place(request, _("Secours"), "rescues", "key"),
        ),
        name=actor.name,
        profession=actor.profession,
        grade=actor.grade,
        live=_live(),
        session=actor.session.hex[:8],
        username=actor.username if demo_keys else "",
        demo_keys=demo_keys,
    )


def _demo_keys() -> str:
    """On a demonstration, where the lock screen asks for its owner's key."""
    return str(settings.DEMO_KEYS_URL or "") if settings.DEMO else ""


def _plan(actor: Actor) -> str:
    """The plan blanc of the actor's site, in words, on every page of it."""
    plan = current_plan(actor.site)
    if plan is None:
        return ""
    return _("Plan blanc sur le site jusqu'à %(until)s : l'accès d'urgence n'est plus limité en nombre.") % {
        "until": timezone.localtime(plan.until).strftime("%H:%M")
    }


def _live() -> str:
    """Where every page listens, whatever the grade."""
    return f"{settings.LIVE_URL}/direct/"


def _place(request: HttpRequest, label: str, name: str, icon: str) -> Place:
    here = request.resolver_match.url_name if request.resolver_match else None
    return Place(label, url(name), icon, current=here == name)


@require_GET
@no_patient_data()
def home(request: HttpRequest) -> HttpResponse:
    """My day; a rescue session, which opens no list, begins at the beds, the switchboard at those present.

    Who makes examinations begins at what is asked.
    """
    actor = actor_of(request)
    if actor and actor.grade == "rescue":
        return HttpResponseRedirect(reverse("rescue-beds"))
    if actor and examines(actor.profession):
        return HttpResponseRedirect(reverse("examinations-work"))
    at_switchboard = actor is not None and may_find_present(actor.profession)
    return HttpResponseRedirect(reverse("present" if at_switchboard else "day"))


def health(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 — a view
    """The web process answers; nothing is said of the rest (`egide doctor` does)."""
    return HttpResponse("ok", content_type="text/plain")


def favicon(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 — a view
    """Browsers that ask before reading the page."""
    return HttpResponseRedirect(asset_url("favicon.svg"))


def server_error(request: HttpRequest) -> HttpResponse:
    """500: the fault is logged by kind and place only."""
    fault = sys.exc_info()[1]
    if fault is not None:
        log_fault(fault)
    return answers.server_error(request)
