"""The fresh factor that the keeper asks for past a ceiling: one's own key, and the read that was withheld goes on."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from egide.accounts.session import actor_of, cookie_of, keeper, no_patient_data, typed_json
from egide.gate.demo_keys import keys_of
from egide.keeper.client import KeeperDown
from egide.kernel.capabilities import Refused
from egide.ui import page
from egide.ui.answers import refused_json


@require_GET
@no_patient_data()
def confirm(request: HttpRequest) -> HttpResponse:
    """« C'est bien moi » : the page, and where it leads afterwards (an address of ours)."""
    actor = actor_of(request)
    onward = request.GET.get("suite", "")
    return page(
        request,
        "gate/confirm.html",
        onward=onward if onward.startswith("/") and url_has_allowed_host_and_scheme(onward, None) else reverse("home"),
        **keys_of(actor),
    )


@require_POST
@no_patient_data()
def challenge(request: HttpRequest) -> HttpResponse:
    """What my key has to sign."""
    try:
        answer = keeper().call("fresh", cookie=cookie_of(request), step="begin")
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    return JsonResponse({"act": UUID(bytes=answer["act"]).hex, "options": answer["options"]})


@require_POST
@no_patient_data()
def proof(request: HttpRequest) -> HttpResponse:
    """My key's answer: the next read passes."""
    try:
        sent = typed_json(request, {"act": str, "response": dict, "words": str})
        act = UUID(hex=str(sent["act"])).bytes
        keeper().call("fresh", cookie=cookie_of(request), step="finish", act=act, response=sent["response"])
    except ValueError:
        return refused_json("bad_request")
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    return JsonResponse({"state": "ok"})
