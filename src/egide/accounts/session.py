"""Who a request acts for, and the decorator of views that touch no patient. The keeper says who; nothing else does."""

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import DatabaseError, DataError
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException

from egide.accounts import possession
from egide.keeper.client import Keeper, KeeperDown, KeeperLocked
from egide.kernel.capabilities import Actor, Refused
from egide.ui import answers

P = ParamSpec("P")
View = Callable[..., HttpResponse]
LOST_OPENING = "EG001"
CLOSED_IN_RESCUE = "EG010"  # a trigger stopped what a rescue session may not do


@functools.cache
def keeper() -> Keeper:
    """This process's line to the keeper."""
    return Keeper(settings.KEEPER_SOCKET)


def actor_from(fields: dict[str, Any]) -> Actor:
    """The actor of an answer of the keeper."""
    return Actor(
        account=UUID(bytes=fields["account"]),
        username=fields["username"],
        name=fields["name"],
        profession=fields["profession"],
        kind=fields["kind"],
        grade=fields["grade"],
        session=UUID(bytes=fields["session"]),
        site=UUID(bytes=fields["site"]) if fields["site"] else None,
        units=tuple(UUID(bytes=unit) for unit in fields["units"]),
    )


def who(cookie: str) -> tuple[Actor, str]:
    """Who a session is, and its ticket without patients; Refused(session_ended, session_frozen)."""
    answer = keeper().call("who", cookie=cookie)
    return actor_from(answer["actor"]), answer["ticket"]


def cookie_of(request: HttpRequest) -> str:
    """What the keeper takes for this request: the pass that the session's cookie and the workstation's proof become.

    Asked of the keeper once a request. Refused(session_ended) without a cookie, Refused(proof_…) without a proof.
    """
    kept: str | None = getattr(request, "egide_pass", None)
    if kept is None:
        kept = str(
            keeper().call(
                "prove", cookie=_bare_cookie(request), method=request.method or "", path=request.path,
                given=possession.given(request), hop=request.COOKIES.get(possession.HOP_COOKIE, ""),
            )["pass"]
        )  # fmt: skip
        request.egide_pass = kept  # type: ignore[attr-defined]
    return kept


def _bare_cookie(request: HttpRequest) -> str:
    value = request.COOKIES.get(settings.SESSION_COOKIE, "")
    if not value or len(value) > 200:
        raise Refused("session_ended")
    return value


def actor_of(request: HttpRequest) -> Actor | None:
    """Who this request acts for, once a decorator has asked the keeper."""
    return getattr(request, "actor", None)


def no_patient_data(public: bool = False) -> Callable[[Callable[Concatenate[HttpRequest, P], HttpResponse]], View]:
    """The view touches no patient. Unless `public`, somebody is signed in: `actor_of(request)`, `own_ticket`."""

    def decorate(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> View:
        @functools.wraps(view)
        def checked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            def run() -> HttpResponse:
                if not public:
                    request.actor, request.own_ticket = who(cookie_of(request))  # type: ignore[attr-defined]
                return view(request, *args, **kwargs)

            return answered(request, run)

        checked.gate = ("none", (), (), "public" if public else "signed_in")  # type: ignore[attr-defined]
        return checked

    return decorate


def typed_json(request: HttpRequest, fields: Mapping[str, type]) -> dict[str, Any]:
    """A JSON body of exactly these fields and types; Refused(bad_request) for any other."""
    try:
        typed = json.loads(request.body)
    except (ValueError, RecursionError, RawPostDataException):
        typed = None
    if not isinstance(typed, dict) or set(typed) != set(fields):
        raise Refused("bad_request")
    if not all(isinstance(typed[name], kind) for name, kind in fields.items()):
        raise Refused("bad_request")
    return typed


def answered(request: HttpRequest, run: Callable[[], HttpResponse]) -> HttpResponse:
    """The view's answer, or the page that says why not."""
    try:
        return run()
    except Refused as refusal:
        return _refused(request, _told(request, refusal.code))
    except KeeperDown as down:
        return answers.keeper_down(request, locked=isinstance(down, KeeperLocked))
    except (DatabaseError, psycopg.Error) as error:
        # the opening ended between the keeper's answer and the read (sign-out, revocation, discharge)
        if sqlstate(error) == LOST_OPENING:
            return _refused(request, state_of(request))
        if sqlstate(error) == CLOSED_IN_RESCUE:
            return answers.refused(request, "rescue_closed")
        if isinstance(error, DataError | psycopg.DataError) and sqlstate(error) is None:
            # The driver's own, before PostgreSQL was asked: a null character, which no text of it holds. A form
            # says so beside its field; this is what a view took as it came.
            return answers.bad_request(request)
        raise


def _refused(request: HttpRequest, code: str) -> HttpResponse:
    """The page that says why not; of a locked session, who is locked and nothing else."""
    if code != "session_locked":
        return answers.refused(request, code)
    try:
        whose = keeper().call("reopen", step="whose", cookie=cookie_of(request))
    except Refused as refusal:  # it ended, or was opened again, meanwhile
        return answers.refused(request, refusal.code)
    except KeeperDown as down:
        return answers.keeper_down(request, locked=isinstance(down, KeeperLocked))
    demo_keys = settings.DEMO_KEYS_URL if settings.DEMO and settings.DEMO_KEYS_URL else ""
    return answers.locked(
        request, answers.Locked(whose["name"], whose["profession"], whose["username"] if demo_keys else "", demo_keys)
    )


def state_of(request: HttpRequest) -> str:
    """Why what was open is not any more: the session is over, or locked."""
    try:
        who(cookie_of(request))
    except Refused as refusal:
        return refusal.code if refusal.code.startswith("session_") else "session_ended"
    except KeeperDown:
        pass
    return "session_ended"


def _told(request: HttpRequest, code: str) -> str:
    """The page of a refusal keeps the frame of who asked; a session that this refusal froze is told so instead."""
    if actor_of(request) is None and not code.startswith(("session_", "proof_")):
        try:
            request.actor, _ = who(cookie_of(request))  # type: ignore[attr-defined]
        except Refused as ended:
            return ended.code
        except KeeperDown:
            pass
    return code


def sqlstate(error: BaseException | None) -> str | None:
    """What PostgreSQL said, by its five letters, whoever wrapped it."""
    while error is not None:
        state: Any = getattr(error, "sqlstate", None)
        if state:
            return str(state)
        error = error.__cause__
    return None
