"""Signing in by Pro Santé Connect, where it is configured: to the provider and back; the keeper believes or not.

OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636). The browser keeps what ties the answer to it.
"""

import contextlib
import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET

from egide.accounts import possession
from egide.accounts.session import cookie_of, keeper, no_patient_data
from egide.accounts.views import device_of, enter
from egide.kernel.capabilities import Refused
from egide.kernel.prosante import ACR
from egide.psc import client
from egide.ui import answers, page

COOKIE = "egide_psc"
_SECONDS = 180  # as long as the keeper's challenge


@require_GET
@no_patient_data(public=True)
def go(request: HttpRequest) -> HttpResponse:
    """To Pro Santé Connect, with a nonce of the keeper's, a state and a PKCE challenge of this browser's."""
    try:
        return _away(request)
    except Refused as refusal:
        return answers.refused(request, refusal.code)


def _away(request: HttpRequest) -> HttpResponse:
    configured = settings.PSC
    if configured is None:
        raise Refused("psc_down")
    left = possession.machine_left(request)
    begun = keeper().call("sign_in", step="psc_begin", path=request.path, machine=left)
    with contextlib.suppress(Refused):  # whoever was here until now, if anybody: as one changes user
        keeper().call("lock", cookie=cookie_of(request), how="change")
    state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    asked = {
        "response_type": "code", "client_id": configured.client_id, "redirect_uri": _redirect_uri(),
        "scope": "openid scope_all", "acr_values": ACR, "prompt": "login", "state": state, "nonce": begun["nonce"],
        "code_challenge": urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }  # fmt: skip
    answer = HttpResponseRedirect(f"{_authorization_endpoint()}?{urlencode(asked)}")
    # Lax: the way back is a link that Pro Santé Connect's page follows
    kept = f"{begun['challenge_id']}.{state}.{verifier}.{begun['seat']}"
    answer.set_cookie(
        COOKIE, kept, max_age=_SECONDS, path=reverse("psc-back"),
        httponly=True, samesite="Lax", secure=settings.CSRF_COOKIE_SECURE,
    )  # fmt: skip
    return answer


@require_GET
@no_patient_data(public=True)
def back(request: HttpRequest) -> HttpResponse:
    """From Pro Santé Connect: the code for an ID token (by the relay), the token for a session (by the keeper)."""
    try:
        return _entered(request)
    except Refused as refusal:
        return answers.refused(request, refusal.code)


def _entered(request: HttpRequest) -> HttpResponse:
    challenge_id, state, verifier, seat = _kept(request)
    if not hmac.compare_digest(request.GET.get("state", "").encode(), state.encode()) or not request.GET.get("code"):
        raise Refused("psc_refused")
    token = client.exchange(settings.HOME.psc_socket, request.GET["code"][:2000], verifier, _redirect_uri())
    answer = keeper().call(
        "sign_in", step="psc_finish", challenge_id=challenge_id, token=token, device=device_of(request),
        device_key=possession.station_of(request), seat=seat,
    )  # fmt: skip
    # A page of ours, not a redirect: the session's cookie (Strict) is not sent along a way that began elsewhere.
    entered = page(request, "accounts/psc_done.html")
    enter(request, entered, answer["cookie"], seated=bool(seat), machine=bool(seat))
    entered.delete_cookie(COOKIE, path=reverse("psc-back"), samesite="Lax")
    return entered


def _kept(request: HttpRequest) -> tuple[str, str, str, str]:
    """Challenge, state, verifier; and the workstation one left from, empty where there was none."""
    parts = request.COOKIES.get(COOKIE, "").split(".")
    if len(parts) != 4 or not all(parts[:3]):
        raise Refused("psc_refused")
    return parts[0], parts[1], parts[2], parts[3]


def _redirect_uri() -> str:
    return f"{settings.ORIGIN.rstrip('/')}{reverse('psc-back')}"


def _authorization_endpoint() -> str:
    """As the relay read it from the provider's discovery document."""
    try:
        return str(json.loads(settings.HOME.psc_provider.read_bytes())["authorization_endpoint"])
    except (OSError, ValueError, KeyError) as error:
        raise Refused("psc_down") from error
