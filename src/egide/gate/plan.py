"""The plan blanc of a site: declared by an act of two persons, who may sign it at one screen; ended by one."""

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from egide.accounts.session import actor_of, no_patient_data
from egide.gate.act_as import act_as
from egide.gate.reading import fetch_with
from egide.gate.staff import ask, may_ask
from egide.kernel.capabilities import Actor, Refused
from egide.ui import page

KEPT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan blanc under way on one site."""

    site: UUID
    since: datetime
    until: datetime


_lock = threading.Lock()
_kept: tuple[float, dict[UUID, Plan]] = (float("-inf"), {})


def current_plan(site: UUID | None) -> Plan | None:
    """The plan blanc of a site, as every page of it shows; at most ten seconds old."""
    global _kept  # noqa: PLW0603 — the one thing kept
    if time.monotonic() - _kept[0] > KEPT_SECONDS:
        with _lock, connection.cursor() as cursor:
            cursor.execute("SELECT site, since, until FROM door.current_plans()")
            _kept = (time.monotonic(), {row[0]: Plan(*row) for row in cursor.fetchall()})
    plan = _kept[1].get(site) if site else None
    return plan if plan and plan.until > timezone.now() else None


def forget_plans() -> None:
    """After an act on them: the next page reads them anew."""
    global _kept  # noqa: PLW0603
    _kept = (float("-inf"), {})


def _actor(request: HttpRequest) -> Actor:
    actor = actor_of(request)
    if actor is None:
        raise Refused("session_ended")
    return actor


@require_GET
@no_patient_data()
def plan_page(request: HttpRequest) -> HttpResponse:
    """The plan blanc of my site: under way or not; declaring it, ending it."""
    actor = _actor(request)
    forget_plans()
    (allowed,) = fetch_with(request.own_ticket, may_ask("plan_blanc"))  # type: ignore[attr-defined]
    return page(
        request, "gate/plan.html", plan=current_plan(actor.site), may_plan=allowed, done=request.GET.get("fait")
    )


@require_POST
@no_patient_data()
def declare_plan(request: HttpRequest) -> HttpResponse:
    """The exact act is written down: a plan blanc on my site, now. Two keys sign it on its page."""
    site = _actor(request).site
    act = ask(request, "plan_blanc", {"site": str(site or "")})
    return HttpResponseRedirect(reverse("act", kwargs={"act": act}))


@require_POST
@no_patient_data()
def end_plan(request: HttpRequest) -> HttpResponse:
    """One person ends it."""
    act_as(request, "SELECT door.end_plan()")
    forget_plans()
    return HttpResponseRedirect(reverse("plan") + "?fait=plan_fin")
