"""The workstation's proof on its way to the keeper: where a request carries it, and what a redirect takes along."""

import base64
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from egide.kernel import proofs
from egide.kernel.capabilities import Refused

HOP_COOKIE = "egide_hop"
HOP_SECONDS = 10
Handler = Callable[[HttpRequest], HttpResponse]


def given(request: HttpRequest) -> list[str]:
    """The proofs of a request: the header first, then cookies (of several addresses, the browser sends those above)."""
    header = request.headers.get(proofs.HEADER)
    return ([header] if header else []) + proofs.in_cookies(request.headers.get("Cookie", ""))


def station_of(request: HttpRequest) -> bytes:
    """The public key that the page left for a sign-in no script posts; Refused(bad_request) without one."""
    try:
        return base64.b64decode(request.COOKIES[proofs.STATION][:100] + "=", altchars=b"-_", validate=True)
    except (KeyError, ValueError):
        raise Refused("bad_request") from None


def machine_of(typed: object) -> dict[str, Any]:
    """The workstation's own key and its proof, as a page sends them; Refused(bad_request) for another shape."""
    try:
        if not isinstance(typed, dict) or set(typed) != {"key", "proof"}:
            raise ValueError
        key = base64.b64decode(typed["key"] + "=", altchars=b"-_", validate=True)
        return {"key": key[:100], "proof": str(typed["proof"])[:200]}
    except (TypeError, ValueError):
        raise Refused("bad_request") from None


def machine_left(request: HttpRequest) -> dict[str, Any] | None:
    """As `machine_of`, for a sign-in no script posts; None of a browser that is no workstation."""
    key, _, proof = request.COOKIES.get(proofs.MACHINE, "").partition(".")
    return machine_of({"key": key, "proof": proof}) if key else None


def clock() -> int:
    """Milliseconds since 1970, for browsers whose own clock is off."""
    return int(time.time() * 1000)


def goes_on(get_response: Handler) -> Handler:
    """After a proven request: its proof's cookie ends, and a redirect to an address of ours is let through, once."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        passed: str | None = getattr(request, "egide_pass", None)
        if passed is None:
            return response  # whatever it bears is its sender's own affair, and its address may be anything
        for name in (proofs.COOKIE, HOP_COOKIE):
            if name in request.COOKIES:
                response.delete_cookie(name, path=request.path, samesite="Strict")
        if response.status_code in (302, 303):
            _let_through(response, passed)
        return response

    return middleware


def _let_through(response: HttpResponse, passed: str) -> None:
    from egide.accounts.session import keeper
    from egide.keeper.client import KeeperDown

    parts = urlsplit(response["Location"])
    if parts.netloc or not parts.path.startswith("/"):
        return
    try:
        hop = keeper().call("hop", cookie=passed, path=unquote(parts.path))["hop"]
    except (KeeperDown, Refused):
        return  # the page that is sent on to asks for a proof itself
    response.set_cookie(
        HOP_COOKIE, hop, max_age=HOP_SECONDS, path=parts.path, httponly=True, samesite="Strict",
        secure=settings.CSRF_COOKIE_SECURE,
    )  # fmt: skip
