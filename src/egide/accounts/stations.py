"""A workstation of the site at the door: who waits there, locked, and the touch that takes a session up again."""

import base64
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from egide.accounts import possession
from egide.accounts.session import keeper, no_patient_data, typed_json
from egide.accounts.views import former, signed_in
from egide.keeper.client import KeeperDown
from egide.kernel.capabilities import Refused
from egide.ui.answers import refused_json
from egide.ui.words import word


@require_POST
@no_patient_data(public=True)
def waiting(request: HttpRequest) -> HttpResponse:
    """Whose sessions wait at this workstation, with what each one's key has to sign. Empty for any other browser."""
    try:
        typed = typed_json(request, {"machine": dict})
        answer = keeper().call(
            "sign_in", step="waiting", path=request.path, machine=possession.machine_of(typed["machine"])
        )
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    return JsonResponse({"station": answer["station"], "waiting": [_shown(one) for one in answer["waiting"]]})


def _shown(one: dict[str, Any]) -> dict[str, Any]:
    """One who waits; her account's name goes to a demonstration's key service only."""
    demo = bool(settings.DEMO and settings.DEMO_KEYS_URL)
    kept = {name: one[name] for name in ("name", "session", "challenge_id", "options")}
    return {**kept, "profession": word(one["profession"], "profession"), "username": one["username"] if demo else ""}


@require_POST
@no_patient_data(public=True)
def take_up(request: HttpRequest) -> HttpResponse:
    """The touch of who waited: her session goes on, in this browser's hands."""
    fields = {"machine": dict, "session": str, "challenge_id": str, "response": dict, "device_key": str}
    try:
        typed = typed_json(request, fields)
        try:
            device_key = base64.b64decode(typed["device_key"] + "=", altchars=b"-_", validate=True)
        except ValueError:
            return refused_json("bad_request")
        answer = keeper().call(
            "sign_in", step="take_up", path=request.path, machine=possession.machine_of(typed["machine"]),
            session=typed["session"][:36], challenge_id=typed["challenge_id"][:64], response=typed["response"],
            device_key=device_key[:100], over=former(request),
        )  # fmt: skip
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    return signed_in(request, answer)
