"""The lock of a session, asked for by its page; whose it is; the key that opens it again. The keeper decides."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from egide.accounts.session import cookie_of, keeper, no_patient_data, typed_json
from egide.keeper.client import KeeperDown
from egide.kernel.capabilities import Refused
from egide.ui.answers import refused_json


@require_POST
@no_patient_data(public=True)
def lock(request: HttpRequest) -> HttpResponse:
    """Lock this session now. `how`: asked, idle, change."""
    try:
        passed = cookie_of(request)
        typed = typed_json(request, {"how": str})
        keeper().call("lock", cookie=passed, how=typed["how"][:10])
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    return JsonResponse({"ok": True})


@require_POST
@no_patient_data(public=True)
def reopen_challenge(request: HttpRequest) -> HttpResponse:
    """What the owner's key has to sign. `open`: the session is not locked any more, another tab opened it."""
    try:
        passed = cookie_of(request)
        typed_json(request, {})
        answer = keeper().call("reopen", step="begin", cookie=passed)
    except (Refused, KeeperDown) as refusal:
        code = getattr(refusal, "code", "keeper_down")
        return JsonResponse({"open": True}) if code == "not_locked" else refused_json(code)
    return JsonResponse({"open": False, "challenge_id": answer["challenge_id"], "options": answer["options"]})


@require_POST
@no_patient_data(public=True)
def reopen_proof(request: HttpRequest) -> HttpResponse:
    """The key's answer: the session goes on where it was."""
    try:
        passed = cookie_of(request)
        typed = typed_json(request, {"challenge_id": str, "response": dict})
        keeper().call(
            "reopen", step="finish", cookie=passed, challenge_id=typed["challenge_id"][:64],
            response=typed["response"],
        )  # fmt: skip
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    return JsonResponse({"ok": True})
