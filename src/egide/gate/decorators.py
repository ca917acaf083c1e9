"""What every view carries, exactly one of: @opens_chart, @opens_roster, @no_patient_data. A house test walks the routes."""

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from egide.gate import opening
from egide.keeper.client import KeeperDown
from egide.kernel.capabilities import Actor, Chart, Refused, Roster
from egide.ui import answers

P = ParamSpec("P")
View = Callable[..., HttpResponse]
LOST_OPENING = "EG001"


def cookie_of(request: HttpRequest) -> str:
    """The session cookie; Refused(session_ended) without one."""
    value = request.COOKIES.get(settings.SESSION_COOKIE, "")
    if not value or len(value) > 200:
        raise Refused("session_ended")
    return value


def actor_of(request: HttpRequest) -> Actor | None:
    """Who this request acts for, once a decorator asked the keeper."""
    return getattr(request, "actor", None)


def opens_chart(
    read: tuple[str, ...], write: tuple[str, ...] = (), purpose: str = "care"
) -> Callable[[Callable[Concatenate[HttpRequest, Chart, P], HttpResponse]], View]:
    """The view opens one person: the URL carries `patient`, the view receives a Chart in its place."""

    def decorate(view: Callable[Concatenate[HttpRequest, Chart, P], HttpResponse]) -> View:
        @functools.wraps(view)
        def opened(request: HttpRequest, patient: UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            def run() -> HttpResponse:
                chart = opening.open_chart(cookie_of(request), patient, purpose, read, write, _counted(request))
                request.actor = chart.actor  # type: ignore[attr-defined]
                return view(request, chart, *args, **kwargs)

            return _answer(request, run)

        opened.gate = ("chart", read, write, purpose)  # type: ignore[attr-defined]
        return opened

    return decorate


def opens_roster(
    list_name: str, read: tuple[str, ...]
) -> Callable[[Callable[Concatenate[HttpRequest, Roster, P], HttpResponse]], View]:
    """The view opens a bounded list; in the slice, the present patients of a unit: the URL carries `unit`."""
    if list_name != "unit":
        raise ValueError(f"no list is called {list_name}")

    def decorate(view: Callable[Concatenate[HttpRequest, Roster, P], HttpResponse]) -> View:
        @functools.wraps(view)
        def opened(request: HttpRequest, unit: UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            def run() -> HttpResponse:
                roster = opening.open_unit(cookie_of(request), unit, read, _counted(request))
                request.actor = roster.actor  # type: ignore[attr-defined]
                return view(request, roster, *args, **kwargs)

            return _answer(request, run)

        opened.gate = ("roster", read, (), list_name)  # type: ignore[attr-defined]
        return opened

    return decorate


def no_patient_data(public: bool = False) -> Callable[[Callable[Concatenate[HttpRequest, P], HttpResponse]], View]:
    """The view touches no patient. Unless `public`, somebody is signed in: `actor_of(request)`, `request.own_ticket`."""

    def decorate(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> View:
        @functools.wraps(view)
        def checked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            def run() -> HttpResponse:
                if not public:
                    request.actor, request.own_ticket = opening.who(cookie_of(request))  # type: ignore[attr-defined]
                return view(request, *args, **kwargs)

            return _answer(request, run)

        checked.gate = ("none", (), (), "public" if public else "signed_in")  # type: ignore[attr-defined]
        return checked

    return decorate


def _counted(request: HttpRequest) -> bool:
    """Only what our own page asked counts as a denial: a pasted link or a hostile page freezes nobody (attack 25)."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def _answer(request: HttpRequest, run: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        return run()
    except Refused as refusal:
        return answers.refused(request, refusal.code)
    except KeeperDown:
        return answers.keeper_down(request)
    except (DatabaseError, psycopg.Error) as error:
        # the opening ended between the keeper's answer and the read (sign-out, revocation, discharge)
        if _sqlstate(error) == LOST_OPENING:
            return answers.refused(request, "session_ended")
        raise


def _sqlstate(error: BaseException | None) -> str | None:
    while error is not None:
        state: Any = getattr(error, "sqlstate", None)
        if state:
            return str(state)
        error = error.__cause__
    return None
