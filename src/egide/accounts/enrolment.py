"""A key posed for the first time: two half codes received in person, then the browser's registration; no session."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from egide.accounts.session import keeper, no_patient_data, typed_json
from egide.keeper.client import KeeperDown
from egide.kernel.capabilities import Refused
from egide.ui import page
from egide.ui.answers import refused_json


@require_GET
@no_patient_data(public=True)
def key(request: HttpRequest) -> HttpResponse:
    """The page: two boxes, then the key."""
    demo = bool(settings.DEMO and settings.DEMO_KEYS_URL)
    return page(request, "accounts/key.html", demo_keys_url=settings.DEMO_KEYS_URL if demo else None)


@require_POST
@no_patient_data(public=True)
def key_challenge(request: HttpRequest) -> HttpResponse:
    """Whose key it will be, for whoever holds both halves."""
    try:
        typed = typed_json(request, {"first": str, "second": str})
        answer = keeper().call("enrol", step="begin", halves=[typed["first"], typed["second"]])
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    return JsonResponse({name: answer[name] for name in ("challenge_id", "options", "name", "username")})


@require_POST
@no_patient_data(public=True)
def key_proof(request: HttpRequest) -> HttpResponse:
    """The key that the browser made: the keeper verifies and keeps it."""
    try:
        typed = typed_json(request, {"first": str, "second": str, "challenge_id": str, "response": dict})
        answer = keeper().call(
            "enrol", step="finish", halves=[typed["first"], typed["second"]], challenge_id=typed["challenge_id"][:64],
            response=typed["response"],
        )  # fmt: skip
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    return JsonResponse({"name": answer["name"], "username": answer["username"]})
