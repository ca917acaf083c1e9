"""The plan blanc and a commission's mandates: two persons, side by side, each with their own key; ended by one."""

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from egide.accounts.session import actor_of, cookie_of, keeper, no_patient_data
from egide.gate.act_as import act_as
from egide.gate.doors import demo_colleagues, typed_json
from egide.gate.reading import Read, fetch_with
from egide.gate.standing import COMMISSIONS
from egide.keeper.client import KeeperDown
from egide.kernel.capabilities import Actor, Refused
from egide.ui import page
from egide.ui.answers import refused_json

KEPT_SECONDS = 10.0
MANDATE_DAYS = 92


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


def may_plan() -> Read[bool]:
    """Whether I may declare or end a plan blanc of my site."""
    return Read("SELECT door.may_plan()", (), lambda rows: bool(rows[0][0]))


def keys_of(actor: Actor) -> dict[str, Any]:
    """What the two-key form needs on a demo base."""
    demo = bool(settings.DEMO and settings.DEMO_KEYS_URL)
    return {
        "username": actor.username if demo else None,
        "demo_keys_url": settings.DEMO_KEYS_URL if demo else None,
        "colleagues": demo_colleagues(actor) if demo else [],
    }


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
    (allowed,) = fetch_with(request.own_ticket, may_plan())  # type: ignore[attr-defined]
    return page(
        request, "gate/plan.html", plan=current_plan(actor.site), may_plan=allowed, done=request.GET.get("fait"),
        **keys_of(actor),
    )  # fmt: skip


@require_POST
@no_patient_data()
def end_plan(request: HttpRequest) -> HttpResponse:
    """One person ends it."""
    act_as(request, "SELECT door.end_plan()")
    forget_plans()
    return HttpResponseRedirect(reverse("plan") + "?fait=plan_fin")


@require_POST
@no_patient_data()
def end_mandate(request: HttpRequest, mandate: int) -> HttpResponse:
    """One person ends it; what it opened closes."""
    if mandate >= 1 << 63:
        raise Refused("bad_request")
    act_as(request, "SELECT door.end_mandate(%s)", mandate)
    return HttpResponseRedirect(reverse("mandates") + "?fait=mandat_fin")


@require_POST
@no_patient_data()
def open_by_commission(request: HttpRequest, patient: UUID) -> HttpResponse:
    """Open one patient of the site under a mandate of mine, for seven days."""
    commission = request.POST.get("commission", "")
    if commission not in COMMISSIONS:
        raise Refused("bad_request")
    act_as(request, "SELECT door.open_by_commission(%s, %s)", patient, commission)
    return HttpResponseRedirect(reverse("chart", kwargs={"patient": patient}))


def _challenge(request: HttpRequest, kind: str, fields: set[str]) -> JsonResponse:
    try:
        typed = typed_json(request, {"reason", "words"} | fields)
        answer = keeper().call(
            "pair", step="begin", cookie=cookie_of(request), kind=kind, body={name: typed[name] for name in fields}
        )
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    return JsonResponse({"act": UUID(bytes=answer["act"]).hex, "options": answer["options"]})


def _proof(request: HttpRequest, kind: str) -> JsonResponse:
    try:
        typed = typed_json(request, {"act", "response", "words"})
        act = UUID(hex=typed["act"]).bytes
        answer = keeper().call(
            "pair", step="finish", cookie=cookie_of(request), kind=kind, act=act, response=typed["response"]
        )
    except ValueError:
        return refused_json("bad_request")
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    if answer["state"] == "colleague_needed":
        waiting = {"act": UUID(bytes=answer["act"]).hex, "options": answer["options"]}
        return JsonResponse({"state": "colleague_needed", **waiting})
    forget_plans()
    return JsonResponse({"state": "ok"})


@require_POST
@no_patient_data()
def plan_challenge(request: HttpRequest) -> HttpResponse:
    """The exact act: a plan blanc on my site, now."""
    return _challenge(request, "plan_blanc", set())


@require_POST
@no_patient_data()
def plan_proof(request: HttpRequest) -> HttpResponse:
    """One key's answer; with the second, it begins."""
    return _proof(request, "plan_blanc")


@require_POST
@no_patient_data()
def mandate_challenge(request: HttpRequest) -> HttpResponse:
    """The exact act: who, which commission, until when."""
    return _challenge(request, "commission", {"account", "commission", "until"})


@require_POST
@no_patient_data()
def mandate_proof(request: HttpRequest) -> HttpResponse:
    """One key's answer; with the second, the mandate begins."""
    return _proof(request, "commission")


def latest_end() -> str:
    """The last day a mandate may have, as a date field takes it."""
    return (timezone.localdate() + timedelta(days=MANDATE_DAYS)).isoformat()
