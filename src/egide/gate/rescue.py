"""Opening a rescue session for a named person: confirmed by keys, its secret shown once; and closing it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import segno
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from egide.accounts.rescue import remember
from egide.accounts.session import actor_of, cookie_of, keeper, no_patient_data, typed_json
from egide.gate.demo_keys import keys_of
from egide.gate.reading import Read, Rows, fetch_with
from egide.keeper.client import KeeperDown
from egide.kernel.capabilities import Refused
from egide.kernel.codes import RescueReason
from egide.ui import page
from egide.ui.answers import refused_json
from egide.ui.text import _lazy

REASONS = {
    RescueReason.LOST: _lazy("Clé perdue"),
    RescueReason.STOLEN: _lazy("Clé volée"),
    RescueReason.BROKEN: _lazy("Clé hors d'usage"),
    RescueReason.FORGOTTEN: _lazy("Clé oubliée ou restée ailleurs"),
}


@dataclass(frozen=True, slots=True)
class OpenRescue:
    """What is open for one person of my site."""

    account: UUID
    name: str
    username: str
    reason: str
    opened_by: str
    since: datetime
    until: datetime
    used: bool


@dataclass(frozen=True, slots=True)
class MyRescue:
    """How far my rescue session is: persons of this quarter of an hour and of a day, out of how many."""

    until: datetime
    quarter: int
    quarter_limit: int
    day: int
    day_limit: int


def rescues() -> Read[list[OpenRescue]]:
    """Mine, and those that I may open or close; with the ticket of `who`."""

    def decode(rows: Rows) -> list[OpenRescue]:
        return [OpenRescue(*row) for row in rows]

    return Read("SELECT account, name, username, reason, opened_by, since, until, used FROM door.rescues()", (), decode)


def my_rescue() -> Read[MyRescue | None]:
    """None when my session is no rescue session."""

    def decode(rows: Rows) -> MyRescue | None:
        return MyRescue(*rows[0]) if rows else None

    return Read("SELECT until, quarter, quarter_limit, day, day_limit FROM door.my_rescue()", (), decode)


@dataclass(frozen=True, slots=True)
class OccupiedBed:
    """One patient without a name, by where she lies; `room` and `label` are empty when she has no bed."""

    unit: UUID
    room: str
    label: str
    patient: UUID


def occupied_beds() -> Read[list[OccupiedBed]]:
    """The occupied beds of my units, in no order; none outside a rescue session."""

    def decode(rows: Rows) -> list[OccupiedBed]:
        return [OccupiedBed(*row) for row in rows]

    return Read("SELECT unit, room, label, patient FROM door.rescue_beds()", (), decode)


def opens_rescues() -> Read[bool]:
    """Whether the page offers to open one; with the ticket of `who`."""

    def decode(rows: Rows) -> bool:
        return bool(rows[0][0])

    return Read("SELECT door.opens_rescues()", (), decode)


@require_GET
@no_patient_data()
def rescue_page(request: HttpRequest) -> HttpResponse:
    """Open a rescue for somebody, and see which are open."""
    actor = actor_of(request)
    if actor is None:
        raise Refused("session_ended")
    found, may_open = fetch_with(request.own_ticket, rescues(), opens_rescues())  # type: ignore[attr-defined]
    return page(
        request,
        "gate/rescues.html",
        rescues=found,
        reasons=REASONS,
        may_open=may_open,
        whom=request.GET.get("compte", "")[:61],
        mine=actor.account,
        done=request.GET.get("fait"),
        **keys_of(actor),
    )


@require_POST
@no_patient_data()
def challenge(request: HttpRequest) -> HttpResponse:
    """The exact act, written down by the keeper: whom, why, how long."""
    try:
        typed = typed_json(request, {"username": str, "reason": str})
        answer = keeper().call(
            "rescue", step="begin", cookie=cookie_of(request), username=typed["username"].strip().lower()[:61],
            reason=typed["reason"][:40],
        )  # fmt: skip
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    return JsonResponse({"act": UUID(bytes=answer["act"]).hex, "name": answer["name"], "options": answer["options"]})


@require_POST
@no_patient_data()
def proof(request: HttpRequest) -> HttpResponse:
    """One key's answer. `state` is colleague_needed, or ok with what is shown once: the QR code and its text."""
    try:
        typed = typed_json(request, {"act": str, "response": dict})
        answer = keeper().call(
            "rescue", step="finish", cookie=cookie_of(request), act=UUID(hex=typed["act"]).bytes,
            response=typed["response"],
        )  # fmt: skip
    except ValueError:
        return refused_json("bad_request")
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    if answer["state"] == "colleague_needed":
        return JsonResponse(
            {"state": "colleague_needed", "act": UUID(bytes=answer["act"]).hex, "options": answer["options"]}
        )
    shown = JsonResponse(
        {
            "state": "ok",
            "qr": segno.make(answer["address"], error="m").svg_data_uri(scale=5, border=4, light="#fff", dark="#000"),
            "secret": " ".join(answer["secret"][i : i + 4] for i in range(0, len(answer["secret"]), 4)),
        }
    )
    remember(shown, answer["device"])
    return shown


@require_POST
@no_patient_data()
def end(request: HttpRequest, account: UUID) -> HttpResponse:
    """Close it: every session made by it ends at once."""
    keeper().call("rescue", step="end", cookie=cookie_of(request), target=account.bytes)
    return HttpResponseRedirect(reverse("rescues") + "?fait=secours_ferme")
