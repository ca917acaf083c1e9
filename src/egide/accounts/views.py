"""Sign-in by passkey and sign-out: the browser talks to the keeper through here, and learns yes or a sentence."""

import base64
import contextlib
import json
import re
import secrets
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException
from django.http.response import HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from egide.accounts import possession
from egide.accounts.demo import offered
from egide.accounts.session import cookie_of, keeper, no_patient_data, state_of
from egide.keeper.client import KeeperDown
from egide.kernel.capabilities import Refused
from egide.ui import page
from egide.ui.answers import refused_json

SESSION_SECONDS = 12 * 3600
# Which browser this is, for a year: a second yes must come from another one (the keeper keeps a MAC of it).
STATION, STATION_SECONDS = "egide_poste", 365 * 86_400
# This browser is a workstation of the site: its own key outlives sign-outs.
OF_SITE = "egide_du_site"
_STATION = re.compile(r"[0-9a-f]{32}")
# mark in User-Agent, name on screen; the first that fits (Edge says Chrome too, Android says Linux)
_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


@require_GET
@no_patient_data(public=True)
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page; on a demo base it also offers the accounts that the demo key service can sign in."""
    demo = bool(settings.DEMO and settings.DEMO_KEYS_URL)
    return page(
        request,
        "accounts/sign_in.html",
        demo_keys_url=settings.DEMO_KEYS_URL if demo else None,
        demo=offered(_demo_accounts(), request.GET) if demo else None,
        next_url=_own_path(request.GET.get("suite", "")),
        ended="fin" in request.GET,
        psc_url=reverse("psc-go") if settings.PSC else None,
        elsewhere="poste" in request.GET,
        changes="changer" in request.GET,
        # the keeper's word, not the address's
        locked="changer" in request.GET and state_of(request) == "session_locked",
        now=possession.clock(),
    )


@require_POST
@no_patient_data(public=True)
def challenge(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 — a view
    """A challenge of the keeper, for any key: whose key it is shows only when it answers."""
    try:
        answer = keeper().call("sign_in", step="begin")
    except KeeperDown:
        return _down()
    except Refused as refusal:
        return refused_json(refusal.code)
    shown = {"challenge_id": answer["challenge_id"], "options": answer["options"]}
    return JsonResponse({**shown, "now": possession.clock()})


@require_POST
@no_patient_data(public=True)
def proof(request: HttpRequest) -> HttpResponse:
    """The key's answer, verified by the keeper; the session cookie on success."""
    try:
        typed: Any = json.loads(request.body)
        response = typed["response"]
        challenge_id = typed["challenge_id"]
        device_key = base64.b64decode(typed["device_key"] + "=", altchars=b"-_", validate=True)  # 65 bytes
        exact = set(typed) - {"machine"} == {"challenge_id", "response", "device_key"}
        machine = possession.machine_of(typed["machine"]) if typed.get("machine") is not None else None
        if not exact or not isinstance(response, dict) or not isinstance(challenge_id, str):
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError, RawPostDataException, Refused):
        return refused_json("bad_request")
    station = request.COOKIES.get(STATION, "")
    known = station if _STATION.fullmatch(station) else ""
    if not known:
        station = secrets.token_hex(16)
    try:
        answer = keeper().call(
            "sign_in", step="finish", challenge_id=challenge_id[:64], response=response, device=device_of(request),
            station=station, known=known,
            device_key=device_key[:100], over=former(request), path=request.path, machine=machine,
        )  # fmt: skip
    except KeeperDown:
        return _down()
    except Refused as refusal:
        return refused_json(refusal.code)
    welcome = signed_in(request, answer, machine=machine is not None)
    welcome.set_cookie(
        STATION, station, max_age=STATION_SECONDS, path="/connexion/", httponly=True, samesite="Strict",
        secure=settings.CSRF_COOKIE_SECURE,
    )  # fmt: skip
    return welcome


def signed_in(request: HttpRequest, answer: dict[str, Any], *, machine: bool = True) -> JsonResponse:
    """What the sign-in script is told; see `enter`."""
    welcome = JsonResponse({"ok": True, "now": possession.clock()})
    enter(request, welcome, answer["cookie"], seated=bool(answer.get("workstation")), machine=machine)
    return welcome


def enter(
    request: HttpRequest, welcome: HttpResponse, cookie: str, *, seated: bool, machine: bool,
    seconds: int = SESSION_SECONDS,
) -> None:  # fmt: skip
    """The session's cookie. `seated`: at a workstation of a site. `machine`: this browser has a workstation's key,
    which sign-out leaves where it is."""
    welcome.set_cookie(
        settings.SESSION_COOKIE, cookie, max_age=seconds, path="/", httponly=True, samesite="Strict",
        secure=settings.CSRF_COOKIE_SECURE,
    )  # fmt: skip
    if seated:
        keep_machine(welcome)
    elif OF_SITE in request.COOKIES and not machine:
        welcome.delete_cookie(OF_SITE, path="/", samesite="Strict")
    rotate_token(request)


def keep_machine(answer: HttpResponse) -> None:
    """From now on signing out here leaves the browser's store alone: it holds the workstation's own key."""
    answer.set_cookie(
        OF_SITE, "1", max_age=STATION_SECONDS, path="/", httponly=True, samesite="Strict",
        secure=settings.CSRF_COOKIE_SECURE,
    )  # fmt: skip


@require_POST
@no_patient_data(public=True)
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session. The browser forgets what it kept, whatever the session's state was."""
    with contextlib.suppress(Refused):  # it had ended already: the person wanted exactly that
        keeper().call("revoke", cookie=cookie_of(request))
    answer = HttpResponseRedirect(reverse("sign-in") + "?fin")
    answer.delete_cookie(settings.SESSION_COOKIE, path="/", samesite="Strict")
    # storage holds two keys that no script reads out: the session's, worth nothing any more, and the workstation's own
    answer["Clear-Site-Data"] = '"cache"' if OF_SITE in request.COOKIES else '"cache", "storage"'
    return answer


def former(request: HttpRequest) -> str:
    """A pass of the session this browser has until now, if its key proves it: signing in over a session ends it."""
    try:
        return cookie_of(request)
    except Refused:
        return ""


def device_of(request: HttpRequest) -> str:
    """How a person will recognise her workstation in the list of sessions: browser and system, as announced."""
    agent = request.headers.get("User-Agent", "")
    browser = next((name for mark, name in _BROWSERS if mark in agent), "Navigateur")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return " · ".join(part for part in (browser, system) if part)


def _own_path(path: str) -> str:
    parts = urlsplit(path)
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path
    own = plain and not parts.scheme and not parts.netloc
    return path if own else reverse("home")


def _demo_accounts() -> list[dict[str, object]]:
    try:
        return list(json.loads(settings.HOME.demo_accounts.read_text(encoding="utf-8"))["accounts"])
    except (OSError, ValueError, KeyError):
        return []


def _down() -> JsonResponse:
    message = "La connexion est momentanément impossible : le gardien ne répond pas. Réessayez dans quelques secondes."
    return JsonResponse({"code": "keeper_down", "message": message}, status=503)
